"""Where the games against the adversaries of a network stand: their accuracies against chance.

An adversary is a classifier of the modality or the subject behind a gradient reversal. A game is
won as its accuracy falls to chance; one whose accuracy stays at 1 is lost, and one that never rose
above chance was never played.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from models.loading import Windows
from models.types import Card, Fold
from models.units import subject_codes

ADVERSARIES: Mapping[str, str] = {"modality_accuracy": "C_md", "subject_accuracy": "C_sd"}
"""Diagnostic of a loss -> the adversary whose accuracy it is, as the CSCM paper calls it."""

LOST = 0.9
"""Share of the way from chance to 1 beyond which a game counts as lost."""
DEAD = 0.05
"""Share of that way which an adversary that learns anything passes in some epoch."""


class Standing(NamedTuple):
    """One adversary in one training, mean over folds and seeds.

    Attributes
    ----------
    adversary : str
        A value of `ADVERSARIES`.
    end : float
        Accuracy in the last epoch.
    chance : float
        What guessing gets.
    later, highest : float
        Accuracy on average over the second half of the epochs, and in the best of all epochs, as
        shares of the way from chance to 1.
    """

    adversary: str
    end: float
    chance: float
    later: float
    highest: float


def chances(method: Card, windows: Windows, folds: Sequence[Fold]) -> dict[str, float]:
    """Return what guessing gets in each game, mean over folds.

    Parameters
    ----------
    method : Card
        Its training modalities are told apart.
    windows : Windows
        All windows of the study.
    folds : sequence of Fold
        With the training sides that are trained on, without those held out.

    Returns
    -------
    dict
        A key of `ADVERSARIES` -> 1 / modalities and 1 / subjects where no window lacks a modality,
        since batches hold all of them equally often; else the share of the most frequent one.
    """
    code, known = subject_codes(windows.keys), windows.present or {}
    found = []
    for fold in folds:
        subjects = np.unique(code[fold.train])
        rows = [fold.train[code[fold.train] == subject] for subject in subjects]
        # rows of batches, by subject and modality, relative to windows of a subject
        share = np.array([
            [known[name][of].mean() if name in known else 1.0 for of in rows]
            for name in method.train_modalities
        ])  # fmt: skip
        found.append([share.sum(axis=axis).max() / share.sum() for axis in (1, 0)])
    return dict(zip(ADVERSARIES, np.mean(found, axis=0).tolist(), strict=True))


def course(curves: pd.DataFrame, term: str) -> np.ndarray:
    """Return a diagnostic or measure by epoch, all stages in a row, mean over folds and seeds.

    Parameters
    ----------
    curves : pandas.DataFrame
        Columns `models.curves.CURVE_COLUMNS`.
    term : str
        A value of its column `term`.

    Returns
    -------
    array of float64, shape (n_epochs,)
        Empty where it was not logged.
    """
    groups: Any = curves[curves["term"] == term].groupby(["stage", "epoch"], sort=False)
    return groups["value"].mean().to_numpy(np.float64)


def standings(curves: pd.DataFrame, chance: Mapping[str, float]) -> list[Standing]:
    """Say where each game of a training stands.

    Parameters
    ----------
    curves : pandas.DataFrame
        Columns `models.curves.CURVE_COLUMNS`.
    chance : mapping
        As `chances` returns it.
    """
    found = []
    for term, adversary in ADVERSARIES.items():
        values = course(curves, term)
        if term in chance and len(values):
            way = (values - chance[term]) / (1 - chance[term])
            later = way[len(way) // 2 :].mean()
            found.append(
                Standing(adversary, values[-1], chance[term], float(later), float(way.max()))
            )
    return found


def sentence(name: str, of: Sequence[Standing]) -> str:
    """Say in one line where the games of a method stand.

    Examples
    --------
    >>> sentence("cscm", [Standing("C_md", 0.52, 0.5, 0.1, 0.9)])
    'cscm: C_md 0.52 at the end (chance 0.50)'
    """
    parts = [
        f"{one.adversary} {one.end:.2f}{' at the end' * (i == 0)} (chance {one.chance:.2f})"
        for i, one in enumerate(of)
    ]
    return f"{name}: {', '.join(parts)}"


def game_warnings(name: str, of: Sequence[Standing]) -> list[str]:
    """Warn of games that are lost, and of adversaries that never learnt anything."""
    if of and all(one.highest < DEAD for one in of):
        names = " and ".join(one.adversary for one in of)
        return [
            f"{name}: {names} never rose above chance: discriminators that are dead from the start "
            "remove nothing; raise their weights, or let them learn at full speed: grl_weight = "
            '"grl"'
        ]
    return [
        f"{name}: {one.adversary} stays at {one.chance + one.later * (1 - one.chance):.2f}: that "
        "game is lost, and what it was to remove is still there; raise the adversary's weight, or "
        "look for a difference of scale that gives it away"
        for one in of
        if one.later > LOST
    ]
