"""The methods of the registry with the interface of scikit-learn."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from featpipe.errors import ConfigError
from models.final import train_on_all
from models.loading import Windows
from models.model import predict
from models.registry import get_method, make_config
from models.types import Method

ONE_SUBJECT = (
    "method = {!r} learns from who the subject is, and fit got no groups: all rows train as one "
    "subject. Give fit(X, y, groups=subject); in cross_val_score params={{'groups': subject}} "
    "beside groups=subject; elsewhere set_fit_request(groups=True) and "
    "sklearn.set_config(enable_metadata_routing=True)"
)
"""What a fit without groups is told whose losses read the subject."""


class CrossModalClassifier(ClassifierMixin, BaseEstimator):
    """A network that learns from several modalities and predicts from some of them.

    Rows are windows. Their columns are those of all modalities side by side, in the order of
    `modalities`; columns that a method does not read at test may hold anything there, NaN too.

    Parameters
    ----------
    method : str
        A network of the registry, see ``featpipe list methods``.
    modalities : mapping of str to int, optional
        Modality -> number of its columns, for example ``{"eeg": 310, "eye": 33}``. None takes all
        columns for the one modality of a method that needs no other.
    options : mapping, optional
        Options of the method that differ from its defaults, such as ``{"n_epochs": 20}``.
    seed : int
        Fixes weights, batches and dropout.
    policy : str
        How the epoch is chosen, see `models.selection`.
    device : str
        A torch device.

    Attributes
    ----------
    classes_ : array
        Labels as they were given.
    model_ : models.model.Model
        The trained network; `models.saved.write_model` writes its folder.

    Notes
    -----
    `fit` takes `groups`, the subject of each window: adversaries against the subject and policies
    that hold subjects out need it. Without it all windows are of one subject, of which methods
    whose losses read the subject warn. Windows count as trials of their own, so methods on runs and
    whole trials are refused. `cross_val_score` hands its ``groups`` to the splitter and not to
    `fit`: give ``params={"groups": subject}`` as well. Where that cannot be, as in a grid search,
    ``classifier.set_fit_request(groups=True)`` and metadata routing
    (``sklearn.set_config(enable_metadata_routing=True)``) hand one ``groups`` to both.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(60, 4))
    >>> y = np.where(x[:, 0] > 0, "happy", "sad")
    >>> options = {"n_epochs": 30, "batch": 16}
    >>> CrossModalClassifier("mlp", options=options).fit(x, y).score(x, y) > 0.9
    True
    """

    def __init__(
        self,
        method: str = "mlp",
        modalities: Mapping[str, int] | None = None,
        options: Mapping[str, Any] | None = None,
        seed: int = 0,
        policy: str = "last",
        device: str = "cpu",
    ):
        self.method = method
        self.modalities = modalities
        self.options = options
        self.seed = seed
        self.policy = policy
        self.device = device

    def fit(self, X: Any, y: Any, groups: Any = None) -> "CrossModalClassifier":
        """Train on all rows.

        Parameters
        ----------
        X : array, shape (n_windows, n_columns)
            NaN where a feature is missing.
        y : array, shape (n_windows,)
            Labels, of two classes or more.
        groups : array, shape (n_windows,), optional
            Subject of each window.

        Returns
        -------
        CrossModalClassifier
            Itself.

        Warns
        -----
        UserWarning
            Where losses read the subject and there are no `groups`.
        """
        from models.train import TrainSettings

        X, y = validate_data(self, X, y, ensure_all_finite="allow-nan", dtype=np.float64)
        check_classification_targets(y)
        self.classes_, label = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y holds one class only, {self.classes_[0]!r}: expected two or more")
        if len(X) < 2:
            raise ValueError(f"{len(X)} sample is too few to learn from: expected two or more")
        method = _network(self.method)
        subject = np.zeros(len(X), int) if groups is None else np.asarray(groups)
        if len(subject) != len(X):
            raise ValueError(f"groups has {len(subject)} entries, X {len(X)} rows: expected equal")
        windows = self._windows(X, label, subject, method)
        config = make_config(self.method, dict(self.options or {}))
        if groups is None and method.uses_subject and method.uses_subject(config):
            warnings.warn(ONE_SUBJECT.format(self.method), UserWarning, stacklevel=2)
        settings = TrainSettings(device=self.device)
        self.model_ = train_on_all(windows, self.method, self.seed, settings, config, self.policy)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, (n_windows, n_classes)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, ensure_all_finite="allow-nan", dtype=np.float64)
        rows = np.zeros(len(X), int)
        return predict(self.model_, self._windows(X, rows, rows, _network(self.method)))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each window."""
        found = self.predict_proba(X).argmax(axis=1)
        return self.classes_[found]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _windows(
        self, X: np.ndarray, label: np.ndarray, subject: np.ndarray, method: Method
    ) -> Windows:
        """Make windows of rows, each a trial of its own."""
        counts = self._counts(X.shape[1], method)
        ends = np.cumsum(list(counts.values()))
        x = {
            name: X[:, end - counts[name] : end].astype(np.float32)
            for name, end in zip(counts, ends, strict=True)
        }
        keys = pd.DataFrame({
            "dataset": "array", "subject": subject.astype(str), "session": "1",
            "trial": np.arange(len(X)), "window": 0, "start_s": 0.0, "stop_s": 1.0, "label": label,
            "label_name": "", "good": np.float32(1),
        })  # fmt: skip
        names = tuple(map(str, self.classes_))
        columns = {name: tuple(f"{name}_{i}" for i in range(n)) for name, n in counts.items()}
        return Windows(keys, x, np.asarray(label, np.int64), names, (), {}, columns, {})

    def _counts(self, n_columns: int, method: Method) -> dict[str, int]:
        """Return modality -> number of its columns."""
        if self.modalities is None:
            needed = ", ".join(method.train_modalities)
            if "," in needed:
                raise ConfigError(
                    f"modalities is missing: {method.name} learns from {needed}, say how many "
                    'columns each has, for example {"eeg": 310, "eye": 33}'
                )
            return {needed: n_columns}
        counts = dict(self.modalities)
        if sum(counts.values()) != n_columns:
            raise ConfigError(
                f"modalities = {counts}: that is {sum(counts.values())} columns, X has {n_columns}"
            )
        return counts


def _network(name: str) -> Method:
    method = get_method(name)
    if not isinstance(method, Method):
        raise ConfigError(f"method = {name!r}: expected a network, see `featpipe list methods`")
    if method.run_length or method.whole_trials:
        raise ConfigError(
            f"method = {name!r} reads several windows at once, and rows have no order here: use "
            "models.evaluate.cross_validate"
        )
    return method
