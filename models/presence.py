"""Windows that lack a modality: who can be trained on them, and who can be tested.

They are there where tables were loaded with ``missing="keep"``. A method that reads `Batch.present`
learns from what is there of a window; all others are given windows that have all they learn from.
Nobody predicts a window without what prediction reads: it is never scored.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from featpipe.errors import ConfigError
from models.loading import Windows
from models.selection import AnyFold, Policy, judged_sides
from models.types import Card, Fold, Method
from models.units import subject_codes, trial_codes

VERSION = 2
"""Raised by hand when windows that lack a modality give other numbers."""


def has(windows: Windows, modalities: Sequence[str], *, all_of_them: bool = True) -> np.ndarray:
    """Tell which windows have all of some modalities, or any, shape (n_windows,).

    What is no modality of the tables, such as the length of a trial, everybody has.
    """
    known = windows.present or {}
    parts = [known[name] for name in modalities if name in known]
    if not parts:
        return np.ones(len(windows.keys), bool)
    return (np.logical_and if all_of_them else np.logical_or).reduce(parts)


def usable(
    method: Card, windows: Windows, folds: Sequence[AnyFold], policy: Policy | None = None
) -> list[AnyFold]:
    """Leave out of every fold the windows that a method cannot learn from or predict.

    Parameters
    ----------
    method : Card
        What is to be trained.
    windows : Windows
        All windows of the study; where `present` is None, nothing is left out.
    folds : sequence of Fold
        Of a protocol.
    policy : Policy, optional
        How the epoch is chosen; one that looks at the test side needs one in every fold.

    Returns
    -------
    list of Fold
        Without those whose test side has no window that can be predicted; such a fold stays, with
        an empty test side, where other methods start from the networks.

    Raises
    ------
    ConfigError
        When a fold has nothing left to train on, or nothing can be tested.
    """
    if windows.present is None:
        return list(folds)
    takes_part = isinstance(method, Method) and method.takes_missing
    trained = has(windows, method.train_modalities, all_of_them=not takes_part)
    tested = has(windows, method.inputs)
    looks_at_test = policy is not None and policy.is_of_test
    is_started_from = isinstance(method, Method) and method.starts_others and not looks_at_test
    found = []
    for fold in folds:
        train, test = fold.train[trained[fold.train]], fold.test[tested[fold.test]]
        if not len(test) and not (is_started_from and len(train)):
            continue
        needed = method.inputs if takes_part else method.train_modalities
        if not tested[train].any():
            raise ConfigError(
                f"{method.name}: no training window of fold {fold.name} has "
                f'{" and ".join(needed)}: set [train] missing = "drop", or '
                "leave subjects out with [train] subjects"
            )
        target = None if fold.target is None else fold.target[trained[fold.target]]
        found.append(replace(fold, train=train, test=test, target=target, whole=fold))
    if not found:
        raise ConfigError(
            f"{method.name}: no window has {' and '.join(method.inputs)} to be predicted from"
        )
    return found


def own_sides(
    method: Card, windows: Windows, lanes: Sequence[AnyFold], policy: Policy
) -> list[AnyFold]:
    """Give a network that is trained before a method the windows it would have by itself.

    Parameters
    ----------
    method : Card
        What is trained before.
    windows : Windows
        All windows of the study.
    lanes : sequence of Lane
        Of the method that starts from it.
    policy : Policy
        How the epoch is chosen.

    Returns
    -------
    list of Lane
        The validation side is to be drawn again, see `judged`.
    """
    of_protocol = [
        lane if (of := lane.whole) is None
        else replace(lane, train=of.train, test=of.test, target=of.target, validate=of.validate)
        for lane in lanes
    ]  # fmt: skip
    return usable(method, windows, of_protocol, policy)


def without_held(fold: Fold, windows: Windows) -> Fold | None:
    """Return all that may be learnt from by those that are judged on what a fold holds out.

    Parameters
    ----------
    fold : Fold
        With a validation side, from `judged`.
    windows : Windows
        All windows of the study.

    Returns
    -------
    Fold or None
        `Fold.whole` without the subjects held out, or the trials of one, who are the test side;
        None where there is none.
    """
    if fold.whole is None or fold.validate is None:
        return None
    code = subject_codes(windows.keys)
    if np.isin(code[fold.validate], code[fold.train]).any():
        code = trial_codes(windows.keys)
    train = fold.whole.train
    is_held = np.isin(code[train], code[fold.validate])
    target = None if fold.target is None else train[is_held]
    return Fold(fold.name, train[~is_held], train[is_held], target)


def judged(
    policy: Policy, method: Card, windows: Windows, folds: Sequence[AnyFold], seed: int
) -> list[AnyFold]:
    """Give folds the validation side that a policy needs, of windows that can be predicted.

    Only subjects who can be judged are held out; others, whose windows lack what the method
    predicts from, train. Subjects with windows that lack nothing are held out first: these have a
    part in every method, so that whoever chooses a student's epoch did not teach its teacher.

    Parameters
    ----------
    policy : Policy
        How the epoch is chosen.
    method : Card
        What is to be trained.
    windows : Windows
        All windows of the study; where `present` is None this is `judged_sides`.
    folds : sequence of Fold
        As `usable` returns them.
    seed : int
        As in `judged_sides`.

    Raises
    ------
    ConfigError
        When nothing is left to choose the epoch on.
    """
    if windows.present is None:
        return judged_sides(policy, folds, windows.keys, seed)
    tested, subject = has(windows, method.inputs), subject_codes(windows.keys)
    whole = has(windows, tuple(windows.present))
    found = []
    for fold in folds:
        # where one subject trains, trials are held out
        is_one = len(np.unique(subject[fold.train])) == 1
        code = trial_codes(windows.keys) if is_one else subject
        can_be = np.isin(code[fold.train], code[fold.train][tested[fold.train]])
        some = replace(fold, train=fold.train[can_be])
        [made] = judged_sides(policy, [some], windows.keys, seed, whole)
        train = np.sort(np.concatenate([made.train, fold.train[~can_be]]))
        side = None if made.validate is None else made.validate[tested[made.validate]]
        if side is not None and not len(side):
            raise ConfigError(
                f"{method.name}: nothing that is held out of fold {fold.name} to choose the epoch "
                f"has {' and '.join(method.inputs)}: use policy 'last'"
            )
        found.append(replace(made, train=train, validate=side))
    return found
