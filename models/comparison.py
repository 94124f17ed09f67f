"""Is one method better than another? Differences paired by subject, with their interval."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from featpipe.errors import ConfigError

SETTING = ("protocol", "manner", "policy", "scaling", "eeg")
"""Columns of scores within which methods may be compared: on equal terms and tables."""

COMPARISON_COLUMNS = (
    "method",
    "variant",
    "reference",
    "metric",
    "difference",
    "low",
    "high",
    "n_subjects",
    "p",
)


def paired_differences(
    scores: pd.DataFrame, reference: str, metric: str = "accuracy", confidence: float = 0.95
) -> pd.DataFrame:
    """Compare every method and variant with one reference, on what both were tested on.

    A subject's difference is its mean over the seeds that both have, so that n counts subjects:
    windows and seeds of one subject are not independent of each other.

    Parameters
    ----------
    scores : pandas.DataFrame
        As `models.scores.scores` returns it, of one protocol, manner, policy, scaling
        and EEG family.
    reference : str
        Method to compare with, at its defaults.
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

    Raises
    ------
    ConfigError
        When the scores mix protocols, manners, policies, scalings or EEG families.
    """
    if len(scores[list(SETTING)].drop_duplicates()) > 1:
        raise ConfigError("scores on several terms (protocol, policy ...): take one")
    groups: Any = scores.groupby(["subject", "seed", "method", "variant"], sort=False)
    means: Any = groups[metric].mean().unstack(["method", "variant"])
    base = (reference, "default")
    rows = []
    for method, variant in means.columns if base in means.columns else ():
        if (method, variant) != base:
            paired = (means[method, variant] - means[base]).dropna()
            difference = paired.groupby("subject").mean().to_numpy()
            low, high, p = _t_interval(difference, confidence)
            mean = difference.mean() if len(difference) else float("nan")
            rows.append((method, variant, reference, metric, mean, low, high, len(difference), p))
    return pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))


def _t_interval(difference: np.ndarray, confidence: float) -> tuple[float, float, float]:
    if len(difference) < 2 or np.ptp(difference) == 0:
        return float("nan"), float("nan"), float("nan")
    result: Any = stats.ttest_1samp(difference, 0.0)
    interval = result.confidence_interval(confidence)
    return float(interval.low), float(interval.high), float(result.pvalue)
