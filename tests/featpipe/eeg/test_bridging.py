import numpy as np
import pytest

from featpipe.eeg.bridging import bridge


def slowly(x, reach):
    """One lost sample after the other, by looking to both sides of it."""
    y = x.copy()
    for m in range(len(x)):
        if not np.isnan(x[m]):
            continue
        left = next((d for d in range(1, m + 1) if not np.isnan(x[m - d])), None)
        right = next((d for d in range(1, len(x) - m) if not np.isnan(x[m + d])), None)
        if left and right and left + right - 1 <= reach:
            y[m] = (x[m - left] * right + x[m + right] * left) / (left + right)
            continue
        near = [d for d in (left, right) if d is not None and d <= reach]
        values = [x[m - d] for d in [left] if d in near] + [x[m + d] for d in [right] if d in near]
        if len(values) == 2 and left != right:
            values = [values[0] if left < right else values[1]]
        if values:
            y[m] = np.mean(values)
    return y


@pytest.mark.parametrize("reach", [1, 3, 10])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_it_equals_looking_for_both_neighbours(reach, share):
    rng = np.random.default_rng(reach)
    x = rng.standard_normal((300, 4))
    x[rng.random(x.shape) < share] = np.nan
    x[100:140, 1] = x[:, 2] = np.nan
    expected = np.stack([slowly(channel, reach) for channel in x.T], axis=1)
    np.testing.assert_allclose(bridge(x, reach), expected, rtol=1e-12)


def test_nothing_beyond_the_reach_has_a_say():
    rng = np.random.default_rng(5)
    x = rng.standard_normal((600, 1))
    x[rng.random(x.shape) < 0.6] = np.nan
    x[200:260] = np.nan
    whole = bridge(x, 20)
    for start in range(40, 500, 37):
        piece = bridge(x[start - 40 : start + 60], 20)[20:80]
        near = np.convolve(np.isfinite(x[:, 0]), np.ones(41), "same")[start - 20 : start + 40] > 0
        np.testing.assert_array_equal(piece[near], whole[start - 20 : start + 40][near])
