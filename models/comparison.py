"""Is one method better than another? Differences paired by subject, with their interval."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

COMPARISON_COLUMNS = (
    "method",
    "reference",
    "metric",
    "difference",
    "low",
    "high",
    "n_subjects",
    "p",
)

_SETTING = ["protocol", "split", "policy"]


def paired_differences(
    scores: pd.DataFrame, reference: str, metric: str = "accuracy", confidence: float = 0.95
) -> pd.DataFrame:
    """Compare every method with one reference on the subjects both were tested on.

    A subject's score is its mean over seeds and folds, so that n counts subjects: windows and
    seeds of one subject are not independent of each other.

    Parameters
    ----------
    scores : pandas.DataFrame
        As `models.scores.scores` returns it.
    reference : str
        Method to compare with.
    metric : str
        Column of the scores.
    confidence : float
        Of the interval.

    Returns
    -------
    pandas.DataFrame
        Columns `COMPARISON_COLUMNS`: mean difference to the reference, its t interval and the
        two-sided p of the paired t test (not adjusted for the number of methods); NaN with fewer
        than two subjects. No rows when the reference was not run.
    """
    by = ["subject", *_SETTING]
    groups: Any = scores.groupby([*by, "method"], sort=False, observed=True)
    means: Any = groups[metric].mean().unstack("method")
    rows = []
    for method in means.columns if reference in means else ():
        if method != reference:
            difference = (means[method] - means[reference]).dropna().to_numpy()
            low, high, p = _t_interval(difference, confidence)
            about = (method, reference, metric, difference.mean(), low, high, len(difference), p)
            rows.append(about)
    return pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))


def _t_interval(difference: np.ndarray, confidence: float) -> tuple[float, float, float]:
    if len(difference) < 2 or np.ptp(difference) == 0:
        return float("nan"), float("nan"), float("nan")
    result: Any = stats.ttest_1samp(difference, 0.0)
    interval = result.confidence_interval(confidence)
    return float(interval.low), float(interval.high), float(result.pvalue)
