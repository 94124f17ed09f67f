"""Open a recording with MNE so that nothing but a ReadError or a log record leaves it."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import mne
from mne.io import BaseRaw

from featpipe.errors import ReadError

logger = logging.getLogger(__name__)

_HARMLESS = (
    "meas date",  # nothing of ours uses the wall clock
    "invalid value encountered",  # electrodes without a screen position
    "divide by zero",
    "No coordinate information found",
    "Not setting positions",
    "expanding outside the data range",
    "contains 'boundary' events",  # told with their times by `featpipe.readers.breaks`
)


def open_raw(path: Path, opener: Callable[[], BaseRaw]) -> BaseRaw:
    """Open a recording quietly.

    Parameters
    ----------
    path : Path
        The file, for messages.
    opener : callable
        Calls one of MNE's `read_raw_*` functions.

    Returns
    -------
    mne.io.BaseRaw
        What the opener returned.

    Raises
    ------
    ReadError
        When MNE fails; its error is the cause.
    """
    with _quiet() as caught:
        try:
            raw = opener()
        except Exception as error:  # MNE's readers raise whatever a broken header leads to
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ReadError(
                f"{path}: MNE cannot read it ({first}); "
                "open it in the program that wrote it and export it again"
            ) from error
    for warning in caught:
        text = " ".join(str(warning.message).split())
        level = logging.DEBUG if any(word in text for word in _HARMLESS) else logging.WARNING
        logger.log(level, "%s: %s", path.name, text)
    return raw


@contextmanager
def _quiet() -> Iterator[list[warnings.WarningMessage]]:
    """Collect warnings and silence MNE's logger, whatever handlers it has been given."""
    chatter = logging.getLogger("mne")
    chatter.addFilter(_nothing)
    try:
        with warnings.catch_warnings(record=True) as caught, mne.use_log_level("WARNING"):
            warnings.simplefilter("always")
            yield caught
    finally:
        chatter.removeFilter(_nothing)


def _nothing(record: logging.LogRecord) -> bool:
    return False
