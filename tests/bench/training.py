"""Leave one subject out with `cscm`: folds stacked, one by one, and as commonly written."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from bench.size import Size
from bench.table import OURS, Row, timed
from bench.timing import take_turns
from bench.windows import make_windows
from models.batches import scale_folds
from models.folds import FoldSettings
from models.loading import Windows
from models.protocols import PROTOCOLS, divide
from models.registry import get_method
from models.train import TrainSettings, fit
from models.types import Batch, Fold, Method, Shapes
from models.units import subject_codes

SEED = 0
COMPARED = (
    "one epoch of cscm in every fold, scaling and the prediction of the test windows included; "
    "correctness: share of right answers, chance 0.25"
)
MODALITIES = ("eeg", "eye")


def rows(folder: Path, size: Size) -> Iterator[Row]:
    """Train the same folds in three ways on the CPU, and on a GPU where there is one."""
    n_subjects, n_windows = size.training
    windows = make_windows(n_subjects, n_windows)
    folds = divide(PROTOCOLS["loso"], windows.keys, FoldSettings())
    method: Any = get_method("cscm")
    method = replace(method, config=replace(method.config, n_epochs=1))
    tools = {
        OURS: partial(_ours, method, windows, folds, TrainSettings()),
        f"{OURS}, folds one by one": partial(
            _ours, method, windows, folds, TrainSettings(fold_chunk=1)
        ),
        "PyTorch, DataLoader of 4 workers": partial(_conventional, method, windows, folds),
    }
    if torch.cuda.is_available():
        on_gpu = TrainSettings(device="cuda")
        tools[f"{OURS}, GPU"] = partial(_ours, method, windows, folds, on_gpu)
    with warnings.catch_warnings():  # four workers are asked for, whatever the CPUs
        warnings.filterwarnings("ignore", ".*worker processes", UserWarning)
        found = take_turns(tools, min(size.n_runs, 2))
    case = f"{n_subjects} folds, {n_windows} windows per subject, 62 x 5 and 31 features"
    for name, times in found.items():
        yield timed("training", case, name, times, {"accuracy": times.result}, COMPARED)


def _ours(
    method: Method, windows: Windows, folds: Sequence[Fold], settings: TrainSettings
) -> float:
    fitted = fit(method, method.config, windows, folds, SEED, settings)
    right = [
        fitted.probabilities[fold.name].argmax(1) == windows.label[fold.test] for fold in folds
    ]
    return float(np.mean(np.concatenate(right)))


def _conventional(method: Method, windows: Windows, folds: Sequence[Fold]) -> float:
    """Train fold after fold with the losses, network and optimiser of ours."""
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    scaling = scale_folds(windows, MODALITIES, folds)
    right = []
    for fold, of_fold in zip(folds, scaling, strict=True):
        x = [(windows.x[m] - of_fold[m].mean) / of_fold[m].scale for m in MODALITIES]
        subject = np.unique(subject_codes(windows.keys)[fold.train], return_inverse=True)[1]
        data = TensorDataset(
            *(torch.from_numpy(values[fold.train]) for values in x),
            torch.from_numpy(windows.label[fold.train]),
            torch.from_numpy(subject),
        )
        net = _train(method, data, windows, int(subject.max()) + 1)
        unknown = torch.full((len(fold.test),), -1)
        test = {m: torch.from_numpy(v[fold.test]) for m, v in zip(MODALITIES, x, strict=True)}
        with torch.no_grad():
            logits = method.predict(net, Batch(test, unknown, unknown, unknown))
        right.append(logits.argmax(1).numpy() == windows.label[fold.test])
    return float(np.mean(np.concatenate(right)))


def _train(method: Method, data: TensorDataset, windows: Windows, n_subjects: int) -> Any:
    (stage,) = method.stages(method.config)
    (objective,) = stage.objectives
    features = {name: windows.x[name].shape[1:] for name in MODALITIES}
    net = method.build(Shapes(features, len(windows.classes), n_subjects), method.config)
    optimiser = torch.optim.Adam(
        net.parameters(), lr=objective.lr, weight_decay=objective.weight_decay
    )
    loader = DataLoader(data, batch_size=stage.batch, shuffle=True, drop_last=True, num_workers=4)
    n_steps = stage.n_epochs * len(loader)
    i_step = 0
    net.train()
    for _ in range(stage.n_epochs):
        for eeg, eye, label, subject in loader:
            batch = Batch({"eeg": eeg, "eye": eye}, label, subject, label)
            losses = objective.loss(net, batch, torch.tensor(i_step / n_steps))
            optimiser.zero_grad()
            sum(losses.terms.values(), torch.zeros(())).backward()
            optimiser.step()
            i_step += 1
    return net.eval()
