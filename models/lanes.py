"""Lanes of a stack: each a fold with a seed, so that several seeds train in one program."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from models.fitted import Fitted
from models.types import Fold


@dataclass(frozen=True, kw_only=True)
class Lane(Fold):
    """A fold and the seed that it is trained with: one network of a stack.

    Attributes
    ----------
    seed : int
        With the fold's name it decides all that is drawn for the lane.
    label : str
        Names it among the lanes of a training: the fold, and the seed where there are several.
    """

    seed: int
    label: str


def label_of(fold: str, seed: int, seeds: Sequence[int]) -> str:
    """Name a lane of a training with some seeds."""
    return fold if len(seeds) == 1 else f"{fold}, seed {seed}"


def lanes_of(folds: Sequence[Fold], seeds: Sequence[int]) -> list[Lane]:
    """Return every fold with every seed, one seed after the other.

    Parameters
    ----------
    folds : sequence of Fold
        Of a protocol.
    seeds : sequence of int
        No two alike.
    """
    own = [{of.name: getattr(fold, of.name) for of in fields(Fold)} for fold in folds]
    return [
        Lane(**of, seed=seed, label=label_of(of["name"], seed, seeds))
        for seed in seeds
        for of in own
    ]


def by_label(
    of_seeds: Mapping[int, Mapping[str, Mapping[str, Any]]], seeds: Sequence[int]
) -> dict[str, dict[str, Any]]:
    """Turn what is told of folds by seed and name into name -> label of the lane -> the same."""
    found: dict[str, dict[str, Any]] = {}
    for seed, named in of_seeds.items():
        for name, of_fold in named.items():
            labelled = {label_of(fold, seed, seeds): value for fold, value in of_fold.items()}
            found.setdefault(name, {}).update(labelled)
    return found


def by_seed(fitted: Fitted, folds: Sequence[Fold], seeds: Sequence[int]) -> dict[int, Fitted]:
    """Tell the seeds of a training apart.

    Parameters
    ----------
    fitted : Fitted
        Of all lanes, by label.
    folds : sequence of Fold
        That were trained.
    seeds : sequence of int
        With which.

    Returns
    -------
    dict of int to Fitted
        Of each seed, by the name of the fold, as if it had been trained alone.
    """
    return {
        seed: _renamed(fitted, {label_of(fold.name, seed, seeds): fold.name for fold in folds})
        for seed in seeds
    }


def _renamed(fitted: Fitted, names: Mapping[str, str]) -> Fitted:
    """Return what was fitted of some lanes, under other names."""

    def of(values: Mapping[str, Any]) -> dict[str, Any]:
        return {names[label]: value for label, value in values.items() if label in names}

    curves: Any = fitted.curves[fitted.curves["fold"].isin(list(names))]
    return Fitted(
        of(fitted.probabilities),
        curves.assign(fold=[names[label] for label in curves["fold"]]).reset_index(drop=True),
        of(fitted.weights),
        of(fitted.scaling),
        of(fitted.epochs),
        of(fitted.notes),
    )
