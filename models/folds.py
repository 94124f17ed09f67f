"""Fold makers: how windows are divided into training and test sides, from the key table alone.

Trials are never divided but where a protocol says so by its name: neighbouring windows of a film
clip are near copies of one another, and would give the answer away.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError
from models.types import Fold
from models.units import SESSION, SUBJECT, units

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FoldSettings:
    """Options of the protocols.

    Attributes
    ----------
    train_share : float
        Protocols "within" and "within-pooled": share of a session's trials, the first ones, that
        train. 0.6 is 9 of 15 (SEED), 0.667 is 16 of 24 (SEED-IV) and 10 of 15 (SEED-V).
    n_folds : int
        Protocols "kfold", "kfold-windows" and "loso-loto": groups that trials are divided into. 3
        is how SEED-V is published: trials 1-5, 6-10 and 11-15 of every session.
    min_good : float
        Windows whose `good` is lower are not trained on; they are tested like all others, so that
        results on the same windows stay comparable.
    """

    train_share: float = 0.6
    n_folds: int = 3
    min_good: float = 0.0


def loso(keys: pd.DataFrame, settings: FoldSettings | None = None) -> Iterator[Fold]:
    """Leave one subject out: train on all others, sessions pooled.

    Parameters
    ----------
    keys : pandas.DataFrame
        Key columns of the windows.
    settings : FoldSettings, optional
        Not read by this protocol.

    Yields
    ------
    Fold
        One per subject.
    """
    code, names = _subjects(keys, "loso")
    for i_subject, name in enumerate(names):
        test = np.flatnonzero(code == i_subject)
        yield _fold(name, np.flatnonzero(code != i_subject), test)


def within(keys: pd.DataFrame, settings: FoldSettings | None = None) -> Iterator[Fold]:
    """Train on the first trials of a session, test on its last ones.

    The border lies behind the same trial for all subjects, also for one who lost trials, because
    what is compared has to have been trained and tested on the same clips. Trials that nobody has
    do not count.

    Parameters
    ----------
    keys : pandas.DataFrame
        Key columns of the windows.
    settings : FoldSettings, optional
        `train_share` of the trials trains, rounded, and at least one trial on each side.

    Yields
    ------
    Fold
        One per subject and session.
    """
    yield from _first_trials(keys, settings, SESSION, "within")


def within_pooled(keys: pd.DataFrame, settings: FoldSettings | None = None) -> Iterator[Fold]:
    """Train on the first trials of all sessions of a subject, test on the last ones of all.

    Parameters
    ----------
    keys : pandas.DataFrame
        Key columns of the windows.
    settings : FoldSettings, optional
        As for `within`; the border is each session's own.

    Yields
    ------
    Fold
        One per subject.
    """
    yield from _first_trials(keys, settings, SUBJECT, "within-pooled")


def cross_session(keys: pd.DataFrame, settings: FoldSettings | None = None) -> Iterator[Fold]:
    """Leave one session out: train on the others of the same subject.

    Parameters
    ----------
    keys : pandas.DataFrame
        Key columns of the windows.
    settings : FoldSettings, optional
        Not read by this protocol.

    Yields
    ------
    Fold
        One per subject and session, of the subjects who have several.
    """
    code, names = units(keys, SESSION)
    subject, subjects = units(keys, SUBJECT)
    alone = []
    for i_subject in range(len(subjects)):
        sessions = np.unique(code[subject == i_subject])
        if len(sessions) < 2:
            alone.append(subjects[i_subject])
            continue
        for i_session in sessions:
            is_test = code == i_session
            train = np.flatnonzero((subject == i_subject) & ~is_test)
            yield _fold(names[i_session], train, np.flatnonzero(is_test))
    if len(alone) == len(subjects):
        raise ConfigError(
            "protocol 'cross-session' needs subjects with two sessions or more, and nobody has "
            "them: add recordings or use protocol 'within'"
        )
    if alone:
        logger.warning("cross-session: %s have one session and take no part", ", ".join(alone))


def kfold(keys: pd.DataFrame, settings: FoldSettings | None = None) -> Iterator[Fold]:
    """Divide the trials of a subject into groups of neighbours, and leave one group out.

    Groups are cut by the trials that anybody has of a session, so that the folds of all subjects
    test the same clips; sessions are pooled.

    Parameters
    ----------
    keys : pandas.DataFrame
        Key columns of the windows.
    settings : FoldSettings, optional
        `n_folds` groups.

    Yields
    ------
    Fold
        One per subject and group.
    """
    subject, names = units(keys, SUBJECT)
    group = _groups(keys, settings, "kfold")
    for i_subject, name in enumerate(names):
        for i_group in np.unique(group[subject == i_subject]):
            is_test = (subject == i_subject) & (group == i_group)
            train = np.flatnonzero((subject == i_subject) & ~is_test)
            yield _fold(f"{name}_fold-{i_group + 1}", train, np.flatnonzero(is_test))


def loso_loto(keys: pd.DataFrame, settings: FoldSettings | None = None) -> Iterator[Fold]:
    """Leave out a subject and, of all others, the clips that it is tested on.

    Parameters
    ----------
    keys : pandas.DataFrame
        Key columns of the windows.
    settings : FoldSettings, optional
        Clips are left out in `n_folds` groups; as many as there are clips leaves out one each.

    Yields
    ------
    Fold
        One per subject and group of clips.
    """
    subject, names = _subjects(keys, "loso-loto")
    clip = np.unique(keys["trial"].to_numpy(), return_inverse=True)[1]
    group = _cut(clip, clip.max() + 1, settings, "loso-loto")
    for i_subject, name in enumerate(names):
        for i_group in np.unique(group[subject == i_subject]):
            test = np.flatnonzero((subject == i_subject) & (group == i_group))
            train = np.flatnonzero((subject != i_subject) & (group != i_group))
            yield _fold(f"{name}_clips-{i_group + 1}", train, test)


def kfold_windows(keys: pd.DataFrame, settings: FoldSettings | None = None) -> Iterator[Fold]:
    """Deal the windows of a subject to groups, one after the other, and leave one group out.

    Every test window has its neighbours of the same clip on the training side. That is how part of
    the literature is made, and the reason why its numbers are high.

    Parameters
    ----------
    keys : pandas.DataFrame
        Key columns of the windows.
    settings : FoldSettings, optional
        `n_folds` groups.

    Yields
    ------
    Fold
        One per subject and group.
    """
    n_folds = (settings or FoldSettings()).n_folds
    subject, names = units(keys, SUBJECT)
    for i_subject, name in enumerate(names):
        rows = np.flatnonzero(subject == i_subject)
        if not 2 <= n_folds <= len(rows):
            raise ConfigError(_too_many("kfold-windows", n_folds, len(rows), "windows"))
        dealt = np.arange(len(rows)) % n_folds
        for i_group in range(n_folds):
            is_test = dealt == i_group
            yield _fold(f"{name}_fold-{i_group + 1}", rows[~is_test], rows[is_test])


def require_subjects(protocol: str, n_subjects: int) -> None:
    """Refuse to leave a subject out where there is no other, with a ConfigError."""
    if n_subjects < 2:
        raise ConfigError(
            f"protocol {protocol!r} needs two subjects or more, found {n_subjects}: "
            "add recordings or use protocol 'within'"
        )


def _fold(name: str, train: np.ndarray, test: np.ndarray) -> Fold:
    return Fold(name, train, test, target=test)


def _subjects(keys: pd.DataFrame, protocol: str) -> tuple[np.ndarray, list[str]]:
    code, names = units(keys, SUBJECT)
    require_subjects(protocol, len(names))
    return code, names


def _first_trials(
    keys: pd.DataFrame, settings: FoldSettings | None, pooled: Sequence[str], protocol: str
) -> Iterator[Fold]:
    """Divide every session behind one trial, and put together what is pooled."""
    share = (settings or FoldSettings()).train_share
    if not 0 < share < 1:
        raise ConfigError(f"train_share is {share}: expected a share between 0 and 1")
    is_first = np.empty(len(keys), bool)
    last = {}
    trial = keys["trial"].to_numpy()
    session, _ = units(keys, ("dataset", "session"))
    for i_session in np.unique(session):
        rows = np.flatnonzero(session == i_session)
        trials = np.unique(trial[rows])
        n_train = int(np.clip(round(share * len(trials)), 1, max(len(trials) - 1, 1)))
        last[i_session] = trials[n_train - 1]
        is_first[rows] = trial[rows] <= trials[n_train - 1]
    code, names = units(keys, pooled)
    for i_unit, name in enumerate(names):
        rows = np.flatnonzero(code == i_unit)
        is_train = is_first[rows]
        if is_train.all() or not is_train.any():
            side = "behind" if is_train.all() else "up to"
            raise ConfigError(
                f"protocol {protocol!r}: {name} has no trial with both label and features {side} "
                f"trial {last[session[rows[0]]]}, which is the last of those to train on: leave "
                "this recording out, or choose another [train] train_share"
            )
        yield _fold(name, rows[is_train], rows[~is_train])


def _groups(keys: pd.DataFrame, settings: FoldSettings | None, protocol: str) -> np.ndarray:
    """Return the group of each window's trial, neighbours in a session together."""
    session, _ = units(keys, ("dataset", "session"))
    group = np.empty(len(keys), int)
    for i_session in np.unique(session):
        rows = np.flatnonzero(session == i_session)
        trials, rank = np.unique(keys["trial"].to_numpy()[rows], return_inverse=True)
        group[rows] = _cut(rank, len(trials), settings, protocol)
    return group


def _cut(
    rank: np.ndarray, n_units: int, settings: FoldSettings | None, protocol: str
) -> np.ndarray:
    """Cut ranked units into groups of neighbours, sizes differing by one at most."""
    n_folds = (settings or FoldSettings()).n_folds
    if not 2 <= n_folds <= n_units:
        raise ConfigError(_too_many(protocol, n_folds, n_units, "trials"))
    return rank * n_folds // n_units


def _too_many(protocol: str, n_folds: int, n_units: int, what: str) -> str:
    return (
        f"protocol {protocol!r}: {n_units} {what} cannot be divided into {n_folds} groups: "
        f"choose [train] n_folds from 2 to {n_units}"
    )
