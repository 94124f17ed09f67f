"""Candidates of a hyper-parameter search: which are tried, how each is judged, which is best."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch

from featpipe.errors import ConfigError
from models.evaluate import parts_of
from models.fitted import Fitted
from models.loading import Windows
from models.parts import Part, merged
from models.presence import judged, without_held
from models.registry import METHODS, get_method, make_config
from models.sampling import seed_for
from models.search import draw
from models.selection import get_policy
from models.train import TrainSettings
from models.types import Fold
from models.validation import measure, validation_side

JUDGED_COLUMNS = ("fold", "n", "balanced_accuracy", "cross_entropy", "reason")
"""What `judge` returns: windows held out, two measures of them, and why there are none."""

TRIES = 200
"""Draws in a row that bring nothing new, after which there is taken to be nothing more."""


def candidates(
    method_name: str, options: Mapping[str, Any], n: int, search_seed: int = 0
) -> list[dict[str, Any]]:
    """Draw what is tried: the options as they are given, then n - 1 others, no two alike.

    Parameters
    ----------
    method_name : str
        Registry name; its card says what options may be.
    options : mapping
        Options that are settled and not searched.
    n : int
        How many. The first of them are the same for every n, and an option that several methods
        have takes the same values in all of them.
    search_seed : int
        Fixes what is drawn, and nothing else.

    Returns
    -------
    list of dict
        What `make_config` takes. Fewer than n where there are no more.

    Raises
    ------
    ConfigError
        When there is nothing to search, or an option is wrong.
    """
    if n < 2:
        raise ConfigError(f"{n} candidates: a choice needs at least 2")
    known = get_method(method_name).search
    ranges = {k: of for k, of in known.items() if k not in options}
    if not ranges:
        able = ", ".join(name for name, method in METHODS.items() if method.search)
        what = "all options that could be searched are set" if known else "it has no ranges"
        raise ConfigError(f"{method_name}: nothing to search, {what}; searched are {able}")
    found, first, seen, i = [dict(options)], make_config(method_name, options), set(), 0
    last = 0  # draw that brought something new
    while len(found) < n and i - last < TRIES:
        drawn = {
            name: draw(of, np.random.default_rng(seed_for(search_seed, "search", name, str(i))))
            for name, of in ranges.items()
        }
        i += 1
        if (values := tuple(drawn.values())) in seen:
            continue
        seen.add(values)
        if make_config(method_name, {**options, **drawn}) != first:
            found.append({**options, **drawn})
            last = i
    return found


def require_blind(policy: str) -> None:
    """Refuse a policy that looks at the test side.

    Raises
    ------
    ConfigError
        Naming what can be taken.
    """
    if get_policy(policy).is_of_test:
        raise ConfigError(
            f"policy {policy!r} looks at the test side, and a search must not: take 'last' or "
            "'source-validation'"
        )


def inner_folds(folds: Sequence[Fold], windows: Windows, method_name: str, seed: int) -> list[Fold]:
    """Make of every training side a fold of its own, whose test side are subjects held out of it.

    Parameters
    ----------
    folds : sequence of Fold
        Of a protocol. Their test sides do not occur in what is returned.
    windows : Windows
        All windows of the study.
    method_name : str
        Registry name: who lacks what it predicts from is not held out.
    seed : int
        Decides, with a fold's name, who is held out; all candidates are judged on the same.
    """
    found = []
    policy, method = get_policy("source-validation"), get_method(method_name)
    for fold in judged(policy, method, windows, folds, seed):
        if fold.validate is not None:
            target = None if fold.target is None else fold.validate
            whole = without_held(fold, windows)
            found.append(Fold(fold.name, fold.train, fold.validate, target, whole=whole))
    return found


def judge(
    windows: Windows,
    method_name: str,
    inner: Sequence[Fold],
    seed: int,
    settings: TrainSettings,
    config: Any,
    policy: str = "last",
    fit: Callable[[Sequence[Part]], Fitted] | None = None,
) -> pd.DataFrame:
    """Train one candidate on inner folds and judge it; that it fails is a row like others.

    Parameters
    ----------
    windows, method_name, seed, settings, config, policy
        As in `models.evaluate.fit_folds`.
    inner : sequence of Fold
        From `inner_folds`.
    fit : callable, optional
        Trains parts; by default one after the other.

    Returns
    -------
    pandas.DataFrame
        Columns `JUDGED_COLUMNS`.
    """
    require_blind(policy)
    settings = replace(settings, stops_at_nan=False)
    try:
        parts = parts_of(windows, method_name, inner, [seed], settings, config, policy)
        fitted = fit(parts) if fit else merged([part.fit() for part in parts])
    except ConfigError as error:
        nan = float("nan")
        rows = [(fold.name, len(fold.test), nan, nan, str(error)) for fold in inner]
        return pd.DataFrame(rows, columns=list(JUDGED_COLUMNS))
    return _measured(windows, inner, fitted)


def choose(rows: pd.DataFrame) -> dict[str, int]:
    """Choose the candidate of each fold, by what was held out of that fold alone.

    Parameters
    ----------
    rows : pandas.DataFrame
        Column `candidate` and `JUDGED_COLUMNS`.

    Returns
    -------
    dict
        Fold -> the candidate with the highest balanced accuracy; on a tie the lower cross-entropy,
        then the earlier candidate, so that the options as they are given win over equals.

    Raises
    ------
    ConfigError
        When all candidates failed in some fold.
    """
    sound: Any = rows[rows["reason"] == ""]
    order = sound.sort_values(
        ["balanced_accuracy", "cross_entropy", "candidate"], ascending=[False, True, True]
    )
    best = order.groupby("fold", sort=False)["candidate"].first()
    for fold in dict.fromkeys(rows["fold"]):
        if fold not in best.index:
            first = rows.loc[rows["fold"] == fold, "reason"].iloc[0]
            raise ConfigError(f"fold {fold}: every candidate failed; the first: {first}")
    return {fold: int(best[fold]) for fold in dict.fromkeys(rows["fold"])}


def _measured(windows: Windows, inner: Sequence[Fold], fitted: Fitted) -> pd.DataFrame:
    """Judge a trained candidate with the measures of policy "source-validation"."""
    label = torch.from_numpy(np.array(windows.label))
    rows = []
    for fold in inner:
        side = validation_side(label, [fold.test])
        logits = torch.from_numpy(fitted.probabilities[fold.name]).log()[None]
        score, loss = (float(value) for value in measure(logits, side))
        reason = _not_finite(fitted.curves, fold.name)
        if not reason and np.isnan(score + loss):
            reason = "its probabilities are not numbers"
        nan = float("nan")
        found = (nan, nan, reason) if reason else (score, loss, "")
        rows.append((fold.name, len(fold.test), *found))
    return pd.DataFrame(rows, columns=list(JUDGED_COLUMNS))


def _not_finite(curves: pd.DataFrame, fold: str) -> str:
    """Name the first value of a fold's curves that is no number, "" where there is none."""
    of_fold: Any = curves[(curves["fold"] == fold) & curves["kind"].isin(["loss", "validation"])]
    is_bad = ~np.isfinite(of_fold["value"].to_numpy(float))
    if not is_bad.any():
        return ""
    first = of_fold[is_bad].iloc[0]
    return f"{first['term']} became {first['value']} in epoch {first['epoch']}"
