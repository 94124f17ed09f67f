"""Whether flat columns run channel by channel or band by band, told from the numbers.

Public code is divided over files with 310 columns, so three things that hold of every EEG are
looked for in both readings (`Verdict.margins`, above 0 for channel by channel):

* spectrum: power falls with frequency, so the bands explain most of what columns differ in.
* neighbours: windows in which an electrode is loud are those in which the one behind it is loud.
  Neighbours in a row of the cap are left out, because adjacent columns are alike in either order.
* bands: adjacent bands of a channel go together; the last band of a channel and the first of the
  next do not.

Two witnesses that agree, and none against them, decide; one is enough for what is documented.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from featpipe.errors import ReadError
from featpipe.montage import CAP62

Order = Literal["channel", "band"]
Score = Callable[[np.ndarray, Sequence[str]], float]

THRESHOLDS: Mapping[str, float] = {"spectrum": 0.25, "neighbours": 0.07, "bands": 0.1}
"""Margins from which a witness counts. Simulated EEG gives 0.9, 0.12 and 0.2 and more, noise 0.05
at most (`tests/featpipe/datasets/test_column_order.py`), smoothed or not."""

CONFIRMED = "documented, confirmed"
CONTRADICTED = "evidence against what is documented"
UNDECIDED = "documented, not decided by the numbers"

_NOISE = 1.0
"""Over the square root of the windows: what correlations of noise reach; no margin below counts."""

_ROWS_APART = (("FP", "AF"), ("AF", "F"), ("F", "FC"), ("FC", "C"), ("C", "CP"), ("CP", "P"),
               ("P", "PO"), ("PO", "O"), ("FT", "T"), ("T", "TP"))  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What the columns are, and what it was told from.

    Attributes
    ----------
    order : {"channel", "band"}
        What runs slower.
    margins : mapping of str to float
        By witness, between -1 and 1; above 0 for channel by channel.
    basis : str
        "evidence", where nothing is documented, or `CONFIRMED`, `CONTRADICTED`, `UNDECIDED`.
    """

    order: Order
    margins: Mapping[str, float]
    basis: str

    def text(self) -> str:
        """Say it in a line."""
        figures = ", ".join(f"{name} {margin:+.2f}" for name, margin in self.margins.items())
        return f"{self.order} by {self.order} ({self.basis}; {figures})"


def column_order(
    x: np.ndarray, channels: Sequence[str], n_bands: int, documented: Order | None = None
) -> Verdict:
    """Tell the order of the columns of smooth or plain DE.

    Parameters
    ----------
    x : array, shape (n_windows, n_channels * n_bands)
        Windows of a recording; NaN where unknown.
    channels : sequence of str
        Names in the order in which they are stored; bands are stored low to high.
    n_bands : int
        Bands.
    documented : {"channel", "band"}, optional
        What is known of the release; None where that is in dispute.

    Returns
    -------
    Verdict

    Raises
    ------
    ReadError
        When the numbers do not decide, or witnesses contradict each other, and nothing is
        documented.
    """
    x = np.where(np.isfinite(x), x, np.nan)
    margins = {
        name: _margin(score, x, channels, n_bands)
        for name, score in (("spectrum", _spectrum), ("neighbours", _neighbours), ("bands", _bands))
    }
    votes: dict[str, Order] = {
        name: "channel" if margin > 0 else "band"
        for name, margin in margins.items()
        if abs(margin) >= _threshold(name, len(x))
    }
    found = set(votes.values())
    if len(found) == 1 and (len(votes) >= 2 or found == {documented}):
        order = found.pop()
        if documented is None:
            return Verdict(order, margins, "evidence")
        is_so = order == documented
        return Verdict(order, margins, CONFIRMED if is_so else CONTRADICTED)
    if documented is not None:
        return Verdict(documented, margins, UNDECIDED)
    raise ReadError(_undecided(margins, votes, len(x)))


def unfolded(x: np.ndarray, order: str, n_channels: int, n_bands: int) -> np.ndarray:
    """Give flat columns their two axes.

    Parameters
    ----------
    x : array, shape (n_windows, n_channels * n_bands)
    order : {"channel", "band"}
        What runs slower.
    n_channels, n_bands : int

    Returns
    -------
    numpy.ndarray, shape (n_windows, n_channels, n_bands)
    """
    if order == "channel":
        return x.reshape(len(x), n_channels, n_bands)
    return x.reshape(len(x), n_bands, n_channels).transpose(0, 2, 1)


