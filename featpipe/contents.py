"""What a recording holds that a study has to name: its channels, and its triggers or messages."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from featpipe.eeg.marks import read_marks
from featpipe.errors import ConfigError
from featpipe.eye.clock import eeg_marks
from featpipe.montage import pick_channels
from featpipe.readers.eye_csv_settings import EyeCsv
from featpipe.reading import read_eeg, read_eye


class Mark(NamedTuple):
    """A trigger or message by its text.

    Attributes
    ----------
    text : str
        As the recording has it.
    n : int
        How often it occurs.
    first_s, last_s : float
        Seconds: of EEG from its first sample, of eye recordings as the tracker wrote them.
    """

    text: str
    n: int
    first_s: float
    last_s: float


class Contents(NamedTuple):
    """Channels and marks of a recording.

    Attributes
    ----------
    channels : mapping
        Type -> names in the order of the file. Those of type "eeg" get columns unless
        `[eeg] channels` says otherwise; "eeg without columns" are those that the format calls EEG
        and that are left out for their name: mastoids, earlobes, what is not of the cap. None of
        eye recordings.
    marks : list of Mark
        In the order in which they first occur, behind them what the tracker's own software wrote
        ("!CAL ..."); spans called BAD and pauses are none.
    """

    channels: Mapping[str, list[str]]
    marks: list[Mark]


def contents(path: Path, modality: str, csv: EyeCsv | None = None) -> Contents:
    """Read what a recording holds.

    Parameters
    ----------
    path : Path
        A sound recording.
    modality : {"eeg", "eye"}
        What it is.
    csv : EyeCsv or None
        How a table of eye samples of no known format is to be read.

    Returns
    -------
    Contents
        Triggers in a Status channel are among the marks: for these the file is read through once.

    Raises
    ------
    ReadError
        When the file cannot be read.
    """
    if modality == "eye":
        return Contents({}, _marks(*_of(read_eye(path, csv).messages, "text")))
    raw = read_eeg(path)
    marks = _marks(*_of(eeg_marks(read_marks(raw)), "code"))
    return Contents(_channels(raw.ch_names, raw.get_channel_types()), marks)


def _of(marks: pd.DataFrame, text: str) -> tuple[list[float], list[str]]:
    return marks["time"].tolist(), marks[text].astype(str).tolist()


def _channels(names: list[str], types: list[str]) -> dict[str, list[str]]:
    try:
        picked = set(pick_channels(names, types).values())
    except ConfigError:  # no EEG channel at all
        picked = set()
    found: dict[str, list[str]] = {"eeg": []} if picked else {}
    for name, kind in zip(names, types, strict=True):
        other = "eeg without columns" if kind == "eeg" else kind
        found.setdefault("eeg" if name in picked else other, []).append(name)
    return found


def _marks(times: list[float], texts: list[str]) -> list[Mark]:
    found: dict[str, list[float]] = {}
    for time, text in zip(times, texts, strict=True):
        found.setdefault(text, []).append(time)
    marks = [Mark(text, len(of), min(of), max(of)) for text, of in found.items()]
    return sorted(marks, key=lambda mark: (mark.text.startswith("!"), mark.first_s))
