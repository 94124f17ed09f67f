"""Events from samples: against a slow twin, by hand, and against the tracker's own software."""

from dataclasses import replace
from pathlib import Path

import naive_eye
import numpy as np
import pandas as pd
import pytest

from featpipe.errors import ConfigError, ReadError
from featpipe.eye.detection import with_events
from featpipe.eye.fixations import (
    dispersion_fixations,
    velocity,
    velocity_fixations,
)
from featpipe.eye.gaze import seen_gaze
from featpipe.eye.settings import EyeSettings
from featpipe.readers.eye_frames import samples_frame
from featpipe.reading import read_eye
from featpipe.recording import EyeRecording, empty_events, empty_messages

NONE = np.empty(0)
HBN = "eye/smi_hbn/NDARAA075AMK_Video1_Samples.txt"


def recording(time, x, y, pupil=3.0, unit="px", **more):
    pupil = np.where(np.isfinite(x), pupil, np.nan)
    eyes = {"left": np.stack([x, y, pupil, pupil]), "right": np.full((4, len(time)), np.nan)}
    return EyeRecording(
        samples_frame(Path("made"), time, eyes), empty_events(), empty_messages(),
        {"gaze": unit, "pupil": "mm", "dispersion": unit}, 100.0, "made by hand", **more,
    )  # fmt: skip


@pytest.fixture
def scene():
    """Look at 100 for 0.5 s, 20 ms later at 400 for 0.5 s, blink for 0.2 s, look at 400 again."""
    time = np.arange(200) / 100
    x = np.full(200, 400.0)
    x[:50], x[50:52] = 100.0, [200.0, 300.0]
    x[102:122] = np.nan
    return time, x, np.full(200, 50.0)


def of_kind(eye, kind):
    events = eye.events[(eye.events["kind"] == kind) & (eye.events["eye"] == "left")]
    return events[["onset", "duration"]].to_numpy()


@pytest.mark.parametrize("detector", ["idt", "ivt"])
def test_gaze_in_degrees_is_no_gaze_in_pixels(scene, detector):
    time, x, y = scene
    made = recording(time, x / 30, y / 30, unit="deg")
    eye = with_events(made, EyeSettings(detector=detector, px_per_degree=40.0))
    assert eye.units["amplitude"] == "deg"
    saccade = eye.events[eye.events["kind"] == "saccade"]
    assert saccade["amplitude"].tolist() == pytest.approx([10.0])
    assert len(of_kind(eye, "fixation")) == 3


@pytest.mark.parametrize("detector", ["idt", "ivt"])
def test_a_scene_comes_out_as_it_was_made(scene, detector):
    eye = with_events(recording(*scene, px_per_degree=30.0), EyeSettings(detector=detector))
    blur = 0.01 if detector == "ivt" else 0.0  # speeds take in both neighbours
    fixations = [[0.0, 0.49], [0.52, 0.49], [1.22, 0.77]]
    np.testing.assert_allclose(of_kind(eye, "fixation"), fixations, atol=2 * blur + 1e-9)
    np.testing.assert_allclose(of_kind(eye, "saccade"), [[0.49, 0.03]], atol=2 * blur + 1e-9)
    np.testing.assert_allclose(of_kind(eye, "blink"), [[1.02, 0.2]], atol=1e-9)
    saccade = eye.events[eye.events["kind"] == "saccade"]
    assert saccade["amplitude"].tolist() == [10.0]  # degrees
    assert eye.units["amplitude"] == "deg"
    assert eye.events_from == detector
    fixation = eye.events[eye.events["kind"] == "fixation"]
    assert fixation["pupil_x"].tolist() == [3.0, 3.0, 3.0]
    assert fixation["dispersion_x"].tolist() == [0.0, 0.0, 0.0]
    assert "right" not in set(eye.events["eye"])  # of which there are no data


