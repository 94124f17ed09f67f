"""Differences and ratios of differential entropy (DE) between facing electrodes.

dasm and rasm compare left with right, dcau front with back (Duan, Zhu and Lu, NER 2013; Zheng and
Lu, IEEE T. Auton. Ment. Dev. 2015). Of the pairs of the 62-channel cap those are taken that the
channels at hand allow, in the order of `featpipe.montage`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from featpipe.errors import ConfigError, few
from featpipe.montage import FRONT_BACK, LEFT_RIGHT, counts_its_own_way

Pair = tuple[str, str]


def left_right_pairs(ch_names: Sequence[str]) -> list[Pair]:
    """Return the (left, right) pairs of which both channels are there.

    Parameters
    ----------
    ch_names : sequence of str
        As tables spell them: upper case, see `featpipe.montage.standard_name`.

    Returns
    -------
    list of (str, str)

    Raises
    ------
    ConfigError
        When no pair is complete.

    Examples
    --------
    >>> left_right_pairs(["FP1", "FP2", "FZ", "O2", "T8", "T7"])
    [('FP1', 'FP2'), ('T7', 'T8')]
    """
    return _complete(LEFT_RIGHT, ch_names, "left-right")


def front_back_pairs(ch_names: Sequence[str]) -> list[Pair]:
    """Return the (frontal, posterior) pairs of which both channels are there.

    Parameters
    ----------
    ch_names : sequence of str
        As in `left_right_pairs`.

    Returns
    -------
    list of (str, str)

    Raises
    ------
    ConfigError
        When no pair is complete.
    """
    return _complete(FRONT_BACK, ch_names, "front-back")


def left_out(pairs: Sequence[Pair], ch_names: Sequence[str]) -> list[Pair]:
    """Return the pairs that cannot be formed, as one channel or both are not there.

    Parameters
    ----------
    pairs : sequence of (str, str)
        `montage.LEFT_RIGHT` or `montage.FRONT_BACK`.
    ch_names : sequence of str
        As in `left_right_pairs`.

    Returns
    -------
    list of (str, str)

    Examples
    --------
    >>> left_out([("FP1", "FP2"), ("T7", "T8")], ["FP1", "FP2", "T7"])
    [('T7', 'T8')]
    """
    known = set() if counts_its_own_way(ch_names) else set(ch_names)
    return [pair for pair in pairs if not set(pair) <= known]


def dasm(de: ArrayLike, ch_names: Sequence[str]) -> np.ndarray:
    """Differential asymmetry: DE of the left channel minus that of the right.

    As DE is half the logarithm of a power, this is half the logarithm of the ratio of the powers;
    it depends neither on the unit of the signal nor, but for a factor, on the base of the
    logarithm.

    Parameters
    ----------
    de : array, shape (n_windows, n_channels, n_bands)
        Differential entropy.
    ch_names : sequence of str, length n_channels
        As in `left_right_pairs`.

    Returns
    -------
    numpy.ndarray of float64, shape (n_windows, n_pairs, n_bands)
        In the unit of de; NaN where either side is.

    Raises
    ------
    ConfigError
        When no pair is complete, or de does not hold one row per channel.

    Examples
    --------
    >>> dasm([[[3.0, 1.0], [2.0, 5.0]]], ["T7", "T8"])
    array([[[ 1., -4.]]])
    """
    left, right = _sides(de, ch_names, left_right_pairs(ch_names))
    return left - right


def rasm(de: ArrayLike, ch_names: Sequence[str]) -> np.ndarray:
    """Rational asymmetry: DE of the left channel over that of the right.

    Parameters
    ----------
    de, ch_names
        As in `dasm`.

    Returns
    -------
    numpy.ndarray of float64, shape (n_windows, n_pairs, n_bands)
        NaN where either side is or the right one is 0; never infinite.

    Raises
    ------
    ConfigError
        As in `dasm`.

    Notes
    -----
    A ratio of logarithms, hence dependent on the unit. DE in nats of a signal in microvolt is 0 at
    a band power of 1 / (2 pi e) = 0.059 microvolt^2 and negative below, which quiet channels can
    reach in beta and gamma: there the ratio grows without bound and changes sign. Under
    `convention="seed"`, log2 of 100 times the un-normalised power of a bin, the zero lies so far
    below any EEG that published ratios stay near 1. Where quiet bands matter, take `dasm`.

    Examples
    --------
    >>> rasm([[[3.0, 1.0], [2.0, 0.0]]], ["T7", "T8"])
    array([[[1.5, nan]]])
    """
    left, right = _sides(de, ch_names, left_right_pairs(ch_names))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = left / right
    return np.where(np.isfinite(ratio), ratio, np.nan)


def asm(de: ArrayLike, ch_names: Sequence[str]) -> np.ndarray:
    """`dasm` and `rasm` side by side: first the differences of all pairs, then the ratios.

    Parameters
    ----------
    de, ch_names
        As in `dasm`.

    Returns
    -------
    numpy.ndarray of float64, shape (n_windows, 2 n_pairs, n_bands)

    Raises
    ------
    ConfigError
        As in `dasm`.
    """
    return np.concatenate([dasm(de, ch_names), rasm(de, ch_names)], axis=1)


def dcau(de: ArrayLike, ch_names: Sequence[str]) -> np.ndarray:
    """Differential caudality: DE of the frontal channel minus that of the posterior.

    Parameters
    ----------
    de, ch_names
        As in `dasm`.

    Returns
    -------
    numpy.ndarray of float64, shape (n_windows, n_pairs, n_bands)
        In the unit of de; NaN where either side is.

    Raises
    ------
    ConfigError
        As in `dasm`, for the pairs of `front_back_pairs`.
    """
    front, back = _sides(de, ch_names, front_back_pairs(ch_names))
    return front - back


def _complete(pairs: Sequence[Pair], ch_names: Sequence[str], kind: str) -> list[Pair]:
    missing = left_out(pairs, ch_names)
    if len(missing) == len(pairs):
        raise ConfigError(
            f"no {kind} pair is complete among the channels {few(ch_names)}: expected both"
            f" of one, such as {pairs[0][0]} and {pairs[0][1]}; add channels or leave the family"
            " out of [features] eeg"
        )
    return [pair for pair in pairs if pair not in missing]


def _sides(
    de: ArrayLike, ch_names: Sequence[str], pairs: Sequence[Pair]
) -> tuple[np.ndarray, np.ndarray]:
    """First and second channels of the pairs, each (n_windows, n_pairs, n_bands)."""
    de = np.asarray(de, dtype=np.float64)
    if de.ndim != 3 or de.shape[1] != len(ch_names):
        raise ConfigError(
            f"de has shape {de.shape}: expected (n_windows, {len(ch_names)} channels, n_bands)"
        )
    index = {name: i for i, name in enumerate(ch_names)}
    first, second = ([index[pair[side]] for pair in pairs] for side in (0, 1))
    return de[:, first], de[:, second]
