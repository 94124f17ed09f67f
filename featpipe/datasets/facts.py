"""What is known of a public data set, read from the TOML file of its name beside this one.

No label, no trial bound and no date stands in Python code: layouts ask here. Every TOML file says
where each of its facts comes from.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError

from featpipe.errors import ConfigError, unknown

NAMES = ("seed", "seed-iv", "seed-v", "seed-vii", "seed-ger", "seed-fra", "deap", "dreamer")
"""The data sets of which there are facts, as `[study] layout` spells them."""

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class SessionFacts:
    """What happened in one session, the same for all subjects.

    Attributes
    ----------
    sessions : tuple of str
        Names of the sessions that this holds for.
    labels : tuple of int
        Index into the classes, per trial; empty where labels are ratings.
    seconds : tuple of int
        Length of each trial; empty where nobody has published it.
    onsets, offsets : tuple of float
        Seconds of the raw recording; empty where triggers or a file tell.
    stimuli : tuple of str
        Name of the clip of each trial, the same in all sessions that show it; empty where unknown.
    """

    __pydantic_config__ = _STRICT

    sessions: tuple[str, ...]
    labels: tuple[int, ...]
    seconds: tuple[int, ...] = ()
    onsets: tuple[float, ...] = ()
    offsets: tuple[float, ...] = ()
    stimuli: tuple[str, ...] = ()


@dataclass(frozen=True)
class KnownDefect:
    """What is wrong in the release itself.

    Attributes
    ----------
    files : str
        Which files, as a glob pattern.
    what : str
        The defect.
    remedy : str
        What is done about it, or what the user has to do.
    """

    __pydantic_config__ = _STRICT

    files: str
    what: str
    remedy: str


@dataclass(frozen=True)
class Facts:
    """One data set.

    Attributes
    ----------
    name, title, describes : str
        Key, name in print, one line for lists.
    citation, url, licence : str
        Paper, page to apply at, what the agreement forbids in a sentence.
    classes : tuple of str
        Names of the labels 0, 1, 2 ...; empty where labels are ratings.
    released_labels : tuple of int
        The number that the release writes for each class.
    subjects, eye_subjects : tuple of str
        Who there is, and of whom there are eye recordings.
    sessions : tuple of SessionFacts
        Empty where every recording tells its own trials.
    sfreq : mapping of str to float
        Rate in Hz by kind of file ("raw", "preprocessed", "features" ...).
    channels : tuple of str
        EEG channels in the order of the preprocessed files; empty: the 62 of the SEED cap.
    other_channels : mapping of str to str
        What lies behind them in these files, with MNE's type of it.
    before_s : float
        Seconds before the onset of each trial that these files hold with it.
    dates : mapping
        Session -> subject -> date in file names, YYYYMMDD.
    windows_s : tuple of float
        Window lengths of the features that are released.
    ratings : mapping
        Name of a rating -> (lowest, highest) value.
    codes : mapping of str to int
        Triggers of the raw recordings: "start" and "stop" of a trial, "before" what precedes it.
    starts : mapping
        Recording without usable marks -> its wall-clock start, HH:MM:SS.
    defects : tuple of KnownDefect
    sources : mapping
        Fact -> where it is from.
    """

    __pydantic_config__ = _STRICT

    name: str
    title: str
    describes: str
    citation: str
    url: str
    licence: str
    subjects: tuple[str, ...]
    sources: Mapping[str, str]
    classes: tuple[str, ...] = ()
    released_labels: tuple[int, ...] = ()
    eye_subjects: tuple[str, ...] = ()
    sessions: tuple[SessionFacts, ...] = ()
    sfreq: Mapping[str, float] = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    other_channels: Mapping[str, str] = field(default_factory=dict)
    before_s: float = 0.0
    dates: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    windows_s: tuple[float, ...] = ()
    ratings: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)
    starts: Mapping[str, str] = field(default_factory=dict)
    defects: tuple[KnownDefect, ...] = ()

    def session_names(self) -> list[str]:
        """All sessions, in order."""
        return [name for of in self.sessions for name in of.sessions]

    def session(self, name: str) -> SessionFacts:
        """Return what is known of a session.

        Raises
        ------
        ConfigError
            When the data set has no such session.
        """
        for of in self.sessions:
            if name in of.sessions:
                return of
        raise ConfigError(unknown(f"session of {self.title}", name, self.session_names()))


@cache
def facts_of(name: str) -> Facts:
    """Return the facts of a data set.

    Parameters
    ----------
    name : str
        One of `NAMES`.

    Returns
    -------
    Facts

    Raises
    ------
    ConfigError
        When there is no such data set, or its file is not as described here.
    """
    if name not in NAMES:
        raise ConfigError(unknown("data set", name, NAMES))
    path = Path(__file__).with_name(f"{name.replace('-', '_')}.toml")
    try:
        return TypeAdapter(Facts).validate_python(tomllib.loads(path.read_text("utf-8")))
    except (OSError, ValidationError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error


def classes_of(name: str) -> tuple[str, ...]:
    """Return the classes of a data set; of ratings, "low" and "high"; of other layouts none.

    Parameters
    ----------
    name : str
        A layout.

    Returns
    -------
    tuple of str
    """
    if name not in NAMES:
        return ()
    return facts_of(name).classes or ("low", "high")
