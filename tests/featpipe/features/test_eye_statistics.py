from dataclasses import replace
from time import perf_counter

import naive_eye
import numpy as np
import pandas as pd
import pytest

from featpipe.errors import ConfigError
from featpipe.eye.clock import offset_clock, on_eeg_clock
from featpipe.eye.settings import EyeSettings
from featpipe.eye.side import choose_side
from featpipe.features.eye_statistics import eye_features
from featpipe.reading import read_eye
from featpipe.recording import EyeRecording, empty_events, empty_messages, empty_samples
from featpipe.schema import EYE_EVENT_STATISTICS, EYE_FEATURES
from featpipe.windows import trial_grid

SETTINGS = EyeSettings()
PUPIL = [name for name in EYE_FEATURES if "pupil" in name]
DISPERSION = [name for name in EYE_FEATURES if name.startswith("eye_dispersion")]


def events_frame(rows):
    """Rows: kind, onset, duration, then what is known of pupil, dispersion, amplitude."""
    frame = pd.DataFrame(
        [
            {"kind": kind, "onset": t, "duration": d, "eye": "left"} | more
            for kind, t, d, more in rows
        ]
    )
    return frame.reindex(columns=empty_events().columns)


def recording(events=None, samples=None):
    return EyeRecording(
        empty_samples() if samples is None else samples,
        empty_events() if events is None else events,
        empty_messages(),
        {},
        None,
        "made by hand",
    )


def samples_frame(time, x, y=None, valid=True):
    columns = {"time": time, "pupil_x_left": x, "pupil_y_left": x if y is None else y}
    columns |= {"valid_left": valid, "valid_right": False}
    return pd.DataFrame(columns).reindex(columns=empty_samples().columns)


def table(eye, grid, **options):
    values, good = eye_features(eye, "left", grid, EyeSettings(**options))
    return pd.DataFrame(values, columns=list(EYE_FEATURES)), good


def fixation(t, d, x, y, pupil):
    more = {"dispersion_x": x, "dispersion_y": y, "pupil_x": pupil, "pupil_y": 2 * pupil}
    return ("fixation", t, d, more)


SMALL = recording(
    events_frame(
        [
            fixation(9.0, 1.5, 8.0, 8.0, 40.0),
            ("saccade", 10.5, 0.04, {"amplitude": 2.0}),
            fixation(10.54, 0.2, 10.0, 20.0, 50.0),
            ("blink", 10.74, 0.16, {}),
            ("saccade", 10.9, 0.06, {"amplitude": 4.0}),
            fixation(10.96, 0.4, 30.0, 50.0, 60.0),
            ("saccade", 11.36, 0.02, {"amplitude": 6.0}),
            ("blink", 11.38, 1.62, {}),
        ]
    )
)


def test_a_small_export_by_hand():
    values, good = table(SMALL, trial_grid(10, 13, 200, 1, 1))
    first = values.iloc[0]
    np.testing.assert_allclose(good, [0.84, 0.38, 0.0], atol=1e-9)
    weights, pupil = np.array([0.5, 0.2, 0.04]), np.array([40.0, 50.0, 60.0])
    mean = np.average(pupil, weights=weights)
    std = np.sqrt(np.average((pupil - mean) ** 2, weights=weights))
    expected = {
        "pupil_x_mean": mean,
        "pupil_y_mean": 2 * mean,
        "pupil_x_std": std,
        "pupil_y_std": 2 * std,
        "dispersion_x_mean": 20,
        "dispersion_y_mean": 35,
        "dispersion_x_std": 10,
        "dispersion_y_std": 15,
        "fixation_duration_mean": 300,
        "fixation_duration_std": 100,
        "blink_duration_mean": 160,
        "blink_duration_std": 0,
        "saccade_duration_mean": 50,
        "saccade_amplitude_mean": 3,
        "saccade_duration_std": 10,
        "saccade_amplitude_std": 1,
        "blink_frequency": 1,
        "fixation_frequency": 2,
        "fixation_duration_max": 400,
        "fixation_dispersion_total": 110,
        "fixation_dispersion_max": 80,
        "saccade_frequency": 2,
        "saccade_duration_average": 50,
        "saccade_amplitude_average": 3,
        "saccade_latency_average": 180,
    }
    for name, value in expected.items():
        assert first[f"eye_{name}"] == pytest.approx(value), name
    second = values.iloc[1]
    assert second["eye_fixation_frequency"] == 0
    assert second["eye_dispersion_x_mean"] == 0
    assert second["eye_pupil_x_mean"] == 60
    assert second["eye_blink_frequency"] == 0  # 1.62 s are a loss of the track
    assert second["eye_saccade_latency_average"] == pytest.approx(400)
    assert values.loc[2, PUPIL + DISPERSION].isna().all()
    assert (values.loc[2].drop(PUPIL + DISPERSION) == 0).all()