def test_without_geometry_amplitudes_are_pixels_and_it_is_said(scene):
    eye = with_events(recording(*scene), EyeSettings())
    assert eye.events.loc[eye.events["kind"] == "saccade", "amplitude"].tolist() == [300.0]
    assert eye.units["amplitude"] == "px"
    with pytest.raises(ReadError, match="px_per_degree"):
        with_events(recording(*scene), EyeSettings(detector="ivt"))
    told = with_events(recording(*scene), EyeSettings(px_per_degree=60.0))
    assert told.events.loc[told.events["kind"] == "saccade", "amplitude"].tolist() == [5.0]


def test_amplitudes_that_are_told_keep_their_unit(scene):
    made = with_events(recording(*scene), EyeSettings())
    made = replace(made, units=recording(*scene).units, event_kinds=("fixation", "saccade"))
    assert "amplitude" not in with_events(made, EyeSettings()).units  # degrees
    made = replace(made, event_kinds=("fixation",))
    assert with_events(made, EyeSettings()).units["amplitude"] == "px"


def test_events_of_the_export_stay_unless_asked_otherwise(scene):
    made = with_events(recording(*scene), EyeSettings())
    theirs = replace(made, events=made.events.iloc[:1], events_from="export")
    assert len(with_events(theirs, EyeSettings()).events) == 1
    assert len(with_events(theirs, EyeSettings(events="detect")).events) == len(made.events)
    assert not len(with_events(recording(*scene), EyeSettings(events="export")).events)
    nothing = replace(theirs, samples=theirs.samples.iloc[:0])
    assert with_events(nothing, EyeSettings()) is nothing
    with pytest.raises(ReadError, match="holds no samples"):
        with_events(nothing, EyeSettings(events="detect"))


def test_saccades_lie_between_the_fixations_of_an_export_that_has_no_saccades(scene):
    made = with_events(recording(*scene), EyeSettings())
    no_saccades = made.events[made.events["kind"] != "saccade"].reset_index(drop=True)
    theirs = replace(made, events=no_saccades, events_from="export")
    found = with_events(theirs, EyeSettings())
    pd.testing.assert_frame_equal(found.events, made.events)
    assert found.events_from.startswith("export")


def steady(sfreq, keep=slice(None)):
    """Look at one place for 20 s, with a tracker's noise; only some samples were taken."""
    time = np.arange(round(20 * sfreq)) / sfreq
    x, y = 400 + np.random.default_rng(0).standard_normal((2, time.size))
    return time[keep], x[keep], y[keep]


@pytest.mark.parametrize("detector", ["idt", "ivt"])
@pytest.mark.parametrize("sfreq", [60, 250, 500])
@pytest.mark.parametrize("is_dropped", [False, True])
def test_short_losses_are_no_saccades_and_split_no_fixation(detector, sfreq, is_dropped):
    time, x, y = steady(sfreq)
    is_lost = (time % 1 > 0.5) & (time % 1 < 0.53)
    x[is_lost] = np.nan
    keep = ~is_lost if is_dropped else slice(None)
    made = recording(time[keep], x[keep], y[keep], px_per_degree=40.0)
    eye = with_events(made, EyeSettings(detector=detector, min_blink_s=0.08))
    assert set(eye.events["kind"]) == {"fixation"}
    assert len(eye.events) == 1
    assert eye.events["duration"].tolist() == pytest.approx([20], abs=0.06)


@pytest.mark.parametrize("detector", ["idt", "ivt"])
def test_what_the_eye_did_in_a_loss_or_a_pause_is_no_saccade(detector):
    time, x, y = steady(250)
    x += 200 * np.floor(time / 2) + np.clip(1e4 * (time % 2 - 1.98), 0, 200)  # every 2 s, in 20 ms
    settings = EyeSettings(detector=detector)
    assert len(of_kind(with_events(recording(time, x, y, px_per_degree=40.0), settings), "saccade"))
    x[((time + 0.02) % 2 < 0.04) & (time > 1)] = np.nan
    later = np.where(time > 9.5, time + 135, time)
    eye = with_events(recording(later, x, y, px_per_degree=40.0), settings)
    assert not len(of_kind(eye, "saccade"))
    assert len(of_kind(eye, "fixation")) == 11  # the pause is in the middle of one


