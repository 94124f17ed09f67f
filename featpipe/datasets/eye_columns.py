"""What the columns of released eye features are, and what of it their numbers bear out.

A file is never known by its 33 columns alone: the data sets recorded with SMI trackers and the one
recorded with a Tobii tracker have the same statistics in different orders.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from featpipe.datasets.standardised import standardised
from featpipe.errors import ReadError
from featpipe.schema import EYE_EVENT_STATISTICS, EYE_FEATURES

_BLINKS = ("eye_blink_duration_mean", "eye_blink_duration_std")

TOBII = (
    *(f"eye_pupil_{eye}_de{band}" for eye in "xy" for band in (1, 2, 3, 4)),
    *(f"eye_pupil_{eye}_{stat}" for eye in "xy" for stat in ("mean", "std")),
    "eye_fixation_duration_mean", "eye_fixation_duration_std",
    "eye_dispersion_x_mean", "eye_dispersion_y_mean",
    "eye_dispersion_x_std", "eye_dispersion_y_std",
    "eye_saccade_duration_mean", "eye_saccade_duration_std",
    "eye_saccade_amplitude_mean", "eye_saccade_amplitude_std",
    *_BLINKS,
    "eye_blink_frequency", "eye_fixation_frequency", "eye_fixation_duration_max",
    "eye_fixation_dispersion_max", "eye_fixation_dispersion_total", "eye_saccade_frequency",
    "eye_saccade_duration_average", "eye_saccade_amplitude_average", "eye_saccade_latency_average",
)  # fmt: skip
"""Order of the program that made the features of SEED-VII. x is the left eye there and y the right
one; diameters are what is left of them without the response to light, durations are in seconds,
amplitudes in pixels, latencies in samples, and what could not be computed is 0."""

ORDERS: Mapping[str, tuple[str, ...]] = {
    "smi": EYE_FEATURES,
    "smi without blinks": tuple(name for name in EYE_FEATURES if name not in _BLINKS),
    "tobii": TOBII,
}

UNITS: Mapping[str, Mapping[str, str]] = {
    "smi": {"pupil": "px", "dispersion": "px", "duration": "ms", "amplitude": "deg"},
    "tobii": {"pupil": "mm, less the response to light", "dispersion": "px", "duration": "s",
              "amplitude": "px", "latency": "samples"},
}  # fmt: skip

MIN_SHARE = 0.8
"""Share of trials in which an order's relations have to hold before it is called confirmed."""

COVERED = (
    "durations and amplitudes of saccades, the mean and longest fixation, largest and total "
    "dispersion of fixations; not pupils, mean and std of dispersion, blinks, frequencies, latency"
)
"""What the relations are between, for the metadata: other columns could be exchanged unseen."""

SCOPE_SHARE = 0.95
"""Share of trials in which event statistics are constant where they are those of trials."""

_NEVER_NEGATIVE = re.compile(r"eye_.*_std|eye_(fixation|dispersion|saccade_(d|a|f)|blink).*")
_MOST_NEGATIVE = 0.01  # share of such numbers that may be; standardised columns have half

_TYPICAL = {"eye_fixation_duration_mean": (50.0, 2000.0), "eye_saccade_duration_mean": (5.0, 300.0)}
"""ms between which the median of the means of trials lies. BeGaze finds no fixation below 50 ms
(manual), SEED-IV's page shows 213 ms; saccades last 2.2 ms per degree and 21 ms (Carpenter 1988),
83 ms on that page, as BeGaze counts drifts among them."""
_IN_MS = {"ms": 1.0, "s": 1000.0}

_WITHIN = 2.0  # mean of a trial's windows and the trial's average: factor
_LONGEST = 100.0  # the longest fixation is at most so many times the mean


class EyeColumns(NamedTuple):
    """What the columns are, and what it was told from.

    Attributes
    ----------
    names : tuple of str
        Of the columns as stored.
    order : str
        Key of `ORDERS`.
    shares : mapping of str to float
        Order -> share of trials and relations that hold in it.
    constant : float
        Share of trials in which the nine event statistics are the same in all windows.
    negative : float
        Share of negative numbers in the columns that have none, whatever the unit is.
    scaled : str
        What says that its numbers are not in the units of the order; empty where they may be.
    """

    names: tuple[str, ...]
    order: str
    shares: Mapping[str, float]
    constant: float
    negative: float = 0.0
    scaled: str = ""

    @property
    def has_units(self) -> bool:
        """Whether the numbers bear out order and units."""
        return self.is_confirmed and not self.scaled

    @property
    def is_confirmed(self) -> bool:
        """Whether the numbers bear the order out, and no other one better."""
        share = self.shares[self.order]
        is_best = share >= MIN_SHARE and share == max(self.shares.values())
        return is_best and self.negative <= _MOST_NEGATIVE

    def text(self) -> str:
        """Say it in a line."""
        figures = ", ".join(f"{name} {share:.2f}" for name, share in self.shares.items())
        basis = "documented, confirmed" if self.has_units else "documented, not confirmed"
        negative = f", {self.negative:.0%} negative" if self.negative > _MOST_NEGATIVE else ""
        scaled = f"; scaled: {self.scaled}" * bool(self.scaled)
        return f"{self.order} ({basis}; relations that hold: {figures}{negative}{scaled})"


