"""Train a method on all folds at once and predict their test windows.

The trainer knows stages, objectives and folds, and no method. What decides the numbers (epochs,
batch, learning rate, clipping) belongs to a method's stages; `TrainSettings` says only how to
compute.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch

from featpipe.errors import ConfigError, unknown
from models.ahead import Ahead, modalities_of, n_epochs_of
from models.batches import fold_facts, scale_folds
from models.before import Before, EarlierFits, bring_before
from models.course import Course
from models.curves import CURVE_COLUMNS, EpochReport, values_of
from models.fitted import Fitted
from models.job import Job, prepare
from models.loading import Windows
from models.parts import Kept, Part, merged
from models.prediction import predict_folds
from models.presence import judged
from models.sampling import seed_for
from models.say import Networks
from models.selection import Policy, get_policy
from models.stacked import FoldStack
from models.types import Fold, Method
from models.validation import BestEpoch

OnEpoch = Callable[[EpochReport], None]
PRECISIONS = ("highest", "high", "medium")


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
    precision : str
        Of matrix products, as torch calls it: "highest" is float32; on a GPU that can, "high" is
        TensorFloat-32 and "medium" bfloat16, all else staying float32. Autocast is not used: under
        `torch.vmap` batch normalisation refuses its half precision.
    stacked : bool
        False computes the folds one after another inside each step: slower, equal but for
        rounding. For finding errors in a method.
    stops_at_nan : bool
        A loss that stops being a number ends the training of all folds with an error. False trains
        on and leaves it to the curves: in a search one fold must not decide over another.
    """

    device: str = "cpu"
    n_threads: int = 1
    fold_chunk: int = 32
    precision: str = "highest"
    stacked: bool = True
    stops_at_nan: bool = True


