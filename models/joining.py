"""Key tables of several modalities -> the windows that all of them have, or any."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError
from featpipe.schema import KEYS, WINDOW_KEYS


def join(frames: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Return sorted keys of the windows every modality has, and their rows in each modality."""
    modalities = list(frames)
    keys = frames[modalities[0]].assign(row_0=np.arange(len(frames[modalities[0]])))
    for i, modality in enumerate(modalities[1:], start=1):
        other = frames[modality].rename(columns={"label": "other_label", "good": "other_good"})
        other = other[[*WINDOW_KEYS, "other_label", "other_good"]]
        other = other.assign(**{f"row_{i}": np.arange(len(other))})
        keys = keys.merge(other, on=list(WINDOW_KEYS), how="inner", validate="1:1")
        check_labels(keys, modalities[0], modality)
        keys["good"] = np.minimum(keys["good"], keys["other_good"])
        keys = keys.drop(columns=["other_label", "other_good"])
    keys = keys.sort_values(list(WINDOW_KEYS), ignore_index=True)
    rows = {name: keys[f"row_{i}"].to_numpy() for i, name in enumerate(modalities)}
    return keys.loc[:, list(KEYS)], rows


def join_any(
    frames: Mapping[str, pd.DataFrame],
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Return sorted keys of the windows that some modality has, and their rows, -1 where it lacks.

    What only some modalities know of a window, such as its label, is taken from those.

    Parameters
    ----------
    frames : mapping
        Modality -> columns `schema.KEYS`, no window twice.

    Raises
    ------
    ConfigError
        When modalities disagree on a label.
    """
    for one, other in combinations(frames, 2):
        join({one: frames[one], other: frames[other]})
    window = list(WINDOW_KEYS)
    # `first` passes over what is not known
    stacked = pd.concat(list(frames.values()), ignore_index=True)
    keys = stacked.groupby(window, sort=False, observed=True).first().reset_index()
    keys = keys.sort_values(window, ignore_index=True)
    rows = {}
    for name, frame in frames.items():
        own = frame[window].assign(row=np.arange(len(frame)))
        found = keys[window].merge(own, on=window, how="left", validate="1:1")["row"]
        rows[name] = found.fillna(-1).to_numpy(np.int64)
    return keys.loc[:, list(KEYS)], rows


def check_labels(keys: pd.DataFrame, first: str, other: str) -> None:
    """Refuse rows whose `label` is another than `other_label`, where both are known."""
    one, two = (
        keys[name].to_numpy(np.float64, na_value=np.nan) for name in ("label", "other_label")
    )
    differ = (one != two) & ~np.isnan(one) & ~np.isnan(two)
    if differ.any():
        row = keys.iloc[int(np.argmax(differ))]
        where = ", ".join(f"{name} {row[name]}" for name in WINDOW_KEYS)
        raise ConfigError(
            f"{differ.sum()} windows have another label in {first} than in {other}, "
            f"the first at {where}: extract both again from the same trials.csv"
        )


def check_unique(keys: pd.DataFrame, where: str) -> None:
    """Refuse a window that is twice in a key table."""
    is_double = np.array(keys.duplicated(list(WINDOW_KEYS)))
    if is_double.any():
        row = keys.iloc[int(np.argmax(is_double))]
        what = ", ".join(f"{name} {row[name]}" for name in WINDOW_KEYS)
        raise ConfigError(f"window {what} is twice in {where}")
