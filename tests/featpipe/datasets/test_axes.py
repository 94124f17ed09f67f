"""Axes told by shape, also where a trial has as many windows as there are channels or bands."""

from itertools import permutations

import numpy as np
import pytest

from featpipe.datasets.axes import order_axes
from featpipe.errors import ReadError

SIZES = {"channel": 62, "band": 5}
NAMES = ("window", "channel", "band")


def stored(axes, n_windows):
    """Trials whose numbers tell window, channel and band."""
    found = {}
    for trial, n in n_windows.items():
        window, channel, band = np.ogrid[:n, :62, :5]
        found[trial] = (10000 * window + 10 * channel + band).transpose(
            [NAMES.index(name) for name in axes]
        )
    return found


@pytest.mark.parametrize("axes", list(permutations(NAMES)))
@pytest.mark.parametrize("odd", [62, 5])
def test_other_trials_decide_where_one_is_ambiguous(axes, odd):
    n_windows = {1: odd, 2: 40}
    for known in (n_windows, {}):
        found = order_axes(stored(axes, n_windows), SIZES, known, ("channel", "window", "band"))
        assert (found.axes, found.witness) == (axes, "shape")
        for trial, x in found.values.items():
            assert x.shape == (n_windows[trial], 62, 5)
            assert x[3, 61, 4] == 30614


def test_what_is_documented_decides_where_all_are_ambiguous():
    arrays = stored(("channel", "window", "band"), {1: 62, 2: 62})
    found = order_axes(arrays, SIZES, {1: 62, 2: 62}, ("channel", "window", "band"))
    assert found.witness == "documented"
    assert found.values[1][3, 61, 4] == 30614
    with pytest.raises(ReadError, match="its axes may be"):
        order_axes(arrays, SIZES, {}, ("band", "window", "channel"))


def test_a_trial_of_another_length_is_named():
    arrays = stored(NAMES, {1: 40, 2: 39})
    with pytest.raises(ReadError, match=r"trial 2 has shape \(39, 62, 5\), expected .* x 40"):
        order_axes(arrays, SIZES, {1: 40, 2: 40}, NAMES)


def test_trials_in_different_orders_are_refused():
    arrays = stored(NAMES, {1: 40}) | stored(("channel", "window", "band"), {2: 40})
    with pytest.raises(ReadError, match="trial 2"):
        order_axes(arrays, SIZES, {}, NAMES)
