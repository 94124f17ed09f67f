"""Saccades that no eye makes, and pupils of 0, in exports of events."""

from pathlib import Path

import numpy as np
import pytest

from featpipe.readers.eye_frames import events_frame, samples_frame
from featpipe.readers.plausible_saccades import plausible_saccades
from featpipe.reading import read_eye
from featpipe.recording import EyeRecording, empty_messages, empty_samples

HEAD = "START\t1000\tLEFT\tEVENTS\nEVENTS\tGAZE\tLEFT\tRATE\t500.00\n"


def saccade(onset, duration, amplitude):
    return f"ESACC L  {onset}\t{onset + duration}\t{duration}\t1.0\t2.0\t3\t4\t{amplitude}\t90\n"


def test_what_no_eye_does_is_left_out_and_told_once(tmp_path, caplog):
    rows = [(1000, 40, 5.0), (2000, 40, 415.0), (3000, 900, 12.0), (5000, 200, 88.0)]
    path = tmp_path / "a.asc"
    path.write_text(HEAD + "".join(saccade(*row) for row in rows) + "END\t9000\n")
    events = read_eye(path).events
    np.testing.assert_allclose(events["onset"], [1, 2, 5])
    np.testing.assert_allclose(events["amplitude"], [5, np.nan, 88])
    assert caplog.text.count("of 4 saccades 1 last over 0.5 s and are left out, 1 are") == 1


@pytest.fixture
def looking():
    """Half a second at 100 Hz, the left gaze lost once, in a row; no gaze of the right eye."""
    time = np.arange(50) / 100
    gaze = np.where(time == 0.2, np.nan, 5.0)
    eyes = {"left": np.stack([gaze] * 4), "right": np.full((4, 50), np.nan)}
    return samples_frame(Path("made"), time, eyes)


def made(events, samples, **more):
    units = {"gaze": "px", "pupil": "mm", "dispersion": "px"}
    tables = [
        {"kind": kind, "eye": eye, "onset": np.array([onset]), "duration": np.array([duration])}
        for kind, eye, onset, duration in events
    ]
    return EyeRecording(
        samples, events_frame(tables), empty_messages(), units, 100.0, "made by hand", **more
    )


@pytest.mark.parametrize(
    ("onset", "duration", "is_kept"),
    [(0.1, 0.05, True), (0.1, 0.1, True), (0.17, 0.06, False), (0.2, 0.03, False),
     (0.21, 0.03, True)],
)  # fmt: skip
def test_every_sample_of_a_saccade_was_seen(looking, caplog, onset, duration, is_kept):
    events = [("saccade", eye, onset, duration) for eye in ("left", "right")]
    events += [("saccade", "right", 0.4, 0.03)]  # each eye has saccades of its own
    found = plausible_saccades(Path("a.txt"), made(events, looking)).events
    assert found["eye"].tolist() == (["left"] * is_kept + ["right", "right"])
    assert ("of 3 saccades 1 have a sample in which the eye was lost" in caplog.text) != is_kept


@pytest.mark.parametrize(("other_lost", "n_kept"), [(0.3, 2), (0.2, 0)])
def test_a_saccade_of_both_eyes_was_seen_where_one_of_them_was(looking, other_lost, n_kept):
    for axis in "xy":
        looking[f"gaze_{axis}_right"] = np.where(looking["time"] == other_lost, np.nan, 7.0)
    events = [("saccade", eye, 0.17, 0.06) for eye in ("left", "right")]
    assert len(plausible_saccades(Path("a.txt"), made(events, looking)).events) == n_kept


def test_a_saccade_around_a_blink_is_the_lid_in_every_export():
    events = [
        ("saccade", "left", 1.0, 0.3), ("blink", "left", 1.1, 0.1), ("saccade", "right", 1.0, 0.3),
        ("saccade", "left", 2.0, 0.1), ("blink", "left", 2.1, 0.1),
    ]  # fmt: skip
    found = plausible_saccades(Path("a.txt"), made(events, empty_samples())).events
    saccades = found[found["kind"] == "saccade"]
    assert saccades[["eye", "onset"]].to_numpy().tolist() == [["right", 1.0], ["left", 2.0]]
    guessed = made(events, empty_samples(), onsets="estimated")
    assert len(plausible_saccades(Path("a.txt"), guessed).events) == 5


@pytest.mark.samples
def test_saccades_of_a_real_export_in_which_a_zero_was_taken_for_a_place(samples, caplog):
    eye = read_eye(samples / "eye/smi_hbn/NDARAA075AMK_Video1_Samples.txt")
    assert "of 1062 saccades 65 have a sample in which the eye was lost" in caplog.text
    assert (eye.events["kind"] == "saccade").sum() == 997


def test_a_pupil_of_zero_is_lost():
    table = {"kind": "fixation", "eye": "left", "onset": np.arange(3.0), "duration": np.ones(3)}
    pupil = np.array([0.0, -1.0, 3.5])
    events = events_frame([table | {"pupil_x": pupil, "pupil_y": pupil}])
    np.testing.assert_allclose(events["pupil_x"], [np.nan, np.nan, 3.5])
    np.testing.assert_allclose(events["pupil_y"], [np.nan, np.nan, 3.5])


@pytest.mark.samples
def test_the_impossible_saccades_of_a_real_export(samples, caplog):
    events = read_eye(samples / "eye/smi_emdat/SMI_Sample_67_Events.txt").events
    assert "of 10479 saccades 369 last over 0.5 s" in caplog.text
    assert events["amplitude"].max() <= 90
