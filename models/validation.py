"""Keep, for every fold, the weights of the epoch that did best on its validation side."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.batches import FoldFacts
from models.curves import OF_MODALITY, VALIDATION_LOSS, VALIDATION_SCORE
from models.job import Job
from models.prediction import pad_sides, predict_logits
from models.stacked import FoldStack
from models.types import Fold


class ValidationSide(NamedTuple):
    """The validation windows of some folds, padded to equal length.

    Attributes
    ----------
    rows : array of int64, shape (n_folds, n_windows)
        Rows of `Windows`.
    label : Tensor of int64, shape (n_folds, n_windows)
        Class.
    weight : Tensor of float64, shape (n_folds, n_windows)
        Sums to 1 in every fold; the classes that occur count equally, the padding not at all.
    """

    rows: np.ndarray
    label: Tensor
    weight: Tensor


def validation_side(label: Tensor, sides: Sequence[np.ndarray]) -> ValidationSide:
    """Pad and weight the validation windows of some folds.

    Parameters
    ----------
    label : Tensor of int64, shape (n_windows_of_study,)
        Class of every window, on the device.
    sides : sequence of array of int64
        Rows of each fold's validation windows, at least one.
    """
    rows = pad_sides(sides)
    known = label.cpu().numpy()[rows]
    weight = np.zeros(rows.shape)
    for i_fold, side in enumerate(sides):
        _, code, count = np.unique(
            known[i_fold, : len(side)], return_inverse=True, return_counts=True
        )
        weight[i_fold, : len(side)] = 1 / (count[code] * len(count))
    return ValidationSide(
        rows, torch.from_numpy(known).to(label.device), torch.from_numpy(weight).to(label.device)
    )


def measure(logits: Tensor, side: ValidationSide) -> tuple[Tensor, Tensor]:
    """Return balanced accuracy and class-balanced cross-entropy of every fold.

    Parameters
    ----------
    logits : Tensor of float64, shape (n_folds, n_windows, n_classes)
        Of the side's rows.
    side : ValidationSide
        Truth and weights.

    Returns
    -------
    score, loss : Tensor of float64, shape (n_folds,)
    """
    score = ((logits.argmax(-1) == side.label) * side.weight).sum(1)
    log_p = logits.log_softmax(-1).gather(-1, side.label[..., None]).squeeze(-1)
    # sums of equally many hits may differ in the last bit, and would not count as a tie
    return score.round(decimals=9), -(log_p * side.weight).sum(1)


def modality_sides(job: Job, sides: Sequence[np.ndarray]) -> dict[str, ValidationSide]:
    """Return the validation windows that have a modality, for each one that is judged alone.

    Parameters
    ----------
    job : Job
        Method and data.
    sides : sequence of array of int64
        Rows of each fold's validation windows.

    Returns
    -------
    dict
        Empty where the method learns from one modality, or cannot predict from each; without
        modalities that somewhere nobody has.
    """
    names = job.method.train_modalities
    if job.method.by_modality is None or len(names) < 2:
        return {}
    found = {}
    for name in names:
        there = None if job.data.present is None else job.data.present[name].cpu().numpy()
        rows = list(sides) if there is None else [side[there[side]] for side in sides]
        if all(map(len, rows)):
            found[name] = validation_side(job.data.label, rows)
    return found


class BestEpoch:
    """The best epoch of every fold so far, and a copy of its weights.

    Best is the highest balanced accuracy on the validation side; among equals the lowest
    cross-entropy, in which every class counts equally too; among equals the earliest.

    Parameters
    ----------
    job : Job
        Method and data.
    stack : FoldStack
        The networks in training.
    facts : FoldFacts
        Of the same folds.
    folds : sequence of Fold
        With a validation side.
    patience : int, optional
        A fold for which so many epochs have been no better has stopped: none counts after that.

    Attributes
    ----------
    epoch : Tensor of int64, shape (n_folds,)
        Best epoch, counted from 1; 0 before the first.
    """

    def __init__(
        self,
        job: Job,
        stack: FoldStack,
        facts: FoldFacts,
        folds: Sequence[Fold],
        patience: int | None = None,
    ):
        sides = [fold.validate for fold in folds if fold.validate is not None]
        self._job, self._stack, self._facts = job, stack, facts
        self._side = validation_side(job.data.label, sides)
        self._of_modality = modality_sides(job, sides)
        self._score = self._side.weight.new_full((len(sides),), -torch.inf)
        self._loss = torch.full_like(self._score, torch.inf)
        self._kept = stack.copy(persistent=True)
        self._patience, self._n_seen = patience, 0
        self.epoch = torch.zeros_like(self._score, dtype=torch.int64)

    def update(self, epoch: int) -> dict[str, Tensor]:
        """Judge the present weights and copy them where they are the best so far.

        Parameters
        ----------
        epoch : int
            Epochs trained, from 1.

        Returns
        -------
        dict
            Name of each measure -> Tensor of shape (n_folds,), on the CPU.
        """
        logits = predict_logits(self._job, self._stack, self._facts, self._side.rows)
        score, loss = measure(logits, self._side)
        is_better = (score > self._score) | ((score == self._score) & (loss < self._loss))
        is_better &= ~self._stopped()
        self._n_seen = epoch
        self._score = torch.where(is_better, score, self._score)
        self._loss = torch.where(is_better, loss, self._loss)
        self.epoch = torch.where(is_better, epoch, self.epoch)
        self._kept = self._stack.copy(is_better, self._kept, persistent=True)
        found = {VALIDATION_SCORE: score.cpu(), VALIDATION_LOSS: loss.cpu()}
        for name, side in self._of_modality.items():  # told, never chosen by
            logits = predict_logits(self._job, self._stack, self._facts, side.rows, name)
            found[OF_MODALITY + name] = measure(logits, side)[0].cpu()
        return found

    def ended(self) -> tuple[int, ...]:
        """Return the folds in which no later epoch can count, by number."""
        return tuple(torch.nonzero(self._stopped()).flatten().tolist())

    def has_ended(self) -> bool:
        """Tell whether no later epoch can count in any fold."""
        return bool(self._stopped().all())

    def _stopped(self) -> Tensor:
        if self._patience is None:
            return torch.zeros_like(self.epoch, dtype=torch.bool)
        return self._n_seen - self.epoch >= self._patience

    def restore(self) -> None:
        """Give every fold the weights of its best epoch."""
        self._stack.load(self._kept)

    def state(self) -> dict[str, Tensor]:
        """Return what it takes to go on judging later: the best of every fold so far."""
        found = {"score": self._score, "loss": self._loss, "epoch": self.epoch}
        found["seen"] = torch.tensor(self._n_seen)
        return found | {f"weights/{name}": tensor for name, tensor in self._kept.items()}

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state` returned."""
        self._score, self._loss, self.epoch = (state[name] for name in ("score", "loss", "epoch"))
        self._n_seen = int(state["seen"])
        self._kept = {name: state[f"weights/{name}"] for name in self._kept}