def test_a_slow_tracker_with_uneven_steps_sees_no_saccades_of_a_steady_eye():
    step = np.random.default_rng(0).choice(
        [0.03, 0.033, 0.04, 0.1], 1500, p=[0.45, 0.35, 0.15, 0.05]
    )
    time = np.cumsum(step)
    eye = with_events(recording(time, 500 + 0 * time, 400 + 0 * time), EyeSettings())
    assert set(eye.events["kind"]) == {"fixation"}


@pytest.mark.samples
@pytest.mark.parametrize("side", ["left", "right"])
def test_every_sample_of_a_saccade_was_seen(samples, side):
    eye = with_events(read_eye(samples / HBN), EyeSettings(events="detect"))
    time = eye.samples["time"].to_numpy()
    lost_at = time[eye.samples[f"gaze_x_{side}"].isna().to_numpy()]
    found = stretches(eye.events, "saccade", side)
    n_lost = np.searchsorted(lost_at, found[:, 1]) - np.searchsorted(lost_at, found[:, 0])
    assert not n_lost.any()
    assert (found[:, 1] - found[:, 0]).max() < 0.5


@pytest.mark.parametrize("detector", ["idt", "ivt"])
def test_repeated_time_stamps_are_no_pauses(detector):
    time, x, y = steady(1000)
    time, x, y = (np.repeat(a, 2) for a in (time, x, y))
    x[time > 10] += 200
    settings = EyeSettings(detector=detector)
    eye = with_events(recording(time, x, y, px_per_degree=40.0), settings)
    assert len(of_kind(eye, "fixation")) == 2
    same = np.repeat(time[0], 50)
    nothing = with_events(recording(same, x[:50], y[:50], px_per_degree=40.0), settings)
    assert not len(nothing.events)


@pytest.mark.parametrize(
    ("sfreq", "px_per_degree", "detector"),
    [(500, 40.0, "ivt"), (200, 40.0, "ivt"), (120, 40.0, "idt"), (500, None, "idt")],
)
def test_the_detector_suits_the_rate_and_a_slow_drift_is_no_saccade(sfreq, px_per_degree, detector):
    time, x, y = steady(sfreq)
    eye = with_events(recording(time, x + 60 * time, y, px_per_degree=px_per_degree), EyeSettings())
    assert eye.events_from == detector
    assert set(eye.events["kind"]) == {"fixation"}


@pytest.mark.parametrize(("unit", "size"), [("norm", 1 / 800), ("mm", 0.3), ("href", 7.0)])
def test_pixels_of_a_degree_are_of_gaze_in_pixels(scene, unit, size):
    time, x, y = scene
    made = recording(time, x * size, y * size, unit=unit)
    with pytest.raises(ReadError, match=r"px_per_degree = 40 .* leave the option out"):
        with_events(made, EyeSettings(px_per_degree=40.0))
    eye = with_events(made, EyeSettings())
    amplitude = eye.events.loc[eye.events["kind"] == "saccade", "amplitude"].tolist()
    assert eye.units["amplitude"] == ("deg" if unit == "href" else unit)
    assert amplitude == pytest.approx([300 * size / (260 if unit == "href" else 1)])


def test_blinks_of_the_export_stay_where_it_tells_no_fixations(scene):
    told = with_events(recording(*scene), EyeSettings())
    blink = told.events[told.events["kind"] == "blink"].assign(onset=0.2, duration=0.1)
    made = replace(recording(*scene), events=blink, event_kinds=("blink",))
    eye = with_events(made, EyeSettings())
    assert of_kind(eye, "blink").tolist() == [[0.2, 0.1]]
    assert len(of_kind(eye, "fixation")) == 4  # it splits the first
    assert eye.events_from == "export, fixations and saccades by idt"
    assert eye.event_kinds == ("fixation", "saccade", "blink")
    assert len(of_kind(with_events(made, EyeSettings(events="detect")), "blink")) == 1


