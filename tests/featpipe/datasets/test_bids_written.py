"""What MNE-BIDS writes is read as it was meant: another hand than that of the look-alikes."""

from contextlib import suppress

import mne
import mne_bids
import numpy as np
import pytest
from naive_exports import write_brainvision

from featpipe.datasets import bids
from featpipe.datasets.layout import Choice
from featpipe.reading import check, read_eeg, read_eye

SFREQ, SECONDS = 250, 20
MARKERS = """Brain Vision Data Exchange Marker File, Version 1.0
[Common Infos]
DataFile=recorded.eeg
[Marker Infos]
Mk1=New Segment,,1,1,0
"""


def eeg_raw(folder):
    x = 10 * np.random.default_rng(0).standard_normal((4, 500 * SECONDS))
    path = folder / write_brainvision(folder, "recorded", ["Fp1", "F3", "Oz", "X1"], x)
    text, data = path.read_text("utf-8"), "DataFile=recorded.eeg"
    path.write_text(text.replace(data, f"{data}\nMarkerFile=recorded.vmrk"), "utf-8")
    (folder / "recorded.vmrk").write_text(MARKERS)
    raw = mne.io.read_raw_brainvision(path, verbose="ERROR")
    raw.set_channel_types({"X1": "eog"})
    raw.info["bads"] = ["F3"]
    raw.set_annotations(mne.Annotations([9, 2], [5, 5], ["negative", "positive"]))
    return raw


def eye_raw():
    """Both eyes, gaze in pixels and pupils in metres, with a fixation and a blink."""
    names = {}
    for side in ("left", "right"):
        names |= {f"{axis}_{side}": ("eyegaze", "px", side, axis) for axis in "xy"}
        names[f"pupil_{side}"] = ("pupil", "m", side)
    data = 500 + np.random.default_rng(1).standard_normal((6, SFREQ * SECONDS))
    data[2], data[5] = 0.003, 0.004
    kinds = [of[0] for of in names.values()]
    raw = mne.io.RawArray(data, mne.create_info(list(names), SFREQ, kinds), verbose="ERROR")
    mne.preprocessing.eyetracking.set_channel_types_eyetrack(raw, names)
    of = [("x_left", "y_left"), ("x_left",)]
    raw.set_annotations(mne.Annotations([1, 3], [0.5, 0.2], ["fixation", "BAD_blink"], ch_names=of))
    return raw, data


def calibration():
    found = mne.preprocessing.eyetracking.Calibration(
        onset=0, model="HV3", eye="left", avg_error=0.1, max_error=0.2,
        positions=np.zeros((3, 2)), offsets=np.zeros(3), gaze=np.zeros((3, 2)),
        screen_size=(0.384, 0.288), screen_distance=0.6, screen_resolution=(1024, 768),
    )  # fmt: skip
    found["screen_origin"] = ["top", "left"]
    return found


@pytest.mark.filterwarnings("ignore")  # of MNE-BIDS, which writes here
def test_a_data_set_that_mne_bids_wrote(tmp_path):
    (tmp_path / "own").mkdir()
    raw, root = eeg_raw(tmp_path / "own"), tmp_path / "ds"
    place = mne_bids.BIDSPath(subject="7", session="a", task="film", root=root, datatype="eeg")
    mne_bids.write_raw_bids(raw, place, verbose="ERROR")
    eyes, gaze = eye_raw()
    with suppress(RuntimeError):  # of two eyes 0.20 writes all and then stumbles over them
        mne_bids.write_raw_bids(
            eyes, place.copy().update(datatype="beh"), allow_preload=True, verbose="ERROR",
            eyetrack_calibration=calibration(),
        )  # fmt: skip
    found = bids.find(root, Choice("mine", ("negative", "positive")))
    assert list(found.defects) == []
    (source,) = found.sources
    assert (source.subject, source.session, source.eye_offset) == ("7", "a", 0.0)
    assert [tuple(trial[:4]) for trial in source.trials] == [(1, 2, 7, 1), (2, 9, 14, 0)]
    read = read_eeg(source.eeg)
    np.testing.assert_allclose(read.get_data(), raw.get_data())
    assert (read.info["bads"], read.get_channel_types()) == (["F3"], ["eeg"] * 3 + ["eog"])
    check_eyes(source.eye, gaze)


def check_eyes(path, gaze):
    assert check(path) == ("ok", "")
    eye = read_eye(path)
    for row, name in ((0, "x_left"), (1, "y_left"), (3, "x_right"), (4, "y_right")):
        np.testing.assert_allclose(eye.samples[f"gaze_{name}"], gaze[row])
    np.testing.assert_allclose(eye.samples["pupil_x_right"], 4.0)
    np.testing.assert_allclose(eye.samples["time"], np.arange(SFREQ * SECONDS) / SFREQ)
    assert eye.units == {"gaze": "px", "pupil": "mm", "dispersion": "px"}
    events = eye.events[["kind", "eye", "onset", "duration"]].to_numpy().tolist()
    assert events == [["fixation", "left", 1.0, 0.5], ["blink", "left", 3.0, 0.2]]
