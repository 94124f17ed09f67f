"""Eye recordings of BIDS: columns and clocks as the sidecars say, limits, damage."""

import gzip
import json
import random
import time

import numpy as np
import pytest
from lookalikes.bids_eye import (
    FIRST_MS,
    SCREEN,
    SIDECAR,
    eye_rows,
    table_text,
    write_eye,
    write_table,
)

from featpipe.errors import ReadError
from featpipe.readers import tsv_numbers
from featpipe.readers.bids_physio import clock_offset
from featpipe.reading import check, read_eye, sniff, source_files
from featpipe.scanning import scan

FIRST_S = FIRST_MS / 1000


def test_both_eyes_are_one_recording_on_the_clock_of_the_tracker(tmp_path):
    left, right = (write_eye(tmp_path, eye=eye) for eye in ("left", "right"))
    for path in (left, right):
        assert sniff(path) == "bids_physio"
        eye = read_eye(path)
        for side, shift in (("left", 0.0), ("right", 10.0)):
            rows = eye_rows(2500, shift=shift)
            np.testing.assert_allclose(eye.samples["time"], rows[:, 0] / 1000)
            np.testing.assert_allclose(eye.samples[f"gaze_x_{side}"], rows[:, 1], rtol=1e-9)
            np.testing.assert_allclose(eye.samples[f"gaze_y_{side}"], rows[:, 2], rtol=1e-9)
            for axis in "xy":
                np.testing.assert_allclose(eye.samples[f"pupil_{axis}_{side}"], rows[:, 3])
        assert eye.units == {"gaze": "px", "pupil": "au (area)", "dispersion": "px"}
        assert (eye.sfreq, eye.format, eye.event_kinds) == (250.0, "bids_physio", ())
        assert check(path) == ("ok", "")


def test_scan_finds_one_recording_of_three_files_and_no_heart(tmp_path):
    for eye in ("left", "right"):
        write_eye(tmp_path, eye=eye)
    cyclopean = SIDECAR | {"RecordedEye": "cyclopean"}
    write_table(tmp_path / "sub-01_task-film_recording-eye3_physio.tsv.gz", eye_rows(9), cyclopean)
    heart = {"Columns": ["cardiac"], "SamplingFrequency": 100, "StartTime": 0}
    write_table(tmp_path / "sub-01_task-film_recording-ecg_physio.tsv.gz", [[1.0]] * 5, heart)
    (found,) = scan([tmp_path])
    assert found.path.name == "sub-01_task-film_recording-eye1_physio.tsv.gz"
    assert (found.status, found.n_channels, found.sfreq) == ("ok", 2, 250.0)
    assert found.first_s == pytest.approx(FIRST_S)


def test_a_sidecar_above_holds_for_all_and_the_nearer_one_wins(tmp_path):
    folder = tmp_path / "sub-01/eeg"
    folder.mkdir(parents=True)
    (tmp_path / "task-film_physio.json").write_text(json.dumps(SIDECAR | {"StartTime": 9}))
    (tmp_path / "task-other_physio.json").write_text(json.dumps({"Columns": ["a"]}))
    (tmp_path / "events.json").write_text(json.dumps(SCREEN))
    path = write_eye(folder)
    own = {"RecordedEye": "right", "StartTime": 0.25}
    path.with_name("sub-01_task-film_recording-eye1_physio.json").write_text(json.dumps(own))
    eye = read_eye(path)
    assert eye.samples["valid_right"].all()
    assert not eye.samples["valid_left"].any()
    assert clock_offset(path) == (pytest.approx(0.25 - FIRST_S), "")
    # 1024 px on 0.384 m, a degree is 0.01047 m at 0.6 m
    assert eye.px_per_degree == pytest.approx(0.6 * np.tan(np.radians(1)) / 0.384 * 1024, rel=1e-3)
    names = [file.name for file in source_files(path)]
    assert names[0] == path.name
    assert set(names[1:]) == {
        "task-film_physio.json", "sub-01_task-film_recording-eye1_physio.json", "events.json"
    }  # fmt: skip


EVENTS = (
    f"{FIRST_MS - 8}\tn/a\tn/a\tn/a\tRECCFG CR 1000\n"
    f"{FIRST_MS + 40}\tn/a\tn/a\tn/a\ttrigger 7\n"
    f"{FIRST_MS + 100}\t200\tfixation\t0\tn/a\n"
    f"{FIRST_MS + 300}\t24\tsaccade\t0\tn/a\n"
    f"{FIRST_MS + 400}\t150\tsaccade\t1\tn/a\n"
)


