"""Which pupil sizes lids and losses spoil, in made and in real recordings."""

import numpy as np
import pandas as pd
import pytest

from featpipe.eye.pupil_cleaning import clean_pupil
from featpipe.eye.pupil_samples import MARGIN_S, filled_in, pupil_period, pupil_samples
from featpipe.eye.side import events_of
from featpipe.reading import read_eye
from featpipe.recording import EyeRecording, empty_events, empty_messages, empty_samples


def recording(time, size, valid=True, blinks=(), kind="made by hand"):
    samples = pd.DataFrame({"time": time, "valid_left": valid, "valid_right": False})
    samples = samples.assign(pupil_x_left=size, pupil_y_left=size)
    events = pd.DataFrame(blinks, columns=["onset", "duration"]).assign(kind="blink", eye="left")
    return EyeRecording(
        samples.reindex(columns=empty_samples().columns),
        events.reindex(columns=empty_events().columns),
        empty_messages(), {}, None, kind,
    )  # fmt: skip


def spoilt(time, eye):
    samples = pupil_samples(eye, "left")
    edge = samples.time[~samples.is_clear]
    return (edge.min(), edge.max()) if edge.size else None


@pytest.mark.parametrize("sfreq", [250, 500, 1000])
def test_a_short_loss_of_eyelink_has_margins(sfreq):
    time = np.arange(0, 10, 1 / sfreq)
    lost = (time >= 5) & (time < 5.02)
    first, last = spoilt(time, recording(time, 3.0, ~lost, kind="eyelink_asc"))
    assert first == pytest.approx(5 - MARGIN_S, abs=2 / sfreq)
    assert last == pytest.approx(5.02 + MARGIN_S, abs=2 / sfreq)


@pytest.mark.parametrize("sfreq", [30, 60, 120, 500])
def test_as_short_a_loss_of_another_tracker_is_a_dropout(sfreq):
    time = np.arange(0, 10, 1 / sfreq)
    assert spoilt(time, recording(time, 3.0, (time < 5) | (time > 5.02))) is None


def test_a_blink_of_the_export_has_margins_whatever_is_lost():
    time = np.arange(0, 10, 1 / 60)
    first, last = spoilt(time, recording(time, 3.0, blinks=[(5.0, 0.02)]))
    assert 4.95 - 1e-9 <= first < 4.97
    assert 5.05 < last <= 5.07 + 1e-9


def test_rows_between_sizes_as_far_apart_as_usual_lack_nothing():
    time = np.arange(0, 10, 1 / 120)
    row = np.arange(time.size)
    size = np.where(row % 3 == 0, 4.0, np.nan)
    assert pupil_period(recording(time, size), "left") == pytest.approx(3 / 120)
    assert not np.any(filled_in(recording(time, size), "left"))
    size[300] = np.nan
    lacks, is_edge = filled_in(recording(time, size), "left")
    assert np.flatnonzero(lacks).tolist() == [298, 299, 300, 301, 302]
    assert not is_edge.any()


def test_a_part_without_sizes_lacks_them_where_the_recording_has_some():
    eye = recording(np.arange(0, 10, 0.01), np.nan)
    assert filled_in(eye, "left", period=0.01)[0].all()
    assert not np.any(filled_in(eye, "left"))


@pytest.mark.samples
@pytest.mark.parametrize("name", ["mne_test_eyelink", "pypillometry_002_rlmw_samples_short"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_no_lid_is_left_beside_real_blinks(samples, name, side):
    eye = clean_pupil(read_eye(samples / "eye" / "eyelink" / f"{name}.asc"), both=False)
    pupil, blinks = pupil_samples(eye, side), events_of(eye, side, "blink")
    time, size = pupil.time[pupil.is_clear], pupil.x[pupil.is_clear]
    for onset, stop in zip(blinks.onset, blinks.stop, strict=True):
        shores = [(onset - 0.6, onset - 0.3), (stop + 0.5, stop + 0.8)]
        usual = [np.median(size[(time > a) & (time < b)]) for a, b in shores]
        near = (time > onset - 0.15) & (time < stop + 0.2)
        course = np.interp(time[near], [np.mean(shore) for shore in shores], usual)
        assert not near.any() or np.nanmin(size[near] / course) > 0.9
