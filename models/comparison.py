"""Is one method better than another? Differences paired by subject, with interval and tests."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from featpipe.errors import ConfigError
from models.registry import BASELINES

SETTING = ("protocol", "manner", "policy", "scaling", "eeg")
"""Columns of scores within which methods may be compared: on equal terms and tables."""

COMPARISON_COLUMNS = (
    *("method", "variant", "reference", "metric", "difference", "low", "high"),
    *("n_subjects", "n_left_out", "p", "p_holm", "p_bh", "p_wilcoxon", "d_z", "rank_biserial"),
)


def paired_differences(
    scores: pd.DataFrame, reference: str, metric: str = "accuracy", confidence: float = 0.95
) -> pd.DataFrame:
    """Compare every method and variant with one reference, on what both were tested on.

    A subject's difference is its mean over the seeds and folds that both have, so that n counts
    subjects: windows and seeds of one subject are not independent of each other.

    Parameters
    ----------
    scores : pandas.DataFrame
        As `models.scores.scores` returns it, of one protocol, manner, policy, scaling and EEG
        family. Baselines that read no feature and what `made_for_others` names are not compared.
    reference : str
        Method to compare with, or one of its runs as tables name it, "METHOD (VARIANT)"; of a
        method the run at its defaults, or the only one.
    metric : str
        Column of the scores.
    confidence : float
        Of the interval.

    Returns
    -------
    pandas.DataFrame
        Columns `COMPARISON_COLUMNS`: mean difference to the reference and its t interval; on how
        many subjects, and how many more only one of the two was tested on; the
        two-sided p of the paired t test, alone and adjusted for all methods in the table by Holm
        (`p_holm`) and Benjamini and Hochberg (`p_bh`); that of the Wilcoxon signed-rank test;
        Cohen's d of the differences and their matched-pairs rank-biserial correlation. NaN with
        fewer than two subjects or where all differences are equal. No rows when the reference was
        not run, or in several ways of which none is named.

    Raises
    ------
    ConfigError
        When the scores are on several terms.
    """
    if len(scores[list(SETTING)].drop_duplicates()) > 1:
        raise ConfigError("scores on several terms (protocol, policy ...): take one")
    groups: Any = scores.groupby(["subject", "seed", "fold", "method", "variant"], sort=False)
    means: Any = groups[metric].mean().unstack(["method", "variant"])
    others = made_for_others(scores, reference)
    runs = [run for run in means.columns if run not in others]
    base = reference_of(reference, runs)
    rows = []
    for method, variant in runs if base else ():
        if (method, variant) != base and method not in BASELINES:
            paired = (means[method, variant] - means[base]).dropna()
            of_seed = paired.groupby(["subject", "seed"]).mean()
            difference = of_seed.groupby("subject").mean().to_numpy()
            either = means[[(method, variant), base]].dropna(how="all")
            n_either = either.index.get_level_values("subject").nunique()
            rows.append(
                {"method": method, "variant": variant, "reference": reference, "metric": metric}
                | _tested(difference, confidence)
                | {"n_left_out": n_either - len(difference)}
            )
    frame = pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))
    frame["p_holm"], frame["p_bh"] = (adjusted(frame["p"], how) for how in ("holm", "fdr_bh"))
    return frame


def made_for_others(scores: pd.DataFrame, reference: str = "") -> dict[tuple[str, str], str]:
    """Name the runs that nobody asked for: others began with them or learned from them.

    How many there are depends on how others are made, and must not move their p values.

    Parameters
    ----------
    scores : pandas.DataFrame
        As in `paired_differences`.
    reference : str
        Method that the others are compared with; if all its runs are such, they count.

    Returns
    -------
    dict
        Method and variant -> why, in words.
    """
    if "role" not in scores:
        return {}
    columns = (scores[name] for name in ("method", "variant", "role"))
    roles = {(method, variant): role for method, variant, role in zip(*columns, strict=True)}
    name, named = named_run(reference)
    own = [role for (method, _), role in roles.items() if method == name]
    spared = "" if "" in own else name
    return {
        run: f"trained as {role} of others alone"
        for run, role in roles.items()
        if role and run[0] != spared and run != (name, named)
    }


def named_run(text: str) -> tuple[str, str]:
    """Return method and variant of a run as tables name it; the variant is "" where none is named.

    Examples
    --------
    >>> named_run("kd_eye (pairs=shuffled,n_epochs=4)"), named_run("mlp")
    (('kd_eye', 'pairs=shuffled,n_epochs=4'), ('mlp', ''))
    """
    method, _, variant = text.strip().partition(" (")
    return method, variant.removesuffix(")")


def reference_of(reference: str, runs: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """Return the run that is meant: the named one, that at the defaults, or the only one."""
    name, named = named_run(reference)
    variants = [variant for method, variant in runs if method == name]
    wanted = named or ("default" if "default" in variants or len(variants) != 1 else variants[0])
    return (name, wanted) if wanted in variants else None


def _tested(difference: np.ndarray, confidence: float) -> dict[str, float]:
    found = {
        "difference": difference.mean() if len(difference) else float("nan"),
        "n_subjects": len(difference),
    }
    if len(difference) < 2 or np.ptp(difference) <= 1e-12:  # equal, but for rounding
        return found
    result: Any = stats.ttest_1samp(difference, 0.0)
    interval = result.confidence_interval(confidence)
    ranked: Any = stats.wilcoxon(difference)
    return found | {
        "low": float(interval.low),
        "high": float(interval.high),
        "p": float(result.pvalue),
        "p_wilcoxon": float(ranked.pvalue),
        "d_z": float(difference.mean() / difference.std(ddof=1)),
        "rank_biserial": rank_biserial(difference),
    }


def why_no_interval(row: Mapping[Any, Any]) -> str:
    """Say why a difference has neither an interval nor a p value; "" where it has both.

    Parameters
    ----------
    row : mapping
        Of `paired_differences`, or of its JSON.

    Examples
    --------
    >>> why_no_interval({"n_subjects": 3, "low": None})
    'the same in every subject'
    """
    if not pd.isna(row["low"]):
        return ""
    if row["n_subjects"] < 2:
        return "one subject" if row["n_subjects"] else "no subject and seed in common"
    return "the same in every subject"


def rank_biserial(difference: np.ndarray) -> float:
    """Return the matched-pairs rank-biserial correlation (Kerby 2014): 1 is better for everybody.

    Parameters
    ----------
    difference : array, shape (n_subjects,)
        Zeros do not count.

    Examples
    --------
    >>> rank_biserial(np.array([1.0, 2.0, -3.0]))
    0.0
    """
    difference = difference[difference != 0]
    ranks = stats.rankdata(np.abs(difference))
    return float((np.sign(difference) * ranks).sum() / ranks.sum()) if ranks.size else float("nan")


def adjusted(p: Any, how: str) -> np.ndarray:
    """Adjust p values for their number; NaN stays out of it.

    Parameters
    ----------
    p : pandas.Series
        Of one family of tests.
    how : {"holm", "fdr_bh"}
        Holm, or Benjamini and Hochberg.
    """
    from statsmodels.stats.multitest import multipletests  # takes a second to import

    values = p.to_numpy(float)
    is_known = ~np.isnan(values)
    adjusted = np.full(len(values), np.nan)
    if is_known.any():
        adjusted[is_known] = multipletests(values[is_known], method=how)[1]
    return adjusted
