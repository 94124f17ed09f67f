"""The record that training leaves behind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from models.types import Scaling


@dataclass(frozen=True)
class Fitted:
    """What training leaves behind, per fold name.

    Attributes
    ----------
    probabilities : mapping
        Array (n_test, n_classes) in the order of the fold's test rows.
    curves : pandas.DataFrame
        Columns `curves.CURVE_COLUMNS`, the course of every loss term and diagnostic; no rows for
        methods that have no epochs.
    weights : mapping
        State dict of the trained network, or the fitted estimator.
    scaling : mapping
        Modality -> Scaling; empty where the estimator holds its own.
    epochs : mapping
        Epoch of the last stage, from 1, whose weights these are; empty where there are no epochs.
    notes : mapping
        What people should know of how a fold was fitted; only of folds where there is something.
    """

    probabilities: Mapping[str, np.ndarray]
    curves: pd.DataFrame
    weights: Mapping[str, Any]
    scaling: Mapping[str, Mapping[str, Scaling]]
    epochs: Mapping[str, int]
    notes: Mapping[str, str] = field(default_factory=dict)
