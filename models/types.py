"""The records a method is made of and the ones that training reads.

A method is data plus plain functions; it never sees an optimiser, a fold or a file. This module
holds no computation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor, nn

from models.paper_manner import PaperManner
from models.search import Range


@dataclass(frozen=True)
class Shapes:
    """What a network must know about the data before it exists.

    Attributes
    ----------
    features : mapping
        Modality -> shape of one window, for example ``{"eeg": (62, 5), "eye": (33,)}``.
    n_classes : int
        Number of emotions.
    n_subjects : int
        Training subjects of a fold; the same in all folds that are trained together.
    names : mapping
        Modality -> names along the first axis of a window: channels, or columns. A modality is
        absent where they are not known.
    n_windows : int
        Windows of the study, for what is kept per window while training; `Batch.index` counts
        them. 0 where a network is built to predict.
    """

    features: Mapping[str, tuple[int, ...]]
    n_classes: int
    n_subjects: int
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    n_windows: int = 0


class Batch(NamedTuple):
    """What a loss or `predict` reads; a pytree, so it can carry a fold axis in front.

    Attributes
    ----------
    x : dict
        Modality -> standardised features, shape (batch, ...) for methods on single windows,
        (batch, run_length, ...) for methods on runs and (batch, n_longest, ...) for methods on
        whole trials, 0 where a trial has ended.
    label : Tensor of int64, shape (batch,)
        Class; -1 in `predict` and in `target`, where nobody may know it.
    subject : Tensor of int64, shape (batch,)
        Index among the fold's training subjects; -1 for other subjects.
    index : Tensor of int64, shape (batch,)
        Row of the (last) window in `Windows`.
    target : Batch, optional
        Unlabelled windows of the fold's test side, only for methods with `uses_target`.
    mask : Tensor of bool, shape (batch, n_longest), optional
        Of whole trials: True where there is a window.
    present : dict, optional
        Modality -> Tensor of bool, shaped as `x` without features: False where the window lacks it
        and features are 0. Only for methods with `takes_missing`; None where nothing is lacking.
    told : dict, optional
        Name in `Method.before` -> what that network says of the windows; only while training.
    """

    x: dict[str, Tensor]
    label: Tensor
    subject: Tensor
    index: Tensor  # type: ignore[assignment] - hides tuple.index
    target: "Batch | None" = None
    mask: Tensor | None = None
    present: dict[str, Tensor] | None = None
    told: dict[str, Any] | None = None


class Losses(NamedTuple):
    """What a loss function returns.

    Attributes
    ----------
    terms : dict
        Name -> weighted scalar; the trainer minimises their sum and logs each.
    diagnostics : dict
        Name -> scalar that is logged and nothing else: an accuracy, a norm.
    """

    terms: dict[str, Tensor]
    diagnostics: dict[str, Tensor] = {}  # noqa: RUF012 - never written to


@dataclass(frozen=True)
class Objective:
    """One loss, and which modules it moves.

    Attributes
    ----------
    loss : callable
        ``loss(net, batch, progress) -> Losses``; `progress` is a scalar tensor in [0, 1), the
        share of the stage's steps already taken.
    trains : tuple of str
        Names of sub-modules this objective updates; "" is the whole network.
    lr, weight_decay : float
        Of Adam, with the decay added to the gradient as in the papers.
    decoupled : bool
        The decay is taken off the weights instead (AdamW), times the learning rate of the step.
    repeats : int
        Updates per batch, for estimators that must keep ahead of the network.
    schedule : callable, optional
        Share of the stage's steps taken -> factor of `lr`, see `models.schedules`.
    """

    loss: Callable[[Any, Batch, Tensor], Losses]
    trains: tuple[str, ...] = ("",)
    lr: float = 1e-3
    weight_decay: float = 0.0
    decoupled: bool = False
    repeats: int = 1
    schedule: Callable[[float], float] | None = None


@dataclass(frozen=True)
class Stage:
    """A part of the training with its own objectives; the rest of the network rests.

    Attributes
    ----------
    name : str
        Shown in the curves.
    objectives : tuple of Objective
        Applied one after another to every batch; none where `after_step` is all that is learned.
    n_epochs, batch : int
        Passes over the largest fold, and windows (or runs) per step.
    clip : float, optional
        Largest gradient norm of one fold and objective; None leaves gradients as they are.
    after_step : callable, optional
        ``after_step(net, batch)`` moves buffers without gradients: an average, a memory bank. What
        it returns, name -> scalar or None for nothing, is logged like diagnostics.
    """

    name: str
    objectives: tuple[Objective, ...]
    n_epochs: int
    batch: int
    clip: float | None = None
    after_step: Callable[[Any, Batch], Mapping[str, Tensor] | None] | None = None


@dataclass(frozen=True, kw_only=True)
class Card:
    """What tables say about a method, whatever trains it.

    Attributes
    ----------
    name : str
        Registry name.
    describes : str
        One line: what is learned from what.
    reference : str
        Paper, with DOI or venue.
    train_modalities, inputs : tuple of str
        Modalities read in training, and those that prediction may read.
    config : frozen dataclass
        The method's options at their defaults.
    version : int
        Raised when the same options give other numbers than before.
    paper : PaperManner
        What the publication did where it is not what is done here.
    draws : bool
        Whether another seed can give other numbers.
    search : mapping
        Option -> what it may be when options are searched (`models.tuning`).
    """

    name: str
    describes: str
    reference: str
    train_modalities: tuple[str, ...]
    inputs: tuple[str, ...]
    config: Any
    version: int = 1
    paper: PaperManner = field(default_factory=PaperManner)
    draws: bool = True
    search: Mapping[str, Range] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Method(Card):
    """A network and how it learns.

    Attributes
    ----------
    build : callable
        ``build(shapes, config) -> nn.Module`` with freshly drawn weights.
    stages : callable
        ``stages(config) -> tuple of Stage``.
    predict : callable
        ``predict(net, batch) -> logits (batch, n_classes)``; the batch holds `inputs` only.
    run_length : callable, optional
        ``run_length(config) -> int``: the method reads runs of that many windows, `x` is
        (batch, run_length, ...). None: single windows, `x` is (batch, ...).
    whole_trials : bool
        The method reads whole trials, `x` is (batch, n_longest, ...) and `mask` tells where they
        end; every window gets the prediction of its trial.
    uses_target : callable, optional
        ``uses_target(config) -> bool``: whether a loss reads `Batch.target`, unlabelled test
        windows (transductive). None: none does.
    stackable : bool
        Works under `torch.vmap`; False costs time, not code.
    takes_missing : bool
        Reads `Batch.present` and learns from windows that lack one of `train_modalities`.
    uses_subject : callable, optional
        ``uses_subject(config) -> bool``: whether a loss reads `Batch.subject`. None: none does.
    by_modality : callable, optional
        ``by_modality(net, batch, modality) -> logits`` from one of `train_modalities` alone; where
        the epoch is chosen on held-out subjects, curves tell how good each is.
    embed : callable, optional
        ``embed(net, batch) -> features (batch, n_features)``, the last ones before the logits, of
        what `predict` reads.
    by_band : callable, optional
        ``by_band(config) -> bool``: whether all channels of a band are standardised alike. None:
        every feature by itself.
    before : callable, optional
        ``before(config) -> mapping`` of names to networks that are trained first, each a
        `models.earlier.Earlier`: what they say is in `Batch.told`, batches hold `inputs` only.
    starts_others : bool
        Other methods name it in `before`: it is trained in every fold, also where nobody is there
        that it could be tested on.
    """

    build: Callable[[Shapes, Any], nn.Module]
    stages: Callable[[Any], tuple[Stage, ...]]
    predict: Callable[[Any, Batch], Tensor]
    run_length: Callable[[Any], int] | None = None
    whole_trials: bool = False
    uses_target: Callable[[Any], bool] | None = None
    stackable: bool = True
    takes_missing: bool = False
    uses_subject: Callable[[Any], bool] | None = None
    by_modality: Callable[[Any, Batch, str], Tensor] | None = None
    embed: Callable[[Any, Batch], Tensor] | None = None
    by_band: Callable[[Any], bool] | None = None
    before: Callable[[Any], Mapping[str, Any]] | None = None
    starts_others: bool = False


@dataclass(frozen=True)
class Fold:
    """One split of the windows.

    Attributes
    ----------
    name : str
        For example "sub-3".
    train, test : array of int64
        Rows of `Windows`.
    target : array of int64, optional
        Rows whose features, not labels, a transductive method may see in training.
    validate : array of int64, optional
        Rows taken out of `train` to choose the epoch on.
    whole : Fold, optional
        As it was before windows were left out that the method cannot use: networks that are trained
        before it may use others of them.
    """

    name: str
    train: np.ndarray
    test: np.ndarray
    target: np.ndarray | None = None
    validate: np.ndarray | None = None
    whole: "Fold | None" = None


@dataclass(frozen=True)
class Scaling:
    """Standardisation of one modality in one fold, from its training rows.

    Attributes
    ----------
    mean, scale : array of float32, shape of one window's features
        x becomes (x - mean) / scale; scale is 1 where a feature is constant.
    n_missing : int
        Missing values among the training rows; each is replaced by the mean.
    """

    mean: np.ndarray
    scale: np.ndarray
    n_missing: int
