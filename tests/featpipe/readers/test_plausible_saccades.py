"""Saccades that no eye makes, and pupils of 0, in exports of events."""

import numpy as np
import pytest

from featpipe.readers.eye_frames import events_frame
from featpipe.reading import read_eye

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
