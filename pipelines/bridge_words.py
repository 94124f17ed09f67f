"""What the numbers of a bridge mean, in words: the verdict at the top of its page."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.stats import t

from featpipe.errors import few
from models.probe import Probe
from pipelines.bridge_numbers import Numbers
from pipelines.bridge_order import words_of_order
from pipelines.bridge_places import words_of_places
from pipelines.bridge_smoothing import PLAIN, words_of_smoothing
from pipelines.bridge_tables import EYE, Pair, measure_of

_LN2, _LN10 = np.log(2), np.log(10)
SCALES = {
    2 / _LN2: "log2 of power",
    1 / _LN2: "half the log2 of power (bits)",
    2.0: "ln of power",
    20 / _LN10: "decibels",
    2 / _LN10: "log10 of power",
}
"""Scale against nats, 0.5 ln of power -> what the other counts in."""

_LOGARITHMS = ("de", "de_bandpass", "dasm", "dcau")
_NEAR = 0.06  # relative, at most; the next two scales are 14 % apart
_FINEST = 0.005  # where the estimate knows better than that, rounding may not
_SUBJECTS = 3  # fewest that a standard error is taken of
_GIVEN, _NAMED = 0.7, 0.94  # least correlation of trials' means: r^-1 is within 6 % of 1
_RELATED = 0.4  # least within trials


def verdict(pair: Pair, numbers: Numbers) -> list[str]:
    """Say what was found.

    Parameters
    ----------
    pair : Pair
        The joined windows.
    numbers : Numbers
        What was measured of them.

    Returns
    -------
    list of str
        Sentences, the most important first.
    """
    what = "columns" if measure_of(pair.families[0]) == EYE else "channels"
    return [
        *pair.warnings,
        *words_of_places(numbers.places),
        _likeness(numbers),
        *_scale(pair, numbers),
        *([] if numbers.places.has_cause else words_of_smoothing(numbers.smoothing)),
        *words_of_order(numbers.channels, numbers.bands, numbers.read_across, what),
        *_levels(numbers),
        *_odd_recordings(numbers),
        *_gap(numbers.probes),
    ]


def _median(values: Any) -> float:
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    return float(np.median(known)) if known.size else np.nan


def _likeness(numbers: Numbers) -> str:
    r = _median(numbers.columns["pearson_within"])
    if not np.isfinite(r):
        return "No column varies within trials in both: nothing can be said of its windows."
    best = max((r, numbers.smoothing[numbers.best_smoothing].r), key=abs)
    word = next(
        text for low, text in (
            (0.995, "A and B are the same up to offset and scale"),
            (0.9, "A and B are nearly the same up to offset and scale"),
            (0.7, "A and B are alike"),
            (0.4, "A and B are related, no more"),
            (0.0, "A and B have little in common"),
        ) if abs(best) >= low
    )  # fmt: skip
    if best <= -0.4:
        word += ", the sign reversed: B falls where A rises"
    text = f"{word}: median correlation within trials {r:.3f}"
    if numbers.best_smoothing != (PLAIN, PLAIN):
        text += f", {best:.3f} once both are smoothed"
    return f"{text}; over all windows {_median(numbers.columns['pearson']):.3f}."


def _scale(pair: Pair, numbers: Numbers) -> Iterator[str]:
    """Give the scale where the means of trials agree, name it where it is sharp enough."""
    r, scale = (_median(numbers.columns[name]) for name in ("pearson_trials", "scale"))
    inner = max((abs(one.r) for one in numbers.smoothing.values()), default=0.0)
    if not (abs(r) >= _GIVEN and inner >= _RELATED) or measure_of(pair.families[0]) == EYE:
        return
    scales = numbers.columns["scale"].to_numpy(float)
    low, high = np.quantile(scales[np.isfinite(scales)], [0.25, 0.75])
    yield (
        f"Spread of B over that of A, by the means of trials, which correlate at {r:.2f}: "
        f"{scale:.3f} (quartiles of the columns {low:.3f} to {high:.3f})."
    )
    is_sharp = abs(r) >= _NAMED and high - low < 2 * _NEAR * abs(scale)
    if is_sharp and scale > 0 and all(measure_of(name) in _LOGARITHMS for name in pair.families):
        yield from _logarithm(float(scale), max((high - low) / 2 / scale, 1 - abs(r), _FINEST))


def _logarithm(scale: float, spread: float) -> Iterator[str]:
    """Name the logarithm whose scale this is, as exactly as the scale itself is known."""
    near = {1.0: ""} | SCALES | {1 / value: name for value, name in SCALES.items()}
    nearest = min(near, key=lambda value: abs(np.log(scale / value)))
    if abs(scale / nearest - 1) > min(spread, _NEAR):
        yield "This scale is that of no other logarithm: the two differ in more than their unit."
    elif nearest == 1.0:
        yield "Both count in the same unit."
    else:
        in_a, in_b = "nats, 0.5 ln of power,", near[nearest]
        if nearest not in SCALES:
            in_a, in_b = in_b, "nats, 0.5 ln of power"
        yield f"Another logarithm: A looks like {in_a} and B like {in_b} (scale {nearest:.3f})."


def _levels(numbers: Numbers) -> Iterator[str]:
    over_all, inner = (_median(numbers.columns[name]) for name in ("pearson", "pearson_within"))
    if over_all > inner + 0.2:
        yield (
            "The correlation over all windows is mostly that of levels of recordings and trials, "
            "which any two measures of the same people share; the one within trials counts."
        )


def _odd_recordings(numbers: Numbers) -> Iterator[str]:
    if numbers.places.recordings or numbers.places.trials:
        return  # the cause is named
    frame: Any = numbers.recordings
    typical = frame["pearson_within"].median()
    odd = frame[frame["pearson_within"] < typical - 0.3]
    if len(odd):
        names = [
            f"{row.subject}/{row.session} ({row.pearson_within:.2f})" for row in odd.itertuples()
        ]
        yield (
            f"Far below the others, where the median is {typical:.2f}: {few(names)}: another "
            "recording may stand under that name, or its trials may be cut otherwise."
        )


def _gap(probes: dict[str, Probe]) -> Iterator[str]:
    """Tell how A and B score, what of it smoothing makes, and what a split gives away."""
    if not probes:
        return
    a, b = probes["A"], probes["B"]
    if np.isfinite(a.loso) and np.isfinite(b.loso):
        yield (
            f"The same linear classifier, subjects left out, balanced accuracy: {_told(probes)} by "
            f"window, {_told(probes, 'loso_votes')} by trial; guessing gets "
            f"{100 * a.chance_loso:.0f} %."
        )
        yield from _share_of_smoothing(probes)
    is_known = min(a.trial_identity, b.trial_identity) > 3 * a.chance_trial
    if is_known and min(a.mixed_windows, b.mixed_windows) > a.chance_mixed:
        yield (
            "With neighbouring windows on both sides of the split it gets "
            f"{_told(probes, 'mixed_windows')}, and tells which trial a window is from at "
            f"{_told(probes, 'trial_identity')} (guessing: {100 * a.chance_trial:.0f} %): scores "
            "of such splits hold recognition of the clip."
        )


def _told(probes: dict[str, Probe], name: str = "loso") -> str:
    return ", ".join(f"{100 * getattr(of, name):.0f} % on {what}" for what, of in probes.items())


def _share_of_smoothing(probes: dict[str, Probe]) -> Iterator[str]:
    """Compare the gap with what smoothing makes, if the gap stands out from its error."""
    smooth = next((of for what, of in probes.items() if what not in "AB"), None)
    if smooth is None:
        return
    a, b, c = (np.array(of.subjects) for of in (probes["A"], probes["B"], smooth))
    gap, own = 100 * (b - a), 100 * (c - a)
    gap, own = (x[np.isfinite(gap) & np.isfinite(own)] for x in (gap, own))
    if len(gap) < _SUBJECTS:
        return
    error, own_error = (float(x.std(ddof=1) / np.sqrt(len(x))) for x in (gap, own))
    # with few subjects two errors are nothing: Student's t
    if gap.mean() > t.ppf(0.975, len(gap) - 1) * error:
        yield (
            f"B is {gap.mean():.1f} points above A (standard error over {len(gap)} subjects "
            f"{error:.1f}), A smoothed {own.mean():.1f} ({own_error:.1f})."
        )
