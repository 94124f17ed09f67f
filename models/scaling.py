"""Standardisation: from training rows, and where it is asked for by name from a unit's own rows."""

from dataclasses import replace

import numpy as np

from models.loading import Windows
from models.types import Scaling
from models.units import SESSION, SUBJECT, units


def fit_scaling(x: np.ndarray, rows: np.ndarray, *, by_band: bool = False) -> Scaling:
    """Return mean and standard deviation of each feature over the given rows.

    Parameters
    ----------
    x : array, shape (n_windows, ...)
        Features of one modality; NaN where missing.
    rows : array of int, shape (n_rows,)
        Training rows of the fold. Nothing else is read.
    by_band : bool
        Where windows are (n_channels, n_bands), all channels of a band have one mean and one
        deviation, so that their differences stay what they are but for a factor.

    Returns
    -------
    Scaling
        Population standard deviation; 1 where it is zero, mean 0 where every value is missing.
    """
    shape = x.shape[1:]
    of_one = (1, shape[-1]) if by_band and len(shape) == 2 else shape
    values = x[rows].reshape(-1, int(np.prod(of_one)))
    is_missing = np.isnan(values)
    count = np.maximum((~is_missing).sum(axis=0), 1)
    mean = np.nansum(values, axis=0, dtype=np.float64) / count
    # single precision suffices once the mean is gone; the sum of squares does not
    values -= mean.astype(np.float32)
    values[is_missing] = 0.0
    scale = np.sqrt(np.einsum("ij,ij->j", values, values, dtype=np.float64) / count)
    # a constant feature leaves rounding noise, which division would blow up to order one
    is_constant = scale <= 1e-7 * np.maximum(np.abs(mean), 1e-30)
    scale[is_constant] = 1.0

    def of_all(values: np.ndarray) -> np.ndarray:
        return np.broadcast_to(values.astype(np.float32).reshape(of_one), shape).copy()

    return Scaling(of_all(mean), of_all(scale), int(is_missing.sum()))


def scaled_apart(windows: Windows, scaling: str) -> Windows:
    """Standardise every subject or session with its own windows, as far as `scaling` says so.

    Parameters
    ----------
    windows : Windows
        All windows of the study.
    scaling : str
        A key of `models.manners.SCALINGS`; "train" returns the windows as they are.

    Returns
    -------
    Windows
        Folds standardise them once more with their training rows.
    """
    if scaling == "train":
        return windows
    code, names = units(windows.keys, {"subject": SUBJECT, "session": SESSION}[scaling])
    x = {modality: values.copy() for modality, values in windows.x.items()}
    for i_unit in range(len(names)):
        rows = np.flatnonzero(code == i_unit)
        for values in x.values():
            own = fit_scaling(values, rows)
            values[rows] = (values[rows] - own.mean) / own.scale
    return replace(windows, x=x)
