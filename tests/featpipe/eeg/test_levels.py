"""A high-pass does not carry the step of a pause to both sides of it."""

import logging
from dataclasses import replace

import mne
import numpy as np
import pytest

from featpipe.eeg.filtering import design
from featpipe.eeg.levels import find_levels
from featpipe.eeg.settings import EegSettings
from featpipe.eeg.stream import Stream, in_memory, read_stream
from featpipe.features.eeg_table import eeg_table
from featpipe.features.table import FeatureSettings
from featpipe.reading import read_eeg
from featpipe.recording import Source, Trial

SFREQ, N_TIMES, AT = 500.0, 20_000, 9_990  # the second piece begins at 19.98 s


def pieces(step_uv=(5000.0, -300.0)):
    x = 10 * np.random.default_rng(4).standard_normal((2, N_TIMES))
    x[:, AT:] += np.array(step_uv)[:, None]
    return x


def stream_of(x, **settings):
    samples, how = in_memory(x, SFREQ), design(SFREQ, EegSettings(**settings))
    return Stream(samples, how, levels=find_levels(samples, how, [AT / SFREQ]))


def test_the_step_is_found_to_the_noise_of_the_signal():
    stream = stream_of(pieces(), l_freq=0.5)
    assert stream.levels.breaks.tolist() == [AT * 2 // 5]
    np.testing.assert_allclose(stream.levels.level, [[0, 0], [5000, -300]], atol=10)


def test_a_mark_without_a_step_changes_nothing():
    x = pieces((0, 0))
    samples, how = in_memory(x, SFREQ), design(SFREQ, EegSettings(l_freq=0.5))
    assert not find_levels(samples, how, [AT / SFREQ, 30.0]).level.any()


@pytest.mark.parametrize(
    "signal",
    [
        pytest.param(lambda t: 75 * np.sin(2 * np.pi * t), id="1 Hz"),
        pytest.param(lambda t: 75 * np.sin(2 * np.pi * 0.7 * t), id="0.7 Hz"),
        pytest.param(lambda t: 200 * np.sin(2 * np.pi * 0.3 * t), id="sweat"),
        pytest.param(lambda t: 100 * t, id="drift"),
        pytest.param(lambda t: 8 * (t % 2 > 1), id="coarse converter"),
    ],
)
def test_slow_waves_and_drift_are_no_steps(signal):
    """Half of such marks made a step where nothing was."""
    noise = np.random.default_rng(0).standard_normal((1, N_TIMES))
    x = signal(np.arange(N_TIMES) / SFREQ) + noise / 100
    marks = np.arange(3, 38, 0.77)
    levels = find_levels(in_memory(x, SFREQ), design(SFREQ, EegSettings(l_freq=0.5)), marks)
    assert len(levels.breaks) == len(marks)
    assert not levels.level.any()


@pytest.mark.parametrize(
    ("marks", "heights"),
    [
        pytest.param([20.0, 20.02], [1000, -1000], id="20 ms"),
        pytest.param([20.0, 20.1], [1000, 500], id="100 ms"),
        pytest.param([20.0, 20.3], [1000, 500], id="300 ms"),
        pytest.param([20 + 0.06 * i for i in range(5)], [1000, 1000, -400, 700, 0], id="many"),
        pytest.param([0.15], [1000], id="at the start"),
        pytest.param([N_TIMES / SFREQ - 0.15], [1000], id="at the end"),
    ],
)
def test_short_pieces_leave_no_step_behind(marks, heights):
    """A piece of 20 ms had left one of 171 uV: it lies in the transitions of its neighbours."""
    x = 5 * np.random.default_rng(4).standard_normal((1, N_TIMES))
    for at, height in zip(marks, heights, strict=True):
        x[:, round(at * SFREQ) :] += height
    level = find_levels(in_memory(x, SFREQ), design(SFREQ, EegSettings(l_freq=0.5)), marks).level
    assert level[-1, 0] == pytest.approx(sum(heights), abs=10)
    assert (np.abs(level[1:-1, 0] - np.cumsum(heights)[:-1]) < 10).all() or not level[1:-1].any()


@pytest.mark.parametrize("options", [{}, {"notch": (50.0,)}])
def test_without_a_high_pass_levels_stay(options):
    assert stream_of(pieces(), **options).levels is None


def test_a_side_that_is_lost_has_no_level():
    x = pieces()
    x[0, AT:] = np.nan
    x[1, AT - 50 : AT + 50] = np.nan  # a part of a side does no harm
    level = stream_of(x, l_freq=0.5).levels.level
    assert level[1, 0] == 0
    assert level[1, 1] == pytest.approx(-300, abs=10)


def test_far_from_the_pause_nothing_tells_of_the_step():
    plain = read_stream(stream_of(pieces((0, 0)), l_freq=0.5), 0, 8000)
    stepped = stream_of(pieces(), l_freq=0.5)
    is_far = abs(np.arange(8000) - 3996) > 20
    for levels, is_carried in ((stepped.levels, False), (None, True)):
        x = read_stream(replace(stepped, levels=levels), 0, 8000)
        assert (np.abs(x - plain)[:, is_far].max() > 5) == is_carried


@pytest.mark.parametrize("lost", [False, True])
def test_stretches_do_not_depend_on_where_reading_begins(lost):
    x = pieces()
    if lost:
        x[0, AT - 700 : AT - 200] = np.nan
    stream = stream_of(x, l_freq=0.5)
    whole = read_stream(stream, 0, 8000)
    parts = [read_stream(stream, a, b) for a, b in ((0, 3990), (3990, 4003), (4003, 8000))]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)


def test_recordings_put_end_to_end_are_told_and_filtered_as_if_alone(tmp_path, caplog):
    """The step made 7 nats of delta out of 2 for five windows on each side, all called good."""
    x, info = pieces(), mne.create_info(["Fp1", "Oz"], SFREQ, "eeg")
    first, second = (mne.io.RawArray(1e-6 * x[:, cut], info, verbose="ERROR")
                     for cut in (slice(0, AT), slice(AT, None)))  # fmt: skip
    joined = mne.concatenate_raws([first, second], verbose="ERROR")
    joined.save(tmp_path / "s1_raw.fif", fmt="double", verbose="ERROR")
    with caplog.at_level(logging.WARNING):
        raw = read_eeg(tmp_path / "s1_raw.fif")
    assert caplog.text.count("interrupted at 19.980 s;") == 1
    source = Source("lab", "A", "1", None, None, None, (Trial(1, 5.0, 35.0, 0),), ("calm",))
    plain = mne.io.RawArray(1e-6 * pieces((0, 0)), info, verbose="ERROR")
    found, expected = (
        eeg_table(r, source, ["de"], EegSettings(l_freq=0.5), FeatureSettings()).values["de"]
        for r in (raw, plain)
    )
    away = np.delete(np.arange(30), 14)  # its own window has the step
    np.testing.assert_allclose(found[away], expected[away], atol=0.3)
