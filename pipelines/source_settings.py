"""Options of the EEG of one recording: those of the study, and what its data set prescribes."""

from dataclasses import replace

from featpipe.eeg.settings import EegSettings
from featpipe.recording import Source
from pipelines.study import Study


def eeg_settings(source: Source, study: Study) -> EegSettings:
    """Return the EEG options of a recording.

    Parameters
    ----------
    source : Source
        Its `channels` are taken where the study names none.
    study : Study
        The study.

    Returns
    -------
    EegSettings
    """
    if study.eeg.channels or not source.channels:
        return study.eeg
    return replace(study.eeg, channels=source.channels)
