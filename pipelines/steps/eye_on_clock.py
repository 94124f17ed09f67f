"""An eye recording on the clock of its EEG."""

from pathlib import Path

import mne

from featpipe.eeg.marks import read_marks
from featpipe.errors import ReadError
from featpipe.eye.clock import Clock, eeg_marks, fit_clock, offset_clock, on_eeg_clock
from featpipe.eye.coverage import recorded_span
from featpipe.eye.detection import with_events
from featpipe.eye.given_offset import checked_offset_clock
from featpipe.eye.trial_clock import TRIAL_CLOCK, on_trial_clock
from featpipe.reading import read_eye
from featpipe.recording import EyeRecording, Source
from pipelines.study import Study


def read_on_eeg_clock(
    path: Path, raw: mne.io.BaseRaw | None, source: Source, study: Study
) -> tuple[EyeRecording, Clock]:
    """Read an eye recording and bring it on the clock of the EEG, or of the trials without EEG.

    Parameters
    ----------
    path : Path
        The eye recording.
    raw : mne.io.BaseRaw or None
        The EEG beside it; its marks make the clock, or are compared with the offset that is given.
    source : Source
        The recording's identity and offset.
    study : Study
        Options of eye and clock.

    Returns
    -------
    eye : EyeRecording
        With events, as the study asks for them.
    clock : Clock
        How its times were moved.

    Raises
    ------
    ReadError
        When the file cannot be read, or no clock fits.
    """
    eye = read_eye(path, study.eye.csv)
    try:
        eye = with_events(eye, study.eye)
        if eye.trials:
            return on_trial_clock(eye, source.trials, source.eye_offset), TRIAL_CLOCK
    except ReadError as error:
        raise ReadError(f"{path}: {error}") from error
    try:
        clock = _clock(eye, raw, source.eye_offset, study)
    except ReadError as error:
        raise ReadError(f"{path}: {error}") from error
    return on_eeg_clock(eye, clock), clock


def _clock(
    eye: EyeRecording, raw: mne.io.BaseRaw | None, offset: float | None, study: Study
) -> Clock:
    if raw is None:
        return offset_clock(offset or 0.0)
    marks = eeg_marks(read_marks(raw))
    if offset is not None:
        return checked_offset_clock(offset, marks, eye.messages, study.clock)
    try:
        return fit_clock(marks, eye.messages, study.clock)
    except ReadError as error:
        together = 0.0 - recorded_span(eye)[0]
        raise ReadError(f"{error} It is {together:.3f} if both were started together.") from error
