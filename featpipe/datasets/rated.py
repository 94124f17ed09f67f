"""Labels from ratings: above a threshold is the second class."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets.facts import Facts
from featpipe.datasets.layout import Choice
from featpipe.errors import ConfigError, unknown
from featpipe.recording import Source, Trial

SESSION = "1"
"""Data sets with ratings have one session."""


class Rating(NamedTuple):
    """Which rating is the label.

    Attributes
    ----------
    name : str
        As the facts of the data set call it.
    place : int
        Where it stands among the ratings of the data set, from 0.
    low, high : float
        Ends of the scale.
    threshold : float
        What is above it is class 1, all else class 0.
    """

    name: str
    place: int
    low: float
    high: float
    threshold: float


def rating_of(facts: Facts, choice: Choice) -> Rating:
    """Return the rating that a study asks for.

    Parameters
    ----------
    facts : Facts
        Of the data set.
    choice : Choice
        `rating` is the first of the data set where it is empty, `threshold` the middle of the scale
        where it is None.

    Returns
    -------
    Rating

    Raises
    ------
    ConfigError
        When there is no such rating, when no value of the scale can be above the threshold or
        none below, and when the study has another number of classes than two.
    """
    names = list(facts.ratings)
    name = choice.rating or names[0]
    if name not in names:
        raise ConfigError(f"[study] rating: {unknown('rating', name, names)}")
    if len(choice.classes) != 2:
        raise ConfigError(
            f"[study] classes = {list(choice.classes)}: {facts.title} is split in two at a "
            "threshold, so give two names, that of the lower ratings first"
        )
    low, high = facts.ratings[name]
    threshold = (low + high) / 2 if choice.threshold is None else choice.threshold
    if not low <= threshold < high:
        raise ConfigError(
            f"[study] threshold = {threshold:g}: {name} goes from {low:g} to {high:g} and what is "
            f"above is {choice.classes[1]!r}: expected a number from {low:g} to below {high:g}"
        )
    return Rating(name, names.index(name), low, high, threshold)


def label_of(rating: Rating, value: float) -> int | None:
    """Return the label that a value gives; None where it is missing or not on the scale.

    Examples
    --------
    >>> valence = Rating("valence", 0, 1.0, 9.0, 5.0)
    >>> [label_of(valence, value) for value in (5.0, 5.01, float("nan"), 0.0)]
    [0, 1, None, None]
    """
    if math.isnan(value) or not rating.low <= value <= rating.high:
        return None
    return int(value > rating.threshold)


def rated_source(
    choice: Choice,
    subject: str,
    path: Path,
    trials: Sequence[Trial],
    *,
    channels: tuple[str, ...] = (),
    eeg_part: str = "",
) -> Source:
    """Return the recording of a subject, which has no eyes beside it."""
    return Source(
        dataset=choice.name,
        subject=subject,
        session=SESSION,
        eeg=path,
        eye=None,
        eye_offset=None,
        trials=tuple(trials),
        classes=choice.classes,
        channels=channels,
        eeg_part=eeg_part,
    )
