"""One method against all others of its kind: a family of paired tests per value of an option."""

import re
from collections.abc import Set
from dataclasses import fields
from typing import Any

import pandas as pd

from featpipe.errors import ConfigError, unknown
from models.comparison import COMPARISON_COLUMNS, adjusted, paired_differences
from models.registry import get_method, shown

COLUMNS = ["family", *COMPARISON_COLUMNS, "p_bh_all"]


def family_differences(
    scores: pd.DataFrame, reference: str, option: str, metric: str = "accuracy"
) -> pd.DataFrame:
    """Compare one method with the others that were run with the same value of an option.

    Parameters
    ----------
    scores : pandas.DataFrame
        As in `models.comparison.paired_differences`.
    reference : str
        Method to compare with; of several variants with one value, that which differs least from
        the defaults.
    option : str
        Of the methods. Those without it, and those tested on another modality than the reference,
        are in no family.
    metric : str
        Column of the scores.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`: as of `paired_differences`, with p values adjusted for the tests
        of a family, and in `p_bh_all` by Benjamini and Hochberg for those of all families.

    Raises
    ------
    ConfigError
        When the reference has no such option.
    """
    known = [field.name for field in fields(get_method(reference).config)]
    if option not in known:
        raise ConfigError(unknown(f"option of {reference}", option, known))
    columns = ["method", "variant", "test_modality"]
    runs = list(scores[columns].drop_duplicates().itertuples(index=False, name=None))
    modalities = {modality for method, _, modality in runs if method == reference}
    runs = [run for run in runs if run[2] in modalities]
    values = {run[:2]: _value(*run[:2], option) for run in runs}
    by_row = list(zip(scores["method"], scores["variant"], strict=True))
    frames = []
    own = [value for (method, _), value in values.items() if method == reference and value]
    for value in dict.fromkeys(own):
        of_value = {run for run in values if values[run] == value}
        others = {run for run in of_value if run[0] != reference}
        members = others | _nearest(of_value - others)
        frame: Any = scores[[run in members for run in by_row]]
        found = paired_differences(frame, reference, metric)
        frames.append(found.assign(family=f"{option}={value}"))
    table = pd.concat([frame for frame in frames if len(frame)] or [pd.DataFrame(columns=COLUMNS)])
    return table.assign(p_bh_all=adjusted(table["p"], "fdr_bh")).reindex(columns=COLUMNS)


def _value(method: str, variant: str, option: str) -> str | None:
    """Return what an option of a run was; None where it has none, or folds chose it."""
    if found := re.search(rf"(?:^|,\s*){option}=([^,]*)", variant):
        return found[1]
    default = getattr(get_method(method).config, option, None)
    return None if default is None or variant.startswith("tuned") else shown(default)


def _nearest(runs: Set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the runs that set the fewest options."""
    fewest = min(variant.count("=") for _, variant in runs)
    return {run for run in runs if run[1].count("=") == fewest}
