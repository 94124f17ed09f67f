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

_N_PIECE = 2048  # sums are formed over so many samples, wherever blocks are cut
_ROUNDING = 1e-12  # variance below this share of the mean square is what subtraction left over
_COLLINEAR = 1e-10  # eigenvalues of the correlation matrix below this are rounding


class EogRegression:
    """Sums over a recording from which the weights of its EOG channels follow.

    Blocks may be cut anywhere, the sums are the same to the last bit.

    Parameters
    ----------
    n_inputs : int
        Rows of the blocks.
    eog_rows : sequence of int
        Which of them are EOG.
    """

    def __init__(self, n_inputs: int, eog_rows: Sequence[int]) -> None:
        self._rows = list(eog_rows)
        self._stretches = Stretches(n_inputs, _N_PIECE)
        self._level = np.full((n_inputs, 1), np.nan)
        n_terms = len(self._rows) + 1
        # per input, over the samples where it and all EOG channels are known, z = (1, eog):
        self._gram = np.zeros((n_inputs, n_terms, n_terms))  # sum of z z'
        self._cross = np.zeros((n_inputs, n_terms))  # sum of x z

    def add(self, block: np.ndarray) -> None:
        """Count on.

        Parameters
        ----------
        block : numpy.ndarray, shape (n_inputs, n_times), microvolt
            Band-limited. NaN where lost.
        """
        for piece in self._stretches.add(np.asarray(block, dtype=np.float64)).swapaxes(0, 1):
            self._level = _first_known(self._level, piece)
            gram, cross = self._sums(piece, self._level)
            self._gram += gram
            self._cross += cross

    def weights(self) -> np.ndarray:
        """Return the least-squares weights of what was added so far.

        Returns
        -------
        numpy.ndarray, shape (n_inputs, n_eog)
            Microvolt of the input per microvolt of the EOG channel, both centred. 0 in the rows of
            the EOG channels and for one that never moves; of collinear ones the smallest weights.
        """
        rest = self._stretches.rest
        gram, cross = self._sums(rest, _first_known(self._level, rest))
        gram, cross = self._gram + gram, self._cross + cross
        n, sums = np.maximum(gram[:, :1, :1], 1.0), gram[:, 1:, :1]
        covariance = gram[:, 1:, 1:] - sums * sums.swapaxes(1, 2) / n
        against = cross[:, 1:, None] - sums * cross[:, :1, None] / n
        square = np.diagonal(gram, axis1=1, axis2=2)[:, 1:, None]
        variance = np.diagonal(covariance, axis1=1, axis2=2)[:, :, None]
        moves = variance > np.maximum(n * SILENT_UV**2, _ROUNDING * square)
        scale = np.where(moves, 1 / np.sqrt(np.where(moves, variance, 1.0)), 0.0)
        correlation = covariance * scale * scale.swapaxes(1, 2)
        inverse = np.linalg.pinv(correlation, rcond=_COLLINEAR, hermitian=True)
        weights = (scale * (inverse @ (scale * against)))[:, :, 0]
        weights[self._rows] = 0.0
        return weights

    def _sums(self, piece: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        is_known = np.isfinite(piece)
        is_used = np.asarray(is_known & is_known[self._rows].all(axis=0))
        x = np.where(is_used, piece - level, 0.0)  # near zero, or large offsets eat the digits
        z = np.concatenate([np.ones((1, x.shape[1])), x[self._rows]])
        products = (z[:, None] * z).reshape(len(z) ** 2, -1)
        gram = is_used.astype(np.float64) @ products.T
        return gram.reshape(self._gram.shape), x @ z.T


def _first_known(level: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """Fill in levels that are still unknown with the first sample that is known."""
    is_known = np.isfinite(piece)
    if piece.shape[1] == 0 or np.isfinite(level).all():
        return level
    first = np.take_along_axis(piece, is_known.argmax(axis=1)[:, None], axis=1)
    is_news = is_known.any(axis=1, keepdims=True) & ~np.isfinite(level)
    return np.where(is_news, first, level)


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