@pytest.mark.parametrize("seed", range(8))
def test_dispersion_fixations_equal_the_slow_twin(seed):
    rng = np.random.default_rng(seed)
    n = 400
    time = np.cumsum(rng.choice([0.01, 0.01, 0.01, 0.012, 0.2], n, p=[0.3, 0.3, 0.2, 0.18, 0.02]))
    x, y = np.cumsum(rng.standard_normal((2, n)) * 3, axis=1)
    x[rng.random(n) < 0.02] = np.nan
    longest = 2.5 * np.median(np.diff(time))
    gaze = seen_gaze(time, x, y, NONE, NONE)
    first, last = dispersion_fixations(gaze.time, gaze.x, gaze.y, gaze.is_gap, 25.0, 0.05)
    expected = naive_eye.dispersion_fixations(time, x, y, 25.0, 0.05 - 1e-6, longest)
    assert list(zip(gaze.rows[first], gaze.rows[last], strict=True)) == expected
    assert len(expected) > 5


def test_velocity_of_an_even_motion_is_exact():
    time = np.arange(50) / 250
    is_break = np.zeros(49, bool)
    speed = velocity(time, 30 * time, 40 * time, is_break)
    np.testing.assert_allclose(speed[2:-2], 50.0)
    assert np.isnan(speed[[0, 1, -2, -1]]).all()
    first, last = velocity_fixations(time, speed, is_break, 51.0, 0.05)
    assert (first.tolist(), last.tolist()) == ([2], [47])
    assert not velocity_fixations(time, speed, is_break, 49.0, 0.05)[0].size


@pytest.mark.parametrize(("sfreq", "half"), [(1000.0, 10), (500.0, 5), (250.0, 2), (60.0, 1)])
def test_velocity_is_the_slope_of_twenty_milliseconds(sfreq, half):
    rng = np.random.default_rng(int(sfreq))
    time = 7e4 + (np.arange(600) + rng.uniform(-0.2, 0.2, 600)) / sfreq
    time[300:] += 0.3
    x, y = np.cumsum(rng.standard_normal((2, 600)), axis=1) + 1e3
    x[rng.integers(0, 600, 8)], y[400:420] = np.nan, np.nan
    gaze = seen_gaze(time, x, y, NONE, NONE)
    seen = gaze.time, gaze.x, gaze.y
    expected = naive_eye.velocity(*seen, half, 2.5 * np.median(np.diff(time)))
    is_break = np.diff(gaze.time) > 2.5 * np.median(np.diff(time))
    np.testing.assert_allclose(velocity(*seen, is_break), expected, rtol=1e-6)
    assert 300 < np.isfinite(expected).sum() < 580
    assert np.isnan(velocity(time[:2], x[:2], y[:2], is_break[:1])).all()


def test_a_gaze_in_an_unknown_unit_needs_a_limit(scene):
    eye = recording(*scene, unit="raw")
    assert with_events(eye, EyeSettings()) is eye
    with pytest.raises(ReadError, match=r"set \[eye\] max_dispersion"):
        with_events(eye, EyeSettings(events="detect"))
    assert len(with_events(eye, EyeSettings(max_dispersion=50.0)).events) == 5


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_limits_are_positive(value):
    with pytest.raises(ConfigError, match="min_fixation_s"):
        EyeSettings(min_fixation_s=value)


def overlap_f1(found, true):
    """Pairs of one to one that share more than half of what they cover, as F1."""
    start = np.maximum(found[:, 0, np.newaxis], true[:, 0])
    stop = np.minimum(found[:, 1, np.newaxis], true[:, 1])
    either = found[:, 1, np.newaxis] - found[:, 0, np.newaxis] + true[:, 1] - true[:, 0]
    shared = np.clip(stop - start, 0, None)
    n_pairs = int((shared / (either - shared) > 0.5).sum())  # above half, a partner is unique
    return 2 * n_pairs / (len(found) + len(true))


