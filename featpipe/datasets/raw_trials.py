"""Trials of amplifier recordings whose bounds are known from a list, not from marks in them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from featpipe.datasets.copies import without_copies
from featpipe.datasets.found_trials import Eeg
from featpipe.datasets.layout import Defect
from featpipe.datasets.recording_names import Key
from featpipe.errors import ReadError, few
from featpipe.reading import check, find_reader
from featpipe.recording import Trial


def raw_recordings(
    files: Mapping[Key, Path], trials_of: Callable[[str], Sequence[Trial]]
) -> tuple[dict[Key, Eeg], list[Defect]]:
    """Take the trials of each recording as far as the recording goes.

    Parameters
    ----------
    files : mapping of (subject, session) to Path
        The recordings.
    trials_of : callable
        Session -> its trials, at least one.

    Returns
    -------
    recordings : dict of (subject, session) to Eeg
        Those that can be read.
    defects : list of Defect
        Of copies, of those that cannot be read, and of trials behind the end of a recording.
    """
    own, defects = without_copies(files)
    found: dict[Key, Eeg] = {}
    for key, path in own.items():
        try:
            length = length_s(path)
        except ReadError as error:
            defects.append(Defect(*key, str(error)))
            continue
        trials, said = within(key, path, trials_of(key[1]), length)
        defects += said
        if trials:
            found[key] = Eeg(path, trials)
    return found, defects


def length_s(path: Path) -> float:
    """Return the length of a recording in seconds, from its header.

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
    return raw.n_times / raw.info["sfreq"]


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
    lost = [f"{trial.trial}" for trial in trials if trial.offset > length]
    kept = [t._replace(offset=min(t.offset, length)) for t in trials if t.onset < length]
    if not lost:
        return tuple(kept), []
    what = (
        f"{path}: it is {length:.1f} s long, and trials {few(lost)} end later, the last one at "
        f"{trials[-1].offset:g} s: they are cut at the end, or left out. Was the recording broken "
        "off? Else fetch it again"
    )
    return tuple(kept), [Defect(*key, what)]
