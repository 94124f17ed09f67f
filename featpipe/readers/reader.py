"""What a reader of an export format is; `featpipe.readers.table` lists those that there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from mne.io import BaseRaw

from featpipe.eeg.samples import Samples
from featpipe.eeg.settings import EegSettings
from featpipe.errors import ReadError
from featpipe.readers.preflight import Check


def _alone(path: Path) -> tuple[Path, ...]:
    return (path,)


@dataclass(frozen=True)
class Reader:
    """One export format.

    Attributes
    ----------
    name : str
        Its key in `READERS`.
    modality : {"eeg", "eye"}
        What it holds.
    suffixes : tuple of str
        Usual suffixes; the content decides.
    read : callable
        Path -> mne.io.BaseRaw or EyeRecording. With `by_settings` it takes EegSettings too, as
        `settings`; with `by_part` the name of a recording in the file, as `part`, where an empty
        one is the first recording.
    check : callable
        Path -> Check, from the header and the size of the file.
    describes : str
        One line for a list.
    sources : callable
        Path -> the files whose content matters, the named one first.
    is_pair : bool
        Samples and events are two recordings of one clock, each read by its own reader.
    samples : callable or None
        (path, raw that `read` gave, names of channels of that raw) -> the numbers as the file
        stores them, or None for a file that stores them in another way. None for a format that
        is read through MNE alone.
    by_settings : bool
        Which signals of a file are read depends on what channels are wanted.
    by_part : bool
        A file holds several recordings.
    """

    name: str
    modality: Literal["eeg", "eye"]
    suffixes: tuple[str, ...]
    read: Callable[..., Any]
    check: Callable[[Path], Check]
    describes: str
    sources: Callable[[Path], tuple[Path, ...]] = _alone
    is_pair: bool = False
    samples: Callable[[Path, BaseRaw, Sequence[str]], Samples | None] | None = None
    by_settings: bool = False
    by_part: bool = False


def bound(reader: Reader, path: Path, settings: EegSettings | None, part: str) -> Reader:
    """Give a reader what it takes besides the path.

    Parameters
    ----------
    reader : Reader
        Of the format.
    path : Path
        The file, for the message.
    settings : EegSettings or None
        For one that goes by them.
    part : str
        Name of a recording in the file; empty is the first, or the only one.

    Returns
    -------
    Reader
        Its `read` takes the path alone.

    Raises
    ------
    ReadError
        When a part is named of a format that has none.
    """
    if part and not reader.by_part:
        raise ReadError(
            f"{path}: its recording {part!r} is wanted, and a file of this kind ({reader.name}) "
            "holds one; name the file that holds several"
        )
    more: dict[str, Any] = {"settings": settings} if reader.by_settings else {}
    more |= {"part": part} if reader.by_part else {}
    return replace(reader, read=partial(reader.read, **more)) if more else reader
