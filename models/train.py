"""Train a method on all folds and seeds at once and predict the test windows of the folds.

The trainer knows stages, objectives and lanes (a fold with a seed), and no method. What decides
the numbers (epochs, batch, learning rate, clipping) belongs to a method's stages; `TrainSettings`
says only how to compute.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from models.ahead import Ahead, modalities_of, n_epochs_of
from models.batches import fold_facts, scale_folds
from models.before import Before, bring_before
from models.course import Course
from models.curves import EpochReport, joined, values_of
from models.device import isolated
from models.fitted import Fitted
from models.job import Job, prepare
from models.lanes import Lane, by_label, by_seed, lanes_of
from models.loading import Windows
from models.parts import Kept, Part, merged
from models.prediction import predict_folds
from models.presence import judged, own_sides
from models.remembered import Memory
from models.sampling import seed_for
from models.say import Networks
from models.selection import Policy, get_policy
from models.settings import TrainSettings, require_sound
from models.stacked import FoldStack
from models.types import Fold, Method
from models.validation import BestEpoch

OnEpoch = Callable[[EpochReport], None]
OfSeeds = Mapping[int, Mapping[str, Networks]]


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
    method, config, windows, folds, settings, on_epoch, policy
        As in `fit_seeds`.
    seed : int
        Fixes weights, batches, dropout and who is held out; 0 or more.
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
        As `fit_seeds`.
    """
    of_seed = {seed: given or {}}
    found = fit_seeds(method, config, windows, folds, [seed], settings, on_epoch, policy, of_seed)
    return found[seed]


def fit_seeds(
    method: Method,
    config: Any,
    windows: Windows,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    settings: TrainSettings | None = None,
    on_epoch: OnEpoch | None = None,
    policy: str = "last",
    given: OfSeeds | None = None,
) -> dict[int, Fitted]:
    """Train a method on every fold with every seed, in one program.

    Parameters
    ----------
    method : Method
        What to train.
    config : frozen dataclass
        The method's options.
    windows : Windows
        All windows of the study.
    folds : sequence of Fold
        With equally many training subjects, where the method tells these apart.
    seeds : sequence of int
        What each gives it gives alone, but for rounding and what torch draws in a loss.
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
        Seed -> networks that come before, as `fit` is given them.

    Returns
    -------
    dict of int to Fitted
        By seed.

    Raises
    ------
    ConfigError
        As `models.job.prepare`, or when a loss term stops being a number.
    """
    parts = network_parts(method, config, windows, folds, seeds, settings, policy, given)
    return by_seed(merged([part.fit(on_epoch) for part in parts]), folds, seeds)


def network_parts(
    method: Method,
    config: Any,
    windows: Windows,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    settings: TrainSettings | None = None,
    policy: str = "last",
    given: OfSeeds | None = None,
) -> list[Part]:
    """Check and prepare a training; `TrainSettings.fold_chunk` lanes, of equal steps, are a part.

    Parameters
    ----------
    method, config, windows, folds, seeds, settings, policy, given
        As in `fit_seeds`. With several seeds a part names its folds by their lanes' labels;
        `models.lanes.by_seed` tells the seeds apart.

    Raises
    ------
    ConfigError
        As `fit_seeds`, but for terms that stop being numbers.
    """
    settings = settings or TrainSettings()
    require_sound(settings)
    earlier, lanes = by_label(given or {}, seeds), lanes_of(folds, seeds)
    return _parts(method, config, windows, lanes, settings, get_policy(policy), earlier)


def _parts(
    method: Method,
    config: Any,
    windows: Windows,
    lanes: Sequence[Lane],
    settings: TrainSettings,
    policy: Policy,
    given: Mapping[str, Networks],
) -> list[Part]:
    lanes = [of for lane in lanes for of in judged(policy, method, windows, [lane], lane.seed)]
    job = prepare(method, config, windows, lanes, settings.device)
    alike: dict[tuple[int, ...], list[Lane]] = {}
    for lane in lanes:
        alike.setdefault(job.steps_of(lane), []).append(lane)
    n = settings.fold_chunk
    chunks = [
        (n_steps, group[i : i + n])
        for n_steps, group in alike.items()
        for i in range(0, len(group), n)
    ]
    n_epochs = n_epochs_of(method, config, given)
    return [
        Part(
            tuple(lane.label for lane in chunk),
            partial(
                _fit_chunk, job._replace(n_steps=n_steps), windows, chunk, settings, policy,
                i * n_epochs, len(chunks) * n_epochs, given,
            ),
        )
        for i, (n_steps, chunk) in enumerate(chunks)
    ]  # fmt: skip