def test_events_and_messages_come_from_the_file_beside(tmp_path):
    eye = read_eye(write_eye(tmp_path, eye="right", events=EVENTS))
    assert eye.messages["text"].tolist() == ["RECCFG CR 1000", "trigger 7"]
    np.testing.assert_allclose(eye.messages["time"], FIRST_S + np.array([-0.008, 0.04]))
    # a saccade with the eye closed is the lid
    assert eye.events["kind"].tolist() == ["fixation", "saccade", "blink"]
    assert set(eye.events["eye"]) == {"right"}
    np.testing.assert_allclose(eye.events["onset"], FIRST_S + np.array([0.1, 0.3, 0.4]))
    np.testing.assert_allclose(eye.events["duration"], [0.2, 0.024, 0.15])
    assert eye.events["dispersion_x"][0] == pytest.approx(np.ptp(eye_rows(75)[25:, 1]))
    assert eye.event_kinds == ("fixation", "saccade", "blink")


def test_onsets_may_be_rows_of_the_samples(tmp_path):
    path = write_eye(tmp_path, events="-2\tReady\n10\tGo\n")
    sidecar = {"Columns": ["onset", "message"], "OnsetSource": "n/a"}
    path.with_name("sub-01_task-film_recording-eye1_physioevents.json").write_text(
        json.dumps(sidecar)
    )
    messages = read_eye(path).messages
    np.testing.assert_allclose(messages["time"], FIRST_S + np.array([-0.008, 0.04]))


@pytest.mark.parametrize(
    ("changes", "unit", "factor"),
    [({"x_coordinate": {"Units": "cm"}}, "mm", 10.0),
     ({"x_coordinate": {"Units": "rad"}}, "deg", 180 / np.pi),
     ({"x_coordinate": {}, "SampleCoordinateUnits": "degrees"}, "deg", 1.0)],
    ids=["cm", "rad", "draft"],
)  # fmt: skip
def test_units_of_gaze(tmp_path, changes, unit, factor):
    eye = read_eye(write_eye(tmp_path, **changes))
    assert eye.units["gaze"] == unit
    np.testing.assert_allclose(eye.samples["gaze_x_left"], factor * eye_rows(2500)[:, 1])


def test_pupils_in_metres_become_millimetres_and_lost_ones_nan(tmp_path):
    rows = eye_rows(2500)
    rows[:, 3] = 0.0035
    rows[7, 3], rows[8, 1] = 0.0, np.nan
    eye = read_eye(write_eye(tmp_path, rows=rows, pupil_size={"Units": "m"}))
    assert eye.units["pupil"] == "mm"
    assert eye.samples["pupil_x_left"].isna().to_numpy().nonzero()[0].tolist() == [7]
    assert eye.samples["pupil_x_left"][0] == pytest.approx(3.5)
    assert eye.samples["gaze_y_left"].isna().to_numpy().nonzero()[0].tolist() == [8]


def test_without_time_stamps_the_rate_makes_them_from_the_start(tmp_path):
    path = write_eye(tmp_path, rows=eye_rows(500)[:, 1:],
                     Columns=["x_coordinate", "y_coordinate", "pupil_size"])  # fmt: skip
    np.testing.assert_allclose(read_eye(path).samples["time"], 0.5 + np.arange(500) / 250)
    assert clock_offset(path) == (0.0, "")


def test_columns_of_the_draft_and_a_header(tmp_path):
    names = ["eye_timestamp", "eye1_x_coordinate", "eye1_y_coordinate", "eye2_x_coordinate",
             "eye2_y_coordinate", "eye2_pupil_size"]  # fmt: skip
    rows = eye_rows(300)[:, [0, 1, 2, 1, 2, 3]]
    path = tmp_path / "sub-01_task-film_eyetrack.tsv"
    path.write_text("\t".join(names) + "\n" + table_text(rows))
    sidecar = {"SamplingFrequency": 250, "StartTime": 0, "RecordedEye": "Both",
               "SampleCoordinateUnits": "pixel", "eye_timestamp": {"Units": "ms"}}  # fmt: skip
    path.with_suffix(".json").write_text(json.dumps(sidecar))
    eye = read_eye(path)
    assert len(eye.samples) == 300
    assert eye.samples["valid_left"].all()
    assert eye.samples["pupil_x_left"].isna().all()
    np.testing.assert_allclose(eye.samples["pupil_x_right"], rows[:, 5])
    assert clock_offset(path)[0] == pytest.approx(-FIRST_S)


def test_a_cyclopean_gaze_alone_stands_for_both(tmp_path):
    eye = read_eye(write_eye(tmp_path, RecordedEye="cyclopean"))
    np.testing.assert_array_equal(eye.samples["gaze_x_left"], eye.samples["gaze_x_right"])


def test_a_shorter_second_eye_is_laid_on_the_first(tmp_path):
    path = write_eye(tmp_path)
    write_eye(tmp_path, eye="right", rows=eye_rows(2500)[100:2400])
    samples = read_eye(path).samples
    is_seen = samples["valid_right"].to_numpy()
    assert (is_seen.sum(), is_seen[100], is_seen[99]) == (2300, True, False)
    np.testing.assert_allclose(samples["gaze_x_right"][is_seen], samples["gaze_x_left"][is_seen])


