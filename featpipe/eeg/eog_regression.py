"""How much of the EOG channels each channel carries, by least squares over a whole recording.

References
----------
Gratton, Coles and Donchin (1983). A new method for off-line removal of ocular artifact.
https://doi.org/10.1016/0013-4694(83)90135-9
Croft and Barry (2000). Removal of ocular artifact from the EEG: a review.
https://doi.org/10.1016/S0987-7053(00)00055-1
"""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featpipe.eeg.bad_channels import SILENT_UV, Stretches

_PIECE_S = 1.0
"""Slower than this, electrodes drift each on its own: a recording that keeps DC holds more of that
than of blinks, and weights learnt on it take the wrong size and sign (0.40 came out as -1.5)."""
_TOP_HZ, _TAPS_S = 15.0, 0.16
"""Blinks and saccades lie below; mains of 50 microvolt above would turn 0.40 into 0.17. From 25 Hz
on the filter is 50 dB down."""
JUMP_UV = 60.0
_JUMP_S, _AROUND_S, _SUDDEN = 0.02, 0.08, 0.8
"""A loose electrode steps within a sample: most of what happens in 80 ms happens in 20. Lids take
50 ms and more, saccades of that size 30, so that at most six tenths do. One step of 1 mV in two
minutes turned 0.40 into 0.10."""
LIMIT_UV = 1500.0
"""Peak to peak within a second; no lid moves more."""
_LIVELY_UV = 50.0  # a second in which the eyes move
_COLLINEAR = 1e-10  # eigenvalues of the correlation matrix below this are rounding


class EogRegression:
    """Sums over a recording from which the weights of its EOG channels follow.

    The weights are learnt below 15 Hz, within seconds, less a straight line each, and hold for the
    whole band. A second in which an EOG channel steps as no eye does teaches nothing, one in which
    another channel does teaches nothing about that channel. Blocks may be cut anywhere, the sums
    are the same to the last bit.

    Parameters
    ----------
    n_inputs : int
        Rows of the blocks.
    eog_rows : sequence of int
        Which of them are EOG.
    sfreq : float
        Rate of the blocks, Hz.
    """

    def __init__(self, n_inputs: int, eog_rows: Sequence[int], sfreq: float) -> None:
        self._rows = list(eog_rows)
        self._stretches = Stretches(n_inputs, max(2, round(_PIECE_S * sfreq)))
        self._taps = _low_pass(sfreq)
        self._n_jump, self._n_around = (max(1, round(s * sfreq)) for s in (_JUMP_S, _AROUND_S))
        n_eog = len(self._rows)
        # per input, over the samples where it and all EOG channels are known:
        self._n_lively = np.zeros((2, n_inputs))  # pieces in which the eyes move, those of use
        self._n_used = np.zeros(n_inputs)
        self._covariance = np.zeros((n_inputs, n_eog, n_eog))
        self._against = np.zeros((n_inputs, n_eog))

    def add(self, block: np.ndarray) -> None:
        """Count on.

        Parameters
        ----------
        block : numpy.ndarray, shape (n_inputs, n_times), microvolt
            Band-limited. NaN where lost.
        """
        for piece in self._stretches.add(np.asarray(block, dtype=np.float64)).swapaxes(0, 1):
            n_lively, n_used, covariance, against = self._sums(piece)
            self._n_lively += n_lively
            self._n_used += n_used
            self._covariance += covariance
            self._against += against

    def share_used(self) -> np.ndarray:
        """Return how much of what the eyes did the weights are learnt from.

        Returns
        -------
        numpy.ndarray, shape (n_inputs,)
            Of the seconds in which an EOG channel moves by 50 microvolt or more, the share in which
            neither it nor the input steps as no eye does; 1 where there are none.
        """
        lively, used = self._n_lively
        return np.where(lively > 0, used / np.maximum(lively, 1), 1.0)

    def weights(self) -> np.ndarray:
        """Return the least-squares weights of what was added so far.

        Returns
        -------
        numpy.ndarray, shape (n_inputs, n_eog)
            Microvolt of the input per microvolt of the EOG channel. 0 in the rows of the EOG
            channels and for one that never moves; of collinear ones the smallest weights.
        """
        _, n_used, covariance, against = self._sums(self._stretches.rest)
        n_used, covariance = self._n_used + n_used, self._covariance + covariance
        against = (self._against + against)[:, :, None]
        variance = np.diagonal(covariance, axis1=1, axis2=2)[:, :, None]
        moves = variance > np.maximum(n_used, 1)[:, None, None] * SILENT_UV**2
        scale = np.where(moves, 1 / np.sqrt(np.where(moves, variance, 1.0)), 0.0)
        correlation = covariance * scale * scale.swapaxes(1, 2)
        inverse = np.linalg.pinv(correlation, rcond=_COLLINEAR, hermitian=True)
        weights = (scale * (inverse @ (scale * against)))[:, :, 0]
        weights[self._rows] = 0.0
        return weights

    def _sums(self, piece: np.ndarray) -> tuple[np.ndarray, ...]:
        """Lively and used pieces, samples, sums of squares and products of a piece, per input."""
        is_known = np.isfinite(piece)
        if piece.shape[1] < len(self._taps):
            n_none = np.zeros(len(piece))
            zeros = np.zeros_like(self._covariance), np.zeros_like(self._against)
            return np.zeros_like(self._n_lively), n_none, *zeros
        whole = _without_gaps(piece, is_known)
        is_sudden = _is_sudden(whole, self._n_jump, self._n_around)
        low = sliding_window_view(whole, len(self._taps), axis=1) @ self._taps
        is_whole = np.asarray(sliding_window_view(is_known, len(self._taps), axis=1).all(axis=2))
        is_shared = np.asarray(is_whole & is_whole[self._rows].all(axis=0))
        x = _detrended(np.where(is_shared, low, 0.0), is_shared)
        eog = np.where(is_shared[:, None], low[self._rows], 0.0)
        eog = _detrended(eog, is_shared[:, None])
        range_x, range_eog = np.ptp(x, axis=1), np.ptp(eog, axis=2)
        is_calm = ~is_sudden & ~is_sudden[self._rows].any()
        is_calm &= (range_x <= LIMIT_UV) & (range_eog <= LIMIT_UV).all(axis=1)
        is_lively = (range_eog >= _LIVELY_UV).any(axis=1)
        x, eog = x * is_calm[:, None], eog * is_calm[:, None, None]
        return (
            np.stack([is_lively, is_lively & is_calm]), is_shared.sum(axis=1) * is_calm,
            eog @ eog.swapaxes(1, 2), (eog @ x[:, :, None])[:, :, 0],
        )  # fmt: skip


