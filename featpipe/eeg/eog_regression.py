"""How much of the EOG channels each channel carries, by least squares over a whole recording.

References
----------
Gratton, Coles and Donchin (1983). A new method for off-line removal of ocular artifact.
https://doi.org/10.1016/0013-4694(83)90135-9
Croft and Barry (2000). Removal of ocular artifact from the EEG: a review.
https://doi.org/10.1016/S0987-7053(00)00055-1
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featpipe.eeg.bad_channels import SILENT_UV, Stretches

_PIECE_S = 1.0
"""Slower than this, electrodes drift each on its own: a recording that keeps DC holds more of that
than of blinks, and weights learnt on it take the wrong size and sign (0.40 came out as -1.5)."""
_TOP_HZ, _TAPS_S = 15.0, 0.16
"""Blinks and saccades lie below; mains of 50 microvolt above would turn 0.40 into 0.17. From 25 Hz
on the filter is 50 dB down."""
_JUMP_UV, _HUGE_UV = 60.0, 300.0
_JUMP_S, _AROUND_S, _STAYS_S = 0.02, 0.08, 0.06
_SUDDEN, _SUDDEN_IF_HUGE, _STAYS = 0.8, 0.6, 0.6
"""A loose electrode steps within a sample, and stays: most of what happens in 80 ms happens in 20,
and most of it is there before and after as well, unlike in beta, muscle and QRS. Lids take 50 ms
and more, saccades of that size 30, so that at most six tenths happen in 20. One step of 1 mV in two
minutes turned 0.40 into 0.10."""
_LIMIT_UV = 3000.0
"""Peak to peak within a second; no lid moves more."""
_LIVELY_UV = 50.0  # a second in which the eyes move
MIN_LIVELY = 10
"""Seconds with eye movements from which weights are learnt at least; from one or two they are what
happened there (-42 for 0.10 was seen), and from none what brain and EOG share. Ours."""
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
        self._sfreq = sfreq
        self._stretches = Stretches(n_inputs, max(2, round(_PIECE_S * sfreq)))
        self._taps = _low_pass(sfreq)
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

    def n_learnt(self) -> np.ndarray:
        """Return the seconds with eye movements that teach something of each input, (n_inputs,).

        A last one that is not complete counts, as it does in the weights.
        """
        return self._totals()[0][1]

    def share_used(self) -> np.ndarray:
        """Return how much of what the eyes did the weights are learnt from.

        Returns
        -------
        numpy.ndarray, shape (n_inputs,)
            Of the seconds in which an EOG channel moves by 50 microvolt or more, the share in which
            neither it nor the input steps as no eye does; 1 where there are none.
        """
        lively, used = self._totals()[0]
        return np.where(lively > 0, used / np.maximum(lively, 1), 1.0)

    def weights(self) -> np.ndarray:
        """Return the least-squares weights of what was added so far.

        Returns
        -------
        numpy.ndarray, shape (n_inputs, n_eog)
            Microvolt of the input per microvolt of the EOG channel. 0 in the rows of the EOG
            channels, of inputs with fewer than `MIN_LIVELY` seconds to learn from, and for an EOG
            channel that never moves; of collinear ones the smallest weights.
        """
        n_lively, n_used, covariance, against = self._totals()
        against = against[:, :, None]
        variance = np.diagonal(covariance, axis1=1, axis2=2)[:, :, None]
        moves = variance > np.maximum(n_used, 1)[:, None, None] * SILENT_UV**2
        scale = np.where(moves, 1 / np.sqrt(np.where(moves, variance, 1.0)), 0.0)
        correlation = covariance * scale * scale.swapaxes(1, 2)
        inverse = np.linalg.pinv(correlation, rcond=_COLLINEAR, hermitian=True)
        weights = (scale * (inverse @ (scale * against)))[:, :, 0]
        weights[self._rows] = 0.0
        weights[n_lively[1] < MIN_LIVELY] = 0.0
        return weights

    def _totals(self) -> tuple[np.ndarray, ...]:
        """Return the sums of what was added so far, the piece that is not complete included."""
        sums = self._n_lively, self._n_used, self._covariance, self._against
        rest = self._sums(self._stretches.rest)
        return tuple(total + more for total, more in zip(sums, rest, strict=True))

    def _sums(self, piece: np.ndarray) -> tuple[np.ndarray, ...]:
        """Lively and used pieces, samples, sums of squares and products of a piece, per input."""
        n_inputs, n_eog = self._against.shape
        n_lively, n_used = np.zeros((2, n_inputs)), np.zeros(n_inputs)
        covariance, against = np.zeros((n_inputs, n_eog, n_eog)), np.zeros((n_inputs, n_eog))
        if piece.shape[1] >= len(self._taps):
            is_known = np.isfinite(piece)
            whole = _without_gaps(piece, is_known)
            is_sudden = _is_sudden(whole, self._sfreq)
            low = sliding_window_view(whole, len(self._taps), axis=1) @ self._taps
            is_whole = np.asarray(
                sliding_window_view(is_known, len(self._taps), axis=1).all(axis=2)
            )
            is_shared = np.asarray(is_whole & is_whole[self._rows].all(axis=0))
            for mask, inputs in _alike(is_shared):
                x, eog = _detrended(low[inputs], mask), _detrended(low[self._rows], mask)
                range_x, range_eog = np.ptp(x, axis=1), np.ptp(eog, axis=1)
                is_calm = ~is_sudden[inputs] & (range_x <= _LIMIT_UV)
                is_calm &= np.all(~is_sudden[self._rows]) & np.all(range_eog <= _LIMIT_UV)
                n_lively[:, inputs] = np.any(range_eog >= _LIVELY_UV) * np.stack(
                    [np.ones(len(x)), is_calm]
                )
                n_used[inputs] = mask.sum() * is_calm
                covariance[inputs] = is_calm[:, None, None] * (eog @ eog.T)
                against[inputs] = is_calm[:, None] * (x @ eog.T)
        return n_lively, n_used, covariance, against


def _alike(masks: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield each different row of masks and the rows that are like it; mostly there is one."""
    if masks.all():
        yield masks[0], np.arange(len(masks))
        return
    different, which = np.unique(masks, axis=0, return_inverse=True)
    for i, mask in enumerate(different):
        yield mask, np.flatnonzero(which.ravel() == i)


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


