"""Linear support vector machines on eye or EEG features.

The two first rows of the table in Zhang et al. (2021): an SVM on eye movements, tested on eye
movements, and one on EEG, tested on EEG.

Differences
-----------
1. Kernel. Paper: not given / here: linear, as the SEED group's own baselines, and because a kernel
   machine on 27 000 windows takes hours per fold.
2. C. Paper: not given / here: chosen from five powers of two between 2^-10 and 2^6 by the accuracy
   on a quarter of the training subjects (of the training trials when there is one subject only),
   then refitted on all of them. The usual range ends at 2^10; beyond 2^6 the solver slows down
   and, on standardised features, the solution hardly moves. Where none can be held out, because
   there is one group or the others would have one class, C is 1, scikit-learn's default.
3. Probabilities. Paper: none / here: the softmax of the decision values. Its order of classes is
   the SVM's; it is not calibrated.
4. Scaling. Paper: not given / here: z-scores with the statistics of the training rows, a missing
   feature replaced by the training mean.
"""

from dataclasses import dataclass, replace
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from models.classic import ClassicMethod
from models.search import Choice

DEFAULT_C = 1.0
"""Of scikit-learn; the paper gives none."""


@dataclass(frozen=True)
class Config:
    """Options of the linear SVM.

    Attributes
    ----------
    exponents : tuple of int
        C is the best of 2^exponent; one alone is taken as it is.
    held_out : float
        Share of the training groups that C is chosen on.
    """

    exponents: tuple[int, ...] = (-10, -6, -2, 2, 6)  # within the usual 2^-10..2^10
    held_out: float = 0.25  # 2 of 8 source subjects


def fit(
    x: np.ndarray,
    label: np.ndarray,
    group: np.ndarray,
    config: Config,
    seed: int,
    weight: np.ndarray | None = None,
) -> Pipeline:
    """Choose C on held-out groups, then fit on all rows; `DEFAULT_C` where none can be held out.

    Parameters
    ----------
    x : array, shape (n_windows, n_features)
        Training rows; NaN where a feature is missing.
    label, group : array of int, shape (n_windows,)
        Class, and the subject or trial that must not be split.
    config : Config
        Grid and share held out.
    seed : int
        Chooses the held-out groups.
    weight : array, shape (n_windows,), optional
        How much the loss of each row counts; what C is chosen by counts all rows alike.

    Returns
    -------
    Pipeline
        Imputer, scaler and classifier; its `classes_` are those seen in `label`.
    """
    candidates = [2.0**exponent for exponent in config.exponents]
    if len(candidates) == 1:
        return _fitted(candidates[0], x, label, weight)
    division = _division(label, group, config, seed)
    if division is None:
        return _fitted(DEFAULT_C, x, label, weight)
    fitting, held_out = division
    some = None if weight is None else weight[fitting]
    with catch_warnings():
        # a large C on few windows converges slowly; what has not converged scores as it is
        simplefilter("ignore", ConvergenceWarning)
        scores = [
            _fitted(c, x[fitting], label[fitting], some).score(x[held_out], label[held_out])
            for c in candidates
        ]
        # on a tie the smallest C
        return _fitted(candidates[int(np.argmax(scores))], x, label, weight)


def notes(label: np.ndarray, group: np.ndarray, config: Config, seed: int) -> str:
    """Say so where C was not chosen; arguments as in `fit`."""
    if len(config.exponents) == 1 or _division(label, group, config, seed) is not None:
        return ""
    return (
        f"C is {DEFAULT_C:g}, scikit-learn's default, and was not chosen: there is one subject or "
        "trial to train on, or one class without the part that C would be chosen on"
    )


def _division(
    label: np.ndarray, group: np.ndarray, config: Config, seed: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the rows to fit and those to choose C on; None where there are none to choose on."""
    if len(np.unique(group)) < 2:
        return None
    splitter = GroupShuffleSplit(1, test_size=config.held_out, random_state=seed)
    fitting, held_out = next(splitter.split(label, label, group))
    return (fitting, held_out) if len(np.unique(label[fitting])) > 1 else None


def predict(estimator: Pipeline, x: np.ndarray) -> np.ndarray:
    """Return the softmax of the decision values, (n_windows, n_classes_seen)."""
    decision = np.asarray(estimator.decision_function(x))
    if decision.ndim == 1:  # two classes share one value
        decision = np.stack([-decision, decision], axis=1)
    return softmax(decision, axis=1)


def _fitted(c: float, x: np.ndarray, label: np.ndarray, weight: np.ndarray | None) -> Pipeline:
    counts = {} if weight is None else {"linearsvc__sample_weight": weight}
    return _svm(c).fit(x, label, **counts)


def _svm(c: float) -> Pipeline:
    # the primal problem: there are more windows than features
    solver: Any = LinearSVC  # scikit-learn has no types, and what is guessed for `dual` is wrong
    classifier = solver(C=c, dual=False, max_iter=5000, random_state=0)
    imputer = SimpleImputer(strategy="mean", keep_empty_features=True)
    return make_pipeline(imputer, StandardScaler(), classifier)


SVM = ClassicMethod(
    name="svm",
    describes="linear SVM on eye features",
    reference="Zhang et al., A cross-subject and cross-modal model ..., ICONIP 2021 (baseline)",
    train_modalities=("eye",),
    inputs=("eye",),
    config=Config(),
    # all of the usual range but its upper end, where the solver slows down (Differences, 2)
    search={"exponents": Choice(tuple((exponent,) for exponent in range(-10, 7)))},
    fit=fit,
    predict=predict,
    notes=notes,
    version=2,
)
SVM_EEG = replace(
    SVM,
    name="svm_eeg",
    describes="linear SVM on EEG features",
    train_modalities=("eeg",),
    inputs=("eeg",),
)
