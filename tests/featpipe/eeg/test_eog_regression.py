import naive_cleaning
import numpy as np
import pytest

from featpipe.eeg.eog_regression import EogRegression, regression_matrix

N_TIMES, EOG, SFREQ = 9000, [5, 6], 200.0


@pytest.fixture
def mixture():
    """Five channels that hold brain and eyes, and two EOG channels, all with large offsets."""
    rng = np.random.default_rng(3)
    eyes = 80 * rng.standard_normal((2, N_TIMES)).cumsum(axis=1) / 30
    brain = 10 * rng.standard_normal((5, N_TIMES))
    mixing = rng.uniform(-0.5, 0.9, (5, 2))
    offset = 1e4 * rng.standard_normal((7, 1))
    return brain, eyes, mixing, offset


def weights_of(x, cuts=(), rows=EOG):
    regression = EogRegression(len(x), rows, SFREQ)
    for block in np.split(x, cuts, axis=1):
        regression.add(block)
    return regression.weights()


def test_a_planted_mixture_is_recovered(mixture):
    _, eyes, mixing, offset = mixture
    weights = weights_of(np.vstack([mixing @ eyes, eyes]) + offset)
    assert np.allclose(weights[:5], mixing, rtol=0, atol=1e-9)
    assert not weights[5:].any()


def test_nothing_of_the_eyes_is_left(mixture):
    brain, eyes, mixing, offset = mixture
    x = np.vstack([brain + mixing @ eyes, eyes]) + offset
    y = regression_matrix(weights_of(x), EOG) @ x
    before = np.corrcoef(within_seconds(x))[:5, 5:]
    assert np.abs(before).max() > 0.5
    assert np.abs(np.corrcoef(within_seconds(y))[:5, 5:]).max() < 1e-6
    assert np.array_equal(y[5:], x[5:])
    residual = y[:5] - y[:5].mean(axis=1, keepdims=True)
    assert np.abs(residual - brain).std() < 0.1 * brain.std()


@pytest.mark.parametrize("drift", ["line", "walk"])
def test_drift_of_the_electrodes_does_not_reach_the_weights(drift):
    """Blinks of 150 microvolt beside drifts of hundreds, as a recording that keeps DC holds."""
    rng = np.random.default_rng(12)
    n_times = 120 * 200
    eye = np.zeros(n_times)
    for onset in rng.integers(0, n_times - 60, 40):
        eye[onset : onset + 60] += 150 * np.hanning(60)
    true = np.array([0.40, 0.10, 0.0])
    x = np.vstack([np.outer(true, eye), eye]) + 5 * rng.standard_normal((4, n_times))
    if drift == "line":
        x += np.linspace(0, 1, n_times) * np.array([[-900.0], [600.0], [300.0], [500.0]])
    else:
        x += 0.7 * rng.standard_normal((4, n_times)).cumsum(axis=1)  # 10 microvolt in a second
    assert np.allclose(weights_of(x, rows=[3])[:3, 0], true, rtol=0, atol=0.03)
    whole = naive_cleaning.eog_weights(x, [3], n_times)[:3, 0]
    assert np.abs(whole - true).max() > 0.3  # what one level for the whole recording would say


def within_seconds(x):
    pieces = x.reshape(len(x), -1, 200)
    return (pieces - pieces.mean(axis=2, keepdims=True)).reshape(x.shape)


def test_without_eyes_nothing_changes(mixture):
    _, eyes, mixing, offset = mixture
    x = np.vstack([mixing @ eyes, eyes]) + offset
    y = regression_matrix(weights_of(x), EOG) @ x
    assert np.allclose(y[:5], y[:5].mean(axis=1, keepdims=True), rtol=0, atol=1e-6)


def spoil(x):
    rng = np.random.default_rng(8)
    x = x.copy()
    x[2, :3000], x[3], x[5, 100:400], x[6, rng.integers(0, N_TIMES, 50)] = (
        np.nan,
        np.nan,
        np.nan,
        np.inf,
    )
    return x


def test_lost_samples_are_left_out(mixture):
    brain, eyes, mixing, offset = mixture
    x = spoil(np.vstack([brain + mixing @ eyes, eyes]) + offset)
    expected = naive_cleaning.eog_weights(
        np.where(np.isfinite(x), x, np.nan)[[0, 1, 2, 4, 5, 6]], [4, 5], 200
    )
    weights = weights_of(x)
    assert np.allclose(weights[[0, 1, 2, 4]], expected[:4], rtol=1e-9, atol=1e-12)
    assert not weights[3].any()  # never recorded


@pytest.mark.parametrize("seed", range(4))
def test_it_does_not_matter_where_blocks_are_cut(mixture, seed):
    brain, eyes, mixing, offset = mixture
    x = spoil(np.vstack([brain + mixing @ eyes, eyes]) + offset)
    cuts = np.sort(np.random.default_rng(seed).integers(0, N_TIMES, 60 * seed + 2))
    assert np.array_equal(weights_of(x, cuts), weights_of(x))


def test_a_flat_eog_channel_has_no_weight_and_does_no_harm(mixture):
    brain, eyes, mixing, offset = mixture
    x = np.vstack([brain + mixing @ eyes, eyes]) + offset
    x[6] = 123.4
    alone = weights_of(x[:6], rows=[5])
    assert np.allclose(weights_of(x)[:, :1], np.vstack([alone, [[0.0]]]), rtol=1e-12)
    assert not weights_of(x)[:, 1].any()


def test_collinear_eog_channels_share_the_work(mixture):
    brain, eyes, mixing, offset = mixture
    x = np.vstack([brain + mixing @ eyes, eyes]) + offset
    x[6] = -x[5] + 7
    weights = weights_of(x)
    assert np.allclose(weights[:, 0], -weights[:, 1])
    alone = weights_of(x[:6], rows=[5])
    assert np.allclose(weights[:5, 0] - weights[:5, 1], alone[:5, 0], rtol=1e-9)


def test_nothing_recorded_gives_no_weights():
    assert not EogRegression(3, [2], SFREQ).weights().any()
    assert not weights_of(np.full((7, 100), np.nan)).any()
