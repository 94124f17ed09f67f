"""Students with a teacher, beside the same student alone and beside controls."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from models.registry import make_config, variant
from truth.paired import above_0, difference_row, mean_row
from truth.row import Row

SEEDS = (0, 1, 2, 3, 4)
OWN: Mapping[str, Any] = {}
SHUFFLED, SAME_LABEL = {"pairs": "shuffled"}, {"pairs": "same-label"}
"""Controls: the teacher speaks of another training window, of any or of one with the same label."""
HOW = {"own": "", "shuffled": ", pairs shuffled", "same-label": ", pairs of the same label"}


def runs(student: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return what is trained for a modality: the student alone, and with each loss."""
    return [
        (f"dnn_{student}", OWN),
        *((f"kd_{student}", pairs) for pairs in (OWN, SHUFFLED, SAME_LABEL)),
        (f"crd_{student}", OWN),
        *((f"cmcrd_{student}", pairs) for pairs in (OWN, SHUFFLED, SAME_LABEL)),
    ]


def differences(found: pd.DataFrame, student: str) -> list[Row]:
    """Return what teachers bring beside the student alone, and beside the label they know."""
    alone = f"dnn_{student}"
    made = []
    for method, pairs in runs(student)[1:]:
        name = variant(method, make_config(method, pairs))
        what = f"`{method}`{_how(pairs)} - `{alone}`"
        made.append(difference_row(found, method, alone, what, name))
        if pairs == SAME_LABEL:
            made.append(_own(found, method, name))
    return made


def construction_rows(
    found: pd.DataFrame, closed_forms: Mapping[str, float], *, is_helped: bool
) -> list[Row]:
    """Return the rows of a construction, with what was expected of the student by KD.

    Parameters
    ----------
    found : pandas.DataFrame
        Accuracies of `runs("eye")`.
    closed_forms : mapping
        Targets -> accuracy of the direction that is learnt with them.
    is_helped : bool
        Whether its teacher is expected to help.
    """
    made = [
        Row(f"direction learnt from {targets} (closed form)", 100 * accuracy, is_difference=False)
        for targets, accuracy in closed_forms.items()
    ]
    made.append(mean_row(found, "dnn_eye", "`dnn_eye`"))
    kd, control, *others = differences(found, "eye")
    return [*made, _judged(kd, is_above=is_helped), _judged(control, is_above=False), *others]


def _judged(row: Row, *, is_above: bool) -> Row:
    wanted = "both intervals above 0" if is_above else "not both intervals above 0"
    return row._replace(wanted=wanted, is_held=above_0(row) == is_above)


def _own(found: pd.DataFrame, method: str, same_label: str) -> Row:
    """Return what it brings that the teacher speaks of the window, and not only of its label."""
    parts = []
    for name in ("default", same_label):
        rows = found.loc[(found["method"] == method) & (found["variant"] == name)]
        parts.append(rows.assign(method=name, variant="default"))
    what = f"`{method}` - `{method}`{HOW['same-label']}"
    return difference_row(pd.concat(parts, ignore_index=True), "default", same_label, what)


def _how(pairs: Mapping[str, Any]) -> str:
    return HOW[pairs.get("pairs", "own")]
