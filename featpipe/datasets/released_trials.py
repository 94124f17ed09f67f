"""Trials and sources of released features: clocks of their own, windows end to end from 0."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from featpipe.datasets.facts import Facts, SessionFacts
from featpipe.datasets.found_trials import require_classes, trial_of
from featpipe.datasets.gaps import gaps
from featpipe.datasets.layout import Choice, Defect, Found
from featpipe.datasets.recording_names import Key, Named, in_order
from featpipe.datasets.release_files import packed
from featpipe.datasets.time_lists import bounds_of_sessions
from featpipe.errors import ConfigError
from featpipe.recording import Released, Source, Trial

TrialsOf = Callable[[str], tuple[Trial, ...]]


def released_trials(of: SessionFacts) -> tuple[Trial, ...]:
    """Return the trials of a session, each from 0 to its length, or to 0 where nobody knows it."""
    seconds = of.seconds or (0,) * len(of.labels)
    return tuple(trial_of(of, k, 0.0, float(length)) for k, length in enumerate(seconds, start=1))


def listed_trials(files: Iterable[Path], known: Facts) -> tuple[TrialsOf, list[Defect], list[str]]:
    """Tell the trials of each session, from the facts, else from time.txt among the files.

    Parameters
    ----------
    files : iterable of Path
        Of the data set.
    known : Facts
        The data set.

    Returns
    -------
    trials : callable
        Session -> trials; none where nobody tells how long they are.
    defects, notes : list
        Of the file with the times.
    """
    if any(of.labels for of in known.sessions):
        return (lambda session: released_trials(known.session(session))), [], []
    bounds, defects = bounds_of_sessions(files, "time.txt", known)
    if not bounds:
        note = (
            f"{known.title}: no time.txt in this folder that can be read, and no file of features "
            "tells where trials begin: windows in a row with one label count as one trial, also "
            "where they are of several clips"
        )
        return (lambda _: ()), defects, [note]
    trials = {
        session: tuple(
            Trial(k, 0.0, b - a, None) for k, (a, b) in enumerate(zip(*of, strict=True), start=1)
        )
        for session, of in bounds.items()
    }
    return trials.__getitem__, defects, [f"{known.title}: lengths of trials from time.txt"]


def require_window(choice: Choice, facts: Facts) -> None:
    """Refuse a window that the data set has no features of, and another number of classes.

    Raises
    ------
    ConfigError
        Naming what there is.
    """
    require_classes(choice, facts)
    if choice.window_s not in facts.windows_s:
        lengths = " and ".join(f"{length:g}" for length in facts.windows_s)
        raise ConfigError(
            f"[features] window_s = {choice.window_s:g}: {facts.title} ships features of {lengths} "
            "s windows; set one of these"
        )


def told(facts: Facts, eeg: Named, eye: Named, forms: tuple[str, str]) -> Found:
    """Bring together what names and gaps tell, still without sources.

    Parameters
    ----------
    facts : Facts
        What there should be.
    eeg, eye : Named
        Files by subject and session.
    forms : tuple of str
        How the files of each are called.

    Returns
    -------
    Found
        No gaps of a modality of which nothing is there: it was not downloaded.
    """
    kinds = ("EEG features", "eye features")
    lost, notes = gaps(facts, eeg, eye, forms, kinds)
    defects = [*eeg.defects, *eye.defects, *lost]
    return Found([], defects, [*eeg.notes, *eye.notes, *notes])


def released_sources(
    choice: Choice,
    files: tuple[Mapping[Key, Path], Mapping[Key, Path]],
    trials: TrialsOf,
    released: Callable[[str], Released],
) -> list[Source]:
    """Bring EEG and eye features together by their numbers.

    Parameters
    ----------
    choice : Choice
        Name and classes of the study.
    files : pair of mappings of (subject, session) to Path
        EEG and eye features.
    trials, released : callable
        Session -> its trials, and what the files are.

    Returns
    -------
    list of Source
        Ordered by number.
    """
    eeg, eye = files
    return [
        Source(
            choice.name, *key, eeg.get(key), eye.get(key), None, trials(key[1]), choice.classes,
            released=released(key[1]),
        )
        for key in in_order(dict.fromkeys([*eeg, *eye], Path()))
    ]  # fmt: skip


def require_sources(root: Path, facts: Facts, choice: Choice, found: Found, forms: str) -> Found:
    """Refuse a folder without any features of the window.

    Raises
    ------
    ConfigError
        Saying what was looked for.
    """
    if found.sources:
        return found
    why = "".join(f"; {defect.what}" for defect in found.defects[:3])
    raise ConfigError(
        f"{root}: no released features of {facts.title} with {choice.window_s:g} s windows in it "
        f"({forms}): name the folder that was unpacked{why}{packed(root)}"
    )
