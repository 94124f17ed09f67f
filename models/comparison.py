"""Is one method better than another? Differences paired by subject, with their interval."""

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
    means = scores.groupby([*by, "method", "variant"], observed=True, as_index=False)[metric].mean()
    is_reference = means["method"] == reference
    base = means.loc[is_reference, [*by, metric]].rename(columns={metric: "of_reference"})
    joined = means[~is_reference].merge(base, on=by)
    joined["difference"] = joined[metric] - joined["of_reference"]
    rows = []
    for method, group in joined.groupby("method", sort=False, observed=True):
        low, high, p = _t_interval(group["difference"].to_numpy(), confidence)
        rows.append(
            (method, reference, metric, group["difference"].mean(), low, high, len(group), p)
        )
    return pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))


def _t_interval(difference: np.ndarray, confidence: float) -> tuple[float, float, float]:
    if len(difference) < 2 or np.ptp(difference) == 0:
        return float("nan"), float("nan"), float("nan")
    result = stats.ttest_1samp(difference, 0.0)
    interval = result.confidence_interval(confidence)
    return float(interval.low), float(interval.high), float(result.pvalue)
