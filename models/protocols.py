"""Protocols: what is left out, what is pooled, what is kept apart, and what ± means.

Two numbers of one name are comparable when their protocols are; so each is a record, stands in
every prediction and is printed above every table.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from featpipe.errors import ConfigError, unknown
from models import folds
from models.folds import FoldSettings
from models.leaks import check_folds
from models.types import Fold

DIVIDED = "trials on both sides"
"""The mark of rows whose test windows have neighbours of the same clip on the training side."""


@dataclass(frozen=True)
class Protocol:
    """One way to divide the windows.

    Attributes
    ----------
    name : str
        Registry name.
    split : str
        Units that are never on both sides, joined by "+": subject, session, trial, clip; "window"
        where trials are divided.
    leaves_out : str
        What is trained on, what is left out for the test, and how many folds that makes.
    sessions : str
        What is pooled.
    spread : str
        What ± is taken over, and what is averaged first.
    folds : callable
        ``folds(keys, settings) -> iterator of Fold``.
    options : tuple of str
        What of `FoldSettings` it reads.
    """

    name: str
    split: str
    leaves_out: str
    sessions: str
    spread: str
    folds: Callable[[pd.DataFrame, FoldSettings], Iterator[Fold]]
    options: tuple[str, ...] = ()

    @property
    def describes(self) -> str:
        """All of it in one line."""
        return f"{self.leaves_out}, {self.sessions}; ± is {self.spread}"

    @property
    def mark(self) -> str:
        """What every row has to say of this protocol; empty where nothing is wrong with it."""
        return DIVIDED if self.split == "window" else ""


_OVER_SUBJECTS = "the standard deviation over subjects"
_FIRST_AVERAGED = f"{_OVER_SUBJECTS}, whose folds are averaged first"

_ALL = (
    Protocol(
        "loso",
        "subject",
        "leave one subject out, one fold per subject",
        "sessions pooled",
        _OVER_SUBJECTS,
        folds.loso,
    ),
    Protocol(
        "within",
        "trial",
        "first trials of each session train, last ones test, one fold per subject and session",
        "sessions are averaged per subject",
        _OVER_SUBJECTS,
        folds.within,
        ("train_share",),
    ),
    Protocol(
        "within-pooled",
        "trial",
        "first trials of each session train, last ones test, one fold per subject",
        "sessions pooled",
        _OVER_SUBJECTS,
        folds.within_pooled,
        ("train_share",),
    ),
    Protocol(
        "cross-session",
        "session",
        "train on the other sessions of the same subject, one fold per subject and session; where "
        "sessions show the same clips, test clips were trained on",
        "one session is left out, the others are pooled",
        _FIRST_AVERAGED,
        folds.cross_session,
    ),
    Protocol(
        "kfold",
        "trial",
        "the trials of a subject in n_folds groups of neighbours, one group left out at a time",
        "sessions pooled",
        _FIRST_AVERAGED,
        folds.kfold,
        ("n_folds",),
    ),
    Protocol(
        "loso-loto",
        "subject+clip",
        "leave one subject out and, of all others, the clips it is tested on, in n_folds groups",
        "sessions pooled, trials of one number count as one clip",
        _FIRST_AVERAGED,
        folds.loso_loto,
        ("n_folds",),
    ),
    Protocol(
        "kfold-windows",
        "window",
        "the windows of a subject dealt to n_folds groups, one left out at a time: windows of one "
        "trial are on both sides, which says nothing of new trials",
        "sessions pooled",
        _FIRST_AVERAGED,
        folds.kfold_windows,
        ("n_folds",),
    ),
)

HOLDOUT = Protocol(
    "holdout",
    "subject",
    "train on other subjects altogether",
    "sessions pooled",
    _OVER_SUBJECTS,
    lambda keys, settings: iter(()),
)
"""One set of windows trains and another is tested, see `models.evaluate.train_and_test`."""

PROTOCOLS: Mapping[str, Protocol] = {protocol.name: protocol for protocol in _ALL}

_BY_NUMBER = ("trial", "clip")
"""Splits that go by what the numbers of trials mean."""


def divide(protocol: Protocol, keys: pd.DataFrame, settings: FoldSettings) -> list[Fold]:
    """Make the folds of a protocol, without windows too poor to train on, and check them.

    Parameters
    ----------
    protocol : Protocol
        How to divide.
    keys : pandas.DataFrame
        Key columns of the windows.
    settings : FoldSettings
        Options of all protocols.

    Raises
    ------
    ConfigError
        When the data do not suit the protocol, a fold would leak, or nothing is left to train on.
    """
    made = list(protocol.folds(keys, settings))
    if settings.min_good > 0:
        made = [_without_poor(fold, keys, settings.min_good) for fold in made]
    check_folds(made, keys, protocol.split)
    return made


def _without_poor(fold: Fold, keys: pd.DataFrame, min_good: float) -> Fold:
    good = keys["good"].to_numpy()[fold.train]
    if not (good >= min_good).any():
        raise ConfigError(
            f"min_good is {min_good:g}, and no training window of fold {fold.name} is as good: the "
            f"best has {good.max():.2f}; lower [train] min_good"
        )
    return replace(fold, train=fold.train[good >= min_good])


def get_protocol(name: str, trials: str = "") -> Protocol:
    """Return the protocol of that name.

    Parameters
    ----------
    name : str
        A key of `PROTOCOLS`.
    trials : str
        What trials of the tables are where they are not the clips that were shown.

    Raises
    ------
    ConfigError
        When there is none, or it splits by the numbers of such trials.
    """
    if name not in PROTOCOLS:
        raise ConfigError(unknown("protocol", name, PROTOCOLS))
    protocol = PROTOCOLS[name]
    if trials and set(protocol.split.split("+")) & set(_BY_NUMBER):
        raise ConfigError(
            f"protocol {name!r} goes by the numbers of trials, which are none of clips in these "
            f"tables ({trials}): put time.txt of the release into its folder and import again, or "
            "use protocol 'loso'"
        )
    return protocol
