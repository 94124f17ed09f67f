"""Trials of amplifier recordings whose bounds are known from a list, not from marks in them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets.copies import without_copies
from featpipe.datasets.facts import Facts
from featpipe.datasets.found_trials import Eeg
from featpipe.datasets.layout import Defect
from featpipe.datasets.recording_names import Key, session_of_date
from featpipe.errors import ReadError, few
from featpipe.montage import CAP62, standard_name
from featpipe.reading import check, find_reader
from featpipe.recording import Trial

_SLACK_S = 0.01
"""A recording may end some samples before its last trial does."""


class Header(NamedTuple):
    """What a recording says of itself.

    Attributes
    ----------
    seconds : float
        Its length.
    date : str
        YYYYMMDD of its beginning; empty where it has none that makes sense.
    absent : list of str
        Channels of the SEED cap that are not in it.
    """

    seconds: float
    date: str
    absent: list[str]


def raw_recordings(
    files: Mapping[Key, Path], trials_of: Callable[[str], Sequence[Trial]], facts: Facts
) -> tuple[dict[Key, Eeg], list[Defect], list[str]]:
    """Take the trials of each recording as far as the recording goes.

    Parameters
    ----------
    files : mapping of (subject, session) to Path
        The recordings.
    trials_of : callable
        Session -> its trials, at least one.
    facts : Facts
        With the dates of the sessions, where they are published.

    Returns
    -------
    recordings : dict of (subject, session) to Eeg
        Those that can be read.
    defects : list of Defect
        Of copies, of those that cannot be read or lack channels, and of trials behind the end.
    notes : list of str
        Of dates in headers that are those of other sessions. Nobody has told whether sessions of
        raw recordings are numbered by date, and all have the same trials: they are used.
    """
    own, defects = without_copies(files)
    found: dict[Key, Eeg] = {}
    misdated = []
    for key, path in own.items():
        try:
            header = read_header(path)
        except ReadError as error:
            defects.append(Defect(*key, str(error)))
            continue
        trials, said = within(key, path, trials_of(key[1]), header.seconds)
        defects += [*said, *_absent(key, path, header)]
        session = session_of_date(facts, key[0], header.date)
        misdated += [f"{path.name} (session {session})"] * (session not in (None, key[1]))
        if trials:
            found[key] = Eeg(path, trials)
    return found, defects, _told(misdated, facts)


def read_header(path: Path) -> Header:
    """Read what a recording says of itself, without its signal.

    Raises
    ------
    ReadError
        When it is truncated, corrupt or none; the message names the file.
    """
    status, reason = check(path)
    reader = find_reader(path)
    if status in ("truncated", "corrupt") or reader is None or reader.modality != "eeg":
        raise ReadError(f"{path}: {status}: {reason or 'it is no EEG recording; copy it again'}")
    raw = reader.read(path)
    names = {standard_name(name) for name in raw.ch_names}
    start = raw.info["meas_date"]
    return Header(
        raw.n_times / raw.info["sfreq"],
        start.strftime("%Y%m%d") if start else "",
        [name for name in CAP62 if name not in names],
    )


def _absent(key: Key, path: Path, header: Header) -> list[Defect]:
    if not header.absent:
        return []
    what = (
        f"{path}: {few(header.absent)} of the {len(CAP62)} channels of the cap are not in it; its "
        "tables have other columns than those of the others: compare it with the release"
    )
    return [Defect(*key, what)]


def _told(misdated: list[str], facts: Facts) -> list[str]:
    if not misdated:
        return []
    return [
        f"{facts.title}: the dates in the headers of {few(misdated)} are those of other sessions: "
        "these may be numbered otherwise here than in the preprocessed release"
    ]


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
