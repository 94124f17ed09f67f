"""SMI samples: what is lost, which columns and units, and messages."""

from pathlib import Path

import numpy as np
import pytest
from naive_exports import smi_samples_text

from featpipe.errors import ReadError
from featpipe.readers import smi_samples
from featpipe.schema import EYE_SAMPLES

RED = (
    "Time,Type,Trial,L Dia X [px],L Dia Y [px],L Mapped Diameter [mm],R Dia X [px],R Dia Y [px],"
    "R Mapped Diameter [mm],L POR X [px],L POR Y [px],R POR X [px],R POR Y [px],Timing,L Validity,"
    "R Validity,Aux1"
)


def row(time: int, left: str, right: str, gaze: str, validity: str = "1 1") -> str:
    fields = [str(time), "SMP", "1", *left.split(), *right.split(), *gaze.split(), "0"]
    return "\t".join([*fields, *validity.split()])


def write(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "S1_run.txt"
    path.write_bytes(text.encode(encoding))
    return path


GOOD = [
    row(2000000, "20 21 5.0", "22 23 5.1", "100 200 110 210"),
    row(2004000, "20 21 5.0", "22 23 5.1", "101 201 111 211"),
]


def test_values_units_and_times(tmp_path):
    eye = smi_samples.read(write(tmp_path, smi_samples_text(GOOD, RED, n_declared=2)))
    assert tuple(eye.samples.columns) == EYE_SAMPLES
    assert eye.samples["time"].tolist() == [2.0, 2.004]
    assert eye.samples.loc[0].tolist() == [2.0, 100, 200, 110, 210, 20, 21, 22, 23, True, True]
    assert eye.units == {"gaze": "px", "pupil": "px", "dispersion": "px"}
    assert eye.sfreq == 250
    assert len(eye.events) == 0


@pytest.mark.parametrize(
    ("text", "left", "right"),
    [
        (row(1, "20 21 5", "22 23 5", "1 2 3 4", "0 1"), False, True),
        (row(1, "20 21 5", "22 23 5", "0.00 0.00 3 4"), False, True),
        (row(1, "20 21 5", "22 23 5", "0.00 2 3 4"), True, True),
        (row(1, "20 21 5", "0.00 0.00 0.00", "1 2 3 4"), True, False),
        (row(1, "0 0 0", "0 0 0", "0 0 0 0", "0 0"), False, False),
        (row(1, "- - -", "22 23 5", "- - 3 4"), False, True),
    ],
)
def test_an_eye_is_lost_by_validity_gaze_or_diameter(tmp_path, text, left, right):
    eye = smi_samples.read(write(tmp_path, smi_samples_text([text], RED)))
    for side, is_valid in (("left", left), ("right", right)):
        values = [eye.samples[f"{name}_{side}"][0] for name in EYE_SAMPLES_OF_AN_EYE]
        assert eye.samples[f"valid_{side}"][0] == is_valid
        assert np.isnan(values).all() != is_valid


EYE_SAMPLES_OF_AN_EYE = ("gaze_x", "gaze_y", "pupil_x", "pupil_y")


def test_an_average_of_one_eye_and_zero_is_dropped_but_not_the_pupil(tmp_path):
    both = [row(4000 * i, "20 20 5", "22 22 5", "400 300 400 300") for i in range(4)]
    half = row(16000, "0 0 0", "22 22 5", "200 150 200 150", "0 1")
    eye = smi_samples.read(write(tmp_path, smi_samples_text([*both, half], RED)))
    last = eye.samples.iloc[-1]
    assert np.isnan(last[["gaze_x_left", "gaze_x_right", "pupil_x_left"]].astype(float)).all()
    assert last["pupil_x_right"] == 22
    assert (last["valid_left"], last["valid_right"]) == (False, True)


def test_eyes_with_gazes_of_their_own_keep_them_when_one_is_lost(tmp_path):
    rows = [*GOOD, row(2008000, "0 0 0", "22 22 5", "0 0 111 211", "0 1")]
    eye = smi_samples.read(write(tmp_path, smi_samples_text(rows, RED)))
    assert eye.samples["gaze_x_right"].tolist() == [110, 111, 111]


@pytest.mark.parametrize(
    ("columns", "values", "unit", "pupil"),
    [
        ("L Mapped Diameter [mm],L POR X [px],L POR Y [px]", "4.5 100 200", "mm", 4.5),
        ("L Pupil Diameter [mm],L POR X [px],L POR Y [px]", "4.5 100 200", "mm", 4.5),
        ("B POR X [px],B POR Y [px],L Pupil Diameter [mm]", "100 200 3.25", "mm", 3.25),
        ("L Dia X [px],L Dia Y [px],L POR X [px],L POR Y [px]", "18 18 100 200", "px", 18),
    ],
)
def test_other_columns(tmp_path, columns, values, unit, pupil):
    line = "\t".join(["1000", "SMP", "1", *values.split()])
    eye = smi_samples.read(write(tmp_path, smi_samples_text([line], f"Time,Type,Trial,{columns}")))
    assert eye.units["pupil"] == unit
    assert eye.samples["pupil_x_left"][0] == pupil
    assert eye.samples["pupil_y_left"][0] == pupil
    assert (eye.samples["gaze_x_left"][0], eye.samples["gaze_y_left"][0]) == (100, 200)
    assert eye.samples["valid_right"][0] == columns.startswith("B")


def test_messages_are_kept_and_cleaned(tmp_path):
    rows = [GOOD[0], "2001000\tMSG\t1\t# Message: 81", "2002000\tMSG\t1\tquiz.bmp", GOOD[1]]
    eye = smi_samples.read(write(tmp_path, smi_samples_text(rows, RED, n_declared=2)))
    assert eye.messages["time"].tolist() == [2.001, 2.002]
    assert eye.messages["text"].tolist() == ["81", "quiz.bmp"]
    assert len(eye.samples) == 2


@pytest.mark.parametrize(
    ("port", "marks"),
    [
        ("0 0 7 7 0 7 128 128 0 0", [(0.008, "7"), (0.02, "7"), (0.024, "128")]),
        ("255 255 7 255 255 255 255 255 255 255", [(0.008, "7"), (0.012, "255")]),
        ("255 255 255 255 255 255 255 255 255 255", []),
        ("0 0 0 - 0 65535 0 0 0 0", [(0.02, "65535")]),
    ],
)
def test_a_trigger_port_that_changes_is_a_message(tmp_path, port, marks):
    rows = [
        "\t".join([str(4000 * i), "SMP", "1", "100", "200", value])
        for i, value in enumerate(port.split())
    ]
    rows.insert(3, "9000\tMSG\t1\t# Message: GO")
    text = smi_samples_text(rows, "Time,Type,Trial,L POR X [px],L POR Y [px],Trigger")
    eye = smi_samples.read(write(tmp_path, text))
    expected = sorted([(0.009, "GO"), *marks])
    assert list(eye.messages.itertuples(index=False, name=None)) == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("newline", ["\r\n", "\r\r\n", "\r"])
def test_encodings_and_line_ends(tmp_path, encoding, newline):
    text = smi_samples_text(GOOD, RED).replace("[iView]", "[iView] Prüfung")
    eye = smi_samples.read(write(tmp_path, text.replace("\n", newline), encoding))
    assert eye.samples["gaze_x_left"].tolist() == [100, 101]


@pytest.mark.parametrize(
    ("separator", "decimal"), [(";", ","), (";", "."), (",", "."), ("\t", ",")]
)
def test_separators_and_decimal_signs(tmp_path, separator, decimal):
    line = row(1000, "20.5 21.5 5.0", "22 23 5.1", "100.25 200 110 210").replace(".", decimal)
    text = smi_samples_text([line], RED).replace("\t", separator)
    eye = smi_samples.read(write(tmp_path, text))
    assert eye.samples["gaze_x_left"][0] == 100.25
    assert eye.samples["pupil_x_left"][0] == 20.5


def test_a_declared_number_of_samples_is_held_to(tmp_path):
    status, reason = smi_samples.check(write(tmp_path, smi_samples_text(GOOD, RED, n_declared=9)))
    assert status == "truncated"
    assert "declares 9 samples, 2 are there" in reason


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2004000", "20O4000", r"S1_run\.txt, line 6: field 1 is '20O4000', not a number"),
        ("\t201\t", "\t2o1\t", r"S1_run\.txt, line 6: field 11 is '2o1', not a number"),
    ],
)
def test_a_malformed_row_is_named(tmp_path, old, new, message):
    text = smi_samples_text(GOOD, RED).replace(old, new)
    with pytest.raises(ReadError, match=message):
        smi_samples.read(write(tmp_path, text))


