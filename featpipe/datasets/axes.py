"""Which axis of a stored array is what, told from the shapes of all arrays of its file.

A file is written by one program, so its arrays have one order of axes. Where the windows of a
trial are as many as channels or bands, the other trials decide.
"""

from collections.abc import Mapping
from itertools import permutations
from typing import NamedTuple

import numpy as np

from featpipe.errors import ReadError

Axes = tuple[str, ...]


class Ordered(NamedTuple):
    """Arrays with their axes in a known order.

    Attributes
    ----------
    values : dict of int to array
        Trial -> (n_windows, ...) in the order that was asked for.
    axes : tuple of str
        Order in the file.
    witness : str
        "shape" where the shapes alone decide, "documented" where several orders fit.
    """

    values: dict[int, np.ndarray]
    axes: Axes
    witness: str


def order_axes(
    arrays: Mapping[int, np.ndarray],
    sizes: Mapping[str, int],
    n_windows: Mapping[int, int],
    documented: Axes,
) -> Ordered:
    """Bring the arrays of a file into the order window, then the axes of `sizes`.

    Parameters
    ----------
    arrays : mapping of int to array
        Trial -> array as stored.
    sizes : mapping of str to int
        Length of every axis but that of the windows: {"channel": 62, "band": 5}.
    n_windows : mapping of int to int
        Trial -> windows that are expected; a trial that is not in it may have any number.
    documented : tuple of str
        Order that the release is known by, which decides where shapes do not.

    Returns
    -------
    Ordered

    Raises
    ------
    ReadError
        When an array has another shape than any order allows, or the trials have different
        orders; the message names the trial.
    """
    names = ("window", *sizes)
    left: list[Axes] = list(permutations(names))
    for trial, array in arrays.items():
        fitting = [axes for axes in left if _fits(array.shape, axes, sizes, n_windows.get(trial))]
        if not fitting:
            expected = " x ".join(f"{size} {name}s" for name, size in sizes.items())
            windows = n_windows.get(trial, "any number of")
            raise ReadError(
                f"trial {trial} has shape {array.shape}, expected {expected} x {windows} windows "
                "in any order, the same in all trials"
            )
        left = fitting
    axes = documented if documented in left else left[0]
    if len(left) > 1 and documented not in left:
        raise ReadError(f"its axes may be {' or '.join(', '.join(of) for of in left)}")
    order = [axes.index(name) for name in names]
    values = {trial: array.transpose(order) for trial, array in arrays.items()}
    return Ordered(values, axes, "shape" if len(left) == 1 else "documented")


def _fits(
    shape: tuple[int, ...], axes: Axes, sizes: Mapping[str, int], n_windows: int | None
) -> bool:
    if len(shape) != len(axes):
        return False
    by_name = dict(zip(axes, shape, strict=True))
    return by_name["window"] == (n_windows or by_name["window"]) and all(
        by_name[name] == size for name, size in sizes.items()
    )
