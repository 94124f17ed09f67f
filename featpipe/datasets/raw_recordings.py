"""Amplifier recordings: what their headers and events tell a layout, and how far trials go."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets.facts import Facts
from featpipe.datasets.found_trials import Eeg
from featpipe.datasets.layout import Defect
from featpipe.datasets.recording_names import Key, dates_of, other_session
from featpipe.errors import ReadError, few
from featpipe.montage import CAP62, standard_name
from featpipe.readers import neuroscan_cnt
from featpipe.readers.neuroscan_events import annotations, event_samples, read_events
from featpipe.reading import check, find_reader
from featpipe.recording import Trial

_SLACK_S = 0.01
"""A recording may end some samples before its last trial does."""


class Header(NamedTuple):
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
    ch_names : list of str
        Its channels, as tables spell them.
    """

    seconds: float
    marks: list[tuple[float, str]]
    dates: tuple[str, ...]
    ch_names: list[str]


class Opened(NamedTuple):
    """The recordings of a data set.

    Attributes
    ----------
    headers : dict of (subject, session) to Header
        Of those that can be used.
    defects : list of Defect
        Of those that are broken, of another session, or that lack channels of the cap.
    misdated : list of str
        Recordings that are used although their header has the date of another session.
    """

    headers: dict[Key, Header]
    defects: list[Defect]
    misdated: list[str]


def opened(
    files: Mapping[Key, Path], dates: Callable[[str], Mapping[str, str]], *, is_sure: bool = True
) -> Opened:
    """Read the headers of recordings and tell what is wrong with them.

    Parameters
    ----------
    files : mapping of (subject, session) to Path
        The recordings.
    dates : callable
        Subject -> session -> date of its recording, YYYYMMDD, as far as they are known.
    is_sure : bool
        Whether the dates are those of these sessions: then a recording with the date of another
        one is not used.

    Returns
    -------
    Opened
    """
    headers: dict[Key, Header] = {}
    defects, misdated = [], []
    for key, path in files.items():
        try:
            header = read_header(path)
        except (ReadError, OSError) as error:
            defects.append(Defect(*key, str(error)))
            continue
        other = other_session(header.dates, key[1], dates(key[0]))
        if other and is_sure:
            defects.append(_of_another(key, path, other))
            continue
        misdated += [f"{path.name} (session {other})"] * (other is not None)
        headers[key] = header
    lacking = [defect for key, of in headers.items() for defect in _absent(key, files[key], of)]
    return Opened(headers, [*defects, *lacking], misdated)


def read_header(path: Path) -> Header:
    """Read what a recording says of itself, without its signal.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Header

    Raises
    ------
    ReadError
        When it is truncated, corrupt or none; the message names file and defect.
    """
    status, reason = check(path)
    reader = find_reader(path)
    if status in ("truncated", "corrupt") or reader is None or reader.modality != "eeg":
        raise ReadError(f"{path}: {status}: {reason or 'it is no EEG recording; copy it again'}")
    if reader.name == "neuroscan_cnt":
        return _neuroscan(path)
    raw = reader.read(path)  # some say that files of the release are of ANT, which have .cnt too
    date = raw.info["meas_date"]
    return Header(
        raw.n_times / raw.info["sfreq"],
        [],
        (date.strftime("%Y%m%d"),) if date else (),
        [standard_name(name) for name in raw.ch_names],
    )


def _neuroscan(path: Path) -> Header:
    layout = neuroscan_cnt.read_layout(path)
    setup, table = layout.setup, layout.table
    events = read_events(path, table)
    bytes_of_sample = layout.width * setup.n_channels
    places = event_samples(events, table.kind, setup.data_start, bytes_of_sample, layout.n_times)
    marks = annotations(events, places, layout.n_times, setup.sfreq)
    return Header(
        layout.n_times / setup.sfreq,
        sorted(zip(marks.onset.tolist(), map(str, marks.description), strict=True)),
        _dates(setup.date.split(" ")[0]),
        [standard_name(name) for name in setup.ch_names],
    )


def _dates(text: str) -> tuple[str, ...]:
    found = []
    for form in ("%m/%d/%y", "%d/%m/%y"):
        try:
            found.append(datetime.strptime(text, form).strftime("%Y%m%d"))
        except ValueError:
            continue
    return tuple(dict.fromkeys(found))


def _of_another(key: Key, path: Path, session: str) -> Defect:
    what = (
        f"{path}: its header has the date of session {session}, its name is of session {key[1]}; "
        "it is not read: download it again"
    )
    return Defect(*key, what)


def _absent(key: Key, path: Path, header: Header) -> list[Defect]:
    names = [name for name in CAP62 if name not in header.ch_names]
    if not names:
        return []
    what = (
        f"{path}: {few(names)} of the {len(CAP62)} channels of the cap are not in it; its tables "
        "have other columns than those of the others: compare it with the release"
    )
    return [Defect(*key, what)]


def raw_recordings(
    files: Mapping[Key, Path],
    trials_of: Callable[[str], Sequence[Trial]],
    facts: Facts,
    *,
    is_sure: bool = True,
) -> tuple[dict[Key, Eeg], list[Defect], list[str]]:
    """Take the trials of each recording, known from a list, as far as the recording goes.

    Parameters
    ----------
    files : mapping of (subject, session) to Path
        The recordings.
    trials_of : callable
        Session -> its trials, at least one.
    facts : Facts
        With the dates of the sessions, where they are published.
    is_sure : bool
        Whether these are the dates of the raw recordings, too.

    Returns
    -------
    recordings : dict of (subject, session) to Eeg
        Those that can be used.
    defects : list of Defect
        As `opened` tells them, and of trials behind the end.
    notes : list of str
        Of recordings that are used in spite of their date.
    """
    headers, defects, misdated = opened(
        files, lambda subject: dates_of(facts, subject), is_sure=is_sure
    )
    found: dict[Key, Eeg] = {}
    for key, header in headers.items():
        trials, said = within(key, files[key], trials_of(key[1]), header.seconds)
        defects += said
        if trials:
            found[key] = Eeg(files[key], trials)
    note = (
        f"{facts.title}: the dates in the headers of {few(misdated)} are those of other sessions: "
        "these may be numbered otherwise here than in the preprocessed release"
    )
    return found, defects, [note] * bool(misdated)


def within(
    key: Key, path: Path, trials: Sequence[Trial], length: float
) -> tuple[tuple[Trial, ...], list[Defect]]:
    """Cut trials at the end of a recording.

    Parameters
    ----------
    key : (subject, session)
        The recording.
    path : Path
        Its file.
    trials : sequence of Trial
        Of a whole recording.
    length : float
        Seconds that there are.

    Returns
    -------
    trials : tuple of Trial
        Without those that begin behind the end; one that goes beyond it ends there.
    defects : list of Defect
        One, if any trial is concerned.
    """
    lost = [f"{trial.trial}" for trial in trials if trial.offset > length + _SLACK_S]
    kept = [t._replace(offset=min(t.offset, length)) for t in trials if t.onset < length]
    if not lost:
        return tuple(kept), []
    what = (
        f"{path}: it is {length:.1f} s long, and trials {few(lost)} end later, the last one at "
        f"{trials[-1].offset:g} s: they are cut at the end, or left out. Was the recording broken "
        "off? Else fetch it again"
    )
    return tuple(kept), [Defect(*key, what)]