def test_time_that_runs_backwards_is_sorted_and_said(tmp_path, caplog):
    eye = smi_samples.read(write(tmp_path, smi_samples_text(GOOD[::-1], RED)))
    assert eye.samples["time"].is_monotonic_increasing
    assert "runs backwards 1 times" in caplog.text


def test_two_recordings_in_one_file_are_refused(tmp_path):
    rows = [*GOOD, row(1000000, "20 21 5.0", "22 23 5.1", "100 200 110 210"), *GOOD]
    with pytest.raises(ReadError, match=r"S1_run\.txt, line 7: the time falls from 2\.004 to 1 s"):
        smi_samples.read(write(tmp_path, smi_samples_text(rows, RED)))


def test_an_undeclared_rate_is_measured(tmp_path):
    text = smi_samples_text(GOOD, RED).replace("## Sample Rate:\t250\n", "")
    assert smi_samples.read(write(tmp_path, text)).sfreq == 250


@pytest.mark.samples
def test_the_hbn_sample(samples):
    path = samples / "eye/smi_hbn/NDARAA075AMK_Video1_Samples.txt"
    assert smi_samples.check(path) == ("ok", "")
    eye = smi_samples.read(path)
    assert len(eye.samples) == 7343
    assert eye.messages["text"].tolist() == ["9999", "81", "101"]
    assert eye.messages["time"].tolist() == [2886.122672, 2887.191440, 3004.584578]
    is_lost = eye.samples["gaze_x_left"].isna()
    assert (is_lost == ~eye.samples["valid_left"]).all()
    assert (eye.samples["gaze_x_left"][~is_lost] != 0).all()


@pytest.mark.samples
def test_the_didec_excerpt(samples):
    eye = smi_samples.read(samples / "eye/smi_pymovements/didec_example.txt")
    assert len(eye.samples) == 15
    assert eye.sfreq == pytest.approx(250, abs=1)
    assert eye.samples["pupil_x_left"].isna().all()
    assert eye.samples["valid_left"].all()
