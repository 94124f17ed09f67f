import naive_cleaning
import numpy as np
import pytest
from scipy import signal

from featpipe.eeg.eog_regression import EogRegression, regression_matrix

N_TIMES, EOG, SFREQ = 9000, [5, 6], 200.0


@pytest.fixture
def mixture():
    """Five channels that hold brain and eyes, and two EOG channels, all with large offsets."""
    rng = np.random.default_rng(3)
    eyes = 80 * rng.standard_normal((2, N_TIMES)).cumsum(axis=1) / 12
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
    before = np.corrcoef(naive_cleaning.within_seconds(x))[:5, 5:]
    assert np.abs(before).max() > 0.5
    assert np.abs(np.corrcoef(naive_cleaning.within_seconds(y))[:5, 5:]).max() < 1e-6
    assert np.array_equal(y[5:], x[5:])
    residual = y[:5] - y[:5].mean(axis=1, keepdims=True)
    assert np.abs(residual - brain).std() < 0.2 * brain.std()  # alike by chance in 45 s


TRUE = np.array([0.40, 0.10, 0.0])


@pytest.fixture
def blinking():
    """Two minutes of three channels and an EOG channel with 40 blinks of 150 microvolt."""
    rng = np.random.default_rng(12)
    n_times = 120 * 200
    eye = np.zeros(n_times)
    for onset in rng.integers(0, n_times - 60, 40):
        eye[onset : onset + 60] += 150 * np.hanning(60)
    return np.vstack([np.outer(TRUE, eye), eye]) + 5 * rng.standard_normal((4, n_times))


@pytest.mark.parametrize("drift", ["line", "fast line", "walk"])
def test_drift_of_the_electrodes_does_not_reach_the_weights(blinking, drift):
    """Drifts of hundreds of microvolt and more, as a recording that keeps DC holds."""
    x, n_times = blinking, blinking.shape[1]
    if drift == "walk":
        x += 0.7 * np.random.default_rng(1).standard_normal((4, n_times)).cumsum(axis=1)
    else:
        fast = 10 if drift == "fast line" else 1  # 75 microvolt a second
        x += fast * np.linspace(0, 1, n_times) * np.array([[-900.0], [600.0], [300.0], [500.0]])
    assert np.allclose(weights_of(x, rows=[3])[:3, 0], TRUE, rtol=0, atol=0.03)
    covariance = np.cov(x)
    whole = covariance[:3, 3] / covariance[3, 3]
    assert np.abs(whole - TRUE).max() > 0.3  # what one level for the whole recording would say


@pytest.mark.parametrize("step", [60, 100, 250, 700, 1000, -3000, 100_000])
@pytest.mark.parametrize("rows", [[3], [0], [0, 3], [0, 1, 2, 3]])
@pytest.mark.parametrize("at", [12_000, 12_031, 12_199, 100])
def test_a_step_of_an_electrode_does_not_reach_the_weights(blinking, step, rows, at):
    blinking[rows, at:] += step * np.array([1.0, -1.0, 0.5, 1.0])[rows, None]
    assert np.allclose(weights_of(blinking, rows=[3])[:3, 0], TRUE, rtol=0, atol=0.03)
    if at == 12_031 and 3 in rows and abs(step) >= 1000:
        kept = naive_cleaning.eog_weights(blinking, [3], 200, keeps_steps=True)[:3, 0]
        assert np.abs(kept - TRUE).max() > 0.2  # what it would do


@pytest.mark.parametrize("rows", [[3], [0, 1, 2, 3]])
@pytest.mark.parametrize("size", [100, 190, 400])
def test_many_small_steps_do_not_reach_the_weights(blinking, size, rows):
    rng = np.random.default_rng(7)
    for at in rng.integers(0, blinking.shape[1], 20):
        blinking[rows, at:] += size * rng.choice([-1, 1])
    assert np.allclose(weights_of(blinking, rows=[3])[:3, 0], TRUE, rtol=0, atol=0.06)


@pytest.mark.parametrize("height", [350, 600, 1000])
@pytest.mark.parametrize("closing_s", [0.05, 0.08, 0.1])
def test_big_and_fast_blinks_are_no_steps(height, closing_s):
    """Beside brain activity that the EOG and the channels share, which is learnt without blinks."""
    rng = np.random.default_rng(3)
    n_times, n_closing = 120 * 200, round(closing_s * 200)
    shut = 0.5 - 0.5 * np.cos(np.pi * np.arange(n_closing) / n_closing)
    lid = height * np.concatenate([shut, 0.5 + 0.5 * np.cos(np.pi * np.arange(40) / 40)])
    eye = np.zeros(n_times)
    for onset in rng.integers(0, n_times - 60, 25):
        eye[onset : onset + lid.size] = np.maximum(eye[onset : onset + lid.size], lid)
    brain = 0.7 * rng.standard_normal(n_times).cumsum()
    brain -= np.convolve(brain, np.ones(200) / 200, "same")
    x = np.vstack([np.outer(TRUE, eye) + np.outer([0.9, 0.5, 0.2], brain), eye + 0.7 * brain])
    x += 3 * rng.standard_normal((4, n_times))
    regression = EogRegression(4, [3], SFREQ)
    regression.add(x)
    assert np.allclose(regression.weights()[:3, 0], TRUE, rtol=0, atol=0.04)
    assert regression.share_used().min() > 0.85


