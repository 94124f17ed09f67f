"""Parts of a training: what each is, what they give together, and what of it can be put on disk."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
import torch

from models.curves import EpochReport, from_rows, to_rows
from models.fitted import Fitted
from models.types import Scaling

_WEIGHTS = "weights/"


class Kept(NamedTuple):
    """What outlives the process that trained: plain arrays, and facts that JSON can hold.

    Attributes
    ----------
    arrays : mapping
        Name -> array.
    facts : mapping
        Name -> what JSON can hold.
    """

    arrays: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]


class FitPart(Protocol):
    """Trains the folds of a part."""

    def __call__(
        self,
        on_epoch: Callable[[EpochReport], None] | None = None,
        resume: Kept | None = None,
        keep: Callable[[Callable[[], Kept]], None] | None = None,
    ) -> Fitted:
        """Train, and predict what was left out.

        Parameters
        ----------
        on_epoch : callable, optional
            Called after every epoch.
        resume : Kept, optional
            What `keep` was given by a run of the same part: go on from there. The result is the
            same, on the CPU bit by bit.
        keep : callable, optional
            Called after every epoch with a function that says where the training stands. It
            decides whether to ask.
        """
        ...


class Part(NamedTuple):
    """Folds that are trained together, apart from all others.

    Attributes
    ----------
    folds : tuple of str
        Their names.
    fit : callable
        ``fit(on_epoch, resume, keep) -> Fitted``, see `FitPart`. Methods that have no epochs heed
        none of the three.
    """

    folds: tuple[str, ...]
    fit: FitPart


def merged(fitted: Sequence[Fitted]) -> Fitted:
    """Put what several parts left behind together.

    Parameters
    ----------
    fitted : sequence of Fitted
        Of parts without a fold in common, in the order of the folds.
    """
    return Fitted(
        {name: value for one in fitted for name, value in one.probabilities.items()},
        pd.concat([one.curves for one in fitted], ignore_index=True),
        {name: value for one in fitted for name, value in one.weights.items()},
        {name: value for one in fitted for name, value in one.scaling.items()},
        {name: value for one in fitted for name, value in one.epochs.items()},
        {name: text for one in fitted for name, text in one.notes.items()},
    )


def to_kept(fitted: Fitted) -> Kept:
    """Return a part as plain arrays and facts.

    Parameters
    ----------
    fitted : Fitted
        Weights and scaling of estimators are left out: they would need a pickle.
    """
    arrays: dict[str, np.ndarray] = {}
    missing: dict[str, dict[str, int]] = {}
    for i, (fold, probabilities) in enumerate(fitted.probabilities.items()):
        arrays[f"{i}/probabilities"] = probabilities
        if fold not in fitted.epochs:
            continue
        for name, tensor in fitted.weights[fold].items():
            arrays[f"{i}/{_WEIGHTS}{name}"] = np.asarray(tensor)
        for name, scaling in fitted.scaling[fold].items():
            arrays |= {f"{i}/mean/{name}": scaling.mean, f"{i}/scale/{name}": scaling.scale}
        missing[fold] = {name: of.n_missing for name, of in fitted.scaling[fold].items()}
    return Kept(
        arrays,
        {
            "folds": list(fitted.probabilities),
            "curves": to_rows(fitted.curves),
            "epochs": dict(fitted.epochs),
            "notes": dict(fitted.notes),
            "missing": missing,
        },
    )


def from_kept(kept: Kept) -> Fitted:
    """Return the part that `to_kept` was given, to the last bit, without fitted estimators."""
    facts = kept.facts
    folds = {fold: f"{i}/" for i, fold in enumerate(facts["folds"])}
    return Fitted(
        {fold: kept.arrays[f"{at}probabilities"] for fold, at in folds.items()},
        from_rows(facts["curves"]),
        {fold: _tensors(f"{folds[fold]}{_WEIGHTS}", kept.arrays) for fold in facts["epochs"]},
        {
            fold: {
                name: Scaling(
                    kept.arrays[f"{folds[fold]}mean/{name}"],
                    kept.arrays[f"{folds[fold]}scale/{name}"],
                    n_missing,
                )
                for name, n_missing in of.items()
            }
            for fold, of in facts["missing"].items()
        },
        facts["epochs"],
        facts.get("notes", {}),
    )


def _tensors(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {
        name.removeprefix(prefix): torch.from_numpy(array.copy())
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
