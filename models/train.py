"""Train a method on all folds at once and predict their test windows.

The trainer knows stages, objectives and folds, and no method. What decides the numbers (epochs,
batch, learning rate, clipping) belongs to a method's stages; `TrainSettings` says only how to
compute.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from featpipe.errors import ConfigError
from models.batches import (
    DeviceWindows,
    FoldFacts,
    draw_rows,
    fold_facts,
    gather,
    scale_folds,
    to_device,
)
from models.curves import EpochReport, check_finite, curve_rows, values_of
from models.folds import subject_codes
from models.loading import Windows
from models.runs import Items, find_items
from models.sampling import seed_for, steps_per_epoch
from models.stacked import FoldStack
from models.stages import run_stage
from models.types import (
    Batch,
    Fitted,
    Fold,
    Losses,
    Method,
    Scaling,
    Shapes,
    Stage,
)

PREDICT_BATCH = 1024
"""Windows per fold and call in prediction; bounds memory."""


@dataclass(frozen=True)
class TrainSettings:
    """How to compute; the method and its config say what.

    Attributes
    ----------
    device : str
        A torch device. Bit-equal repeats are promised on "cpu" only.
    n_threads : int
        Torch threads on the CPU. One: these networks are small, and runs go side by side.
    fold_chunk : int
        Folds trained together. 32 hold all folds of most studies; lower it when memory is short.
    stacked : bool
        False computes the folds one after another inside each step: slower, equal but for
        rounding and the dropout masks. For finding errors in a method.
    """

    device: str = "cpu"
    n_threads: int = 1
    fold_chunk: int = 32
    stacked: bool = True


class _Job(NamedTuple):
    """What all folds of a run share."""

    method: Method
    config: Any
    stages: tuple[Stage, ...]
    shapes: Shapes
    data: DeviceWindows
    items: Items
    n_steps: Sequence[int]  # per epoch, by stage
    seed: int


def fit(
    method: Method,
    config: Any,
    windows: Windows,
    folds: Sequence[Fold],
    seed: int,
    settings: TrainSettings | None = None,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Fitted:
    """Train a method on every fold and predict each fold's test windows.

    Parameters
    ----------
    method : Method
        What to train.
    config : frozen dataclass
        The method's options.
    windows : Windows
        All windows of the study.
    folds : sequence of Fold
        All with the same number of training subjects.
    seed : int
        Fixes weights, batches and dropout; 0 or more.
    settings : TrainSettings, optional
        How to compute.
    on_epoch : callable, optional
        Called after every epoch, for a progress bar.

    Returns
    -------
    Fitted
        Predictions are those after the last epoch.

    Raises
    ------
    ConfigError
        When the windows lack a modality, the folds differ in training subjects, or a loss term
        stops being a number.
    """
    settings = settings or TrainSettings()
    _check_settings(settings)
    job = _prepare(method, config, windows, folds, seed, settings.device)
    chunks = [folds[i : i + settings.fold_chunk] for i in range(0, len(folds), settings.fold_chunk)]
    n_epochs = len(chunks) * sum(stage.n_epochs for stage in job.stages)
    done = count(1)
    curves: list[pd.DataFrame] = []
    probabilities: dict[str, np.ndarray] = {}
    weights: dict[str, dict[str, Tensor]] = {}
    scalings: dict[str, dict[str, Scaling]] = {}
    with _isolated(settings):
        for chunk in chunks:
            scaling = scale_folds(windows, method.train_modalities, chunk)
            facts = fold_facts(job.data, scaling, chunk)
            stack = _build(job, chunk, settings)
            names = tuple(fold.name for fold in chunk)
            for stage, epoch, means in _train(job, stack, facts, chunk):
                check_finite(means, f"{method.name}, stage {stage}, epoch {epoch}", names)
                curves.append(curve_rows(means, stage, epoch, names))
                if on_epoch:
                    on_epoch(EpochReport(stage, next(done), n_epochs, names, values_of(means)))
            probabilities |= zip(names, _predict(job, stack, facts, chunk), strict=True)
            weights |= {name: stack.state(i) for i, name in enumerate(names)}
            scalings |= zip(names, scaling, strict=True)
    return Fitted(probabilities, pd.concat(curves, ignore_index=True), weights, scalings)


def _check_settings(settings: TrainSettings) -> None:
    if settings.fold_chunk < 1 or settings.n_threads < 1:
        raise ConfigError(f"{settings}: fold_chunk and n_threads must be 1 or more")
    try:
        torch.empty(0, device=settings.device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"device {settings.device!r} cannot be used ({reason}): 'cpu' always works"
        ) from error


def _prepare(
    method: Method, config: Any, windows: Windows, folds: Sequence[Fold], seed: int, device: str
) -> _Job:
    """Check what can be checked before the first step, and move the data to the device."""
    missing = [name for name in method.train_modalities if name not in windows.x]
    if missing:
        raise ConfigError(
            f"{method.name} trains on {' and '.join(method.train_modalities)}, but the tables "
            f"hold {', '.join(windows.x)} only: extract {missing[0]} or choose another method"
        )
    code = subject_codes(windows.keys)
    n_subjects = {fold.name: len(np.unique(code[fold.train])) for fold in folds}
    if len(set(n_subjects.values())) != 1:
        raise ConfigError(f"folds must have equally many training subjects, found {n_subjects}")
    unnamed = [fold.name for fold in folds if fold.target is None]
    if method.uses_target and unnamed:
        raise ConfigError(
            f"{method.name} adapts to unlabelled windows, but fold {unnamed[0]} names no target"
        )
    items = find_items(windows.keys, method.run_length(config) if method.run_length else None)
    n_items = [len(items.inside(fold.train)) for fold in folds]
    if not min(n_items):
        raise ConfigError(
            f"{method.name}: fold {folds[int(np.argmin(n_items))].name} has no trial with "
            f"{items.train.shape[-1]} consecutive windows to train on: shorten the run"
        )
    features = {name: windows.x[name].shape[1:] for name in method.train_modalities}
    stages = method.stages(config)
    for stage in stages:
        if stage.n_epochs < 1 or stage.batch < 2:  # batch statistics need two
            raise ConfigError(
                f"{method.name}, stage {stage.name}: {stage.n_epochs} epochs of batches of "
                f"{stage.batch}; expected at least 1 and 2"
            )
    return _Job(
        method=method,
        config=config,
        stages=stages,
        shapes=Shapes(features, len(windows.classes), next(iter(n_subjects.values()))),
        data=to_device(windows, method.train_modalities, device),
        items=items,
        n_steps=[steps_per_epoch(n_items, stage.batch) for stage in stages],
        seed=seed,
    )


def _build(job: _Job, folds: Sequence[Fold], settings: TrainSettings) -> FoldStack:
    """Draw the weights of each fold's network from the fold's own seed."""
    nets = []
    for fold in folds:
        torch.manual_seed(_number(seed_for(job.seed, fold.name, "weights")))
        nets.append(job.method.build(job.shapes, job.config).to(settings.device))
    torch.manual_seed(_number(seed_for(job.seed, *(fold.name for fold in folds), "dropout")))
    return FoldStack(nets, vmapped=settings.stacked and job.method.stackable)


def _train(
    job: _Job, stack: FoldStack, facts: FoldFacts, folds: Sequence[Fold]
) -> Iterator[tuple[str, int, Losses]]:
    """Run all stages; yield stage, epoch from 1 and the epoch's means."""
    for stage, n_steps in zip(job.stages, job.n_steps, strict=True):
        epochs = _epochs(job, stage, n_steps, facts, folds)
        for epoch, means in enumerate(run_stage(stack, stage, epochs, n_steps), start=1):
            yield stage.name, epoch, means


