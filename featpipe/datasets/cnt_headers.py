"""What the header and the event table of a raw Neuroscan recording tell a layout."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets.layout import Defect
from featpipe.datasets.session_files import SessionFile, session_of_date
from featpipe.errors import ReadError, few
from featpipe.montage import CAP62
from featpipe.readers import neuroscan_cnt
from featpipe.readers.neuroscan_events import annotations, event_samples, read_events
from featpipe.recording import Trial

_SLACK_S = 0.01
"""A recording may end some samples before its last trial does."""


class CntHeader(NamedTuple):
    """A recording, as far as it is known without its signal.

    Attributes
    ----------
    seconds : float
        Its length.
    marks : list of (float, str)
        Time, s, and name of every event; a stimulus code is digits alone.
    dates : tuple of str
        YYYYMMDD that the date in the header can mean, month first and day first; empty where it is
        blank.
    absent : list of str
        Channels of the cap that it lacks.
    """

    seconds: float
    marks: list[tuple[float, str]]
    dates: tuple[str, ...]
    absent: list[str]


def read_header(path: Path) -> CntHeader:
    """Read what a .cnt file says of itself.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    CntHeader

    Raises
    ------
    ReadError
        When it is truncated, corrupt, or no Neuroscan recording; the message names file and defect.
    """
    status, reason = neuroscan_cnt.check(path)
    if status in ("truncated", "corrupt"):
        raise ReadError(f"{path}: {status}: {reason}")
    layout = neuroscan_cnt.read_layout(path)
    setup, table = layout.setup, layout.table
    events = read_events(path, table)
    bytes_of_sample = layout.width * setup.n_channels
    places = event_samples(events, table.kind, setup.data_start, bytes_of_sample, layout.n_times)
    marks = annotations(events, places, layout.n_times, setup.sfreq)
    upper = {name.upper() for name in setup.ch_names}
    return CntHeader(
        seconds=layout.n_times / setup.sfreq,
        marks=sorted(zip(marks.onset.tolist(), map(str, marks.description), strict=True)),
        dates=_dates(setup.date.split(" ")[0]),
        absent=[name for name in CAP62 if name not in upper],
    )


def _dates(text: str) -> tuple[str, ...]:
    found = []
    for form in ("%m/%d/%y", "%d/%m/%y"):
        try:
            found.append(datetime.strptime(text, form).strftime("%Y%m%d"))
        except ValueError:
            continue
    return tuple(dict.fromkeys(found))


def open_raw(file: SessionFile, dates: Mapping[str, str]) -> tuple[CntHeader | None, list[Defect]]:
    """Read the header of a recording and tell what is wrong with it.

    Parameters
    ----------
    file : SessionFile
        The recording.
    dates : mapping of str to str
        Session -> date of the recordings of its subject, as far as they are known.

    Returns
    -------
    header : CntHeader or None
        None where the recording cannot be used.
    flaws : list of Defect
        A file that is broken, whose header has the date of another session, or that lacks channels
        of the cap.
    """
    try:
        header = read_header(file.path)
    except (ReadError, OSError) as error:
        return None, [Defect(*file.key, str(error))]
    others = [session_of_date(date, file.session, dates) for date in header.dates]
    # month and day may be exchanged: one right reading is enough
    is_own = dates.get(file.session) in header.dates
    if not is_own and any(others):
        other = next(filter(None, others))
        what = (
            f"{file.path}: its header has the date of session {other}, its name is of session "
            f"{file.session}; it is not read: download it again"
        )
        return None, [Defect(*file.key, what)]
    if not header.absent:
        return header, []
    what = (
        f"{file.path}: of the 62 channels of the cap it lacks {few(header.absent)}; its columns "
        "will differ from those of the others: correct the names in the file"
    )
    return header, [Defect(*file.key, what)]


def within(
    trials: Sequence[Trial], file: SessionFile, seconds: float
) -> tuple[list[Trial], list[Defect]]:
    """Cut trials at the end of a recording, and leave out those behind it.

    Parameters
    ----------
    trials : sequence of Trial
        As the data set has them.
    file : SessionFile
        The recording.
    seconds : float
        Its length.

    Returns
    -------
    trials : list of Trial
    flaws : list of Defect
        One for each trial that is cut or lost.
    """
    kept, flaws = [], []
    for trial in trials:
        if trial.offset <= seconds + _SLACK_S:
            kept.append(trial)
            continue
        is_cut = trial.onset < seconds
        kept += [trial._replace(offset=seconds)] * is_cut
        what = (
            f"{file.path}: trial {trial.trial} lasts from {trial.onset:.1f} to {trial.offset:.1f} "
            f"s, the recording {seconds:.1f} s; the trial is {'cut' if is_cut else 'left out'}: "
            "download it again, or it was broken off"
        )
        flaws.append(Defect(*file.key, what))
    return kept, flaws