@pytest.mark.parametrize(
    ("start", "flaw"),
    [(None, "StartTime is missing"), (FIRST_MS, "is the first time stamp")],
)
def test_a_start_that_says_nothing_of_the_eeg_gives_no_offset(tmp_path, start, flaw):
    offset, told = clock_offset(write_eye(tmp_path, StartTime=start))
    assert offset is None
    assert flaw in told


@pytest.mark.parametrize(
    ("changes", "text"),
    [({"Columns": ["timestamp", "x_coordinate"]}, "neither x_coordinate and y_coordinate"),
     ({"Columns": ["timestamp", "x_coordinate", "y_coordinate"]}, "line 1: 4 fields"),
     ({"Columns": ["x_coordinate"] * 4}, "different names"),
     ({"Columns": [f"c{i}" for i in range(300)]}, "different names"),
     ({"Columns": None}, "expected the different names"),
     ({"SamplingFrequency": -1}, "SamplingFrequency = -1"),
     ({"timestamp": {"Units": "s"}}, "samples per second")],
    ids=["no gaze", "too few", "twice", "absurd", "none", "rate", "unit"],
)  # fmt: skip
def test_a_sidecar_that_cannot_be_is_refused_by_name(tmp_path, changes, text):
    path = write_eye(tmp_path, **changes)
    with pytest.raises(ReadError, match=text) as error:
        read_eye(path)
    assert path.name in str(error.value)


def test_two_recordings_of_one_eye_and_of_other_times_are_refused(tmp_path):
    path = write_eye(tmp_path)
    other = write_eye(tmp_path, eye="right", RecordedEye="left")
    with pytest.raises(ReadError, match="a second recording of the left eye"):
        read_eye(path)
    other.unlink()
    write_eye(tmp_path, eye="right", rows=[*(eye_rows(2500) + 1e6)])
    with pytest.raises(ReadError, match="of another recording"):
        read_eye(path)


def test_flaws_make_it_suspicious_and_it_is_read(tmp_path):
    path = write_eye(tmp_path, RecordedEye=None, SamplingFrequency=500, pupil_size={"Units": "?"})
    status, reason = check(path)
    assert status == "suspicious"
    for text in ("RecordedEye", "SamplingFrequency = 500", "Units of pupil_size"):
        assert text in reason
    assert read_eye(path).samples["valid_left"].all()


def test_a_file_that_is_cut_or_damaged_is_told(tmp_path):
    path = write_eye(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert check(path)[0] == "truncated"
    path.write_bytes(whole[:500] + bytes(50) + whole[550:])
    assert check(path)[0] == "corrupt"
    path.write_bytes(gzip.compress(table_text(eye_rows(30)).encode() + b"1\tx\t3\t4\n"))
    with pytest.raises(ReadError, match=r"line 31: x_coordinate = 'x' is no number"):
        read_eye(path)


def test_a_small_file_that_inflates_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tsv_numbers, "MAX_BYTES", 1 << 22)
    path = write_eye(tmp_path)
    path.write_bytes(gzip.compress(b"1\t2\t3\t4\n" * (1 << 20)))
    with pytest.raises(ReadError, match="inflates to more than"):
        read_eye(path)


def test_a_broken_sidecar_is_named(tmp_path):
    path = write_eye(tmp_path)
    for text in ("{", "[1]", "[" * 100_000):
        path.with_name(path.name.replace(".tsv.gz", ".json")).write_text(text)
        assert sniff(path) == "bids_physio"
        with pytest.raises(ReadError, match=r"eye1_physio\.json"):
            read_eye(path)


def _spoiled(rng, content):
    """Cut, flip or insert bytes."""
    content = bytearray(content)
    if rng.random() < 0.3:
        return bytes(content[: rng.randrange(len(content))])
    for _ in range(rng.choice([1, 3, 20])):
        content[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(content)


def test_no_damage_leads_to_a_crash(tmp_path):
    rng, longest = random.Random(1), 0.0
    path = write_eye(tmp_path, rows=eye_rows(60), events=EVENTS)
    stem = path.name.removesuffix("_physio.tsv.gz")
    events = tmp_path / f"{stem}_physioevents.tsv.gz"
    files = [path, events, tmp_path / f"{stem}_physio.json", tmp_path / f"{stem}_physioevents.json"]
    whole = {file: file.read_bytes() for file in files}
    reasons, n_read = [], 0
    for i in range(500):
        file = files[i % 4]
        content = whole[file]
        if file.suffix == ".gz" and i % 8 < 4:  # damage that the checksum does not see
            content = gzip.compress(_spoiled(rng, gzip.decompress(content)))
        else:
            content = _spoiled(rng, content)
        file.write_bytes(content)
        begin = time.monotonic()
        try:
            read_eye(path)
            n_read += 1
        except ReadError as error:
            reasons.append(str(error))
        longest = max(longest, time.monotonic() - begin)
        file.write_bytes(whole[file])
    assert min(n_read, len(reasons)) > 20
    assert all(stem in reason for reason in reasons)
    assert longest < 10
