"""Trials and sources of a data set's recordings, EEG and eyes brought together by their numbers."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets.facts import Facts, SessionFacts
from featpipe.datasets.layout import Choice
from featpipe.datasets.recording_names import Key, in_order
from featpipe.datasets.time_lists import Bounds
from featpipe.errors import ConfigError
from featpipe.readers.end_to_end import trial_spans
from featpipe.recording import Source, Trial


class Eeg(NamedTuple):
    """An EEG recording and the trials that can be used of it."""

    path: Path
    trials: tuple[Trial, ...]


def trial_of(of: SessionFacts, number: int, onset: float, offset: float) -> Trial:
    """Return a trial with the label and the stimulus that facts know of it."""
    label = of.labels[number - 1] if number <= len(of.labels) else None
    stimulus = of.stimuli[number - 1] if number <= len(of.stimuli) else ""
    return Trial(number, onset, offset, label, stimulus)


def trials_within(of: SessionFacts, bounds: Bounds) -> tuple[Trial, ...]:
    """Return the trials of a session where the raw recording has them."""
    pairs = enumerate(zip(*bounds, strict=True), start=1)
    return tuple(trial_of(of, number, *pair) for number, pair in pairs)


def trials_end_to_end(
    of: SessionFacts, n_times: Mapping[int, int], seconds: Mapping[int, int], sfreq: float
) -> tuple[Trial, ...]:
    """Return the trials of a recording whose trials were stored one by one.

    Parameters
    ----------
    of : SessionFacts
        The session.
    n_times : mapping of int to int
        Trial -> samples, of all that the file holds, in the order of their numbers.
    seconds : mapping of int to int
        Trial -> length, of those that can be used: a sample more is left out.
    sfreq : float
        Hz.

    Returns
    -------
    tuple of Trial
    """
    spans = trial_spans(n_times, sfreq)
    return tuple(
        trial_of(of, span.trial, span.start, span.start + seconds[span.trial])
        for span in spans
        if span.trial in seconds
    )


def sources(
    choice: Choice,
    eeg: Mapping[Key, Eeg],
    eyes: Mapping[Key, Path],
    trials_without_eeg: Callable[[str], tuple[Trial, ...]],
) -> list[Source]:
    """Bring EEG and eye recordings together.

    Parameters
    ----------
    choice : Choice
        Name and classes of the study.
    eeg, eyes : mapping of (subject, session)
        What can be used.
    trials_without_eeg : callable
        Session -> trials of an eye recording whose EEG cannot be used; they make a clock of their
        own. Empty where nothing is known of them; then there is no source.

    Returns
    -------
    list of Source
        Ordered by number.
    """
    found = []
    for key in in_order(dict.fromkeys([*eeg, *eyes], Path())):
        of = eeg.get(key)
        trials = of.trials if of else trials_without_eeg(key[1])
        if trials:
            path = of.path if of else None
            found.append(
                Source(choice.name, *key, path, eyes.get(key), None, trials, choice.classes)
            )
    return found


def require_classes(choice: Choice, facts: Facts) -> None:
    """Refuse another number of classes than the data set has.

    Raises
    ------
    ConfigError
        Naming both.
    """
    if len(choice.classes) != len(facts.classes):
        raise ConfigError(
            f"[study] classes = {list(choice.classes)}: {facts.title} has {len(facts.classes)}, "
            f"{', '.join(facts.classes)}: leave classes out, or give each of these a name"
        )