def _is_sudden(x: np.ndarray, sfreq: float) -> np.ndarray:
    """Whether a row steps as no eye does, (n_inputs,) of (n_inputs, n_times).

    Averages over the time of a jump keep mains of 50 Hz out; a step becomes a ramp of that length.
    """
    n_jump, n_around, n_stays = (
        max(1, round(seconds * sfreq)) for seconds in (_JUMP_S, _AROUND_S, _STAYS_S)
    )
    weights = _average(_JUMP_S * sfreq)
    smooth = sliding_window_view(x, len(weights), axis=1) @ weights
    if smooth.shape[1] <= n_around:
        return np.zeros(len(x), dtype=bool)
    jump = np.abs(smooth[:, n_jump:] - smooth[:, :-n_jump])
    at = np.arange(jump.shape[1])
    # what lies around a jump has it in the middle, and moves inwards at the ends
    around = np.ptp(sliding_window_view(smooth, n_around + 1, axis=1), axis=2)
    around = around[:, np.clip(at - (n_around - n_jump) // 2, 0, around.shape[1] - 1)]
    level = sliding_window_view(x, n_stays, axis=1).mean(axis=2)
    behind, before = at + n_jump + len(weights) // 2, at + len(weights) // 2 - n_stays
    is_inside = (before >= 0) & (behind < level.shape[1])
    behind, before = np.minimum(behind, level.shape[1] - 1), np.maximum(before, 0)
    stays = np.abs(level[:, behind] - level[:, before]) >= _STAYS * jump
    stays &= is_inside  # the low-pass does without the ends of a second
    share = np.where(jump >= _HUGE_UV, _SUDDEN_IF_HUGE, _SUDDEN)
    return ((jump >= _JUMP_UV) & (jump >= share * around) & stays).any(axis=1)


def _average(n: float) -> np.ndarray:
    """Weights of a mean over n samples, a fraction of one at either end."""
    distance = np.abs(np.arange(-int(n / 2 + 0.5), int(n / 2 + 0.5) + 1))
    weights = np.clip(n / 2 + 0.5 - distance, 0, 1)
    return weights / weights.sum()


def _detrended(x: np.ndarray, is_used: np.ndarray) -> np.ndarray:
    """Take a line off every run of used samples, (n_rows, n_times); the others become 0.

    Levels on both sides of a gap have nothing to do with each other.
    """
    found = np.zeros_like(x)
    steps = np.flatnonzero(np.diff(np.concatenate([[False], is_used, [False]])))
    for first, stop in steps.reshape(-1, 2).tolist():
        run = x[:, first:stop] - x[:, first:stop].mean(axis=1, keepdims=True)
        time = np.arange(stop - first) - (stop - first - 1) / 2
        slope = (run @ time)[:, None] / max(float(time @ time), 0.5)
        found[:, first:stop] = run - slope * time
    return found


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
