"""One matrix for all cleaning that is linear over channels: table channels = matrix @ inputs.

Inputs are the table channels first, then what cleaning needs besides (mastoids, EOG). The matrix
is a product, from right to left: EOG regression, interpolation of bad channels, reference. Eyes
come first so that neither neighbours nor the reference carry them on. Time filters commute with
all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from featpipe.compiling import kernel
from featpipe.eeg.bad_channels import BadChannel, describe_bad
from featpipe.eeg.eog_regression import MIN_LIVELY, regression_matrix
from featpipe.eeg.interpolation import interpolation_matrix
from featpipe.errors import ConfigError, ReadError
from featpipe.montage import standard_name, unknown_channel


@dataclass(frozen=True)
class Spatial:
    """What is done over channels, and to whom.

    Attributes
    ----------
    matrix : numpy.ndarray, shape (n_channels, n_inputs)
        Table channels = matrix @ inputs, less their average; use `clean`.
    average : numpy.ndarray of int64
        Rows whose mean is subtracted in the end; empty without average reference.
    keeps_level : bool
        Whether channels have levels of their own, as without a high-pass: where one of the averaged
        ones is lost, the mean of the others would be another level, so there is none.
    is_interpolated : numpy.ndarray of bool, shape (n_channels,)
        Table channels that are computed from others.
    bad : tuple of BadChannel
        As found, whatever was done about them.
    interpolated : tuple of str
        Bad channels computed from the good ones.
    left_bad : tuple of str
        Bad channels that keep their own signal: repair not asked for, or not possible.
    reference : tuple of str
        ("average",), names of inputs, or empty for the reference of the recording.
    eog : tuple of str
        EOG inputs that were regressed out; one that never moves has nothing to take out and is
        not among them.
    eog_weights : dict of str to tuple of float
        Table channel -> microvolt of it per microvolt of each of `eog`.
    """

    matrix: np.ndarray
    average: np.ndarray
    keeps_level: bool
    is_interpolated: np.ndarray
    bad: tuple[BadChannel, ...]
    interpolated: tuple[str, ...]
    left_bad: tuple[str, ...]
    reference: tuple[str, ...]
    eog: tuple[str, ...]
    eog_weights: dict[str, tuple[float, ...]]


def plan(
    inputs: Sequence[str],
    n_channels: int,
    *,
    bad_channels: Literal["keep", "mark", "interpolate"] = "keep",
    reference: Sequence[str] = (),
    eog: Sequence[str] = (),
    bad: Sequence[BadChannel] = (),
    weights: np.ndarray | None = None,
    keeps_level: bool = True,
) -> Spatial:
    """Turn options, and what a pass over the recording found, into one matrix.

    Parameters
    ----------
    inputs : sequence of str
        Names of the inputs, table channels first.
    n_channels : int
        How many of them are table channels.
    bad_channels : {"keep", "mark", "interpolate"}
        Bad channels have no part in an average. Beyond that nothing, refuse them as a reference,
        or compute them from the good ones as well.
    reference : sequence of str
        ("average",), inputs whose mean is subtracted, or empty.
    eog : sequence of str
        Inputs to regress out of all others.
    bad : sequence of BadChannel
        From `ChannelSurvey.bad_channels`; with "keep" those that the file itself flags.
    weights : numpy.ndarray, shape (n_inputs, n_eog), optional
        From `EogRegression.weights`, in the order of `eog`.
    keeps_level : bool
        See `Spatial`.

    Returns
    -------
    Spatial

    Raises
    ------
    ConfigError
        When an input does not exist, or "average" stands beside other names.
    ReadError
        When more than half of the channels are bad and something is to be computed from the
        rest, when a channel named as reference is bad, or when no EOG input ever moves.
    """
    bad = tuple(bad)
    if 2 * len(bad) > n_channels and (bad_channels == "interpolate" or "average" in reference):
        way_out = (
            'set [eeg] bad_channels = "keep"'
            if bad_channels != "keep"
            else "name other channels in [eeg] channels, or another reference"
        )
        raise ReadError(
            f"{describe_bad(bad, n_channels)}. They are too many to compute anything from the "
            f"others: mend this, or {way_out}"
        )
    matrix, used, eog_weights = _without_eyes(inputs, n_channels, eog, weights)
    interpolated: tuple[str, ...] = ()
    if bad_channels == "interpolate":
        repair = np.eye(len(inputs))
        repair[:n_channels, :n_channels], interpolated = interpolation_matrix(
            inputs[:n_channels], [channel.name for channel in bad]
        )
        matrix = repair @ matrix
    left_bad = tuple(channel.name for channel in bad if channel.name not in interpolated)
    average: list[int] = []
    if tuple(reference) == ("average",):
        average = [i for i in range(n_channels) if inputs[i] not in left_bad]
    elif reference:
        rows = _reference_rows(inputs, reference, () if bad_channels == "keep" else left_bad)
        matrix = reference_matrix(len(inputs), rows) @ matrix
    return Spatial(
        matrix[:n_channels], np.array(average, dtype=np.int64), keeps_level,
        np.isin(inputs[:n_channels], interpolated), bad, interpolated, left_bad,
        tuple(reference), used, eog_weights,
    )  # fmt: skip


def clean(spatial: Spatial, x: np.ndarray) -> np.ndarray:
    """Compute the table channels of a block.

    Parameters
    ----------
    spatial : Spatial
        From `plan`.
    x : numpy.ndarray, shape (n_inputs, n_times)
        NaN where lost.

    Returns
    -------
    numpy.ndarray, shape (n_channels, n_times)
        What needs a lost input is NaN. The average needs all its channels if these keep their
        level, else it is that of the channels known at the moment. The same to the last bit
        whatever block a sample comes in.
    """
    y = apply(spatial.matrix, x)
    if not spatial.average.size:
        return y
    used = y[spatial.average]
    is_known = np.isfinite(used)
    total = np.zeros(y.shape[1])
    for row, known in zip(used, is_known, strict=True):  # in order: a sum of NumPy's is in pairs
        total += np.where(known, row, 0.0)
    if spatial.keeps_level:
        total[~is_known.all(axis=0)] = np.nan
    return y - total / np.maximum(is_known.sum(axis=0), 1)


def apply(matrix: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return matrix @ x, where a lost input costs those outputs alone that need it.

    The sum runs over the inputs in order: unlike those of a BLAS, a sample's numbers are the same
    to the last bit whatever block it comes in.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (n_channels, n_inputs)
        From `plan`.
    x : numpy.ndarray, shape (n_inputs, n_times)
        NaN where lost.

    Returns
    -------
    numpy.ndarray, shape (n_channels, n_times)
        NaN where an input with a weight other than 0 is not finite.
    """
    y = np.empty((len(matrix), x.shape[1]))
    _multiply(np.ascontiguousarray(matrix), np.ascontiguousarray(x, dtype=np.float64), y)
    y[np.isinf(y)] = np.nan
    return y


