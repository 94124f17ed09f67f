"""Differences between methods on the same test windows, over subjects and over seeds.

The interval over subjects is that of `models.comparison`: seeds are averaged per subject, as if
these networks were the only ones. The interval over seeds turns that round: subjects are averaged
per seed, as if these subjects were the only ones. Neither holds the other's uncertainty.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from models.comparison import SETTING, paired_differences
from models.loading import Windows
from models.types import Fold
from truth.row import Interval, Row

COLUMNS = ("method", "variant", "seed", "subject", "accuracy")


def accuracies(
    windows: Windows,
    folds: Sequence[Fold],
    found: Mapping[str, np.ndarray],
    method: str,
    seeds: Sequence[int],
    variant: str = "default",
) -> pd.DataFrame:
    """Return the accuracy of every test subject.

    Parameters
    ----------
    windows : Windows
        All windows.
    folds : sequence of Fold
        What was tested.
    found : mapping
        Name of the fold -> probabilities, shape (n_test, n_classes).
    method, variant : str
        Name of what was trained.
    seeds : sequence of int
        Of each fold.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS` and those that `models.comparison` looks at.
    """
    parts = []
    for fold, seed in zip(folds, seeds, strict=True):
        is_right = found[fold.name].argmax(axis=1) == windows.label[fold.test]
        subject = windows.keys["subject"].to_numpy()[fold.test]
        of_subject = pd.Series(is_right).groupby(subject).mean()
        parts.append(
            pd.DataFrame(
                {"subject": of_subject.index, "accuracy": of_subject.to_numpy(), "seed": seed}
            )
        )
    frame = pd.concat(parts, ignore_index=True).assign(method=method, variant=variant)
    return frame[list(COLUMNS)].assign(**dict.fromkeys((*SETTING, "fold"), ""))


def mean_row(found: pd.DataFrame, method: str, what: str, variant: str = "default") -> Row:
    """Return the mean accuracy of a method, in points."""
    of = found[(found["method"] == method) & (found["variant"] == variant)]
    return Row(what, 100 * float(of["accuracy"].mean()), n=_n(of), is_difference=False)


def difference_row(
    found: pd.DataFrame,
    method: str,
    reference: str,
    what: str = "",
    variant: str = "default",
) -> Row:
    """Return the difference of a method to a reference in points, with both intervals."""
    pair = found[
        ((found["method"] == method) & (found["variant"] == variant))
        | ((found["method"] == reference) & (found["variant"] == "default"))
    ]
    one = paired_differences(pair, reference).iloc[0]
    turned = pair.rename(columns={"subject": "seed", "seed": "subject"})
    other = paired_differences(turned, reference)
    return Row(
        what or f"{method} - {reference}",
        100 * float(one["difference"]),
        _interval(one),
        _interval(other.iloc[0]),
        _n(pair),
    )


def above_0(row: Row) -> bool:
    """Tell whether both intervals lie above 0."""
    return row.of_subjects.low > 0 and row.of_seeds.low > 0


def _interval(row: pd.Series) -> Interval:
    return Interval(100 * float(row["low"]), 100 * float(row["high"]))


def _n(found: pd.DataFrame) -> str:
    n_subjects, n_seeds = found["subject"].nunique(), found["seed"].nunique()
    return f"{n_subjects} subjects x {n_seeds} seed{'s' * (n_seeds > 1)}"
