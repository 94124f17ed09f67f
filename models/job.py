"""What all folds of a training run share, checked before the first step."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from featpipe.errors import ConfigError
from models.ahead import modalities_of, reads_target
from models.batches import DeviceWindows, to_device
from models.loading import Windows
from models.runs import Items, find_items
from models.sampling import steps_per_epoch
from models.types import Fold, Method, Shapes, Stage
from models.units import subject_codes
from models.weights import check_weights


class Job(NamedTuple):
    """What all folds of a run share.

    Attributes
    ----------
    method : Method
        What to train.
    config : frozen dataclass
        The method's options.
    stages : tuple of Stage
        Of that config.
    shapes : Shapes
        Of every fold's network.
    data : DeviceWindows
        All windows, on the device.
    items : Items
        What batches are drawn from and what predicts a window.
    n_steps : tuple of int
        Steps per epoch by stage, of folds that are trained together; see `steps_of`.
    """

    method: Method
    config: Any
    stages: tuple[Stage, ...]
    shapes: Shapes
    data: DeviceWindows
    items: Items
    n_steps: tuple[int, ...] = ()

    @property
    def by_band(self) -> bool:
        """Whether all channels of a band are standardised alike."""
        return self.method.by_band is not None and self.method.by_band(self.config)

    def steps_of(self, fold: Fold) -> tuple[int, ...]:
        """Return the steps per epoch of one fold, by stage.

        They hang on its own training side only: that of another fold holds this one's test side.
        """
        n_items = len(self.items.inside(fold.train))
        return tuple(steps_per_epoch(n_items, stage.batch) for stage in self.stages)


def prepare(
    method: Method, config: Any, windows: Windows, folds: Sequence[Fold], device: str
) -> Job:
    """Check what can be checked before the first step, and move the data to the device.

    Parameters
    ----------
    method : Method
        What to train.
    config : frozen dataclass
        The method's options.
    windows : Windows
        All windows of the study.
    folds : sequence of Fold
        All folds of the run.
    device : str
        A torch device.

    Raises
    ------
    ConfigError
        When the windows lack a modality, folds of a method that tells subjects apart differ in
        their number, a fold has nothing to train on, or a stage cannot be run.
    """
    missing = [name for name in method.train_modalities if name not in windows.x]
    if missing:
        raise ConfigError(
            f"{method.name} trains on {' and '.join(method.train_modalities)}, but the tables "
            f"hold {', '.join(windows.x)} only: extract {missing[0]} or choose another method"
        )
    unnamed = [fold.name for fold in folds if fold.target is None]
    if reads_target(method, config) and unnamed:
        raise ConfigError(
            f"{method.name} adapts to unlabelled windows, but fold {unnamed[0]} names no target"
        )
    n_subjects = training_subjects(method, config, windows, folds)
    run_length = method.run_length(config) if method.run_length else None
    items = find_items(windows.keys, run_length, whole_trials=method.whole_trials)
    items = items._replace(weight=windows.weight)
    check_weights(windows, items, folds)
    n_items = [len(items.inside(fold.train)) for fold in folds]
    if not min(n_items):
        raise ConfigError(
            f"{method.name}: fold {folds[int(np.argmin(n_items))].name} has no "
            + (
                "whole trial to train on: choose a protocol that divides no trials"
                if method.whole_trials
                else f"trial with {items.train.shape[-1]} consecutive windows to train on: "
                "shorten the run"
            )
        )
    stages = stages_of(method, config)
    data = to_device(windows, modalities_of(method), device, is_padded=method.whole_trials)
    if not method.takes_missing:  # all its windows are whole
        data = data._replace(present=None)
    shapes = shapes_of(windows, method.train_modalities, n_subjects)
    return Job(
        method=method,
        config=config,
        stages=stages,
        shapes=replace(shapes, n_windows=len(windows.keys)),
        data=data,
        items=items,
    )


def shapes_of(windows: Windows, modalities: Iterable[str], n_subjects: int) -> Shapes:
    """Return what a network must know of windows.

    Parameters
    ----------
    windows : Windows
        All windows of the study.
    modalities : iterable of str
        Those that the network reads in training.
    n_subjects : int
        Training subjects of a fold.
    """
    features = {name: windows.x[name].shape[1:] for name in modalities}
    names = {}
    for name, shape in features.items():
        found = windows.columns.get(name, ()) if len(shape) == 1 else windows.ch_names
        if len(found) == shape[0]:
            names[name] = tuple(found)
    return Shapes(features, len(windows.classes), n_subjects, names)


def training_subjects(method: Method, config: Any, windows: Windows, folds: Sequence[Fold]) -> int:
    """Return the training subjects of a fold, of the fold that has most.

    Parameters
    ----------
    method : Method
        What is trained.
    config : frozen dataclass
        The method's options.
    windows : Windows
        All windows of the study.
    folds : sequence of Fold
        That are trained.

    Raises
    ------
    ConfigError
        When the method tells subjects apart and folds differ in their number.
    """
    code = subject_codes(windows.keys)
    n_subjects = {fold.name: len(np.unique(code[fold.train])) for fold in folds}
    is_read = method.uses_subject is not None and method.uses_subject(config)
    if is_read and len(set(n_subjects.values())) != 1:
        raise ConfigError(
            f"{method.name} tells training subjects apart: folds must have equally many training "
            f"subjects, found {n_subjects}"
        )
    return max(n_subjects.values())


def stages_of(method: Method, config: Any) -> tuple[Stage, ...]:
    """Return the stages of a method with its options.

    Raises
    ------
    ConfigError
        When one of them cannot be run.
    """
    stages = method.stages(config)
    for stage in stages:
        if stage.n_epochs < 1 or stage.batch < 2:  # batch statistics need two
            raise ConfigError(
                f"{method.name}, stage {stage.name}: {stage.n_epochs} epochs of batches of "
                f"{stage.batch}; expected at least 1 and 2"
            )
    return stages
