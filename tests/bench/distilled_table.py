"""How long a table of distillation takes, planned: steps are timed at full size, epochs counted."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from bench.size import Size
from bench.table import Row
from bench.timing import take_turns
from bench.windows import make_windows
from models.ahead import ahead_of
from models.folds import FoldSettings
from models.lanes import lanes_of
from models.loading import Windows
from models.losses.distillers import DISTILLERS
from models.protocols import PROTOCOLS, divide
from models.registry import get_method, make_config
from models.sampling import steps_per_epoch
from models.say import Networks, networks_of, say
from models.train import TrainSettings, fit
from models.types import Fold

BACKBONE = "dgcnn"
EVERY = 16
"""Of CRD: a sixteenth of all windows is compared with in a step."""
N_EPOCHS = 40
STEPS = (6, 18)
"""Of two short trainings, whose difference is what steps cost without what comes before."""
COMPARED = (
    "what the steps of 40 epochs would take, all folds in one stack on one thread, from the "
    "difference of two short trainings; banks and tables have their full size"
)


def rows(folder: Path, size: Size) -> Iterator[Row]:
    """Plan each row of a leave-one-subject-out table, and its teacher's speaking."""
    n_subjects, n_windows = size.table
    windows = make_windows(n_subjects, n_windows)
    folds = divide(PROTOCOLS["loso"], windows.keys, FoldSettings())
    case = f"{n_subjects} folds of {len(folds[0].train)} training windows, {BACKBONE}, 40 epochs"
    names = [f"{BACKBONE}_eeg", f"{BACKBONE}_eye", *(f"{name}_eeg" for name in DISTILLERS)]
    given = _teacher(windows, folds)
    plans = [(name, {}) for name in names]
    plans += [(f"{name}_eeg", {"every": EVERY}) for name in ("crd", "cmcrd")]
    for name, options in plans:
        tools = {str(n): partial(_train, name, options, windows, folds, n, given) for n in STEPS}
        few, many = take_turns(tools, min(size.n_runs, 2)).values()
        step_s = (many.best - few.best) / (STEPS[1] - STEPS[0])
        n_steps = N_EPOCHS * steps_per_epoch(len(folds[0].train), _config(name).batch)
        figures = {"milliseconds a step": 1000 * step_s, "steps": n_steps}
        planned = step_s * n_steps
        tool = ", ".join([name, *(f"{k} = {v}" for k, v in options.items())])
        yield Row("table", case, tool, planned, planned, len(few.seconds), figures, COMPARED)
    [ahead] = ahead_of(get_method("kd_eeg"), _config("cmcrd_eeg")).values()
    speak = partial(
        say, ahead, ahead.of.says, given["teacher"], windows, lanes_of(folds, [0]), "cpu"
    )
    [spoken] = take_turns({"teacher's outputs": speak}, 1).values()
    size_mb = _megabytes(spoken.result)
    best = spoken.best
    yield Row("table", case, "its teacher speaks, once", best, best, 1, {"MB": size_mb}, COMPARED)


def _config(name: str, n_epochs: int = N_EPOCHS, **more: Any) -> Any:
    options: dict[str, Any] = {"n_epochs": n_epochs, **more}
    return make_config(name, options if name.startswith(BACKBONE) else
                       options | {"backbone": BACKBONE})  # fmt: skip


def _shortened(folds: Sequence[Fold], n_rows: int) -> list[Fold]:
    """Leave so many training windows, of all training subjects alike."""
    return [
        replace(fold, train=fold.train[:: max(len(fold.train) // n_rows, 1)][:n_rows],
                test=fold.test[:1])
        for fold in folds
    ]  # fmt: skip


def _teacher(windows: Windows, folds: Sequence[Fold]) -> Mapping[str, Networks]:
    """Train teachers for a moment: what they say takes as long, however well they do."""
    [ahead] = ahead_of(get_method("kd_eeg"), _config("kd_eeg")).values()
    config = replace(ahead.config, n_epochs=1)
    short = _shortened(folds, 20 * len(folds))
    return {"teacher": networks_of(fit(ahead.method, config, windows, short, 0))}


def _train(
    name: str,
    options: Mapping[str, Any],
    windows: Windows,
    folds: Sequence[Fold],
    n: int,
    given: Mapping[str, Networks],
) -> None:
    """Take that many steps of every fold."""
    config = _config(name, 1, **options)
    short = _shortened(folds, math.ceil(n * config.batch))
    known = ahead_of(get_method(name), config).keys() & given.keys()
    own = {of: given[of] for of in known}
    fit(get_method(name), config, windows, short, 0, TrainSettings(), given=own)


def _megabytes(said: Any) -> float:
    tensors = [x for x in torch.utils._pytree.tree_leaves(said) if isinstance(x, torch.Tensor)]
    return sum(x.numel() * x.element_size() for x in tensors) / 1e6
