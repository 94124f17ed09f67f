"""Standardisation from training rows only."""

import numpy as np

from models.types import Scaling


def fit_scaling(x: np.ndarray, rows: np.ndarray) -> Scaling:
    """Return mean and standard deviation of each feature over the given rows.

    Parameters
    ----------
    x : array, shape (n_windows, ...)
        Features of one modality; NaN where missing.
    rows : array of int, shape (n_rows,)
        Training rows of the fold. Nothing else is read.

    Returns
    -------
    Scaling
        Population standard deviation; 1 where it is zero, mean 0 where every value is missing.
    """
    values = x[rows].reshape(len(rows), -1)
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
    shape = x.shape[1:]
    return Scaling(
        mean.astype(np.float32).reshape(shape),
        scale.astype(np.float32).reshape(shape),
        int(is_missing.sum()),
    )