def eye_columns(trials: Sequence[np.ndarray], documented: str) -> EyeColumns:
    """Name the columns of released eye features.

    Parameters
    ----------
    trials : sequence of array, each of shape (n_windows, n_columns)
        As stored; NaN where unknown.
    documented : str
        Order of the release, a key of `ORDERS`.

    Returns
    -------
    EyeColumns

    Raises
    ------
    ReadError
        When there are not as many columns as documented, or the numbers bear out another order
        and not this one.
    """
    n_columns = trials[0].shape[1]
    names = ORDERS[documented]
    if n_columns != len(names):
        raise ReadError(
            f"its eye features have {n_columns} columns, expected the {len(names)} of {documented}"
        )
    shares = {
        order: _share(trials, ORDERS[order]) for order in ORDERS if len(ORDERS[order]) == n_columns
    }
    best = max(shares, key=lambda order: shares[order])
    if shares[best] >= MIN_SHARE and shares[documented] < MIN_SHARE / 2:
        raise ReadError(
            f"its columns are not in the order of {documented} (relations that hold: "
            f"{shares[documented]:.2f}) but look like those of {best} ({shares[best]:.2f}): it is "
            "of another data set"
        )
    constant, negative = _constant(trials, names), _negative(trials, names)
    return EyeColumns(names, documented, shares, constant, negative, _scaled(trials, documented))


def _scaled(trials: Sequence[np.ndarray], order: str) -> str:
    """Say what shows that numbers were scaled: standardised columns, or durations of no eye."""
    if how := standardised(np.concatenate(trials)):
        return f"columns are standardised ({how})"
    unit = UNITS[order.partition(" ")[0]]["duration"]
    for name, (low, high) in _TYPICAL.items():
        columns = [trial[:, ORDERS[order].index(name)] for trial in trials]
        means = [of[np.isfinite(of)].mean() for of in columns if np.isfinite(of).any()]
        typical = _IN_MS[unit] * float(np.median(means)) if means else low
        if not low <= typical <= high:
            what = name.removeprefix("eye_").replace("_", " ")
            return f"{what} would be {typical:.2g} ms, expected {low:g} to {high:g}"
    return ""


def _share(trials: Sequence[np.ndarray], names: tuple[str, ...]) -> float:
    """Share of relations that hold between columns of these names; 0 where none can be tested."""
    held = [holds for trial in trials for holds in _relations(trial, names)]
    return float(np.mean(held)) if held else 0.0


def _relations(trial: np.ndarray, names: tuple[str, ...]) -> list[bool]:
    """Test what has to hold of a trial, whoever made the features."""
    known = np.where(np.isfinite(trial), trial, np.nan)
    mean = {
        name: float(column[np.isfinite(column)].mean()) if np.isfinite(column).any() else np.nan
        for name, column in zip(names, known.T, strict=True)
    }
    found = []
    for what in ("duration", "amplitude"):
        windows, whole = mean[f"eye_saccade_{what}_mean"], mean[f"eye_saccade_{what}_average"]
        if whole > 0:
            found.append(whole / _WITHIN <= windows <= whole * _WITHIN)
    longest, typical = mean["eye_fixation_duration_max"], mean["eye_fixation_duration_mean"]
    if longest > 0:
        found.append(longest / _LONGEST <= typical <= longest)
    total, largest = mean["eye_fixation_dispersion_total"], mean["eye_fixation_dispersion_max"]
    if largest > 0 or total > 0:
        found.append(total >= largest > 0)
    return found


def _constant(trials: Sequence[np.ndarray], names: tuple[str, ...]) -> float:
    columns = [names.index(name) for name in EYE_EVENT_STATISTICS]
    kept = [_is_constant(trial[:, columns]) for trial in trials if len(trial) > 1]
    return float(np.mean(kept)) if kept else 1.0


def _is_constant(x: np.ndarray) -> bool:
    """Tell whether no column varies by more than what single precision rounds."""
    known = np.isfinite(x)
    highest = np.where(known, x, -np.inf).max(axis=0)
    lowest = np.where(known, x, np.inf).min(axis=0)
    some = known.any(axis=0)
    return bool((highest[some] - lowest[some] <= 1e-6 * np.abs(highest[some])).all())


def _negative(trials: Sequence[np.ndarray], names: tuple[str, ...]) -> float:
    columns = [i for i, name in enumerate(names) if _NEVER_NEGATIVE.fullmatch(name)]
    x = np.concatenate([trial[:, columns] for trial in trials])
    known = np.isfinite(x)
    return float((x[known] < 0).mean()) if known.any() else 0.0
