"""Recordings of SEED and SEED-IV whose trials are variables of MATLAB files."""

from collections.abc import Callable, Mapping
from pathlib import Path

from featpipe.datasets.facts import Facts
from featpipe.datasets.found_trials import Eeg, trials_end_to_end
from featpipe.datasets.layout import Defect
from featpipe.datasets.recording_names import DATED, Key
from featpipe.datasets.trial_lengths import (
    expected_of,
    undecided,
    usable,
    whole_seconds,
    wrong_session,
)
from featpipe.errors import ReadError
from featpipe.readers.mat_trials import SFREQ, trial_lengths
from featpipe.recording import Trial


def mat_recordings(
    files: Mapping[Key, Path], facts: Facts
) -> tuple[dict[Key, Eeg], list[Defect], Callable[[str], tuple[Trial, ...]]]:
    """Take the trials of each recording that are as long as they should be.

    Parameters
    ----------
    files : mapping of (subject, session) to Path
        The recordings.
    facts : Facts
        With labels, and seconds where they are published.

    Returns
    -------
    recordings : dict of (subject, session) to Eeg
        Those with a trial that can be used.
    defects : list of Defect
        Of broken files, files of another session and trials of another length.
    trials_without_eeg : callable
        Session -> the trials that a recording of it would have, as far as their lengths are known.
    """
    defects: list[Defect] = []
    lengths: dict[Key, dict[int, int]] = {}
    for key, path in files.items():
        try:
            lengths[key] = trial_lengths(path)
        except ReadError as error:
            defects.append(Defect(*key, str(error)))
    strays = [stray for key in lengths if (stray := _stray(facts, key, files[key], lengths))]
    defects += strays
    sound = {key: of for key, of in lengths.items() if key not in {stray[:2] for stray in strays}}
    defects += undecided(facts, sound, files, SFREQ)
    found: dict[Key, Eeg] = {}
    for key, n_times in sound.items():
        of = facts.session(key[1])
        expected = expected_of(facts, key, key[1], sound, SFREQ)
        seconds, said = usable(key, files[key], n_times, expected, len(of.labels), SFREQ)
        defects += said
        if seconds:
            found[key] = Eeg(files[key], trials_end_to_end(of, n_times, seconds, SFREQ))
    return found, defects, lambda session: _typical(facts, session, sound)


def _stray(
    facts: Facts, key: Key, path: Path, lengths: Mapping[Key, Mapping[int, int]]
) -> Defect | None:
    match = DATED.fullmatch(path.stem)
    return wrong_session(facts, key, path, match["date"] if match else "", lengths, SFREQ)


def _typical(
    facts: Facts, session: str, lengths: Mapping[Key, Mapping[int, int]]
) -> tuple[Trial, ...]:
    """Return the trials of a session as most subjects have them, or the only one."""
    seconds = expected_of(facts, ("", session), session, lengths, SFREQ)
    of_session = [of for key, of in lengths.items() if key[1] == session]
    if not seconds and of_session:
        found = {trial: whole_seconds(n, SFREQ) for trial, n in of_session[0].items()}
        seconds = {trial: n for trial, n in found.items() if n}
    n_times = {trial: round(n * SFREQ) for trial, n in sorted(seconds.items())}
    return trials_end_to_end(facts.session(session), n_times, seconds, SFREQ)