@kernel
def _multiply(matrix, x, y):
    for start in range(0, x.shape[1], 256):
        tile = x[:, start : start + 256].copy()  # in the cache, and apart from y: this vectorises
        total = np.empty(tile.shape[1])
        for i in range(matrix.shape[0]):
            total[:] = 0.0
            for j in range(matrix.shape[1]):
                weight, row = matrix[i, j], tile[j]
                if weight != 0.0:
                    for t in range(total.size):
                        total[t] += weight * row[t]
            y[i, start : start + 256] = total


def reference_matrix(n_inputs: int, rows: Sequence[int]) -> np.ndarray:
    """Subtract the mean of some inputs from every input.

    Parameters
    ----------
    n_inputs : int
        Size of the matrix.
    rows : sequence of int
        The inputs whose mean becomes zero.

    Returns
    -------
    numpy.ndarray, shape (n_inputs, n_inputs)
    """
    matrix = np.eye(n_inputs)
    matrix[:, list(rows)] -= 1 / len(rows)
    return matrix


def _without_eyes(
    inputs: Sequence[str], n_channels: int, eog: Sequence[str], weights: np.ndarray | None
) -> tuple[np.ndarray, tuple[str, ...], dict[str, tuple[float, ...]]]:
    """Regression matrix, the EOG inputs that have a part in it, their weights per channel."""
    if not eog:
        return np.eye(len(inputs)), (), {}
    if weights is None:
        raise ValueError("eog without weights: feed the recording to an EogRegression first")
    is_used = np.any(weights != 0, axis=0)
    if not np.any(is_used):
        raise ReadError(
            f"[eeg] eog: {', '.join(eog)} never move while all are recorded, or there are fewer "
            f"than {MIN_LIVELY} seconds in which they do so without a step that no eye makes, so "
            "nothing can be learnt from them: name other channels, or leave the option out"
        )
    used = tuple(name for name, is_part in zip(eog, list(is_used), strict=True) if is_part)
    rows = zip(inputs[:n_channels], weights[:n_channels, is_used].tolist(), strict=True)
    by_channel = {name: tuple(row) for name, row in rows if name not in eog}
    matrix = regression_matrix(weights, [_row(inputs, name, "eog") for name in eog])
    return matrix, used, by_channel


def _reference_rows(
    inputs: Sequence[str], reference: Sequence[str], left_bad: Sequence[str]
) -> list[int]:
    """Return the inputs whose mean is the reference."""
    if "average" in reference:
        raise ConfigError(
            f'[eeg] reference = {list(reference)}: "average" stands alone; drop it or the others'
        )
    rows = sorted({_row(inputs, name, "reference") for name in reference})
    for row in rows:
        if inputs[row] in left_bad:
            raise ReadError(
                f"[eeg] reference: {inputs[row]} is a bad channel and would spoil all others; "
                'name another, or set bad_channels = "interpolate"'
            )
    return rows


def _row(inputs: Sequence[str], name: str, option: str) -> int:
    known = [standard_name(other) for other in inputs]
    if standard_name(name) not in known:
        raise ConfigError(f"[eeg] {option}: {unknown_channel(name, inputs)}")
    return known.index(standard_name(name))
