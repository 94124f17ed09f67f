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
from pipelines.bridge_smoothing import Tried, proven, try_smoothing
from pipelines.bridge_tables import Pair

_N_COLUMNS = 62  # most that smoothing and places are looked for in


class Numbers(NamedTuple):
    """All that is measured of a pair.

    Attributes
    ----------
    columns : pandas.DataFrame
        `band`, `channel`, `agreement.MEASURES`, `best_match`: the channel of B that the column
        resembles most within its band, taken over all bands; empty for channels that do not vary.
    recordings : pandas.DataFrame
        `subject`, `session`, `n` windows, `pearson_within`: median over columns.
    smoothing : dict
        (how A was smoothed, how B was) -> Tried.
    channels : pandas.DataFrame
        Mean correlation of channels of A (rows) with channels of B (columns).
    bands : pandas.DataFrame
        The same of bands; one row where there are none.
    itself, bands_itself : float
        Share of channels and of bands whose best match is themselves.
    read_across : str
        "A" or "B" where its channels and bands seem to be exchanged, else empty.
    probes : dict
        Name of a table -> Probe; empty where labels are not known or doubtful.
    """

    columns: pd.DataFrame
    recordings: pd.DataFrame
    smoothing: dict[tuple[str, str], Tried]
    channels: pd.DataFrame
    bands: pd.DataFrame
    itself: float
    bands_itself: float
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
        pd.concat([columns, found], axis=1), _by_recording(pair, recording, trial), smoothing,
        pd.DataFrame(), pd.DataFrame(), np.nan, np.nan, "", {},
    )  # fmt: skip
    numbers = _with_orders(numbers, pair, trial)
    label = keys["label"].to_numpy()
    is_labelled = label >= 0
    if has_probes and not pair.warnings and len(np.unique(label[is_labelled])) > 1:
        numbers = numbers._replace(probes=_probes(pair, is_labelled))
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
    how_a, how_b = numbers.best_smoothing
    a, b = smoothed_windows(pair.whole_a, how_a), smoothed_windows(pair.whole_b, how_b)
    r = cross_correlation(a, b, trial)
    channels = _mean_blocks(r, pair.columns["channel"], pair.columns["band"])
    bands = _mean_blocks(r, pair.columns["band"], pair.columns["channel"])
    best = _best(channels)
    return numbers._replace(
        columns=numbers.columns.assign(
            best_match=[best.get(name, "") for name in pair.columns["channel"]]
        ),
        channels=channels,
        bands=bands,
        itself=_itself(best),
        bands_itself=_itself(_best(bands)),
        read_across=_read_across(r, pair),
    )


def _mean_blocks(r: np.ndarray, of: Any, within: Any) -> pd.DataFrame:
    """Average the correlations of what shares `within`, by the names `of`."""
    names = list(dict.fromkeys(of))
    place = of.map({name: i for i, name in enumerate(names)}).to_numpy()
    total, count = np.zeros((2, len(names), len(names)))
    for one in dict.fromkeys(within):
        rows = np.flatnonzero((within == one).to_numpy())
        total[np.ix_(place[rows], place[rows])] += r[np.ix_(rows, rows)]
        count[np.ix_(place[rows], place[rows])] += 1
    return pd.DataFrame(total / np.maximum(count, 1), index=names, columns=names)


def _best(r: pd.DataFrame) -> dict[str, str]:
    """Name what each row resembles most: itself on a tie, nothing where there is no correlation."""
    values = r.to_numpy()
    chosen = values.argmax(axis=1)
    # pupils of trackers with one diameter are two equal columns
    is_itself = np.diag(values) > values.max(axis=1, initial=-1.0) - 1e-5
    chosen = np.where(is_itself, np.arange(len(values)), chosen)
    return {
        str(name): str(r.columns[i])
        for name, i, row in zip(r.index, chosen, values, strict=True)
        if np.any(row)
    }


def _itself(best: dict[str, str]) -> float:
    return float(np.mean([one == other for one, other in best.items()])) if best else np.nan


def _read_across(r: np.ndarray, pair: Pair) -> str:
    """Tell whose columns stand band by band under names that go channel by channel."""
    n_bands, n_channels = (len(set(pair.columns[name])) for name in ("band", "channel"))
    n = n_bands * n_channels
    if min(n_bands, n_channels) < 2 or pair.order_b != list(range(n)) or len(r) != n:
        return ""
    k = np.arange(n)
    across = (k % n_channels) * n_bands + k // n_channels
    itself = r[k, k].mean()
    for side, other in (("B", r[across, k].mean()), ("A", r[k, across].mean())):
        if other > itself + 0.2:
            return side
    return ""


def _probes(pair: Pair, is_labelled: np.ndarray) -> dict[str, Probe]:
    """Ask what the windows of A, of A smoothed and of B tell of label and trial."""
    keys: Any = pair.keys[is_labelled]
    codes = [_codes(keys, n) for n in (1, 2, 3)]
    label = keys["label"].to_numpy()
    a, b = pair.a[is_labelled], pair.b[is_labelled]
    smooth = smoothed_windows(pair.whole_a, "LDS")[is_labelled]
    tables = {"A": a, "A, smoothed by LDS": smooth, "B": b}
    return {name: probe(x, label, *codes) for name, x in tables.items()}


def medians(numbers: Numbers, names: Sequence[str]) -> pd.DataFrame:
    """Median over the channels of each band, rows in order of the table; eyes are one row."""
    frame: Any = numbers.columns
    return frame.groupby("band", sort=False)[list(names)].median().reset_index()
