"""How well the eyes of the simulated study can be read at all, told in two ways.

From below: the study's own network, trained on ten times more other people (and on fewer, to see
whether the curve still rises), its epoch by the last and by held-out people; and other classifiers
that were tuned on as many. From above: the oracle of `truth.oracle`.
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
from truth.oracle import ask
from truth.paired import accuracies, difference_row, mean_row
from truth.row import Row
from truth.simulated import SEEDS, Who, eyes, settings_of

TIMES, METHOD = 10, "mlp"
POLICIES = ("last", "source-validation")
OTHERS = ("logistic regression", "boosted trees")
"""Of `truth.family`, tuned on the many people."""


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Simulate eyes, train on many people, ask the oracle."""
    settings = settings_of(is_quick=is_quick)
    n, seeds = settings.n_subjects, SEEDS[: 1 if is_quick else None]
    study = eyes(settings, [Who(i, i) for i in range(1, n + 1)])
    many = [Who(i, i) for i in range(n + 1, (1 + TIMES) * n + 1)]
    others = eyes(settings, many, "eyes of another subject")
    found = [_left_out(study, seeds)]
    counts = [TIMES * n] if is_quick else [2 * n, TIMES * n // 2, TIMES * n]
    found += [_held_out(study, others, count, seeds) for count in told("people", counts)]
    found.append(_tuned(study, others, seeds))
    oracle = ask(settings, study, is_quick=is_quick)
    table = pd.concat([*found, _of_oracle(found[0], oracle)], ignore_index=True)
    return _rows(table, oracle, counts, n)


def _left_out(study: Windows, seeds: Sequence[int]) -> pd.DataFrame:
    """Leave one subject of the study out, as its own table does."""
    folds = divide(PROTOCOLS["loso"], study.keys, FoldSettings())
    parts = []
    for policy in POLICIES:
        for seed in seeds:
            fitted = fit_folds(study, METHOD, folds, seed, policy=policy)
            part = accuracies(study, folds, fitted.probabilities, METHOD, [seed] * len(folds))
            parts.append(part.assign(method=f"{METHOD} {policy}"))
    return pd.concat(parts, ignore_index=True)


def _held_out(study: Windows, others: Windows, n: int, seeds: Sequence[int]) -> pd.DataFrame:
    """Train on the first n other people and test on the study; seeds are folds of one stack."""
    is_first = others.keys["subject"].isin(others.keys["subject"].unique()[:n]).to_numpy(bool)
    windows = concatenate(others, study)
    first = len(others.label)
    train, test = np.flatnonzero(is_first), first + np.arange(len(study.label))
    folds = [Fold(f"holdout-{seed}", train, test) for seed in seeds]
    parts = []
    for policy in POLICIES:
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


def _of_oracle(like: pd.DataFrame, oracle: pd.DataFrame) -> pd.DataFrame:
    """Give the oracle's accuracies on the study the shape of a method's, the same for all seeds."""
    one = like[like["method"] == f"{METHOD} last"].drop(columns="accuracy")
    of_study = oracle.rename(columns={"of_study": "accuracy"})[["subject", "accuracy"]]
    return one.merge(of_study, on="subject", validate="m:1").assign(method="oracle")


def _rows(table: pd.DataFrame, oracle: pd.DataFrame, counts: Sequence[int], n: int) -> list[Row]:
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
    study = mean_row(table, "oracle", "oracle, on the study's windows")
    made.append(study._replace(n=f"{n} subjects"))
    for name, days in (("of_other_days", "all its days"), ("of_half", "half its days")):
        what = f"oracle, on other days of the same people, from {days}"
        made.append(Row(what, 100 * oracle[name].mean(), n=f"{n} subjects", is_difference=False))
    for of in (f"{many} {chosen}", f"{METHOD} {last}"):
        who = f"`{METHOD}` on {many} people" if of.startswith(f"{many}") else f"`{METHOD}`"
        made.append(difference_row(table, "oracle", of, f"oracle - {who}"))
    what = f"`{METHOD}`, {many} people, epoch {chosen} - {n - 1}, epoch {last}"
    made.append(difference_row(table, f"{many} {chosen}", f"{METHOD} {last}", what))
    return made
