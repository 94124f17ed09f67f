"""One clock for eye recordings whose clock begins anew in every trial: the trials of the study.

Their readers lay the trials one after the other (`EyeRecording.trials`); here each of them is moved
to where the study says that it was.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from featpipe.errors import ReadError, few
from featpipe.eye.clock import Clock
from featpipe.readers.eye_frames import in_order
from featpipe.recording import EyeRecording, Trial, TrialSpan

logger = logging.getLogger(__name__)

TRIAL_CLOCK = Clock(float("nan"), float("nan"), 0, 0, float("nan"), float("nan"), "trials")
"""How times were moved, for `qc`: trial by trial, by no one line."""


def on_trial_clock(
    eye: EyeRecording, trials: Sequence[Trial], offset: float | None = None
) -> EyeRecording:
    """Return the eye recording with every trial where the study has it.

    Recorded times keep their pace. Estimated ones are drawn out or pushed together to the length
    that the study gives the trial; durations stay.

    Parameters
    ----------
    eye : EyeRecording
        With `trials`; without samples.
    trials : sequence of Trial
        Of the study.
    offset : float, optional
        What the study gives as `eye_offset`; refused, since there is no clock that it could move.

    Returns
    -------
    EyeRecording
        Only what begins within the trials that the study has; its `trials` are on the clock of the
        study.

    Raises
    ------
    ReadError
        When the two have no trial in common, or an offset is given.
    """
    if offset is not None:
        raise ReadError(
            f"{eye.format}: eye_offset = {offset:g}, and no clock goes through its trials: leave "
            "eye_offset empty, they are moved to where the study has them"
        )
    of_study = {trial.trial: trial for trial in trials}
    onset = eye.events["onset"].to_numpy(dtype=float)
    moved, spans = np.full(onset.size, np.nan), []
    for span in eye.trials:
        if (trial := of_study.get(span.trial)) is None:
            continue
        length = span.stop - span.start
        pace = (trial.offset - trial.onset) / length if eye.onsets == "estimated" and length else 1
        time = trial.onset + pace * (onset - span.start)
        inside = (onset >= span.start) & (onset < span.stop) & (time < trial.offset)
        moved[inside] = time[inside]
        stop = min(trial.onset + pace * length, trial.offset)
        spans.append(TrialSpan(span.trial, trial.onset, stop))
    if not spans:
        raise ReadError(
            f"{eye.format}: it holds trials {few([str(span.trial) for span in eye.trials])}, the "
            f"study has {few([str(number) for number in of_study])}: name the sheets, or number "
            "the trials of the study, so that they agree"
        )
    if eye.onsets == "estimated":
        logger.warning(
            "%s: it does not say when events were; their onsets are estimated, and columns of "
            "single windows only near the truth",
            eye.format,
        )
    events = eye.events.assign(onset=moved).loc[np.isfinite(moved)]
    return replace(eye, events=in_order(events, "onset"), trials=tuple(sorted(spans, key=_start)))


def _start(span: TrialSpan) -> float:
    return span.start
