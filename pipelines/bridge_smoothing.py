"""Is one side a smoothed copy of the other? Measured, and what of it may be said."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from featpipe.features.agreement import (
    SMOOTHERS,
    between_share,
    lag_one,
    means,
    median_within,
)
from pipelines.bridge_joins import smoothed_windows
from pipelines.bridge_tables import Pair

PLAIN = next(iter(SMOOTHERS))
WAYS = [*((how, PLAIN) for how in SMOOTHERS), *((PLAIN, how) for how in list(SMOOTHERS)[1:])]
"""How A and B are smoothed in turn."""

_GAIN = 0.02  # of the correlation
_SMOOTHER = 0.5  # of Fisher's z of lag 1: 0 and 0.46, 0.9 and 0.96
_ALIKE = 0.35  # of what smoothing changed in lag 1
_SHARE = 0.15  # of the variance between trials
_COPY = 0.95


class Tried(NamedTuple):
    """Medians over columns, A and B smoothed in one way."""

    r: float
    lag1_a: float
    lag1_b: float
    between_a: float
    between_b: float


def try_smoothing(
    pair: Pair, columns: np.ndarray, trial: np.ndarray, recording: np.ndarray, is_next: np.ndarray
) -> dict[tuple[str, str], Tried]:
    """Measure agreement with A as it is and smoothed in each way, then with B smoothed.

    Parameters
    ----------
    pair : Pair
        Joined windows.
    columns : array of int
        Columns to try.
    trial, recording, is_next : array, shape (n_windows,)
        As `agreement.compare` takes them.

    Returns
    -------
    dict
        (how A was smoothed, how B was) -> Tried.
    """
    a, b = ({how: smoothed_windows(whole, how, columns) for how in SMOOTHERS}
            for whole in (pair.whole_a, pair.whole_b))  # fmt: skip
    lags = [_each(x, lambda y: lag_one(y - means(y, trial), is_next)) for x in (a, b)]
    shares = [_each(x, lambda y: between_share(y, trial, recording)) for x in (a, b)]
    return {
        (one, two): Tried(
            median_within(a[one], b[two], trial), lags[0][one], lags[1][two],
            shares[0][one], shares[1][two],
        )
        for one, two in WAYS
    }  # fmt: skip


def _each(
    tables: Mapping[str, np.ndarray], measure: Callable[[np.ndarray], np.ndarray]
) -> dict[str, float]:
    found = {}
    for how, x in tables.items():
        values = measure(np.where(np.isfinite(x), x, np.nan).astype(np.float64))
        known = values[np.isfinite(values)]
        found[how] = float(np.median(known)) if known.size else np.nan
    return found


def proven(tried: Mapping[tuple[str, str], Tried]) -> tuple[str, str]:
    """Tell how A or B has to be smoothed to be what the other is; not at all without evidence.

    That it raises the correlation proves nothing, it does so of any two noisy copies. The other
    must have much the higher lag 1, and smoothing must bring lag 1 and the share between trials to
    its values.
    """
    plain = tried[PLAIN, PLAIN]
    best = best_way(tried)
    one = tried[best]
    if best == (PLAIN, PLAIN) or not np.isfinite(one).all() or not np.isfinite(plain.lag1_a):
        return PLAIN, PLAIN
    is_a = best[0] != PLAIN
    before, after, other = (
        _z(x) for x in ((plain.lag1_a, one.lag1_a, plain.lag1_b) if is_a else
                        (plain.lag1_b, one.lag1_b, plain.lag1_a))
    )  # fmt: skip
    is_smoother = other - before > _SMOOTHER
    is_reached = abs(after - other) < _ALIKE * (after - before)
    has_share = abs(one.between_a - one.between_b) < _SHARE
    return best if is_smoother and is_reached and has_share else (PLAIN, PLAIN)


def best_way(tried: Mapping[tuple[str, str], Tried]) -> tuple[str, str]:
    """Name the way of smoothing with the strongest correlation; a tie is none."""
    strength = {how: abs(one.r) for how, one in tried.items() if np.isfinite(one.r)}
    best = max(strength, key=lambda how: strength[how], default=(PLAIN, PLAIN))
    is_better = strength.get(best, 0.0) > strength.get((PLAIN, PLAIN), 0.0) + _GAIN
    return best if is_better else (PLAIN, PLAIN)


def _z(r: float) -> float:
    return float(np.arctanh(np.clip(r, -0.9999, 0.9999)))


def words_of_smoothing(tried: Mapping[tuple[str, str], Tried]) -> Iterator[str]:
    """Say which side is smoothed, and how, with lag 1 and share between trials as evidence."""
    plain, how = tried[PLAIN, PLAIN], proven(tried)
    if not np.isfinite([plain.lag1_a, plain.lag1_b]).all():
        return
    lags = f"neighbouring windows correlate {plain.lag1_a:.2f} in A and {plain.lag1_b:.2f} in B"
    smoother = "AB"[int(plain.lag1_b > plain.lag1_a)]
    best = best_way(tried)
    if how != (PLAIN, PLAIN):
        yield _copy(tried, how)
    elif best != (PLAIN, PLAIN):
        yield (
            f"Smoothing raises the correlation from {plain.r:.2f} to {tried[best].r:.2f}, as it "
            f"does wherever both hold noise: by lag 1 neither is a smoothed copy ({lags})."
        )
    elif abs(_z(plain.lag1_a) - _z(plain.lag1_b)) > _SMOOTHER:
        yield f"{smoother} is smoother along the windows, but no smoothed copy ({lags})."
    else:
        yield f"Neither is smoothed more than the other ({lags})."


def _copy(tried: Mapping[tuple[str, str], Tried], how: tuple[str, str]) -> str:
    plain, one = tried[PLAIN, PLAIN], tried[how]
    if how[0] != PLAIN:
        side, other, name = "A", "B", how[0]
        lags = (plain.lag1_a, one.lag1_a, one.lag1_b)
        shares = (plain.between_a, one.between_a, one.between_b)
    else:
        side, other, name = "B", "A", how[1]
        lags = (plain.lag1_b, one.lag1_b, one.lag1_a)
        shares = (plain.between_b, one.between_b, one.between_a)
    said = (
        f"{other} is {side} smoothed by {name}" if abs(one.r) >= _COPY else
        f"{other} is smoother along the windows, as {side} is once smoothed by {name}"
    )  # fmt: skip
    told = [f"{x:.2f} in {side}, {y:.2f} in {side} smoothed, {z:.2f} in {other}"
            for x, y, z in (lags, shares)]  # fmt: skip
    return (
        f"{said}: correlation {one.r:.3f}, unsmoothed {plain.r:.3f}; lag 1 is {told[0]}; the share "
        f"of the variance between trials is {told[1]}."
    )