def _margin(score: Score, x: np.ndarray, channels: Sequence[str], n_bands: int) -> float:
    """Compare how well the two readings do."""
    one, two = (
        score(unfolded(x, order, len(channels), n_bands), channels) for order in ("channel", "band")
    )
    return float(np.nan_to_num(one - two))


def _threshold(name: str, n_windows: int) -> float:
    return max(THRESHOLDS[name], 0.0 if name == "spectrum" else _NOISE / np.sqrt(n_windows))


def _spectrum(x: np.ndarray, _: Sequence[str]) -> float:
    """Share of the variance of column means that the bands explain, if they fall; else 0."""
    means = _means(x)  # (n_channels, n_bands)
    known = np.isfinite(means).all(axis=1)
    if known.sum() < 2:
        return 0.0
    means = means[known]
    of_bands = means.mean(axis=0)
    total = means.var()
    is_falling = of_bands[0] > of_bands[-1]
    return float(of_bands.var() / total) if is_falling and total > 0 else 0.0


def _neighbours(x: np.ndarray, channels: Sequence[str]) -> float:
    """How much more neighbours front to back go together than the same bands elsewhere."""
    pairs = _front_back(channels)
    if len(x) < 3 or len(pairs) < 4:
        return 0.0
    far = [(first, second) for (first, _), (_, second) in zip(pairs, pairs[::-1], strict=True)
           if (first, second) not in pairs]  # fmt: skip
    z = _standardised(x)
    return _together(z, pairs) - _together(z, far)


def _bands(x: np.ndarray, _: Sequence[str]) -> float:
    """How much more adjacent bands of a channel go together than the ends of two channels."""
    if len(x) < 3 or x.shape[2] < 3:
        return 0.0
    z = _standardised(x)
    adjacent = (z[:, :, :-1] * z[:, :, 1:]).mean(axis=0)
    ends = (z[:, :-1, -1] * z[:, 1:, 0]).mean(axis=0)
    return float(adjacent.mean() - ends.mean())


def _together(z: np.ndarray, pairs: Sequence[tuple[int, int]]) -> float:
    """Mean correlation over pairs of channels and all bands."""
    first, second = np.array(pairs).T
    return float((z[:, first] * z[:, second]).mean())


def _front_back(channels: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of electrodes of which one lies behind the other, as indices."""
    at = {name: i for i, name in enumerate(channels)}
    rows = {name: name.rstrip("Z0123456789") for name in CAP62}
    return [
        (at[name], at[behind])
        for front, back in _ROWS_APART
        for name in CAP62
        if rows[name] == front and name in at
        if (behind := back + name[len(front) :]) in at
    ]


def _means(x: np.ndarray) -> np.ndarray:
    n = np.isfinite(x).sum(axis=0)
    total = np.where(np.isfinite(x), x, 0.0).sum(axis=0)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _standardised(x: np.ndarray) -> np.ndarray:
    """Second differences along windows, mean square 1; 0 where nothing is known or nothing moves.

    They undo a linear dynamical system, which makes anything go together with anything: its
    smoother divides by what a second difference multiplies with.
    """
    curved = np.diff(x, n=2, axis=0)
    curved = np.where(np.isfinite(curved), curved, 0.0)
    scale = np.median(np.abs(curved), axis=0)
    curved = np.clip(curved, -6 * scale, 6 * scale)  # where trials meet they jump
    scale = np.sqrt((curved**2).mean(axis=0))
    return curved / np.where(scale > 0, scale, np.inf)


def _undecided(margins: Mapping[str, float], votes: Mapping[str, str], n_windows: int) -> str:
    figures = ", ".join(
        f"{name} {margin:+.2f} (needs {_threshold(name, n_windows):.2f})"
        for name, margin in margins.items()
    )
    why = "contradict each other" if len(set(votes.values())) > 1 else "are too weak"
    return (
        f"whether its columns run channel by channel (+) or band by band (-) is not to be told: "
        f"the signs of it {why}: {figures}; the file may hold other features than DE of EEG, or be "
        "damaged: copy it again"
    )
