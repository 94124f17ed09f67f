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
than of blinks, and weights learnt on it take the wrong size and sign (0.40 came out as -1.5).
A step within a second still has its say."""
_COLLINEAR = 1e-10  # eigenvalues of the correlation matrix below this are rounding


class EogRegression:
    """Sums over a recording from which the weights of its EOG channels follow.

    The weights are learnt within seconds, each with a level of its own, and hold for the whole
    band. Blocks may be cut anywhere, the sums are the same to the last bit.

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
        n_eog = len(self._rows)
        # per input, over the samples where it and all EOG channels are known, less their means:
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
            n_used, covariance, against = self._sums(piece)
            self._n_used += n_used
            self._covariance += covariance
            self._against += against

    def weights(self) -> np.ndarray:
        """Return the least-squares weights of what was added so far.

        Returns
        -------
        numpy.ndarray, shape (n_inputs, n_eog)
            Microvolt of the input per microvolt of the EOG channel. 0 in the rows of the EOG
            channels and for one that never moves; of collinear ones the smallest weights.
        """
        n_used, covariance, against = self._sums(self._stretches.rest)
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

    def _sums(self, piece: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Centred sums of squares and products of one piece, each input over its own samples."""
        is_known = np.isfinite(piece)
        is_used = np.asarray(is_known & is_known[self._rows].all(axis=0))
        n_used = is_used.sum(axis=1)
        share = (is_used / np.maximum(n_used, 1)[:, None])[:, None]  # (n_inputs, 1, n_times)
        x = np.where(is_used, piece, 0.0)
        x = np.where(is_used, x - (x * share[:, 0]).sum(axis=1, keepdims=True), 0.0)
        eog = np.where(is_known[self._rows], piece[self._rows], 0.0)
        eog = eog - eog.sum(axis=1, keepdims=True) / max(
            eog.shape[1], 1
        )  # an offset would eat the digits below
        eog = is_used[:, None] * (eog - (eog * share).sum(axis=2, keepdims=True))
        return n_used, eog @ eog.swapaxes(1, 2), (eog @ x[:, :, None])[:, :, 0]


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
