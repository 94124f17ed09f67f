"""A study whose eye files only its [eye.csv] makes readable: the truth comes out again."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipelines.__main__ import run
from pipelines.eye_units import mixed_units
from pipelines.report import write_report

pytestmark = pytest.mark.usefixtures("in_this_process")

STUDY = """
[study]
name = "lab"
classes = ["calm", "tense"]
[eye]
px_per_degree = 40.0
[eye.csv]
time = "stamp"
time_unit = "ms"
gaze_x = "look x"
gaze_y = "look y"
pupil = "size"
pupil_unit = "mm"
valid = "seen"
valid_values = ["yes"]
[features]
window_s = 4.0
hop_s = 4.0
"""
SIZES = {1: 3.0, 2: 3.25}
"""Pupils in mm of two trials of 12 s."""
TRACKER_STARTED_S = 100.0


def second_of_gaze(size):
    """A fixation of 0.4 s, a saccade of 15 degrees, another fixation, a blink of 0.2 s."""
    i = np.arange(100)
    x, y = np.where(i < 40, 300, 780), np.where(i < 40, 300, 660)
    seen = np.where(i < 80, "yes", "no")
    return [f"{a};{b};{size};{c}" for a, b, c in zip(x, y, seen, strict=True)]


@pytest.fixture
def lab(tmp_path):
    """A folder with one recording at 100 Hz, decimal commas, under a title."""
    rows = [row for size in SIZES.values() for _ in range(12) for row in second_of_gaze(size)]
    rows = [f"{1e3 * TRACKER_STARTED_S + 10 * i:.1f};{row}" for i, row in enumerate(rows)]
    text = "recorded in room 3\nstamp;look x;look y;size;seen\n" + "\n".join(rows) + "\n"
    (tmp_path / "eye.dat").write_text(text.replace(".", ","), encoding="utf-8")
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "recordings.csv").write_text(
        f"subject,eye,eye_offset\n1,eye.dat,{-TRACKER_STARTED_S}\n", encoding="utf-8"
    )
    (tmp_path / "trials.csv").write_text(
        "trial,onset,offset,label\n1,0,12,calm\n2,12,24,tense\n", encoding="utf-8"
    )
    return tmp_path


def extract(lab, *more):
    return run(["extract", str(lab / "study.toml"), "--workers", "1", *more])


def table(lab):
    return pd.read_parquet(lab / "out/features/eye/sub-1_ses-1.parquet")


def facts(lab):
    metadata = pq.read_schema(lab / "out/features/eye/sub-1_ses-1.parquet").metadata
    return json.loads(metadata[b"featpipe"])


def test_extract_recovers_what_happened(lab):
    assert extract(lab) == 0
    found = table(lab)
    assert found["trial"].tolist() == [1, 1, 1, 2, 2, 2]
    np.testing.assert_allclose(found["eye_pupil_x_mean"], found["trial"].map(SIZES))
    truth = {
        "eye_fixation_frequency": 2.0,
        "eye_fixation_duration_mean": 390.0,
        "eye_saccade_frequency": 1.0,
        "eye_saccade_duration_mean": 10.0,
        "eye_saccade_amplitude_mean": 15.0,
        "eye_blink_frequency": 1.0,
        "eye_blink_duration_mean": 200.0,
    }
    inner = found[found["trial"] == 1]  # the recording ends in a loss, which is no blink
    for name, value in truth.items():
        np.testing.assert_allclose(inner[name], value, rtol=1e-5, err_msg=name)
    assert facts(lab)["units"] == {
        "gaze": "px", "pupil": "mm", "dispersion": "px", "amplitude": "deg",
    }  # fmt: skip


def test_a_changed_description_makes_the_table_stale(lab, capsys):
    assert extract(lab) == 0
    assert facts(lab)["options"]["eye"]["csv"]["pupil"] == "size"
    assert run(["show", str(lab / "study.toml")]) == 0
    assert '[eye.csv]\ntime = "stamp"\ntime_unit = "ms"\n' in capsys.readouterr().out
    assert extract(lab, "--dry-run") == 0
    assert "1 fresh, 0 to make" in capsys.readouterr().out
    assert extract(lab, "--dry-run", "--set", "eye.csv.missing=3.25") == 0
    shown = capsys.readouterr().out
    assert "0 fresh, 1 to make" in shown
    assert "eye.csv.missing" in shown
    assert extract(lab, "--set", "eye.csv.missing=3.25") == 0
    assert table(lab)["eye_pupil_x_mean"].isna().tolist() == [False] * 3 + [True] * 3


def test_without_the_section_the_recording_fails_alone_and_says_what_to_do(lab, capsys):
    text = STUDY.split("[eye.csv]")[0] + "[features]" + STUDY.split("[features]")[1]
    (lab / "study.toml").write_text(text, encoding="utf-8")
    assert extract(lab) == 3
    assert "eye.dat" in (shown := capsys.readouterr().err)
    assert "describes them in [eye.csv]" in shown


def test_scan_finds_what_the_study_describes(lab, capsys):
    assert run(["scan", str(lab)]) == 2
    assert "eye.dat" not in capsys.readouterr().out
    (lab / "photo.jpg").write_bytes(bytes(range(256)) * 9)
    assert run(["scan", str(lab), "--study", str(lab / "study.toml"), "--json"]) == 0
    (found,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert found["path"] == str(lab / "eye.dat")
    assert (found["format"], found["modality"], found["status"]) == ("eye_csv", "eye", "ok")
    assert (found["sfreq"], found["n_channels"]) == (100, 2)
    assert found["duration_s"] == pytest.approx(23.99)
    named = [str(lab / name) for name in ("eye.dat", "trials.csv")]  # files named are always told
    assert run(["scan", *named, "--study", str(lab / "study.toml")]) == 3
    shown = capsys.readouterr().out
    assert "corrupt" in shown
    assert "unknown column 'stamp'" in shown


def test_scan_says_of_a_misspelt_column_what_extract_says(lab, capsys):
    study = lab / "study.toml"
    study.write_text(STUDY.replace('time = "stamp"', 'time = "stmp"'), encoding="utf-8")
    assert run(["scan", str(lab), "--study", str(study)]) == 2
    shown = capsys.readouterr().err
    assert "eye.dat is nearly as [eye.csv] says" in shown
    assert "[eye.csv] time = 'stmp': unknown column 'stmp': did you mean 'stamp'?" in shown
    assert "trials.csv is nearly" not in shown


def test_scan_without_a_study_tells_that_one_can_describe_a_table(lab, capsys):
    (lab / "gaze.csv").write_bytes((lab / "eye.dat").read_bytes())
    assert run(["scan", str(lab)]) == 2
    assert f"{lab}: gaze.csv: if these are tables of eye samples" in capsys.readouterr().err


def test_a_column_that_is_not_there_is_named(lab, capsys):
    assert extract(lab, "--set", "eye.csv.pupil=sise") == 3
    assert "[eye.csv] pupil = 'sise': unknown column 'sise': did you mean 'size'" in (
        capsys.readouterr().err
    )


def test_trials_outside_the_eye_recording_are_told(lab, capfd):
    (lab / "recordings.csv").write_text("subject,eye,eye_offset\n1,eye.dat,-80\n")
    assert extract(lab) == 0
    shown = capfd.readouterr().err
    outside = "of its 3 windows lie outside the eye recording, which covers 20.000 to 43.990 s"
    assert f"sub-1_ses-1 trial 1: 3 {outside}: correct eye_offset or the trials" in shown
    assert f"sub-1_ses-1 trial 2: 2 {outside}" in shown
    assert table(lab)["eye_pupil_x_mean"].isna().tolist() == [True] * 5 + [False]
    quality = pd.read_parquet(lab / "out/qc/recordings.parquet")
    assert quality["eye_trials_cut_short"].tolist() == ["1 2"]


def test_eye_tables_of_different_units_are_told(lab, capsys):
    assert extract(lab) == 0
    other = lab / "out/features/eye/sub-2_ses-1.parquet"
    metadata = {b"featpipe": json.dumps({**facts(lab), "units": {"pupil": "au"}}).encode()}
    pq.write_table(pq.read_table(lab / "out/features/eye/sub-1_ses-1.parquet")
                   .replace_schema_metadata(metadata), other)  # fmt: skip
    [told] = mixed_units(lab / "out")
    assert "pupil mm" in told.partition(" (sub-1_ses-1); ")[0]
    assert told.endswith(" (sub-1_ses-1); pupil au (sub-2_ses-1)")
    html = write_report(lab / "out").read_text(encoding="utf-8")
    assert f'<p class="warning">{told}</p>' in html