def _fit_chunk(
    job: Job,
    windows: Windows,
    lanes: Sequence[Lane],
    settings: TrainSettings,
    policy: Policy,
    n_before: int,
    n_epochs: int,
    given: Mapping[str, Networks],
    on_epoch: OnEpoch | None = None,
    resume: Kept | None = None,
    keep: Callable[[Callable[[], Kept]], None] | None = None,
) -> Fitted:
    """Train some lanes together and predict their test sides; `n_before` epochs are of others."""
    names = tuple(lane.label for lane in lanes)
    memory = Memory(resume, keep)

    def fit_earlier(name: str, of: Ahead, some: Sequence[Lane], n_done: int) -> Fitted:
        """Train what comes before, whose epochs are told of as those of the whole."""
        chosen = get_policy("last") if of.of.n_groups else policy  # judges judge nobody else
        own = some if of.of.n_groups else own_sides(of.method, windows, some, chosen)
        parts = _parts(of.method, of.config, windows, own, settings, chosen, {})
        first = n_before + n_done

        def told(report: EpochReport) -> None:
            stage, epoch = f"{name}: {report.stage}", first + report.epoch
            if on_epoch:
                on_epoch(report._replace(stage=stage, epoch=epoch, n_epochs=n_epochs))

        return merged([part.fit(told) for part in parts])

    n_own = n_before + n_epochs_of(job.method, job.config, given)
    n_own -= sum(stage.n_epochs for stage in job.stages)
    with isolated(settings.device, settings.n_threads, settings.precision):
        before = bring_before(job, windows, lanes, fit_earlier, given, memory)
        own = scale_folds(windows, modalities_of(job.method), lanes, by_band=job.by_band)
        scaling = before.standardise(own, lanes)
        facts = fold_facts(job.data, scaling, lanes)._replace(told=before.told)
        stack = _build(job, lanes, settings, before)
        best = None
        if policy.needs_validation:
            best = BestEpoch(job, stack, facts, lanes, policy.patience)
        course = Course(job, stack, facts, lanes, best, stops_at_nan=settings.stops_at_nan)
        if resume and "stage" in resume.facts:  # it had come so far
            course.resume(resume)
        for epoch in course.epochs():
            if keep:
                keep(lambda: memory.beside(course.state()))
            if on_epoch:
                done = n_own + course.n_done
                on_epoch(EpochReport(epoch.stage, done, n_epochs, names, values_of(epoch)))
        chosen = course.finish()
        found = predict_folds(job, stack, scaling, [lane.test for lane in lanes])
    return Fitted(
        dict(zip(names, found, strict=True)),
        joined(course.curves),
        {name: stack.state(i) for i, name in enumerate(names)},
        dict(zip(names, scaling, strict=True)),
        dict(zip(names, chosen, strict=True)),
    )


def _build(job: Job, lanes: Sequence[Lane], settings: TrainSettings, before: Before) -> FoldStack:
    """Draw the weights of each lane's network from the lane's own seed."""
    nets = []
    for lane in lanes:
        torch.manual_seed(_number(seed_for(lane.seed, lane.name, "weights")))
        net = job.method.build(job.shapes, job.config)
        before.load(net, lane.label)
        nets.append(net.to(settings.device))
    torch.manual_seed(_number(seed_for(lanes[0].seed, *(of.label for of in lanes), "dropout")))
    return FoldStack(nets, vmapped=settings.stacked and job.method.stackable)


def _number(seed: np.random.SeedSequence) -> int:
    return int(seed.generate_state(1, np.uint64)[0])