def fit(
    method: Method,
    config: Any,
    windows: Windows,
    folds: Sequence[Fold],
    seed: int,
    settings: TrainSettings | None = None,
    on_epoch: OnEpoch | None = None,
    policy: str = "last",
    given: Mapping[str, Networks] | None = None,
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
    given : mapping, optional
        Name in `Method.before` -> networks of these folds that were trained already, with this
        seed and policy; what is not given is trained first.

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
    parts = network_parts(method, config, windows, folds, seed, settings, policy, given)
    return merged([part.fit(on_epoch) for part in parts])


def network_parts(
    method: Method,
    config: Any,
    windows: Windows,
    folds: Sequence[Fold],
    seed: int,
    settings: TrainSettings | None = None,
    policy: str = "last",
    given: Mapping[str, Networks] | None = None,
) -> list[Part]:
    """Check and prepare a training; `TrainSettings.fold_chunk` folds, of equal steps, are a part.

    Parameters
    ----------
    method, config, windows, folds, seed, settings, policy, given
        As in `fit`.

    Raises
    ------
    ConfigError
        As `fit`, but for terms that stop being numbers.
    """
    settings = settings or TrainSettings()
    _check_settings(settings)
    chosen = get_policy(policy)
    folds = judged(chosen, method, windows, folds, seed)
    job = prepare(method, config, windows, folds, seed, settings.device)
    alike: dict[tuple[int, ...], list[Fold]] = {}
    for fold in folds:
        alike.setdefault(job.steps_of(fold), []).append(fold)
    n = settings.fold_chunk
    chunks = [
        (n_steps, group[i : i + n])
        for n_steps, group in alike.items()
        for i in range(0, len(group), n)
    ]
    n_epochs = n_epochs_of(method, config, given or ())
    return [
        Part(
            tuple(fold.name for fold in chunk),
            partial(
                _fit_chunk, job._replace(n_steps=n_steps), windows, chunk, settings, chosen,
                i * n_epochs, len(chunks) * n_epochs, given or {},
            ),
        )
        for i, (n_steps, chunk) in enumerate(chunks)
    ]  # fmt: skip


def _fit_chunk(
    job: Job,
    windows: Windows,
    folds: Sequence[Fold],
    settings: TrainSettings,
    policy: Policy,
    n_before: int,
    n_epochs: int,
    given: Mapping[str, Networks],
    on_epoch: OnEpoch | None = None,
    resume: Kept | None = None,
    keep: Callable[[Callable[[], Kept]], None] | None = None,
) -> Fitted:
    """Train some folds together and predict their test sides; `n_before` epochs are of others."""
    names = tuple(fold.name for fold in folds)
    told = None if resume else on_epoch  # where it goes on, these were told of before

    def fit_earlier(of: Ahead, some: Sequence[Fold], report: OnEpoch, policy: str) -> Fitted:
        return fit(of.method, of.config, windows, some, job.seed, settings, report, policy)

    earlier = EarlierFits(fit_earlier, policy.name, n_before, n_epochs, told)
    with _isolated(settings):
        before = bring_before(job, windows, folds, earlier.fit, given)
        # judges may be fewer than were planned, and then have fewer epochs
        n_own = sum(stage.n_epochs for stage in job.stages)
        n_before += n_epochs_of(job.method, job.config, given) - n_own
        by_band = job.method.by_band is not None and job.method.by_band(job.config)
        own = scale_folds(windows, modalities_of(job.method), folds, by_band=by_band)
        scaling = before.standardise(own, folds)
        facts = fold_facts(job.data, scaling, folds)._replace(told=before.told)
        stack = _build(job, folds, settings, before)
        best = None
        if policy.needs_validation:
            best = BestEpoch(job, stack, facts, folds, policy.patience)
        course = Course(job, stack, facts, folds, best, stops_at_nan=settings.stops_at_nan)
        if resume:
            course.resume(resume)
        for epoch in course.epochs():
            if keep:
                keep(course.state)
            if on_epoch:
                done = n_before + course.n_done
                on_epoch(EpochReport(epoch.stage, done, n_epochs, names, values_of(epoch)))
        chosen = course.finish()
        found = predict_folds(job, stack, scaling, [fold.test for fold in folds])
    return Fitted(
        dict(zip(names, found, strict=True)),
        _curves(course),
        {name: stack.state(i) for i, name in enumerate(names)},
        dict(zip(names, scaling, strict=True)),
        dict(zip(names, chosen, strict=True)),
    )


def _check_settings(settings: TrainSettings) -> None:
    if settings.precision not in PRECISIONS:
        raise ConfigError(unknown("precision", settings.precision, PRECISIONS))
    if settings.fold_chunk < 1 or settings.n_threads < 1:
        raise ConfigError(f"{settings}: fold_chunk and n_threads must be 1 or more")
    try:
        torch.empty(0, device=settings.device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"device {settings.device!r} cannot be used ({reason}): 'cpu' always works"
        ) from error


def _curves(course: Course) -> pd.DataFrame:
    if not course.curves:  # nothing was left to learn
        return pd.DataFrame(columns=list(CURVE_COLUMNS))
    return pd.concat(course.curves, ignore_index=True)


def _build(job: Job, folds: Sequence[Fold], settings: TrainSettings, before: Before) -> FoldStack:
    """Draw the weights of each fold's network from the fold's own seed."""
    nets = []
    for fold in folds:
        torch.manual_seed(_number(seed_for(job.seed, fold.name, "weights")))
        net = job.method.build(job.shapes, job.config)
        before.load(net, fold.name)
        nets.append(net.to(settings.device))
    torch.manual_seed(_number(seed_for(job.seed, *(fold.name for fold in folds), "dropout")))
    return FoldStack(nets, vmapped=settings.stacked and job.method.stackable)


def _number(seed: np.random.SeedSequence) -> int:
    return int(seed.generate_state(1, np.uint64)[0])


@contextmanager
def _isolated(settings: TrainSettings) -> Iterator[None]:
    """Leave the caller's thread count and random state as they were."""
    n_threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    devices = [settings.device] if settings.device.startswith("cuda") else []
    with torch.random.fork_rng(devices=devices):
        torch.set_num_threads(settings.n_threads)
        torch.set_float32_matmul_precision(settings.precision)
        try:
            yield
        finally:
            torch.set_num_threads(n_threads)
            torch.set_float32_matmul_precision(precision)
