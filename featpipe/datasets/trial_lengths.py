"""Whether trials that were stored one by one are as long as they should be.

Both ends of a trial are included, so that one of s seconds has s x sfreq samples and mostly one
more, which belongs to no window. Where nobody has published the seconds of a session, what most
of the other subjects have is taken for them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from featpipe.datasets.facts import Facts
from featpipe.datasets.layout import Defect
from featpipe.datasets.recording_names import Key, dates_of, session_of
from featpipe.errors import few

Lengths = Mapping[int, int]
"""Trial number -> samples."""

_N_WITNESSES = 2  # fewer subjects that agree are no majority
_N_SINGLE = 3  # defects of more trials of a file than that are one


def whole_seconds(n_times: int, sfreq: float) -> int | None:
    """Return the seconds of a trial, one sample more or less; None when it has no whole number."""
    seconds = round(n_times / sfreq)
    return seconds if seconds and abs(n_times - seconds * sfreq) <= 1 else None


def expected_seconds(
    facts: Facts, session: str, others: Sequence[Lengths], sfreq: float
) -> dict[int, int]:
    """Say how long the trials of a session are.

    Parameters
    ----------
    facts : Facts
        With the seconds, where they are published.
    session : str
        The session.
    others : sequence of mapping of int to int
        What other subjects have in it, samples per trial.
    sfreq : float
        Rate of those, Hz.

    Returns
    -------
    dict of int to int
        Trial -> seconds, of those trials of which it is known.
    """
    of = facts.session(session)
    if of.seconds:
        return dict(enumerate(of.seconds, start=1))
    found = {}
    for trial in range(1, len(of.labels) + 1):
        votes = Counter(whole_seconds(n[trial], sfreq) for n in others if trial in n)
        seconds, n_votes = (votes.most_common(1) or [(None, 0)])[0]
        if seconds and n_votes >= _N_WITNESSES and 2 * n_votes > votes.total():
            found[trial] = seconds
    return found


def expected_of(
    facts: Facts, key: Key, session: str, lengths: Mapping[Key, Lengths], sfreq: float
) -> dict[int, int]:
    """Say how long the trials of a recording would be in a session, as all others have it."""
    others = [of for other, of in lengths.items() if other[1] == session and other != key]
    return expected_seconds(facts, session, others, sfreq)


def session_by_lengths(
    facts: Facts, key: Key, lengths: Mapping[Key, Lengths], sfreq: float
) -> str | None:
    """Return the session whose lengths most trials of a recording have; None when it is unclear.

    Parameters
    ----------
    facts : Facts
        The data set.
    key : (subject, session)
        The recording, as its place or name has it.
    lengths : mapping of (subject, session) to lengths
        Of all recordings.
    sfreq : float
        Their rate, Hz.

    Returns
    -------
    str or None
        Its own session where several fit, as in SEED, whose sessions are all alike.
    """
    found = {
        session: _n_fitting(lengths[key], expected_of(facts, key, session, lengths, sfreq), sfreq)
        for session in facts.session_names()
    }
    most = max(found.values())
    if 2 * most <= len(lengths[key]):
        return None
    return key[1] if found[key[1]] == most else max(found, key=lambda session: found[session])


def wrong_session(
    facts: Facts, key: Key, path: Path, date: str, lengths: Mapping[Key, Lengths], sfreq: float
) -> Defect | None:
    """Tell of a recording that lies where another session belongs.

    Parameters
    ----------
    facts, key, lengths, sfreq
        As in `session_by_lengths`.
    path : Path
        Its file.
    date : str
        YYYYMMDD of its name; believed where lengths say nothing.

    Returns
    -------
    Defect or None
    """
    by_lengths = session_by_lengths(facts, key, lengths, sfreq)
    session = by_lengths or session_of(date, dates_of(facts, key[0]))
    if session in (None, key[1]):
        return None
    why = "the lengths of its trials are those" if by_lengths else "its date is that"
    what = (
        f"{path}: it lies where session {key[1]} belongs, and {why} of session {session}; it "
        "is not used: move it there, and fetch the right one"
    )
    return Defect(*key, what)


def usable(
    key: Key, path: Path, n_times: Lengths, expected: Mapping[int, int], n_trials: int, sfreq: float
) -> tuple[dict[int, int], list[Defect]]:
    """Say which trials of a recording can be used.

    Parameters
    ----------
    key : (subject, session)
        The recording.
    path : Path
        Its file.
    n_times : mapping of int to int
        Trial -> samples.
    expected : mapping of int to int
        Trial -> seconds; a trial that is not in it needs whole seconds only.
    n_trials : int
        Trials of the session.
    sfreq : float
        Hz.

    Returns
    -------
    seconds : dict of int to int
        Of each trial that can be used.
    defects : list of Defect
        Of the others.
    """
    seconds, said = {}, {}
    for trial in sorted({*range(1, n_trials + 1), *n_times}):
        why = _flaw(trial, n_times.get(trial), expected.get(trial), n_trials, sfreq)
        if why:
            said[trial] = why
        else:
            seconds[trial] = expected.get(trial) or whole_seconds(n_times[trial], sfreq) or 0
    if not seconds:
        what = f"{path}: no trial is as it should be ({said[min(said)]}); copy the file again"
        return {}, [Defect(*key, what)]
    if len(said) > _N_SINGLE:
        which = few([str(trial) for trial in said])
        what = f"{path}: trials {which} are left out ({said[min(said)]}); copy the file again"
        return seconds, [Defect(*key, what)]
    texts = (f"{path}: {why}; it is left out: copy the file again" for why in said.values())
    return seconds, [Defect(*key, text) for text in texts]


def undecided(
    facts: Facts, lengths: Mapping[Key, Lengths], files: Mapping[Key, Path], sfreq: float
) -> list[Defect]:
    """Tell of trials on whose length too few recordings disagree for a majority.

    Parameters
    ----------
    facts, lengths, sfreq
        As in `session_by_lengths`.
    files : mapping of (subject, session) to Path
        The recordings.

    Returns
    -------
    list of Defect
        One per session; all of them are used.
    """
    defects = []
    for session in facts.session_names():
        keys = [key for key in lengths if key[1] == session]
        if facts.session(session).seconds or not keys:
            continue
        decided = expected_seconds(facts, session, [lengths[key] for key in keys], sfreq)
        unlike = [
            trial for trial in sorted({trial for key in keys for trial in lengths[key]})
            if trial not in decided
            and len({whole_seconds(lengths[k][trial], sfreq) for k in keys if trial in lengths[k]})
            > 1
        ]  # fmt: skip
        if unlike:
            names = few([str(files[key]) for key in keys])
            what = (
                f"{facts.title}, session {session}: trials {few([str(k) for k in unlike])} are not "
                f"of one length in {names}, none is published, and these are too few to tell the "
                "right one: all are used; compare them, or fetch more subjects"
            )
            defects.append(Defect("", session, what))
    return defects


def _n_fitting(n_times: Lengths, expected: Mapping[int, int], sfreq: float) -> int:
    pairs: Iterable = ((whole_seconds(n, sfreq), expected.get(k)) for k, n in n_times.items())
    return sum(found is not None and found == wanted for found, wanted in pairs)


def _flaw(trial: int, n_times: int | None, seconds: int | None, n_trials: int, sfreq: float) -> str:
    if n_times is None:
        return f"trial {trial} is not in it"
    if trial > n_trials or trial < 1:
        return f"trial {trial} is in it, the session has {n_trials}"
    if whole_seconds(n_times, sfreq) is None and seconds is None:
        return f"trial {trial} has {n_times} samples, which are no whole seconds at {sfreq:g} Hz"
    if seconds is not None and abs(n_times - seconds * sfreq) > 1:
        n = round(seconds * sfreq)
        return f"trial {trial} has {n_times} samples, expected {n} or {n + 1} ({seconds} s)"
    return ""
