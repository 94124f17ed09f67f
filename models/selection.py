"""How the reported epoch is chosen: named policies, stored with every prediction.

A table that does not say how its epochs were chosen cannot be compared with another. One policy
reads the test side of a fold, and says so by its name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TypeVar

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError, unknown
from models.sampling import seed_for
from models.types import Fold
from models.units import subject_codes, trial_codes

HELD_OUT = 0.2
"""Share of the training subjects held out, rounded up: 2 of 8, 3 of 14."""

AnyFold = TypeVar("AnyFold", bound=Fold)
"""A fold, or a lane: what comes out is what went in."""


@dataclass(frozen=True)
class Policy:
    """One way to choose the epoch whose weights predict the test side.

    Attributes
    ----------
    name : str
        Registry name, and what the column `policy` holds.
    describes : str
        One line for reports.
    needs_validation : bool
        Whether epochs are judged.
    patience : int, optional
        A fold whose score has not risen for so many epochs learns no more.
    is_of_test : bool
        Whether they are judged on the test side; else a part of the training side is held out.
    """

    name: str
    describes: str
    needs_validation: bool
    patience: int | None = None
    is_of_test: bool = False


POLICIES: Mapping[str, Policy] = {
    "last": Policy(
        "last",
        "the weights after the last epoch; no data are held out to choose it",
        needs_validation=False,
    ),
    "source-validation": Policy(
        "source-validation",
        "the weights of the epoch that did best on a fifth of the training subjects, which are "
        "held out for that and not trained on; methods without epochs train on all of them",
        needs_validation=True,
    ),
    "early-stopping": Policy(
        "early-stopping",
        "as source-validation, but no epoch counts after ten without a better one",
        needs_validation=True,
        patience=10,
    ),
    "test-selected": Policy(
        "test-selected",
        "the weights of the epoch that did best on the test side: an upper bound, not a result",
        needs_validation=True,
        is_of_test=True,
    ),
}


def get_policy(name: str) -> Policy:
    """Return the policy of that name.

    Raises
    ------
    ConfigError
        When there is none.
    """
    if name not in POLICIES:
        raise ConfigError(unknown("policy", name, POLICIES))
    return POLICIES[name]


def judged_sides(
    policy: Policy,
    folds: Sequence[AnyFold],
    keys: pd.DataFrame,
    seed: int,
    first: np.ndarray | None = None,
) -> list[AnyFold]:
    """Give every fold the side that its epochs are judged on.

    Parameters
    ----------
    policy : Policy
        Says which.
    folds : sequence of Fold
        One that brings its own validation side keeps it, but for a policy that looks at the test.
    keys : pandas.DataFrame
        Key columns of the windows.
    seed : int
        Decides who is held out.
    first : array of bool, shape (n_windows,), optional
        As in `hold_out`.
    """
    if not policy.needs_validation:
        return list(folds)
    if policy.is_of_test:
        return [replace(fold, validate=fold.test) for fold in folds]
    return [
        fold if fold.validate is not None else hold_out(fold, keys, seed, first=first)
        for fold in folds
    ]


def hold_out(
    fold: AnyFold,
    keys: pd.DataFrame,
    seed: int,
    share: float = HELD_OUT,
    first: np.ndarray | None = None,
) -> AnyFold:
    """Move some subjects of a fold's training side to its validation side.

    Where there is one training subject only, whole trials of every class move instead; a class
    with a single trial keeps it for training, unless that is so for all of them.

    Parameters
    ----------
    fold : Fold
        Its test side is not looked at.
    keys : pandas.DataFrame
        Key columns of the windows.
    seed : int
        With the fold's name it decides who is drawn, so that other seeds hold out others.
    share : float
        Of the subjects (or of each class's trials), rounded up; one at least stays on each side.
    first : array of bool, shape (n_windows,), optional
        Subjects (trials) with such a window are held out before others, in an order that the others
        have no part in. None: all alike.

    Returns
    -------
    Fold
        With `validate`, and the rest in `train`.

    Raises
    ------
    ConfigError
        When there is one training trial only, or the share is none.
    """
    if not 0 < share < 1:
        raise ConfigError(f"share held out is {share}: expected a share between 0 and 1")
    of_first = np.ones(len(fold.train), bool) if first is None else first[fold.train]
    unit, strata = _strata(fold, keys, of_first)
    if max(map(len, strata)) < 2:
        raise ConfigError(
            f"fold {fold.name} has one training trial, nothing can be held out to choose the "
            "epoch: use policy 'last'"
        )
    rng = np.random.default_rng(seed_for(seed, fold.name, "validation"))
    # 0.2 * 35 is a little more than 7 in binary
    counts = [min(ceil(share * len(units) - 1e-9), len(units) - 1) for units in strata]
    comes_first = [np.isin(units, unit[of_first]) for units in strata]
    order = [rng.permutation(units[of]) for units, of in zip(strata, comes_first, strict=True)]
    others = [rng.permutation(units[~of]) for units, of in zip(strata, comes_first, strict=True)]
    held = [np.r_[a, b][:n] for a, b, n in zip(order, others, counts, strict=True)]
    is_held = np.isin(unit, np.concatenate(held))
    return replace(fold, train=fold.train[~is_held], validate=fold.train[is_held])


def _strata(
    fold: Fold, keys: pd.DataFrame, of_first: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the unit of each training row, and the groups that units are drawn from."""
    subject = subject_codes(keys)[fold.train]
    if len(np.unique(subject)) > 1:
        return subject, [np.unique(subject)]
    trial = trial_codes(keys)[fold.train]
    trials, at = np.unique(trial, return_index=True)
    label = keys["label"].to_numpy()[fold.train][at]
    strata = [trials[label == value] for value in np.unique(label)]
    comes_first = np.unique(trial[of_first]) if of_first.any() else trials
    n_most = max(int(np.isin(units, comes_first).sum()) for units in strata)
    return trial, strata if n_most > 1 else [trials]
