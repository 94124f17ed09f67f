"""Places where a recording was paused: the data before and after them lie end to end."""

import logging
from pathlib import Path

from mne.io import BaseRaw

from featpipe.eeg.marks import break_times

logger = logging.getLogger(__name__)

_N_NAMED = 5


def log_breaks(path: Path, raw: BaseRaw) -> None:
    """Warn of the breaks that the marks of a recording tell of.

    Parameters
    ----------
    path : Path
        The file, for the message.
    raw : mne.io.BaseRaw
        With its annotations. A mark at the first sample is the start of the recording.
    """
    times = break_times(raw)
    if times:
        named = ", ".join(f"{time:.3f}" for time in times[:_N_NAMED])
        named += f" and {len(times) - _N_NAMED} more" if len(times) > _N_NAMED else ""
        logger.warning(
            "%s: the recording was interrupted at %s s; the data before and after lie end to end, "
            "so that times there and windows across are not what they seem",
            path.name,
            named,
        )
