"""The training of some lanes, epoch after epoch, and where it stands.

Where it stands is all that later epochs depend on: weights, what the optimisers remember, the
random state, the best epoch so far. Batches come from streams of their own and are drawn anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from models.ahead import modalities_of
from models.batches import FoldFacts, draw_rows, gather
from models.curves import (
    Epoch,
    check_finite,
    chosen_rows,
    curve_rows,
    from_rows,
    joined,
    to_rows,
)
from models.job import Job
from models.lanes import Lane
from models.parts import Kept
from models.runs import Items
from models.sampling import seed_for
from models.stacked import FoldStack
from models.stages import adam, run_stage
from models.types import Batch, Stage
from models.validation import BestEpoch


class Course:
    """The training of some lanes together.

    Parameters
    ----------
    job : Job
        Method and data.
    stack : FoldStack
        Freshly drawn networks; trained in place.
    facts : FoldFacts
        Of the same lanes.
    lanes : sequence of Lane
        What is trained on.
    best : BestEpoch or None
        Judges the epochs of the last stage.
    stops_at_nan : bool
        A loss that is not a number is an error.

    Attributes
    ----------
    curves : list of pandas.DataFrame
        The epochs so far.
    n_done : int
        Epochs so far, over all stages.
    """

    def __init__(
        self,
        job: Job,
        stack: FoldStack,
        facts: FoldFacts,
        lanes: Sequence[Lane],
        best: BestEpoch | None,
        *,
        stops_at_nan: bool = True,
    ):
        self._job, self._stack, self._facts, self._lanes = job, stack, facts, lanes
        self._best, self._stops_at_nan = best, stops_at_nan
        self._names = tuple(lane.label for lane in lanes)
        self._begin(0)
        self.curves: list[pd.DataFrame] = []
        self.n_done = 0

    def _begin(self, i_stage: int) -> None:
        """Stand at the beginning of a stage."""
        self._i_stage, self._epoch = i_stage, 0
        stages = self._job.stages[i_stage : i_stage + 1]  # none where nothing is left to learn
        objectives = [objective for stage in stages for objective in stage.objectives]
        self._optimisers = [adam(self._stack, objective) for objective in objectives]

    def epochs(self) -> Iterator[Epoch]:
        """Train what is left, epoch by epoch; what the last stage makes is judged on validation."""
        job, n_stages = self._job, len(self._job.stages)
        if self._best and self._best.has_ended():  # before the kill that this goes on from
            return
        for i_stage in range(self._i_stage, n_stages):
            if i_stage > self._i_stage:
                self._begin(i_stage)
            stage, n_steps, first = job.stages[i_stage], job.n_steps[i_stage], self._epoch
            drawn = islice(_epochs(job, stage, n_steps, self._facts, self._lanes), first, None)
            for means in run_stage(self._stack, stage, drawn, n_steps, self._optimisers, first):
                self._epoch += 1
                self.n_done += 1
                is_judged = self._best is not None and i_stage == n_stages - 1
                ended = self._best.ended() if self._best and is_judged else ()
                names = [name for i, name in enumerate(self._names) if i not in ended]
                judged = self._best.update(self._epoch) if self._best and is_judged else {}
                epoch = Epoch(stage.name, self._epoch, means, judged)
                rows: Any = curve_rows(epoch, self._names)
                rows = rows[rows["fold"].isin(names)]  # what has ended is as it was
                if self._stops_at_nan:
                    check_finite(rows, job.method.name)
                self.curves.append(rows)
                yield epoch
                if is_judged and self._best and self._best.has_ended():
                    return

    def finish(self) -> list[int]:
        """Give every fold the weights that are reported, and return their epochs."""
        if self._best is None or not self._job.stages:
            n_epochs = self._job.stages[-1].n_epochs if self._job.stages else 0
            return [n_epochs] * len(self._lanes)
        self._best.restore()
        chosen = self._best.epoch.tolist()
        self.curves.append(chosen_rows(chosen, self._job.stages[-1].name, self._names))
        return chosen

    def state(self) -> Kept:
        """Return where the training stands, after an epoch."""
        tensors = {f"net/{name}": tensor for name, tensor in self._stack.copy().items()}
        for i, optimiser in enumerate(self._optimisers):
            for j, parameter in enumerate(_parameters(optimiser)):
                of = optimiser.state.get(parameter, {})  # nothing before its first gradient
                tensors |= {f"optimiser/{i}/{j}/{name}": value for name, value in of.items()}
        if self._best:
            tensors |= {f"best/{name}": tensor for name, tensor in self._best.state().items()}
        tensors |= {f"random/{kind}": tensor for kind, tensor in _random(self._device).items()}
        curves = to_rows(joined(self.curves))
        return Kept(
            # copies: the training goes on in the same memory
            {name: tensor.detach().cpu().numpy().copy() for name, tensor in tensors.items()},
            {"stage": self._i_stage, "epoch": self._epoch, "done": self.n_done, "curves": curves},
        )

    def resume(self, state: Kept) -> None:
        """Stand where `state` said, before the first epoch."""
        facts = state.facts
        self._begin(facts["stage"])
        self._epoch, self.n_done = facts["epoch"], facts["done"]
        self.curves = [from_rows(facts["curves"])]
        # copies: torch would go on training in memory that somebody else may own
        tensors = {name: torch.from_numpy(array.copy()) for name, array in state.arrays.items()}
        self._stack.load(_below("net/", tensors))
        for i, optimiser in enumerate(self._optimisers):
            for j, parameter in enumerate(_parameters(optimiser)):
                found = _below(f"optimiser/{i}/{j}/", tensors)
                if found:
                    optimiser.state[parameter] = {
                        # Adam counts its steps on the CPU, wherever the rest is
                        name: value if name == "step" else value.to(self._device)
                        for name, value in found.items()
                    }
        if self._best:
            best = _below("best/", tensors)
            self._best.resume({name: value.to(self._device) for name, value in best.items()})
        torch.set_rng_state(tensors["random/cpu"])
        if "random/cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random/cuda"], self._device)

    @property
    def _device(self) -> torch.device:
        return self._job.data.label.device


def _parameters(optimiser: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def _random(device: torch.device) -> dict[str, Tensor]:
    """Return the state of the generators that a method may draw from."""
    found = {"cpu": torch.get_rng_state()}
    return found | ({"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {})


def _epochs(
    job: Job, stage: Stage, n_steps: int, facts: FoldFacts, lanes: Sequence[Lane]
) -> Iterator[Iterator[Batch]]:
    """Yield the batches of one epoch after the other, with target windows where asked for."""
    modalities = modalities_of(job.method)

    def draw(sides: list[np.ndarray], purpose: str, items: Items) -> Iterator[Tensor]:
        seeds = [seed_for(lane.seed, lane.name, stage.name, purpose) for lane in lanes]
        return draw_rows(job.data, items, sides, n_steps, stage.batch, seeds)

    sources = draw([lane.train for lane in lanes], "source", job.items)
    uses_target = job.method.uses_target
    if uses_target is None or not uses_target(job.config):
        for rows in sources:
            yield (gather(job.data, facts, step, modalities) for step in rows)
        return
    sides = [lane.target for lane in lanes if lane.target is not None]
    targets = draw(sides, "target", job.items._replace(weight=None))  # weights are of training
    for rows, target_rows in zip(sources, targets, strict=True):
        yield (
            gather(job.data, facts, step, modalities)._replace(
                target=gather(job.data, facts, target_step, modalities, is_labelled=False)
            )
            for step, target_step in zip(rows, target_rows, strict=True)
        )
