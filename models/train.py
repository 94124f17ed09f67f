"""Train a method on all folds at once and predict their test windows.

The trainer knows stages, objectives and folds, and no method. What decides the numbers (epochs,
batch, learning rate, clipping) belongs to a method's stages; `TrainSettings` says only how to
compute.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from featpipe.errors import ConfigError
from models.batches import FoldFacts, draw_rows, fold_facts, gather, scale_folds
from models.curves import Epoch, EpochReport, check_finite, chosen_rows, curve_rows, values_of
from models.job import Job, prepare
from models.loading import Windows
from models.prediction import predict_sides
from models.sampling import seed_for
from models.selection import get_policy, hold_out
from models.stacked import FoldStack
from models.stages import run_stage
from models.types import Batch, Fitted, Fold, Method, Scaling, Stage
from models.validation import BestEpoch


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


def fit(
    method: Method,
    config: Any,
    windows: Windows,
    folds: Sequence[Fold],
    seed: int,
    settings: TrainSettings | None = None,
    on_epoch: Callable[[EpochReport], None] | None = None,
    policy: str = "last",
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
        Fixes weights, batches, dropout and who is held out; 0 or more.
    settings : TrainSettings, optional
        How to compute.
    on_epoch : callable, optional
        Called after every epoch, for a progress bar.
    policy : str
        How the epoch is chosen, see `models.selection`. With "source-validation" a fold that
        brings its own validation side keeps it, for the others one is drawn. Earlier stages are
        trained to their end, the epoch of the last stage is chosen. The held-out subjects are not
        trained on afterwards.

    Returns
    -------
    Fitted
        Predictions are those of the chosen epoch.

    Raises
    ------
    ConfigError
        When the windows lack a modality, the folds differ in training subjects, or a loss term
        stops being a number.
    """
    settings = settings or TrainSettings()
    _check_settings(settings)
    validates = get_policy(policy).needs_validation
    if validates:
        folds = [
            fold if fold.validate is not None else hold_out(fold, windows.keys, seed)
            for fold in folds
        ]
    job = prepare(method, config, windows, folds, seed, settings.device)
    chunks = [folds[i : i + settings.fold_chunk] for i in range(0, len(folds), settings.fold_chunk)]
    n_epochs = len(chunks) * sum(stage.n_epochs for stage in job.stages)
    done = count(1)
    curves: list[pd.DataFrame] = []
    probabilities: dict[str, np.ndarray] = {}
    weights: dict[str, dict[str, Tensor]] = {}
    scalings: dict[str, dict[str, Scaling]] = {}
    chosen = {fold.name: job.stages[-1].n_epochs for fold in folds}
    with _isolated(settings):
        for chunk in chunks:
            scaling = scale_folds(windows, method.train_modalities, chunk)
            facts = fold_facts(job.data, scaling, chunk)
            stack = _build(job, chunk, settings)
            best = BestEpoch(job, stack, facts, chunk) if validates else None
            names = tuple(fold.name for fold in chunk)
            for epoch in _train(job, stack, facts, chunk, best):
                check_finite(epoch, method.name, names)
                curves.append(curve_rows(epoch, names))
                if on_epoch:
                    on_epoch(
                        EpochReport(epoch.stage, next(done), n_epochs, names, values_of(epoch))
                    )
            if best:
                best.restore()
                chosen |= zip(names, best.epoch.tolist(), strict=True)
                curves.append(chosen_rows(best.epoch.tolist(), job.stages[-1].name, names))
            tests = [fold.test for fold in chunk]
            probabilities |= zip(names, predict_sides(job, stack, facts, tests), strict=True)
            weights |= {name: stack.state(i) for i, name in enumerate(names)}
            scalings |= zip(names, scaling, strict=True)
    return Fitted(probabilities, pd.concat(curves, ignore_index=True), weights, scalings, chosen)


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


def _build(job: Job, folds: Sequence[Fold], settings: TrainSettings) -> FoldStack:
    """Draw the weights of each fold's network from the fold's own seed."""
    nets = []
    for fold in folds:
        torch.manual_seed(_number(seed_for(job.seed, fold.name, "weights")))
        nets.append(job.method.build(job.shapes, job.config).to(settings.device))
    torch.manual_seed(_number(seed_for(job.seed, *(fold.name for fold in folds), "dropout")))
    return FoldStack(nets, vmapped=settings.stacked and job.method.stackable)


def _train(
    job: Job, stack: FoldStack, facts: FoldFacts, folds: Sequence[Fold], best: BestEpoch | None
) -> Iterator[Epoch]:
    """Run all stages epoch by epoch; what the last one makes is judged on validation."""
    for i_stage, (stage, n_steps) in enumerate(zip(job.stages, job.n_steps, strict=True), start=1):
        epochs = _epochs(job, stage, n_steps, facts, folds)
        for number, means in enumerate(run_stage(stack, stage, epochs, n_steps), start=1):
            is_last = i_stage == len(job.stages)
            yield Epoch(stage.name, number, means, best.update(number) if best and is_last else {})


def _epochs(
    job: Job, stage: Stage, n_steps: int, facts: FoldFacts, folds: Sequence[Fold]
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
