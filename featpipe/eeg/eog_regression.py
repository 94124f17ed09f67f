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

from featpipe.eeg.bad_channels import SILENT_UV, Stretches

_PIECE_S = 1.0
"""Slower than this, electrodes drift each on its own: a recording that keeps DC holds more of that
than of blinks, and weights learnt on it take the wrong size and sign (0.40 came out as -1.5)."""
LIMIT_UV = 800.0
"""Peak to peak within a second."""
JUMP_UV = 200.0
_JUMP_S = 0.02
"""Lids and eyes take 0.05 s and more for their 100 to 600 microvolt; a loose electrode, which steps
within a sample, outweighs all blinks (one step of 1 mV in two minutes turned 0.40 into 0.10)."""
_COLLINEAR = 1e-10  # eigenvalues of the correlation matrix below this are rounding


class EogRegression:
    """Sums over a recording from which the weights of its EOG channels follow.

    The weights are learnt within seconds, less a straight line each, and hold for the whole band.
    A second in which an EOG channel still moves by more than `LIMIT_UV`, or by `JUMP_UV` within
    20 ms, teaches nothing; one in which another channel does, nothing about that channel. Blocks
    may be cut anywhere, the sums are the same to the last bit.

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
        self._n_jump = max(1, round(_JUMP_S * sfreq))
        n_eog = len(self._rows)
        # per input, over the samples where it and all EOG channels are known:
        self._n_known = np.zeros(n_inputs)
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
            n_known, n_used, covariance, against = self._sums(piece)
            self._n_known += n_known
            self._n_used += n_used
            self._covariance += covariance
            self._against += against

    def share_used(self) -> np.ndarray:
        """Return how much of what was recorded the weights are learnt from.

        Returns
        -------
        numpy.ndarray, shape (n_inputs,)
            Share of the samples where the input and all EOG channels are known that lie in seconds
            within the limit; 1 where none is known.
        """
        n_known, n_used, _, _ = self._sums(self._stretches.rest)
        n_known, n_used = n_known + self._n_known, n_used + self._n_used
        return np.where(n_known > 0, n_used / np.maximum(n_known, 1), 1.0)

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
        """Known and used samples, sums of squares and products of one piece, per input."""
        is_known = np.isfinite(piece)
        is_shared = np.asarray(is_known & is_known[self._rows].all(axis=0))
        n_known = is_shared.sum(axis=1)
        if not piece.shape[1]:
            return n_known, n_known, np.zeros_like(self._covariance), np.zeros_like(self._against)
        x = _detrended(np.where(is_shared, piece, 0.0), is_shared)
        level = np.where(is_known, piece, 0.0).sum(axis=1) / np.maximum(is_known.sum(axis=1), 1)
        eog = (piece - level[:, None])[self._rows]  # an offset would eat the digits below
        eog = _detrended(np.where(is_shared[:, None], eog, 0.0), is_shared[:, None])
        is_calm = _is_calm(x, is_shared, self._n_jump)
        is_calm &= _is_calm(eog, is_shared[:, None], self._n_jump).all(axis=1)
        x, eog = x * is_calm[:, None], eog * is_calm[:, None, None]
        return (
            n_known, n_known * is_calm, eog @ eog.swapaxes(1, 2), (eog @ x[:, :, None])[:, :, 0]
        )  # fmt: skip


def _detrended(x: np.ndarray, is_used: np.ndarray) -> np.ndarray:
    """Take the straight line off the samples in use, shape (..., n_times); the others are 0."""
    n_used = np.maximum(is_used.sum(axis=-1, keepdims=True), 1)
    time = is_used * np.arange(x.shape[-1], dtype=np.float64)
    time = is_used * (time - time.sum(axis=-1, keepdims=True) / n_used)
    length = np.maximum((time**2).sum(axis=-1, keepdims=True), 1.0)
    x = is_used * (x - x.sum(axis=-1, keepdims=True) / n_used)
    return x - time * ((x * time).sum(axis=-1, keepdims=True) / length)


def _is_calm(x: np.ndarray, is_used: np.ndarray, n_jump: int) -> np.ndarray:
    """Whether what may be an eye is all there is, shape (...,) of (..., n_times)."""
    jump = np.abs(x[..., n_jump:] - x[..., :-n_jump])
    is_seen = is_used[..., n_jump:] & is_used[..., :-n_jump]
    highest = np.where(is_seen, jump, 0.0).max(axis=-1, initial=0.0)
    return (np.ptp(x, axis=-1) <= LIMIT_UV) & (highest <= JUMP_UV)


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
