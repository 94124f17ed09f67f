"""Do the methods reach what their training data allow? And every difference between them.

What the training data allow, as laid down before anything was run
------------------------------------------------------------------
The highest mean accuracy over test subjects that any classifier of a family reaches from the same
eye rows in the same folds (leave one subject out): the five of `truth.family`, each tuned by
left-out training subjects, and `mlp` itself with options and epoch chosen by left-out training
subjects (`OPTIONS`), with one seed. The best of the family is picked by its accuracy on the test
subjects, on purpose: that flatters the yardstick, not the methods. A method is within what its
data allow when its mean over test subjects and five seeds, at its defaults, is at most `WITHIN`
points below. `cscm` has EEG rows as well; what these could add is not in the yardstick, since
nothing says how much it is.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from chaos.telling import say, told

from models.curves import VALIDATION_SCORE
from models.evaluate import fit_folds
from models.fitted import Fitted
from models.folds import FoldSettings
from models.loading import Windows
from models.protocols import PROTOCOLS, divide
from models.registry import make_config
from models.types import Fold
from models.units import subject_codes
from truth.family import MEMBERS, tune
from truth.paired import accuracies, difference_row, mean_row
from truth.row import Row
from truth.simulated import SEEDS, settings_of, whole_study

WITHIN = 7.0
METHODS = ("mlp", "mlp_cross", "cscm_sm", "cscm")
JUDGED = ("mlp", "cscm_sm", "cscm")
OPTIONS: Sequence[Mapping[str, Any]] = (
    {},
    {"dropout": 0.5, "weight_decay": 1e-2},
    {"lr": 3e-4, "n_epochs": 100},
)
"""Of `mlp` as a member of the family: as it is, held back more, and slower."""


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Simulate a study, train everything on it, compare."""
    windows = whole_study(folder, settings_of(is_quick=is_quick))
    folds = divide(PROTOCOLS["loso"], windows.keys, FoldSettings())
    seeds = SEEDS[: 1 if is_quick else None]
    options = {"n_epochs": 5} if is_quick else {}
    methods = _trained(windows, folds, seeds, options)
    members = ("logistic regression", "discriminant analysis") if is_quick else tuple(MEMBERS)
    family = _family(windows, folds, seeds, members, OPTIONS[:1] if is_quick else OPTIONS)
    return _rows(pd.concat([methods, family], ignore_index=True), family)


def _trained(
    windows: Windows, folds: Sequence[Fold], seeds: Sequence[int], options: Mapping[str, Any]
) -> pd.DataFrame:
    """Train every method at its defaults with every seed; the epoch is the last one."""
    parts = []
    for method, seed in told("method", [(method, seed) for method in METHODS for seed in seeds]):
        config = make_config(method, options)
        found = fit_folds(windows, method, folds, seed, config=config).probabilities
        parts.append(accuracies(windows, folds, found, method, [seed] * len(folds)))
    return pd.concat(parts, ignore_index=True)


def _family(
    windows: Windows,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    members: Sequence[str],
    tried: Sequence[Mapping[str, Any]],
) -> pd.DataFrame:
    """Tune every member of the family in every fold."""
    group, parts = subject_codes(windows.keys), []
    for name in told("family", members):
        found = {}
        for fold in folds:
            x, label = windows.x["eye"][fold.train], windows.label[fold.train]
            classifier = tune(name, x, label, group[fold.train]).classifier
            # hard answers are all that accuracy needs, and not every member has probabilities
            found[fold.name] = np.eye(len(windows.classes))[
                classifier.predict(windows.x["eye"][fold.test])
            ]
        parts += [accuracies(windows, folds, found, name, [seed] * len(folds)) for seed in seeds]
    say("    mlp, options and epoch by left-out training subjects")
    found = _chosen_options(windows, folds, seeds[0], tried)
    parts += [accuracies(windows, folds, found, "tuned mlp", [seed] * len(folds)) for seed in seeds]
    return pd.concat(parts, ignore_index=True)


def _chosen_options(
    windows: Windows, folds: Sequence[Fold], seed: int, options: Sequence[Mapping[str, Any]]
) -> dict[str, np.ndarray]:
    """Return the predictions of the options that do best on each fold's held-out subjects."""
    tried = [
        fit_folds(
            windows, "mlp", folds, seed, config=make_config("mlp", of),
            policy="source-validation",
        )
        for of in options
    ]  # fmt: skip
    best = np.argmax([[_validated(one, fold) for fold in folds] for one in tried], axis=0)
    return {
        fold.name: tried[i].probabilities[fold.name] for i, fold in zip(best, folds, strict=True)
    }


def _validated(fitted: Fitted, fold: Fold) -> float:
    """Return the accuracy on the fold's held-out subjects at the epoch that was chosen."""
    of = fitted.curves[
        (fitted.curves["fold"] == fold.name)
        & (fitted.curves["term"] == VALIDATION_SCORE)
        & (fitted.curves["epoch"] == fitted.epochs[fold.name])
    ]
    return float(of["value"].iloc[0])


def _rows(table: pd.DataFrame, family: pd.DataFrame) -> list[Row]:
    means = family.groupby("method")["accuracy"].mean()
    best = str(means.idxmax())
    made = [
        mean_row(table, name, f"the data allow: {name}")
        for name in means.sort_values(ascending=False).index
    ]
    made += [mean_row(table, method, f"`{method}`") for method in METHODS]
    for method in JUDGED:
        row = difference_row(table, method, best, f"`{method}` - what the data allow ({best})")
        made.append(row._replace(wanted=f"-{WITHIN:g} or more", is_held=row.figure >= -WITHIN))
    pairs = [(high, low) for low, high in combinations(METHODS, 2)]
    made += [difference_row(table, high, low, f"`{high}` - `{low}`") for high, low in pairs]
    return made
