"""Whether the times of trials can be seconds, told by the length of the recording."""

from mne.io import BaseRaw

from featpipe.errors import ReadError
from featpipe.recording import Source
from pipelines.study import Study

MAX_TIMES_BEYOND = 30.0
"""Trials that end so many recordings later may be in another unit: 128 samples or more make a
second, and trials fill most of a recording."""

_FILLED = (0.1, 1.05)
"""In the right unit the last trial ends within this part of the recording."""


def require_seconds(source: Source, study: Study, raw: BaseRaw) -> None:
    """Refuse times of trials that lie far beyond the end of the recording.

    Another unit is one in which the trials fill the recording and the shortest has a window. Where
    none is, and a trial lies inside the recording, that was broken off.

    Parameters
    ----------
    source : Source
        The recording's trials, at least one.
    study : Study
        Names the file that lists them, and the length of a window.
    raw : mne.io.BaseRaw
        The EEG; its header is enough.

    Raises
    ------
    ReadError
        Naming the file, the value, the length of the recording and the unit that would fit.
    """
    sfreq = float(raw.info["sfreq"])
    length_s = raw.n_times / sfreq
    last = max(source.trials, key=lambda trial: trial.offset)
    if last.offset <= MAX_TIMES_BEYOND * length_s:
        return
    shortest_s = min(trial.offset - trial.onset for trial in source.trials)
    units = {"ms": 1000.0, f"samples at {sfreq:g} Hz": sfreq}
    fitting = [
        f"{unit} (divide by {per_s:g})"
        for unit, per_s in units.items()
        if _FILLED[0] <= last.offset / per_s / length_s <= _FILLED[1]
        and shortest_s / per_s >= study.features.window_s
    ]
    if not fitting and any(0 <= t.onset < t.offset <= length_s for t in source.trials):
        return
    guess = f"they look like {' or '.join(fitting)}" if fitting else "correct them"
    raise ReadError(
        f"{study.study.trials}: trial {last.trial} of {source.name} ends at {last.offset:g}, and "
        f"the recording is {length_s:.1f} s long: onset and offset are seconds from the first "
        f"sample of the EEG; {guess}, or correct the path of the recording, unless that was broken "
        "off"
    )
