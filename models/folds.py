"""Protocols: how windows are divided into training and test sides.

Folds come from the key table alone. Trials are never split: neighbouring windows of a film clip
are near copies of one another, and would give the answer away.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError, unknown
from models.types import Fold

SUBJECT = ("dataset", "subject")
SESSION = (*SUBJECT, "session")
TRIAL = (*SESSION, "trial")


@dataclass(frozen=True)
class FoldSettings:
    """Options of the protocols.

    Attributes
    ----------
    train_share : float
        Protocol "within": share of a session's trials, the first ones, that train. 0.6 is 9 of 15
        (SEED), 0.667 is 16 of 24 (SEED-IV) and 10 of 15 (SEED-V).
    """

    train_share: float = 0.6


@dataclass(frozen=True)
class Protocol:
    """One way to divide the windows.

    Attributes
    ----------
    name : str
        Registry name.
    split : str
        Unit that is never on both sides: "subject" or "trial".
    describes : str
        Unit left out, what is pooled, and what the spread of a result is taken over.
    folds : callable
        ``folds(keys, settings) -> iterator of Fold``.
    options : tuple of str
        What of `FoldSettings` it reads.
    """

    name: str
    split: str
    describes: str
    folds: Callable[[pd.DataFrame, FoldSettings], Iterator[Fold]]
    options: tuple[str, ...] = ()


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
    code, names = _units(keys, SUBJECT)
    if len(names) < 2:
        raise ConfigError(
            f"protocol 'loso' needs two subjects or more, found {len(names)}: "
            "add recordings or use protocol 'within'"
        )
    for i_subject, name in enumerate(names):
        test = np.flatnonzero(code == i_subject)
        yield Fold(name, train=np.flatnonzero(code != i_subject), test=test, target=test)


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
    share = (settings or FoldSettings()).train_share
    if not 0 < share < 1:
        raise ConfigError(f"train_share is {share}: expected a share between 0 and 1")
    code, names = _units(keys, SESSION)
    of_anybody, _ = _units(keys, ("dataset", "session"))
    trial = keys["trial"].to_numpy()
    for i_session, name in enumerate(names):
        rows = np.flatnonzero(code == i_session)
        trials = np.unique(trial[of_anybody == of_anybody[rows[0]]])
        n_train = int(np.clip(round(share * len(trials)), 1, max(len(trials) - 1, 1)))
        is_train = trial[rows] <= trials[n_train - 1]
        if is_train.all() or not is_train.any():
            side = "behind" if is_train.all() else "up to"
            raise ConfigError(
                f"protocol 'within': {name} has no trial with both label and features {side} "
                f"trial {trials[n_train - 1]}, which is the last of those to train on: leave this "
                "recording out, or choose another [train] train_share"
            )
        yield Fold(name, train=rows[is_train], test=rows[~is_train], target=rows[~is_train])


PROTOCOLS: Mapping[str, Protocol] = {
    "loso": Protocol(
        "loso",
        "subject",
        "leave one subject out, sessions pooled, one fold per subject; ± is the standard "
        "deviation over subjects",
        loso,
    ),
    "within": Protocol(
        "within",
        "trial",
        "first trials of each session train, last ones test, one fold per subject and session; "
        "sessions are averaged per subject, ± is the standard deviation over subjects",
        within,
        ("train_share",),
    ),
}


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
    if trials and PROTOCOLS[name].split == "trial":
        raise ConfigError(
            f"protocol {name!r} goes by the numbers of trials, which are none of clips in these "
            f"tables ({trials}): put time.txt of the release into its folder and import again, or "
            "use protocol 'loso'"
        )
    return PROTOCOLS[name]


def check_folds(folds: Iterable[Fold], keys: pd.DataFrame, split: str) -> None:
    """Refuse folds that would leak.

    Parameters
    ----------
    folds : iterable of Fold
        All folds of a run.
    keys : pandas.DataFrame
        Key columns of the windows.
    split : str
        "subject" or "trial": the unit that must not be on both sides. Trials never may.

    Raises
    ------
    ConfigError
        When a unit is on both sides of a fold, a trial in training and validation, a side is
        empty, two folds share a name, or a window is tested twice.
    """
    unit = _units(keys, {"subject": SUBJECT, "trial": TRIAL}[split])
    trial = _units(keys, TRIAL)
    n_tested = np.zeros(len(keys), int)
    seen: set[str] = set()
    for fold in folds:
        _check_apart(fold.name, {"training": fold.train, "test": fold.test}, *unit)
        if fold.validate is not None:
            _check_apart(fold.name, {"validation": fold.validate, "test": fold.test}, *unit)
            _check_apart(fold.name, {"training": fold.train, "validation": fold.validate}, *trial)
        if fold.name in seen:
            raise ConfigError(f"two folds are called {fold.name}")
        seen.add(fold.name)
        np.add.at(n_tested, fold.test, 1)
    if n_tested.max(initial=0) > 1:
        raise ConfigError(f"{(n_tested > 1).sum()} windows are tested more than once")


def _check_apart(
    fold: str, sides: Mapping[str, np.ndarray], code: np.ndarray, names: Sequence[str]
) -> None:
    """Refuse two sides of a fold when one is empty or a unit is on both."""
    for side, rows in sides.items():
        if not len(rows):
            raise ConfigError(f"fold {fold}: the {side} side has no window")
    one, other = (code[rows] for rows in sides.values())
    both = np.intersect1d(one, other)
    if len(both):
        raise ConfigError(f"fold {fold}: {names[both[0]]} is in {' and '.join(sides)}")


def subject_codes(keys: pd.DataFrame) -> np.ndarray:
    """Return the number of each window's subject, in order of appearance, shape (n_windows,)."""
    return _units(keys, SUBJECT)[0]


def trial_codes(keys: pd.DataFrame) -> np.ndarray:
    """Return the number of each window's trial, in order of appearance, shape (n_windows,)."""
    return _units(keys, TRIAL)[0]


def _units(keys: pd.DataFrame, columns: tuple[str, ...]) -> tuple[np.ndarray, list[str]]:
    """Return a code per window and the name of each unit, in order of appearance."""
    code = np.array(keys.groupby(list(columns), sort=False, observed=True).ngroup())
    firsts = keys[list(columns)].drop_duplicates()
    has_many = len(keys["dataset"].unique()) > 1
    prefix = {"dataset": "", "subject": "sub-", "session": "ses-", "trial": "trial-"}
    used = [name for name in columns if name != "dataset" or has_many]
    names = ["_".join(f"{prefix[n]}{row[n]}" for n in used) for _, row in firsts.iterrows()]
    return code, names