def _epochs(
    job: _Job, stage: Stage, n_steps: int, facts: FoldFacts, folds: Sequence[Fold]
) -> Iterator[Iterator[Batch]]:
    """Yield the batches of one epoch after the other, with target windows where asked for."""
    modalities = job.method.train_modalities

    def draw(sides: list[np.ndarray], purpose: str) -> Iterator[Tensor]:
        seeds = [seed_for(job.seed, fold.name, stage.name, purpose) for fold in folds]
        return draw_rows(job.data, job.items, sides, n_steps, stage.batch, seeds)

    sources = draw([fold.train for fold in folds], "source")
    if not job.method.uses_target:
        for rows in sources:
            yield (gather(job.data, facts, step, modalities) for step in rows)
        return
    targets = draw([fold.target for fold in folds if fold.target is not None], "target")
    for rows, target_rows in zip(sources, targets, strict=True):
        yield (
            gather(job.data, facts, step, modalities)._replace(
                target=gather(job.data, facts, target_step, modalities, is_labelled=False)
            )
            for step, target_step in zip(rows, target_rows, strict=True)
        )


def _predict(
    job: _Job, stack: FoldStack, facts: FoldFacts, folds: Sequence[Fold]
) -> list[np.ndarray]:
    """Return the class probabilities of each fold's test windows, (n_test, n_classes)."""
    stack.base.eval()
    n_most = max(len(fold.test) for fold in folds)
    # shorter folds repeat their first window at the end; the surplus is cut off below
    padded = [np.r_[f.test, np.full(n_most - len(f.test), f.test[0])] for f in folds]
    rows = torch.from_numpy(job.items.test[np.stack(padded)]).to(job.data.label.device)
    parts = []
    with torch.no_grad():
        for part in rows.split(PREDICT_BATCH, dim=1):
            batch = gather(job.data, facts, part, job.method.inputs, is_labelled=False)
            logits = stack.each(job.method.predict, batch)
            parts.append(logits.double().softmax(-1).cpu())
    probabilities = torch.cat(parts, dim=1).numpy()
    return [p[: len(fold.test)] for p, fold in zip(probabilities, folds, strict=True)]


def _number(seed: np.random.SeedSequence) -> int:
    return int(seed.generate_state(1, np.uint64)[0])


@contextmanager
def _isolated(settings: TrainSettings) -> Iterator[None]:
    """Leave the caller's thread count and random state as they were."""
    n_threads = torch.get_num_threads()
    devices = [settings.device] if settings.device.startswith("cuda") else []
    with torch.random.fork_rng(devices=devices):
        torch.set_num_threads(settings.n_threads)
        try:
            yield
        finally:
            torch.set_num_threads(n_threads)
