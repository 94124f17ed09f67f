"""Which two electrodes a stored difference or ratio is of, told from the DE in the same file.

The pairs of dasm, rasm and dcau are known by name, not from the files. Where DE is stored beside
them, every stored column is compared with all pairs of electrodes, so that the pairs of the tables
are those of the file.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from featpipe.errors import ReadError, few
from featpipe.features.asymmetry import Pair

Combine = Callable[[np.ndarray, np.ndarray], np.ndarray]

COMBINE: dict[str, Combine] = {"dasm": np.subtract, "dcau": np.subtract, "rasm": np.divide}
"""How the two are combined, first by second."""

N_WINDOWS = 12
"""Windows that are compared, in all bands; two pairs are never alike in all of them."""

EXACT = 0.02
"""Distance of the right pair, as a share of the usual one: smoothing after the ratio moves it."""


class Pairs(NamedTuple):
    """Pairs of the stored columns and how well they are known.

    Attributes
    ----------
    pairs : list of (str, str)
        In the order of the file.
    basis : str
        "confirmed", or which pairs the file has instead of the expected ones.
    """

    pairs: list[Pair]
    basis: str


def stored_pairs(
    kind: str,
    stored: np.ndarray,
    de: np.ndarray,
    channels: Sequence[str],
    expected: Sequence[Pair],
) -> Pairs:
    """Name the pairs of a stored family.

    Parameters
    ----------
    kind : str
        Key of `COMBINE`.
    stored : array, shape (n_windows, n_pairs, n_bands)
        As released.
    de : array, shape (n_windows, n_channels, n_bands)
        DE of the same windows, smoothed alike.
    channels : sequence of str
    expected : sequence of (str, str)
        Pairs by name, in the order in which they should be stored.

    Returns
    -------
    Pairs

    Raises
    ------
    ReadError
        When a column fits neither the expected pair nor any other.
    """
    rows = np.unique(np.linspace(0, len(de) - 1, N_WINDOWS).astype(int))
    some = de[rows]
    with np.errstate(divide="ignore", invalid="ignore"):
        every = COMBINE[kind](some[:, :, np.newaxis], some[:, np.newaxis])
    every[~np.isfinite(every)] = np.nan
    found, others = [], []
    for i_pair, pair in enumerate(expected):
        column = stored[rows, i_pair][:, np.newaxis, np.newaxis]
        best = _best(column, every, channels, pair)
        if best is None:
            raise ReadError(
                f"column {i_pair + 1} of {kind} is that of no two channels of DE beside it, "
                f"expected {'-'.join(pair)}: the file mixes two versions; copy it again"
            )
        found.append(best)
        others += [f"{'-'.join(best)} for {'-'.join(pair)}"] * (best != pair)
    return Pairs(found, few(others, 4) if others else "confirmed")


def _best(
    column: np.ndarray, every: np.ndarray, channels: Sequence[str], pair: Pair
) -> Pair | None:
    """Return the pair that a column fits, the expected one where others fit no better."""
    apart = np.abs(every - column)
    known = np.isfinite(apart)
    counts = known.sum(axis=(0, 3))
    distance = np.where(known, apart, 0).sum(axis=(0, 3)) / np.maximum(counts, 1)
    distance[counts == 0] = np.inf
    np.fill_diagonal(distance, np.inf)
    i, j = (channels.index(name) for name in pair)
    if not np.isfinite(distance).any():
        return pair  # all of it is lost; nothing contradicts the name
    lowest, usual = distance.min(), np.median(distance[np.isfinite(distance)])
    if lowest > EXACT * usual:
        return pair if distance[i, j] == lowest else None
    if distance[i, j] <= max(2 * lowest, 1e-9 * usual):
        return pair
    first, second = np.unravel_index(int(distance.argmin()), distance.shape)
    return channels[int(first)], channels[int(second)]


def asm_is_dasm_then_rasm(asm: np.ndarray, dasm: np.ndarray, rasm: np.ndarray) -> bool:
    """Tell whether asm holds all differences and then all ratios.

    Parameters
    ----------
    asm : array, shape (n_windows, 2 n_pairs, n_bands)
    dasm, rasm : array, shape (n_windows, n_pairs, n_bands)
        Of the same windows and file.

    Returns
    -------
    bool
        Whether each half of asm is nearer to its part than to the other one, and near to it as
        far as smoothing in one go or apart may differ.
    """
    n_pairs = dasm.shape[1]
    halves = asm[:, :n_pairs], asm[:, n_pairs:]
    for half, part, other in ((halves[0], dasm, rasm), (halves[1], rasm, dasm)):
        own, wrong = (np.abs(half - of) for of in (part, other))
        known = np.isfinite(own) & np.isfinite(wrong)
        if known.any() and not own[known].mean() <= 0.1 * wrong[known].mean():
            return False
    return True