def _low_pass(sfreq: float) -> np.ndarray:
    from scipy import signal

    n_taps = 2 * round(_TAPS_S * sfreq / 2) + 1
    return np.asarray(signal.firwin(n_taps, min(_TOP_HZ, 0.4 * sfreq), fs=sfreq))


def _without_gaps(piece: np.ndarray, is_known: np.ndarray) -> np.ndarray:
    """Take the level off and lay straight lines over what is lost, (n_inputs, n_times)."""
    known = np.where(is_known, piece, 0.0)
    level = known.sum(axis=1, keepdims=True) / np.maximum(is_known.sum(axis=1, keepdims=True), 1)
    whole = np.where(is_known, piece - level, 0.0)
    time = np.arange(piece.shape[1])
    for row in np.flatnonzero(~is_known.all(axis=1) & is_known.any(axis=1)):
        here = is_known[row]
        whole[row] = np.interp(time, time[here], whole[row, here])
    return whole


def _is_sudden(x: np.ndarray, n_jump: int, n_around: int) -> np.ndarray:
    """Whether a row steps as no eye does, (n_inputs,) of (n_inputs, n_times).

    Averages over the time of a jump keep mains of 50 Hz out; a step becomes a ramp of that length.
    """
    smooth = sliding_window_view(x, n_jump, axis=1).mean(axis=2)
    if smooth.shape[1] <= n_around:
        return np.zeros(len(x), dtype=bool)
    # the range around lies in the middle of it, and moves inwards at the ends
    around = np.ptp(sliding_window_view(smooth, n_around + 1, axis=1), axis=2)
    jump = np.abs(smooth[:, n_jump:] - smooth[:, :-n_jump])
    first = np.arange(jump.shape[1]) - (n_around - n_jump) // 2
    around = around[:, np.clip(first, 0, around.shape[1] - 1)]
    return ((jump >= JUMP_UV) & (jump >= _SUDDEN * around)).any(axis=1)


def _detrended(x: np.ndarray, is_used: np.ndarray) -> np.ndarray:
    """Take the straight line off the samples in use, shape (..., n_times); the others are 0."""
    n_used = np.maximum(is_used.sum(axis=-1, keepdims=True), 1)
    time = is_used * np.arange(x.shape[-1], dtype=np.float64)
    time = is_used * (time - time.sum(axis=-1, keepdims=True) / n_used)
    length = np.maximum((time**2).sum(axis=-1, keepdims=True), 1.0)
    x = is_used * (x - x.sum(axis=-1, keepdims=True) / n_used)
    return x - time * ((x * time).sum(axis=-1, keepdims=True) / length)


def regression_matrix(weights: np.ndarray, eog_rows: Sequence[int]) -> np.ndarray:
    """Subtract from every other input what the EOG channels say about it.

    Parameters
    ----------
    weights : numpy.ndarray, shape (n_inputs, n_eog)
        From `EogRegression.weights`.
    eog_rows : sequence of int
        Which inputs the EOG channels are; they stay as they are.

    Returns
    -------
    numpy.ndarray, shape (n_inputs, n_inputs)
    """
    matrix = np.eye(len(weights))
    others = np.setdiff1d(np.arange(len(weights)), eog_rows)
    matrix[others[:, None], list(eog_rows)] = -weights[others]
    return matrix