def stretches(events, kind, side):
    rows = events[(events["kind"] == kind) & (events["eye"] == side)]
    return np.stack([rows["onset"], rows["onset"] + rows["duration"]], axis=1)


def _told_by_saccades(eye):
    """Pixels of a degree, from what the tracker's software says of its saccades."""
    saccades = eye.events[(eye.events["kind"] == "saccade") & (eye.events["eye"] == "left")]
    samples = eye.samples.set_index("time")
    ends = (saccades["onset"], saccades["onset"] + saccades["duration"] - 1 / eye.sfreq)
    first, last = (samples.iloc[samples.index.get_indexer(end, method="nearest")] for end in ends)
    x, y = (
        last[f"gaze_{axis}_left"].to_numpy() - first[f"gaze_{axis}_left"].to_numpy()
        for axis in "xy"
    )
    return float(np.nanmedian(np.hypot(x, y) / saccades["amplitude"].to_numpy()))


@pytest.mark.parametrize("name", ["mne_test_eyelink", "pypillometry_002_rlmw_events_short"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_events_agree_with_those_of_eyelink(samples, name, side):
    """Blinks to the sample; fixations and saccades above 0.95, half of their ends within 3 ms.

    EyeLink's parser also looks at acceleration, so edges cannot be the same.
    """
    theirs = read_eye(samples / f"eye/eyelink/{name}.asc")
    px_per_degree = _told_by_saccades(theirs)
    assert (theirs.px_per_degree or px_per_degree) == pytest.approx(px_per_degree, rel=0.01)
    ours = with_events(theirs, EyeSettings(events="detect", px_per_degree=px_per_degree))
    assert ours.events_from == "ivt"
    found, true = (stretches(eye.events, "blink", side) for eye in (ours, theirs))
    np.testing.assert_allclose(found, true, atol=1e-6)
    for kind in ("fixation", "saccade"):
        found, true = (stretches(eye.events, kind, side) for eye in (ours, theirs))
        assert overlap_f1(found, true) > 0.95
        nearest = np.abs(found[:, np.newaxis] - true).sum(axis=2).argmin(axis=0)
        assert np.all(np.median(np.abs(found[nearest] - true), axis=0) < 0.0031)


@pytest.mark.parametrize("side", ["left", "right"])
def test_fixations_agree_with_those_of_smi(samples, side):
    """Above 0.95 for either eye; 0.8 is asked for."""
    theirs = read_eye(samples / HBN)
    # 800 px are 321 mm, 700 mm away
    assert theirs.px_per_degree == pytest.approx(800 / 321 * 700 * np.pi / 180, rel=1e-3)
    ours = with_events(theirs, EyeSettings(events="detect"))
    assert ours.events_from == "idt"
    found, true = (stretches(eye.events, "fixation", side) for eye in (ours, theirs))
    assert overlap_f1(found, true) > 0.95
    blinks, their_blinks = (stretches(eye.events, "blink", side) for eye in (ours, theirs))
    assert overlap_f1(blinks, their_blinks) > 0.85
    assert ours.units["amplitude"] == "deg"
    saccades, their_saccades = (
        eye.events[(eye.events["kind"] == "saccade") & (eye.events["eye"] == side)]
        for eye in (ours, theirs)
    )
    both = pd.merge_asof(
        saccades.sort_values("onset"), their_saccades.sort_values("onset"), on="onset",
        tolerance=1e-3, suffixes=("", "_smi"),
    ).dropna(subset=["amplitude_smi"])  # fmt: skip
    assert len(both) > 0.8 * len(saccades)
    assert ((both["duration"] - both["duration_smi"]).abs() < 1e-3).mean() > 0.9
    # BeGaze's amplitude is not the distance of its own start and end: 40 px, 1.3 degrees, say 0.57
    assert both[["amplitude", "amplitude_smi"]].corr("spearman").iloc[0, 1] > 0.6