def test_a_window_seen_too_little_keeps_its_row_without_values():
    time = np.arange(0, 4, 0.01)
    seen = (time < 1.35) | (time >= 2)  # of the second window 35 %
    eye = recording(samples=samples_frame(time, np.where(seen, 3.0, np.nan), valid=seen))
    grid = trial_grid(0, 4, 200, 1, 1)
    frame, good = table(eye, grid)
    np.testing.assert_allclose(good, [1, 0.29, 0.94, 1])  # the gap's edges are interpolated
    assert frame["eye_pupil_x_mean"].tolist() == [3.0] * 4
    strict, same = table(eye, grid, min_good=0.5)
    np.testing.assert_array_equal(same, good)
    assert strict.iloc[1].isna().all()
    pd.testing.assert_frame_equal(strict.drop(index=1), frame.drop(index=1))


def test_trial_scope_by_hand():
    values, _ = table(SMALL, trial_grid(10, 13, 200, 1, 1), event_scope="trial")
    nine = values[list(EYE_EVENT_STATISTICS)]
    assert (nine == nine.iloc[0]).all(axis=None)
    expected = [1 / 3, 2 / 3, 400, 110, 80, 1, 40, 4, (360 + 400) / 3]
    np.testing.assert_allclose(nine.iloc[0], expected)
    per_window, _ = table(SMALL, trial_grid(10, 13, 200, 1, 1))
    rest = [name for name in EYE_FEATURES if name not in EYE_EVENT_STATISTICS]
    pd.testing.assert_frame_equal(values[rest], per_window[rest])


def random_events(rng, start, stop, n, overlap=False):
    frame = pd.DataFrame(
        {
            "kind": rng.choice(["fixation", "saccade", "blink"], n, p=[0.45, 0.4, 0.15]),
            "eye": rng.choice(["left", "right"], n, p=[0.8, 0.2]),
            "onset": rng.uniform(start, stop, n),
            "duration": rng.exponential(0.25, n),
        }
    )
    frame.loc[frame["kind"] == "blink", "duration"] *= 3
    frame["duration"] = np.where(rng.random(n) < 0.05, 0.0, frame["duration"])
    frame["duration"] = np.where(rng.random(n) < 0.03, -0.1, frame["duration"])
    for name in ("pupil_x", "pupil_y", "dispersion_x", "dispersion_y", "amplitude"):
        frame[name] = rng.uniform(1, 50, n)
    for name in ("dispersion_x", "dispersion_y", "amplitude"):
        frame.loc[rng.random(n) < 0.1, name] = np.nan
    return frame


