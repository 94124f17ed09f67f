"""Classifiers that anybody would try on such features, each tuned on training subjects alone.

What training data allow cannot be known; what they allow somebody who tries the usual things can
be. So this is the yardstick: logistic regression, linear discriminant analysis with shrinkage, a
support vector machine with a Gaussian kernel, random forest, boosted trees. The options of each
are chosen from a grid by the accuracy on left-out groups of the training subjects; then it is
fitted on all of them. Features are standardised with the training rows, missing ones are their
mean, as for the networks.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

N_GROUPS = 3
"""Of training subjects, to choose options on."""


class Member(NamedTuple):
    """A kind of classifier and the options to choose from."""

    make: Any
    grid: Mapping[str, Sequence[Any]]


MEMBERS: Mapping[str, Member] = {
    "logistic regression": Member(LogisticRegression(max_iter=2000), {"C": (1e-3, 1e-2, 0.1, 1.0)}),
    "discriminant analysis": Member(
        LinearDiscriminantAnalysis(solver="lsqr"), {"shrinkage": (0.05, 0.3, 0.9)}
    ),
    "Gaussian SVM": Member(
        SVC(random_state=0), {"C": (0.3, 1.0, 3.0), "gamma": (0.003, 0.01, 0.03)}
    ),
    "random forest": Member(
        RandomForestClassifier(200, random_state=0), {"min_samples_leaf": (3, 20)}
    ),
    "boosted trees": Member(
        HistGradientBoostingClassifier(random_state=0, learning_rate=0.05, max_leaf_nodes=8),
        {"max_iter": (60,)},
    ),
}


class Tuned(NamedTuple):
    """A classifier with its chosen options.

    Attributes
    ----------
    classifier : Any
        Fitted.
    score : float
        Accuracy on left-out training subjects, with the chosen options.
    """

    classifier: Any
    score: float


def tune(name: str, x: np.ndarray, label: np.ndarray, group: np.ndarray) -> Tuned:
    """Choose options on groups of subjects, and fit on all rows.

    Parameters
    ----------
    name : str
        A key of `MEMBERS`.
    x : array, shape (n_windows, n_features)
        Training rows, NaN where a feature is missing.
    label, group : array, shape (n_windows,)
        Class, and whose row it is (or of which day).
    """
    made, grid = MEMBERS[name]
    whole = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler(), made)
    step = whole.steps[-1][0]
    options = {f"{step}__{option}": list(values) for option, values in grid.items()}
    search = GridSearchCV(whole, options, cv=GroupKFold(N_GROUPS)).fit(x, label, groups=group)
    return Tuned(search.best_estimator_, float(search.best_score_))
