"""What is measured of a pair of families: per column, per recording, orders, smoothing, probes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from featpipe.features.agreement import (
    compare,
    cross_correlation,
    means,
    pearson,
)
from models.probe import Probe, probe
from pipelines.bridge_joins import JOINED_ON, smoothed_windows
from pipelines.bridge_order import FLOOR, Order, order_of, read_across
from pipelines.bridge_places import Places, find_places
from pipelines.bridge_smoothing import PLAIN, Tried, proven, try_smoothing
from pipelines.bridge_tables import Pair

_N_COLUMNS = 62  # most that smoothing and places are looked for in


class Numbers(NamedTuple):
    """All that is measured of a pair.

    Attributes
    ----------
    columns : pandas.DataFrame
        `band`, `channel`, `agreement.MEASURES`, `best_match`: the channel of B that the column
        resembles most, taken over all bands; empty where that cannot be told.
    recordings : pandas.DataFrame
        `subject`, `session`, `n` windows, `pearson_within`: median over columns.
    places : Places
        Where windows of A are found in B, if elsewhere than they were joined.
    smoothing : dict
        (how A was smoothed, how B was) -> Tried.
    channels, bands : Order
        What channels, or columns of the eyes, and bands resemble.
    read_across : str
        "A" or "B" where its channels and bands seem to be exchanged, else empty.
    probes : dict
        Name of a table -> Probe; empty where labels are not known or doubtful.
    """

    columns: pd.DataFrame
    recordings: pd.DataFrame
    places: Places
    smoothing: dict[tuple[str, str], Tried]
    channels: Order
    bands: Order
    read_across: str
    probes: dict[str, Probe]

    @property
    def best_smoothing(self) -> tuple[str, str]:
        """How A and B have to be smoothed to be alike, as far as lag 1 proves it."""
        return proven(self.smoothing)


def measure(pair: Pair, *, has_probes: bool = True) -> Numbers:
    """Measure how far two tables agree.

    Parameters
    ----------
    pair : Pair
        Joined windows.
    has_probes : bool
        Ask a linear classifier as well.

    Returns
    -------
    Numbers
    """
    keys, columns = pair.keys, pair.columns
    recording, trial = _codes(keys, 2), _codes(keys, 3)
    follows = np.r_[False, (np.diff(trial) == 0) & (np.diff(keys["window"]) == 1)]
    found = compare(pair.a, pair.b, trial, recording, follows)
    some = few_columns(pair)
    smoothing = try_smoothing(pair, some, trial, recording, follows)
    numbers = Numbers(
        pd.concat([columns, found], axis=1), _by_recording(pair, recording, trial),
        find_places(pair, some, follows), smoothing,
        Order(pd.DataFrame(), {}), Order(pd.DataFrame(), {}), "", {},
    )  # fmt: skip
    numbers = _with_orders(numbers, pair, trial)
    label = keys["label"].to_numpy()
    is_labelled = label >= 0
    can_learn = not (pair.warnings or numbers.places.has_cause)
    if has_probes and can_learn and len(np.unique(label[is_labelled])) > 1:
        numbers = numbers._replace(probes=_probes(pair, is_labelled, numbers.best_smoothing[0]))
    return numbers


def few_columns(pair: Pair) -> np.ndarray:
    """Choose columns spread over the table, so that all bands and channels are among them."""
    n_columns = pair.a.shape[1]
    spread = np.linspace(0, n_columns - 1, min(n_columns, _N_COLUMNS))
    return np.unique(spread.round().astype(int))


def _codes(keys: Any, n_keys: int) -> np.ndarray:
    """Return the number of each subject (1), recording (2) or trial (3), in order."""
    return keys.groupby(JOINED_ON[:n_keys], sort=False).ngroup().to_numpy()


def _by_recording(pair: Pair, recording: np.ndarray, trial: np.ndarray) -> pd.DataFrame:
    rows = []
    for one in np.unique(recording):
        chosen = recording == one
        a, b = pair.a[chosen], pair.b[chosen]
        both = np.isfinite(a) & np.isfinite(b)
        inner = [
            np.where(both, x, np.nan) - means(np.where(both, x, np.nan), trial[chosen])
            for x in (a, b)
        ]
        found = pearson(*inner)
        known = found[np.isfinite(found)]
        first = pair.keys.iloc[int(np.argmax(chosen))]
        rows.append((first["subject"], first["session"], int(chosen.sum()),
                     float(np.median(known)) if known.size else np.nan))  # fmt: skip
    return pd.DataFrame(rows, columns=["subject", "session", "n", "pearson_within"])


def _with_orders(numbers: Numbers, pair: Pair, trial: np.ndarray) -> Numbers:
    """Add what every channel and band resembles most, the smoother side left as it is."""
    ways = numbers.best_smoothing
    a, b = (smoothed_windows(whole, how)
            for whole, how in zip((pair.whole_a, pair.whole_b), ways, strict=True))  # fmt: skip
    r = cross_correlation(a, b, trial)
    if np.median(np.diag(r)) < -FLOOR:
        r = -r  # B falls where A rises: that is told by itself
    n_free = _free_windows(numbers.smoothing[ways], len(trial), int(trial.max()) + 1)
    names = (pair.columns["channel"], pair.columns["band"])
    channels, bands = (order_of(r, of, to, n_free) for of, to in (names, names[::-1]))
    return numbers._replace(
        columns=numbers.columns.assign(
            best_match=[channels.match.get(str(name), "") for name in pair.columns["channel"]]
        ),
        channels=channels,
        bands=bands,
        read_across=read_across(r, pair.columns, pair.order_b),
    )


def _free_windows(tried: Tried, n_windows: int, n_trials: int) -> float:
    """Count the windows independent of their neighbours (Bartlett): one per trial at least."""
    both = np.nan_to_num(tried.lag1_a) * np.nan_to_num(tried.lag1_b)
    return max(n_trials, (n_windows - n_trials) * (1 - both) / (1 + both))


def _probes(pair: Pair, is_labelled: np.ndarray, how: str) -> dict[str, Probe]:
    """Ask what the windows of A, of A smoothed as B is, if B is, and of B tell of their labels."""
    keys: Any = pair.keys[is_labelled]
    codes = [_codes(keys, n) for n in (1, 2, 3)]
    label = keys["label"].to_numpy()
    found = {"A": probe(pair.a[is_labelled], label, *codes)}
    if how != PLAIN:
        smooth = smoothed_windows(pair.whole_a, how)[is_labelled]
        found[f"A smoothed by {how}"] = probe(smooth, label, *codes)
    return found | {"B": probe(pair.b[is_labelled], label, *codes)}


def medians(numbers: Numbers, names: Sequence[str]) -> pd.DataFrame:
    """Median over the channels of each band, rows in order of the table; eyes are one row."""
    frame: Any = numbers.columns
    return frame.groupby("band", sort=False)[list(names)].median().reset_index()