@pytest.mark.parametrize("lost_s", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("rows", [[3], [0], [0, 3]])
def test_a_level_that_changes_behind_a_gap_does_not_reach_the_weights(blinking, lost_s, rows):
    """As where somebody marked the pops of an electrode as bad."""
    rng = np.random.default_rng(5)
    for at in np.arange(400, blinking.shape[1] - 400, 600) + rng.integers(0, 200):
        blinking[rows, at:] += rng.choice([-700, 700])
        blinking[:, at - round(100 * lost_s) : at + round(100 * lost_s)] = np.nan
    assert np.allclose(weights_of(blinking, rows=[3])[:3, 0], TRUE, rtol=0, atol=0.03)


@pytest.mark.parametrize("what", ["muscle", "beta", "heart"])
def test_what_does_not_stay_is_no_step(blinking, what):
    rng = np.random.default_rng(6)
    n_times = blinking.shape[1]
    if what == "heart":
        beats = np.zeros(n_times)
        beats[np.arange(50, n_times - 50, 170)] = 1
        noise = np.convolve(beats, 120 * np.hanning(9), "same")
    else:
        low, high = (20, 80) if what == "muscle" else (18, 28)
        sos = signal.butter(4, (low, high), "bandpass", fs=SFREQ, output="sos")
        noise = signal.sosfilt(sos, rng.standard_normal(n_times))
        noise *= (40 if what == "muscle" else 20) / noise.std()
    blinking[:3] += noise
    regression = EogRegression(4, [3], SFREQ)
    regression.add(blinking)
    assert np.allclose(regression.weights()[:3, 0], TRUE, rtol=0, atol=0.06)
    assert regression.share_used().min() > 0.6


@pytest.mark.parametrize("frequency", [50.0, 49.8, 60.0])
@pytest.mark.parametrize(("in_eog", "in_eeg"), [(50, 0), (300, 0), (50, 50), (50, -50)])
def test_mains_do_not_reach_the_weights(blinking, frequency, in_eog, in_eeg):
    hum = np.sin(2 * np.pi * frequency * np.arange(blinking.shape[1]) / SFREQ)
    x = blinking + np.outer([in_eeg, in_eeg, in_eeg, in_eog], hum)
    assert np.allclose(weights_of(x, rows=[3])[:3, 0], TRUE, rtol=0, atol=0.03)


def test_a_recording_that_steps_in_every_second_teaches_nothing(blinking):
    x = blinking.copy()
    x[0] += 500 * (np.arange(x.shape[1]) // 100 % 2)
    regression = EogRegression(4, [3], SFREQ)
    regression.add(x)
    assert regression.share_used().tolist() == [0.0, 1.0, 1.0, 1.0]
    assert regression.weights()[0] == 0
    x[3] += 500 * (np.arange(x.shape[1]) // 100 % 2)
    regression = EogRegression(4, [3], SFREQ)
    regression.add(x)
    assert not regression.weights().any()
    assert not regression.share_used().any()


def test_without_eyes_nothing_changes(mixture):
    _, eyes, mixing, offset = mixture
    x = np.vstack([mixing @ eyes, eyes]) + offset
    y = regression_matrix(weights_of(x), EOG) @ x
    assert np.allclose(y[:5], y[:5].mean(axis=1, keepdims=True), rtol=0, atol=1e-6)


def spoil(x):
    rng = np.random.default_rng(8)
    x = x.copy()
    x[4, 5050:] += 900.0  # a step of one channel, one of an EOG channel, a slow wave of another
    x[5, 7070:] += 300.0
    x[1, 2000:2200] += 500.0 * np.sin(np.linspace(0, 2 * np.pi, 200))
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


def test_a_last_second_that_is_not_complete_counts_in_all_that_is_told():
    """Ten blinks, the last one in the half second at the end."""
    eye = np.zeros(1900)
    for onset in range(70, 1900, 200):
        eye[onset : min(onset + 60, 1900)] += 150 * np.hanning(60)[: 1900 - onset]
    x = np.vstack([0.4 * eye, eye])
    regression = EogRegression(2, [1], SFREQ)
    regression.add(x)
    assert regression.n_learnt().tolist() == [10, 10]
    assert regression.share_used().tolist() == [1, 1]
    assert regression.weights()[0, 0] == pytest.approx(0.4)
