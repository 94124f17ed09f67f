"""How well the eyes of the simulated study can be read at all, from below.

The study's own network, trained on ten times more other people (and on fewer, to see whether the
curve still rises), its epoch by the last and by held-out people; and other classifiers that were
tuned on as many. `truth.oracle` tells it from above.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from chaos.telling import told

from models.evaluate import fit_folds
from models.folds import FoldSettings
from models.loading import Windows, concatenate
from models.protocols import PROTOCOLS, divide
from models.types import Fold
from truth.family import tune
from truth.paired import accuracies, difference_row, mean_row
from truth.row import Row
from truth.simulated import SEEDS, Who, eyes, settings_of

TIMES, METHOD = 10, "mlp"
POLICIES = ("last", "source-validation")
OTHERS = ("logistic regression", "boosted trees")
"""Of `truth.family`, tuned on the many people."""


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Simulate eyes, train on many people, test on the study."""
    settings = settings_of(is_quick=is_quick)
    n, seeds = settings.n_subjects, SEEDS[: 1 if is_quick else None]
    study = eyes(settings, [Who(i, i) for i in range(1, n + 1)])
    many = [Who(i, i) for i in range(n + 1, (1 + TIMES) * n + 1)]
    others = eyes(settings, many, "eyes of another subject")
    found = [left_out(study, seeds, POLICIES)]
    counts = [TIMES * n] if is_quick else [2 * n, TIMES * n // 2, TIMES * n]
    for count in told("people", counts):
        policies = POLICIES[count != counts[-1] :]
        found.append(_held_out(study, others, count, seeds, policies))
    found.append(_tuned(study, others, seeds))
    return _rows(pd.concat(found, ignore_index=True), counts, n)


def left_out(study: Windows, seeds: Sequence[int], policies: Sequence[str]) -> pd.DataFrame:
    """Leave one subject of the study out, as its own table does; `mlp last` is one method."""
    folds = divide(PROTOCOLS["loso"], study.keys, FoldSettings())
    parts = []
    for policy in policies:
        for seed in seeds:
            fitted = fit_folds(study, METHOD, folds, seed, policy=policy)
            part = accuracies(study, folds, fitted.probabilities, METHOD, [seed] * len(folds))
            parts.append(part.assign(method=f"{METHOD} {policy}"))
    return pd.concat(parts, ignore_index=True)


def _held_out(
    study: Windows, others: Windows, n: int, seeds: Sequence[int], policies: Sequence[str]
) -> pd.DataFrame:
    """Train on the first n other people and test on the study; seeds are folds of one stack."""
    is_first = others.keys["subject"].isin(others.keys["subject"].unique()[:n]).to_numpy(bool)
    windows = concatenate(others, study)
    first = len(others.label)
    train, test = np.flatnonzero(is_first), first + np.arange(len(study.label))
    folds = [Fold(f"holdout-{seed}", train, test) for seed in seeds]
    parts = []
    for policy in policies:
        fitted = fit_folds(windows, METHOD, folds, 0, policy=policy)
        part = accuracies(windows, folds, fitted.probabilities, METHOD, seeds)
        parts.append(part.assign(method=f"{n} {policy}"))
    return pd.concat(parts, ignore_index=True)


def _tuned(study: Windows, others: Windows, seeds: Sequence[int]) -> pd.DataFrame:
    """Tune other classifiers on the many people; nothing of them depends on the seed."""
    group = others.keys["subject"].to_numpy()
    fold = Fold("holdout", np.arange(0), np.arange(len(study.label)))
    parts = []
    for name in OTHERS:
        classifier = tune(name, others.x["eye"], others.label, group).classifier
        found = {fold.name: classifier.predict_proba(study.x["eye"])}
        parts += [accuracies(study, [fold], found, name, [seed]) for seed in seeds]
    return pd.concat(parts, ignore_index=True)


def _rows(table: pd.DataFrame, counts: Sequence[int], n: int) -> list[Row]:
    many, last, chosen = counts[-1], *POLICIES
    made = [
        mean_row(table, f"{METHOD} {policy}", f"`{METHOD}`, {n - 1} others, epoch {policy}")
        for policy in POLICIES
    ]
    for count in counts:
        for policy in POLICIES[(count != many) :]:
            what = f"`{METHOD}`, {count} other people, epoch {policy}"
            made.append(mean_row(table, f"{count} {policy}", what))
    made += [
        mean_row(table, name, f"{name}, tuned on {many} other people")._replace(n=f"{n} subjects")
        for name in OTHERS
    ]
    what = f"`{METHOD}`, {many} people, epoch {chosen} - {n - 1}, epoch {last}"
    made.append(difference_row(table, f"{many} {chosen}", f"{METHOD} {last}", what))
    return made
