"""Do joined windows belong together? Shifted windows, trials and recordings under other names."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from featpipe.errors import few
from featpipe.features.agreement import means, median_within
from featpipe.features.correspondence import (
    exchanged,
    lay_pieces,
    resemblance,
    shifted_pairs,
)
from pipelines.bridge_tables import Pair

LAGS = (0, -1, 1, -2, 2)
"""Windows of B after those of A."""

_MOST_VALUES = 30_000_000  # of all recordings side by side, 120 MB
_LEAST = 0.3
_LEAD = 0.3  # of Fisher's z over no shift


class Moved(NamedTuple):
    """A recording or trial of A that is another of B: their names, and correlations."""

    a: str
    b: str
    r: float
    own: float


class Places(NamedTuple):
    """Where the windows of A are found in B.

    Attributes
    ----------
    lags : dict
        Windows that B is later -> median correlation within trials.
    recordings, trials : list of Moved
        Those that are found under another name; trials within their recording.
    """

    lags: dict[int, float]
    recordings: list[Moved]
    trials: list[Moved]

    @property
    def lag(self) -> int:
        """Windows that B is later than A, 0 where a shift explains nothing."""
        known = {lag: abs(r) for lag, r in self.lags.items() if np.isfinite(r)}
        best = max(known, key=lambda lag: known[lag], default=0)
        z = {lag: np.arctanh(min(r, 0.9999)) for lag, r in known.items()}
        is_told = best and known[best] >= _LEAST and z[best] > z.get(0, 0.0) + _LEAD
        return best if is_told else 0

    @property
    def has_cause(self) -> bool:
        """Windows that do not belong together were joined."""
        return bool(self.lag or self.recordings or self.trials)


def find_places(pair: Pair, columns: np.ndarray, is_next: np.ndarray) -> Places:
    """Look for the windows of A at other places in B.

    Parameters
    ----------
    pair : Pair
        Joined windows.
    columns : array of int
        Columns that are compared.
    is_next : array of bool, shape (n_windows,)
        The window follows the one in the row before, in the same trial.

    Returns
    -------
    Places
    """
    keys: Any = pair.keys
    trial = _numbers(keys, 3)
    a, b = (_inner(x[:, columns], trial) for x in (pair.a, pair.b))
    lags = {}
    for lag in LAGS:
        rows, later = shifted_pairs(is_next, lag)
        lags[lag] = median_within(a[rows], b[later], trial[rows])
    step = np.unique(keys["trial"], return_inverse=True)[1]
    window = keys["window"].rank(method="dense").to_numpy(int) - 1
    recording = _numbers(keys, 2)
    places = step * (window.max() + 1) + window
    n_columns = max(1, _MOST_VALUES // ((recording.max() + 1) * (places.max() + 1)))
    thin = np.s_[:, :: max(1, -(-a.shape[1] // n_columns))]
    found = _found(a[thin], b[thin], recording, places, _names(keys, 2))
    return Places(lags, found, _moved_trials(a, b, keys, window))


def _numbers(keys: Any, n_keys: int) -> np.ndarray:
    return keys.groupby(list(keys.columns[:n_keys]), sort=False).ngroup().to_numpy()


def _names(keys: Any, n_keys: int) -> list[str]:
    units = keys[list(keys.columns[:n_keys])].drop_duplicates().itertuples(index=False)
    return ["/".join(map(str, unit)) for unit in units]


def _inner(x: np.ndarray, trial: np.ndarray) -> np.ndarray:
    """Deviations from the mean of the trial, of equal spread in all columns."""
    x = np.where(np.isfinite(x), x, np.nan).astype(np.float64)
    x = x - means(x, trial)
    spread = np.sqrt(np.nansum(x * x, axis=0) / np.maximum(np.isfinite(x).sum(axis=0), 1))
    return x / np.where(spread > 1e-9, spread, np.inf)


def _found(
    a: np.ndarray, b: np.ndarray, piece: np.ndarray, place: np.ndarray, names: list[str]
) -> list[Moved]:
    if len(names) < 2:
        return []
    r = resemblance(lay_pieces(a, piece, place), lay_pieces(b, piece, place))
    return [
        Moved(names[i], names[j], float(r[i, j]), float(r[i, i])) for i, j in exchanged(r).items()
    ]


def _moved_trials(a: np.ndarray, b: np.ndarray, keys: Any, window: np.ndarray) -> list[Moved]:
    moved = []
    for rows in keys.groupby(list(keys.columns[:2]), sort=False).indices.values():
        mine = keys.iloc[rows]
        piece = pd.factorize(mine["trial"])[0]
        moved += _found(a[rows], b[rows], piece, window[rows], _names(mine, 3))
    return moved


def words_of_places(places: Places) -> Iterator[str]:
    """Name the cause where windows were joined that do not belong together."""
    if places.recordings:
        yield f"Recordings stand under other names in B: {_told(places.recordings)}."
    if places.trials:
        yield (
            f"{len(places.trials)} trials stand under other numbers in B: {_told(places.trials)}."
        )
    if places.lag:
        yield (
            f"B is shifted: window w of A is window w{places.lag:+d} of B, correlation "
            f"{places.lags[places.lag]:.2f} so, {places.lags[0]:.2f} as they are joined; trials "
            "begin at another time in one of the two."
        )


def _told(moved: list[Moved]) -> str:
    return few([f"{one.a} of A is {one.b} ({one.r:.2f}, with its namesake {one.own:.2f})"
                for one in moved], 4)  # fmt: skip