@pytest.mark.parametrize("scope", ["window", "trial"])
@pytest.mark.parametrize(("window_s", "hop_s"), [(1.0, 1.0), (2.0, 0.7), (0.5, 1.1)])
@pytest.mark.parametrize("seed", [0, 1])
def test_slow_twin_on_events(seed, window_s, hop_s, scope):
    rng = np.random.default_rng(seed)
    eye = recording(random_events(rng, 0, 40, 120))
    grid = trial_grid(10.003, 30.1, 256, window_s, hop_s)
    settings = EyeSettings(event_scope=scope, pupil_window_s=10 + 10 * seed)
    values, good = eye_features(eye, "left", grid, settings)
    expected, expected_good = naive_eye.eye_features(eye, "left", grid, settings)
    np.testing.assert_allclose(values, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(good, expected_good, atol=1e-3)
    assert np.isfinite(values[:, 16:]).mean() > 0.9  # amplitudes are not always known
    assert np.isfinite(values[:, :16]).mean() > 0.4


@pytest.mark.parametrize("seed", [0, 1])
def test_slow_twin_on_samples_and_events(seed):
    rng = np.random.default_rng(seed)
    time = np.arange(0, 50, 1 / 50)
    valid = np.ones(time.size, dtype=bool)
    for onset in [12.2, 13.0, *rng.uniform(0, 50, 12)]:
        valid &= ~((time >= onset) & (time < onset + (1.9 if onset == 13.0 else 0.15)))
    x = 40 + 0.1 * np.cumsum(rng.normal(size=time.size))
    samples = samples_frame(time, x, x + rng.normal(size=time.size), valid)
    eye = recording(random_events(rng, 0, 50, 150), samples)
    grid = trial_grid(8, 30, 200, 1.0, 0.5)
    values, good = eye_features(eye, "left", grid, SETTINGS)
    expected, expected_good = naive_eye.eye_features(eye, "left", grid, SETTINGS)
    np.testing.assert_allclose(values, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(good, expected_good, atol=1e-9)
    lost = good == 0
    assert 0 < lost.sum() < 10
    is_nan = pd.DataFrame(np.isnan(values), columns=list(EYE_FEATURES))
    assert is_nan.loc[lost, PUPIL + DISPERSION].all(axis=None)
    told = [n for n in EYE_FEATURES if "amplitude" not in n and "dispersion" not in n]
    assert not is_nan.loc[~lost, told].any(axis=None)


def test_a_slow_pupil_wave_lies_in_its_band():
    time = np.arange(0, 120, 1 / 60)
    wave = 3 * np.sin(2 * np.pi * 0.3 * time)
    grid = trial_grid(30, 90, 200, 4, 4)
    values, _ = table(recording(samples=samples_frame(time, 60 + wave, 60 + 2 * wave)), grid)
    closed = 0.5 * np.log(2 * np.pi * np.e * 9 / 2)
    np.testing.assert_allclose(values["eye_pupil_x_de2"], closed, atol=0.005)
    np.testing.assert_allclose(values["eye_pupil_y_de2"], closed + np.log(2), atol=0.005)
    others = values[[f"eye_pupil_{axis}_de{band}" for axis in "xy" for band in (1, 3, 4)]]
    assert (others < closed - 4).all(axis=None)


def test_events_on_the_border_belong_to_the_later_window():
    rows = [("blink", t, 0.1, {}) for t in (10.0, 11.0, 12.0, 13.0)]
    values, _ = table(recording(events_frame(rows)), trial_grid(10, 13, 200, 1, 1))
    assert values["eye_blink_frequency"].tolist() == [1, 1, 1]
    offset = 0.1 + 0.2  # not 0.3
    shifted = [("blink", t - 0.3 + offset - 4e-16 * t, 0.1, {}) for t in (10.0, 11.0, 12.0)]
    values, _ = table(recording(events_frame(shifted)), trial_grid(10, 13, 200, 1, 1))
    assert values["eye_blink_frequency"].tolist() == [1, 1, 1]


def test_overlapping_windows_share_events():
    rows = [("blink", 11.25, 0.1, {}), *(("saccade", t, 0.1, {"amplitude": 1.0}) for t in (9, 14))]
    values, _ = table(recording(events_frame(rows)), trial_grid(10, 13, 200, 1, 0.5))
    assert values["eye_blink_frequency"].tolist() == [0, 1, 1, 0, 0]
    assert values["eye_blink_duration_mean"].tolist() == pytest.approx([0, 100, 100, 0, 0])


def test_unknown_is_not_zero():
    grid = trial_grid(10, 16, 200, 2, 2)
    samples = samples_frame(np.arange(0, 30, 0.01), 5 + np.sin(np.arange(3000)))
    values, good = table(recording(samples=samples), grid)
    assert good.tolist() == [1, 1, 1]
    assert values[PUPIL].notna().all(axis=None)
    assert values.drop(columns=PUPIL).isna().all(axis=None)
    rows = [("fixation", t, 0.3, {}) for t in (10.1, 12.1)]
    values, _ = table(recording(events_frame(rows), samples), grid)
    assert values[[*DISPERSION, "eye_fixation_dispersion_total"]].isna().all(axis=None)
    assert values["eye_fixation_frequency"].tolist() == [0.5, 0.5, 0]
    assert values["eye_saccade_amplitude_mean"].tolist() == [0, 0, 0]


def test_one_unknown_value_does_not_poison_the_window():
    rows = [
        fixation(10.1, 0.1, np.nan, 3.0, 4.0),
        fixation(10.3, 0.3, 5.0, 7.0, 4.0),
        ("saccade", 10.6, 0.1, {"amplitude": np.nan}),
        ("saccade", 10.8, 0.1, {"amplitude": 9.0}),
    ]
    first = table(recording(events_frame(rows)), trial_grid(10, 12, 200, 1, 1))[0].iloc[0]
    assert (first["eye_dispersion_x_mean"], first["eye_dispersion_y_mean"]) == (5, 5)
    assert first["eye_fixation_dispersion_total"] == 12
    assert first["eye_saccade_amplitude_mean"] == 9
    assert (first["eye_fixation_frequency"], first["eye_saccade_frequency"]) == (2, 2)


def test_blink_edges_do_not_count_unless_nothing_else_is_seen():
    time = np.arange(0, 30, 0.01)
    lost = (time > 11.195) & (time < 11.395)
    edge = ~lost & (time > 11.155) & (time < 11.435)
    samples = samples_frame(time, np.where(edge, 2.0, 5.0), valid=~lost)
    values, good = table(recording(samples=samples), trial_grid(10, 14, 200, 1, 1))
    assert values["eye_pupil_x_mean"].tolist() == [5, 5, 5, 5]
    assert values["eye_pupil_x_std"].tolist() == [0, 0, 0, 0]
    np.testing.assert_allclose(good, [1, 0.68, 1, 1])  # 20 lost, 12 interpolated
    only_edge = lost | (time < 11.155) & (time > 10.0) | (time > 11.435) & (time < 12.0)
    samples = samples_frame(time, np.where(edge, 2.0, 5.0), valid=~only_edge)
    values, good = table(recording(samples=samples), trial_grid(10, 14, 200, 1, 1))
    assert values["eye_pupil_x_mean"].tolist()[1] == 2
    assert good[1] == pytest.approx(0.008)  # 4 to each side: they count a tenth


def test_a_trial_without_windows_and_one_outside_the_recording():
    values, good = eye_features(SMALL, "left", trial_grid(10, 10.5, 200, 1, 1), SETTINGS)
    assert (values.shape, good.shape) == ((0, 33), (0,))
    values, good = table(SMALL, trial_grid(500, 503, 200, 1, 1), event_scope="trial")
    assert good.tolist() == [0, 0, 0]
    assert values.isna().all(axis=None)


@pytest.mark.parametrize("scope", ["window", "trial"])
def test_what_was_not_recorded_is_unknown_and_what_is_quiet_is_zero(scope):
    eye = recording(events_frame([fixation(10.2, 0.3, 1, 1, 4), ("blink", 12.0, 3.0, {})]))
    grid = trial_grid(8, 17, 200, 1, 1)  # recorded from 10.2 to 15 s, the last 3 s without the eye
    values, good = table(eye, grid, event_scope=scope)
    assert (good == 0).tolist() == [True, True, False, *[True] * 6]  # 10.5 to 12 s tell nothing
    per_window = values.drop(columns=[*PUPIL, *DISPERSION, *EYE_EVENT_STATISTICS])
    outside = [True, True, *[False] * 5, True, True]
    assert per_window.isna().all(axis=1).tolist() == outside
    assert per_window.isna().any(axis=1).tolist() == outside
    assert (per_window.iloc[3:7] == 0).all(axis=None)
    of_scope = values[list(EYE_EVENT_STATISTICS)].isna()
    assert of_scope.all(axis=1).tolist() == (outside if scope == "window" else [False] * 9)
    assert of_scope.any(axis=1).tolist() == (outside if scope == "window" else [False] * 9)
    expected, _ = naive_eye.eye_features(eye, "left", grid, EyeSettings(event_scope=scope))
    np.testing.assert_allclose(values, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("side", "lefft", "did you mean 'left'"),
        ("event_scope", "trail", "did you mean 'trial'"),
        ("pupil_window_s", 1.0, "must be 5 s or more"),
        ("max_blink_s", 0.0, "must be above 0"),
        ("min_good", 1.5, "a share from 0 to 1"),
    ],
)
def test_limits_of_options(option, value, message):
    with pytest.raises(ConfigError, match=message):
        EyeSettings(**{option: value})


def test_a_recording_of_an_hour_takes_well_under_a_second():
    rng = np.random.default_rng(0)
    time = np.arange(0, 3700, 1 / 120)
    samples = samples_frame(time, 5 + rng.normal(size=time.size))
    eye = recording(random_events(rng, 0, 3700, 20000), samples)
    grids = [trial_grid(30 + 240 * i, 256 + 240 * i, 200, 1, 1) for i in range(15)]
    begin = perf_counter()
    parts = [eye_features(eye, "left", grid, SETTINGS) for grid in grids]
    assert sum(len(good) for _, good in parts) == 15 * 226
    assert perf_counter() - begin < 5  # about 0.3 s on a free core


WALK = 40 + 0.1 * np.cumsum(np.random.default_rng(4).normal(size=4000))


@pytest.mark.parametrize("gap", [(0, 0), (148.5, 151.5), (197.0, 202.0)])
def test_no_pupil_size_outside_the_trial_matters(gap):
    time = np.arange(100, 300, 0.05)
    valid = (time < gap[0]) | (time > gap[1])
    is_trial = (time >= 150 - 1e-9) & (time < 200 - 1e-9)
    eye = recording(samples=samples_frame(time, WALK, valid=valid))
    scaled = np.where(is_trial, WALK, 3 * WALK[::-1])
    other = recording(samples=samples_frame(time, scaled, valid=valid))
    grid = trial_grid(150, 200, 200, 4, 4)
    values, expected = (table(one, grid)[0] for one in (eye, other))
    pd.testing.assert_frame_equal(values, expected)
    assert values["eye_pupil_x_de1"].notna().sum() >= 11


@pytest.mark.parametrize(("length_s", "n_bands"), [(3.0, 2), (4.0, 3), (5.0, 4)])
def test_short_trials_back_to_back_stay_apart(length_s, n_bands):
    time = np.arange(100, 300, 0.05)
    is_trial = (time >= 150 - 1e-9) & (time < 150 + length_s - 1e-9)
    eye = recording(samples=samples_frame(time, WALK))
    other = recording(samples=samples_frame(time, np.where(is_trial, WALK, 9.0)))
    grid = trial_grid(150, 150 + length_s, 200, 1, 1)
    values, expected = (table(one, grid)[0] for one in (eye, other))
    pd.testing.assert_frame_equal(values, expected)
    bands = values[[f"eye_pupil_x_de{band}" for band in (1, 2, 3, 4)]].notna()
    assert bands.sum(axis=1).tolist() == [n_bands] * len(values)
    assert values[["eye_pupil_x_mean", "eye_pupil_x_std"]].notna().all(axis=None)


def test_fixations_outside_the_trial_do_not_shape_its_pupil():
    onset = np.arange(100, 300, 0.5)
    pupil = WALK[: onset.size]
    outside = (onset < 150) | (onset >= 200)
    made = [
        recording(events_frame([fixation(t, 0.4, 1, 1, p) for t, p in zip(onset, x, strict=True)]))
        for x in (pupil, np.where(outside, 5 * pupil, pupil))
    ]
    values, expected = (table(eye, trial_grid(150, 200, 200, 4, 4))[0] for eye in made)
    assert values[PUPIL].notna().all(axis=None)
    pd.testing.assert_frame_equal(values[PUPIL], expected[PUPIL])


@pytest.mark.samples
def test_pupil_of_fixations_follows_the_pupil_of_samples(samples):
    path = samples / "eye" / "smi_hbn" / "NDARAA075AMK_Video1_Samples.txt"
    eye = read_eye(path)
    eye = on_eeg_clock(eye, offset_clock(-eye.samples["time"].iloc[0]))
    assert choose_side(eye, "auto") == "left"
    grid = trial_grid(5, 105, 200, 4, 4)
    sampled, good = table(eye, grid)
    only_events = replace(eye, samples=empty_samples())
    fixated, _ = table(only_events, grid)
    assert good.min() > 0.9
    assert sampled.notna().all(axis=None)
    assert sampled[PUPIL].corrwith(fixated[PUPIL]).min() > 0.9  # fixations are a coarser trace
    rest = [name for name in EYE_FEATURES if name not in PUPIL]
    pd.testing.assert_frame_equal(sampled[rest], fixated[rest])
    assert sampled["eye_fixation_frequency"].between(2, 8).all()
