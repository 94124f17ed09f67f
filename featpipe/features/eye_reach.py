"""Which trials reach beyond the eye recording, as they do where `eye_offset` is wrong."""

import logging
from collections.abc import Sequence

import numpy as np

from featpipe.eye.coverage import recorded_span
from featpipe.recording import EyeRecording, Source
from featpipe.windows import Grid

logger = logging.getLogger(__name__)


def tell_trials_outside(eye: EyeRecording, source: Source, grids: Sequence[Grid]) -> str:
    """Warn of every trial with windows that lie wholly outside the eye recording.

    Parameters
    ----------
    eye : EyeRecording
        On the clock of the trials.
    source : Source
        The recording's identity and trials.
    grids : sequence of Grid
        The windows of each trial.

    Returns
    -------
    str
        The numbers of these trials, for the row of the recording in `qc`.
    """
    first, last = recorded_span(eye)
    spans = [(span.start, span.stop) for span in eye.trials] or [(first, last)]
    cut_short = []
    for trial, grid in zip(source.trials, grids, strict=True):
        start, stop = (grid.start / grid.sfreq + moments for moments in (grid.start_s, grid.stop_s))
        is_seen = np.zeros(start.shape, dtype=bool)
        for begin, end in spans:
            is_seen |= (stop > begin) & (start < end)
        if not is_seen.any() and eye.trials:
            cut_short.append(str(trial.trial))
            logger.warning(
                "%s trial %d is not in the eye recording: its windows have no eye columns; see "
                "whether a sheet or cell of that trial is missing, and export it again",
                source.name, trial.trial,
            )  # fmt: skip
        elif n_lost := int((~is_seen).sum()):
            cut_short.append(str(trial.trial))
            logger.warning(
                "%s trial %d: %d of its %d windows lie outside the eye recording, which covers "
                "%.3f to %.3f s: correct eye_offset or the trials, unless the tracker was off",
                source.name, trial.trial, n_lost, start.size, first, last,
            )  # fmt: skip
    return " ".join(cut_short)
