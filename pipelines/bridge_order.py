"""Which channel and band of B each of A resembles: measured, and what of it may be said."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from featpipe.errors import few

FLOOR = 0.3
"""Least correlation of which a resemblance is told."""

_MARGIN = 0.2  # least lead over the rival, in Fisher's z
_SURE = 4.0  # standard errors
_AVERAGED = 5  # most columns of one name that count as independent: bands do, neighbours do not
_ACROSS = 0.5
_MOST = 0.9


class Order(NamedTuple):
    """What the names of one kind, channels or bands, resemble.

    Attributes
    ----------
    r : pandas.DataFrame
        Mean correlation of those of A (rows) with those of B (columns).
    match : dict
        Name in A -> name in B that it resembles most: another only with a lead, and none below the
        floor, where it does not vary, or where the lead of another is too small to tell.
    """

    r: pd.DataFrame
    match: dict[str, str]

    @property
    def itself(self) -> float:
        """Share of the names with a match whose match is themselves."""
        same = [one == other for one, other in self.match.items()]
        return float(np.mean(same)) if same else np.nan

    @property
    def moved(self) -> dict[str, str]:
        """Names whose match is another."""
        return {one: other for one, other in self.match.items() if one != other}


def order_of(r: np.ndarray, of: Any, within: Any, n_free: float) -> Order:
    """Average the correlations of what shares `within`, and find what resembles what.

    Parameters
    ----------
    r : array, shape (n_columns, n_columns)
        Correlation of columns of A with those of B, 0 for those that do not vary.
    of, within : pandas.Series
        The names that are compared, and what two columns have to share for it.
    n_free : float
        Number of independent windows that the correlations rest on.

    Returns
    -------
    Order
    """
    names = [str(name) for name in dict.fromkeys(of)]
    place = of.map({name: i for i, name in enumerate(names)}).to_numpy()
    total, count = np.zeros((2, len(names), len(names)))
    for one in dict.fromkeys(within):
        rows = np.flatnonzero((within == one).to_numpy())
        total[np.ix_(place[rows], place[rows])] += r[np.ix_(rows, rows)]
        count[np.ix_(place[rows], place[rows])] += 1
    mean = total / np.maximum(count, 1)
    n_averaged = min(int(count.max()), _AVERAGED)
    error = 1 / np.sqrt(max(n_free * n_averaged, 1.0))
    floor, lead = max(FLOOR, _SURE * error), max(_MARGIN, _SURE * error)
    match = {}
    for i in np.flatnonzero(mean.any(axis=1) & mean.any(axis=0)):  # what varies in both
        best = int(mean[i].argmax())
        if mean[i, i] > mean[i, best] - 1e-5:  # one diameter of two pupils is two equal columns
            best = int(i)
        has_lead = best == i or _z(mean[i, best]) - _z(mean[i, i]) > lead
        if mean[i, best] >= floor and has_lead:
            match[names[i]] = names[best]
    return Order(pd.DataFrame(mean, index=names, columns=names), match)


def _z(r: float) -> float:
    return float(np.arctanh(np.clip(r, -0.9999, 0.9999)))


def read_across(r: np.ndarray, columns: pd.DataFrame, order_b: list[int]) -> str:
    """Tell whose columns stand band by band under names that go channel by channel, else ""."""
    n_bands, n_channels = (len(set(columns[name])) for name in ("band", "channel"))
    n = n_bands * n_channels
    if min(n_bands, n_channels) < 2 or order_b != list(range(n)) or len(r) != n:
        return ""
    k = np.arange(n)
    across = (k % n_channels) * n_bands + k // n_channels
    itself = r[k, k].mean()
    for side, other in (("B", r[across, k].mean()), ("A", r[k, across].mean())):
        if other > max(_ACROSS, itself + 0.2):
            return side
    return ""


def words_of_order(channels: Order, bands: Order, across: str, what: str) -> Iterator[str]:
    """Say whether channels, or columns of the eyes, and bands stand under the same names."""
    if across:
        yield (
            f"The columns of {across} go band by band under names that go channel by channel: it "
            "was read across; every column is the wrong one."
        )
        return
    yield from _words(channels, what)
    if len(bands.r) > 1 and bands.moved:
        yield from _words(bands, "bands")


def _words(order: Order, what: str) -> Iterator[str]:
    """Say nothing where nothing correlates."""
    n, moved = len(order.match), order.moved
    if not n:
        return
    is_exchange = set(moved) == set(moved.values())
    is_order = len(set(moved.values())) == len(moved) > n / 2
    if moved:
        told = few([
            f"{one} is most like {other}, {order.r.loc[one, other]:.2f}, with itself "
            f"{order.r.loc[one, one]:.2f}" for one, other in moved.items()
        ])  # fmt: skip
        if is_exchange or is_order:
            yield f"{len(moved)} {what} stand in another order: {told}."
        else:
            yield (
                f"{len(moved)} {what} are more like others than like themselves: {told}; others "
                "may stand under their names, or they are bad in one of the two."
            )
    elif n >= _MOST * len(order.r):
        yield f"The order of {what} is the same: all {n} that can be told resemble themselves most."
    else:
        yield (
            f"{n} of {len(order.r)} {what} resemble themselves most, nothing can be told of the "
            "others."
        )
