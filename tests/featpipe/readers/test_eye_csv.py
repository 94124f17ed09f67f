"""Tables of eye samples that only their description in a study makes readable."""

import numpy as np
import pytest

from featpipe.errors import ConfigError, ReadError
from featpipe.readers.eye_csv_settings import EyeCsv
from featpipe.reading import check, read_eye, sniff, source_files

MINIMAL = EyeCsv(time="t", gaze_x="x", gaze_y="y")
ROWS = [
    ["t", "x", "y", "size", "ok", "code"],
    ["0.00", "100.5", "200.5", "3.5", "1", "0"],
    ["0.01", "101.5", "201.5", "3.25", "0", "7"],
    ["0.02", "102.5", "202.5", "3.0", "1", "7"],
    ["0.03", "103.5", "203.5", "2.75", "1", "0"],
]


def text_of(rows=ROWS, delimiter=","):
    return "".join(delimiter.join(row) + "\n" for row in rows)


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "gaze.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def changed(old, new):
    return text_of().replace(old, new, 1)


def read(tmp_path, text, stored="utf-8", **options):
    csv = {"time": "t", "gaze_x": "x", "gaze_y": "y"} | options
    csv = EyeCsv(**{option: value for option, value in csv.items() if value is not None})
    return read_eye(write(tmp_path, text, stored), csv)


def test_a_minimal_description_reads_a_plain_table(tmp_path):
    path = write(tmp_path, text_of())
    assert sniff(path) is None
    assert check(path, MINIMAL) == ("ok", "")
    assert source_files(path, MINIMAL) == (path,)
    eye = read_eye(path, MINIMAL)
    for side in ("left", "right"):  # one gaze for both
        np.testing.assert_allclose(eye.samples[f"gaze_x_{side}"], [100.5, 101.5, 102.5, 103.5])
        np.testing.assert_allclose(eye.samples[f"gaze_y_{side}"], [200.5, 201.5, 202.5, 203.5])
        assert eye.samples[f"pupil_x_{side}"].isna().all()
        assert eye.samples[f"valid_{side}"].all()
    np.testing.assert_allclose(eye.samples["time"], [0, 0.01, 0.02, 0.03])
    assert eye.units == {"gaze": "px", "pupil": "au", "dispersion": "px"}
    assert (eye.sfreq, eye.format) == (pytest.approx(100.0), "eye_csv")
    assert not len(eye.events)
    assert not len(eye.messages)


TEXTS = [
    (".", "utf-8", "\n"),
    (",", "utf-8-sig", "\r\n"),
    (".", "utf-16", "\r"),
    (",", "cp1252", "\n"),
]
SPELLINGS = [
    (mark, *text) for mark in (",", ";", "\t", "  ", "|") for text in TEXTS if mark != text[0]
]


@pytest.mark.parametrize(("delimiter", "decimal", "encoding", "newline"), SPELLINGS)
def test_every_spelling_is_the_same_recording(tmp_path, delimiter, decimal, encoding, newline):
    rows = [[field.replace(".", decimal) for field in row] for row in ROWS]
    rows[0][3] = "größe"
    text = 'made by "us"\n\n' + text_of(rows, delimiter).replace("größe", '"größe"')
    named = {"delimiter": "|"} if delimiter == "|" else {}
    eye = read(tmp_path, text.replace("\n", newline), encoding, pupil="größe", **named)
    np.testing.assert_allclose(eye.samples["gaze_x_left"], [100.5, 101.5, 102.5, 103.5])
    np.testing.assert_allclose(eye.samples["pupil_y_right"], [3.5, 3.25, 3.0, 2.75])
    assert eye.sfreq == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("unit", "stamps"),
    [
        ("s", ["0.5", "0.51", "0.52", "0.53"]),
        ("ms", ["500", "510", "520", "530"]),
        ("ms", ["500.0", "510.0", "520.0", "530.0"]),
        ("us", ["500000", "510000", "520000", "530000"]),
        ("ns", ["500000000", "510000000", "520000000", "530000000"]),
    ],
)
def test_time_is_in_its_unit(tmp_path, unit, stamps):
    rows = [ROWS[0], *([stamp, *row[1:]] for stamp, row in zip(stamps, ROWS[1:], strict=True))]
    eye = read(tmp_path, text_of(rows), time_unit=unit)
    np.testing.assert_allclose(eye.samples["time"], [0.5, 0.51, 0.52, 0.53], rtol=1e-12)


def test_nanoseconds_since_1970_keep_their_distances(tmp_path):
    stamps = [1_700_000_000_000_000_000 + 4_000_000 * i for i in range(4)]
    rows = [ROWS[0], *([str(n), *row[1:]] for n, row in zip(stamps, ROWS[1:], strict=True))]
    eye = read(tmp_path, text_of(rows), time_unit="ns")
    np.testing.assert_allclose(np.diff(eye.samples["time"]), 0.004, atol=3e-7)
    assert eye.sfreq == pytest.approx(250, abs=0.02)


def test_each_eye_has_columns_of_its_own(tmp_path):
    text = "t,lx,ly,rx,ry,lp,rp,lv,rv\n0,1,2,3,4,5,6,OK,ok\n0.01,1,2,3,4,5,6,bad,OK\n"
    eye = read(
        tmp_path, text, gaze_x=None, gaze_y=None, gaze_x_left="lx", gaze_y_left="ly",
        gaze_x_right="rx", gaze_y_right="ry", pupil_left="lp", pupil_right="rp",
        pupil_unit="px", valid_left="lv", valid_right="rv", valid_values=("ok",),
    ).samples  # fmt: skip
    assert eye["valid_left"].tolist() == [True, False]
    assert eye["valid_right"].tolist() == [True, True]
    left, right = ([f"{n}_{side}" for n in ("gaze_x", "gaze_y", "pupil_x", "pupil_y")]
                   for side in ("left", "right"))  # fmt: skip
    assert eye.loc[0, left].tolist() == [1, 2, 5, 5]
    assert eye.loc[1, left].isna().all()
    assert eye.loc[1, right].tolist() == [3, 4, 6, 6]


def test_one_eye_alone_leaves_the_other_lost(tmp_path):
    eye = read(tmp_path, text_of(), gaze_x=None, gaze_y=None, pupil_right="size").samples
    assert (eye["valid_left"].any(), eye["valid_right"].all()) == (False, True)


@pytest.mark.parametrize("values", [(1,), (1.0,), ("1",), ("1.0", "yes")])
def test_validity_is_compared_as_a_number_where_it_is_one(tmp_path, values):
    eye = read(tmp_path, text_of(), valid="ok", valid_values=values).samples
    assert eye["valid_left"].tolist() == [True, False, True, True]
    assert np.isnan(eye["gaze_x_left"][1])


@pytest.mark.parametrize("mark", ["", "NA", "nan", "inf", "-", "lost", "-1", "-1.00", "9999"])
def test_marks_of_lost_values(tmp_path, mark):
    missing = ("Lost", "lost", -1, "9999.0")
    eye = read(tmp_path, changed("102.5", mark), missing=missing).samples
    assert eye["valid_left"].tolist() == [True, True, False, True]
    assert np.isnan(eye["gaze_y_left"][2])  # half a gaze is none


def test_a_mark_of_lost_values_is_no_mark_in_the_time(tmp_path):
    text = changed("100.5", "0").replace("3.25", "0")
    eye = read(tmp_path, text, pupil="size", missing=(0,)).samples
    assert eye["time"][0] == 0
    assert np.isnan(eye["gaze_x_left"][0])
    np.testing.assert_allclose(eye["pupil_x_left"], [3.5, np.nan, 3.0, 2.75])


def test_a_pupil_of_no_size_is_lost_without_being_told(tmp_path):
    eye = read(tmp_path, changed("3.25", "0").replace("3.0", "-1"), pupil="size").samples
    np.testing.assert_allclose(eye["pupil_x_left"], [3.5, np.nan, np.nan, 2.75])


@pytest.mark.parametrize(
    ("options", "units", "first"),
    [
        ({"gaze_unit": "deg", "pupil_unit": "mm"}, ("deg", "mm"), (100.5, 200.5, 3.5)),
        ({"gaze_unit": "norm", "pupil_unit": "m"}, ("norm", "mm"), (100.5, 200.5, 3500)),
        ({"gaze_unit": "norm", "screen_px": (10, 20)}, ("px", "au"), (1005, 4010, 3.5)),
    ],
)
def test_units_become_those_of_other_readers(tmp_path, options, units, first):
    eye = read(tmp_path, text_of(), pupil="size", **options)
    assert (eye.units["gaze"], eye.units["pupil"]) == units
    assert eye.units["dispersion"] == units[0]
    names = ["gaze_x_left", "gaze_y_left", "pupil_x_left"]
    np.testing.assert_allclose(eye.samples.loc[0, names].to_numpy(float), first)


def test_messages_are_told_where_they_begin(tmp_path):
    eye = read(tmp_path, text_of(), message="code")
    assert eye.messages.to_numpy().tolist() == [[0.01, "7"]]


def test_codes_that_were_kept_as_floats_are_whole_numbers(tmp_path):
    table = "t,x,y,code\n0.00,1,2,0.0\n0.01,1,2,7.0\n0.02,1,2,7.0\n0.03,1,2,0.0\n0.04,1,2,1.5\n"
    messages = read(tmp_path, table, message="code").messages
    assert messages.to_numpy().tolist() == [[0.01, "7"], [0.04, "1.5"]]


def test_comments_are_skipped_and_lines_keep_their_numbers(tmp_path):
    text = "# t x y\n" + changed("0.02", "# paused, at 2\n  # still\n0.02")
    eye = read(tmp_path, text, comment="#")
    assert len(eye.samples) == 4
    with pytest.raises(ReadError, match=r"line 7: field 2 .*'high'"):
        read(tmp_path, text.replace("102.5", "high"), comment="#")
    with pytest.raises(ReadError, match=r"every line begins with '#'.*correct comment"):
        read(tmp_path, "# a\n#b\n", comment="#")


DEFECTS = [
    (changed("102.5", "high"), {},
     r"gaze\.csv, line 4: field 2 \(\[eye\.csv\] gaze_x = 'x'\) is 'high', not a number; repair.*"
     r"\[eye\.csv\] missing"),
    (changed("0.02", "two"), {}, r"line 4: field 1 \(\[eye\.csv\] time = 't'\) is 'two', not a"),
    (changed("0.02", ""), {}, r"line 4: field 1 \(\[eye\.csv\] time = 't'\) is '', not a number"),
    (text_of(), {"pupil": "siez"},
     r"gaze\.csv: corrupt: line 1: \[eye\.csv\] pupil = 'siez': unknown column 'siez': did you "
     r"mean 'size'\? Known: t, x, y, size, ok, code.*correct"),
    (changed("code", "size"), {"pupil": "size"}, r"2 columns are called 'size'.*rename"),
    (changed("0.03", "0.02"), {},
     r"line 5: \[eye\.csv\] time = 't': 0\.02 s follows 0\.02 s.*\(1 such rows\); export one row"),
    (changed("0.03", "0.019"), {}, r"line 5: .*0\.019 s follows 0\.02 s.*cut them apart"),
    (changed("0.03", "inf"), {}, r"line 5: .* is 'inf', not a number; repair"),
    (changed("0.00", "-inf"), {}, r"line 2: .* is '-inf', not a number; repair"),
    (text_of() + text_of(), {}, r"line 6: field 1 .* is 't', not a number"),
    (text_of(), {"time_unit": "ms"},
     r'time_unit = "ms" gives 1e\+05 samples per second, where 5 to 5000 are expected; set it to '
     r'"s" \(100 Hz\)'),
    (text_of(), {"valid": "ok", "valid_values": ("yes",)},
     r"valid = 'ok' hold '0', '1', none of \[eye\.csv\] valid_values = \['yes'\]; add"),
    (text_of(), {"missing": (100.5, 101.5, 102.5, 103.5)},
     r"no row holds a gaze or a pupil \(\[eye\.csv\] gaze_x = 'x', .*compare \[eye\.csv\] missing"),
    (changed("102.5", "102.5,1,2,3"), {}, r"line 4: it has 9 fields, the row of names 6.*repair"),
    (text_of(ROWS[:1]), {}, r"truncated: the row of names is followed by no samples; export"),
    ("", {}, r"the file is empty; copy or export"),
    ("\n \n", {}, r"it is empty; export or copy"),
    (changed("102.5", "1" * 1_100_000), {}, r"line 4: 11000\d\d characters in one line: .*export"),
    (b"\xff\xfe\xfd" + bytes(100), {}, r"it holds NUL characters.*name the text"),
    (changed("code", "gr\xf6\xdfe").encode("cp1252"), {"encoding": "utf-8"},
     r"line 1: it is not in encoding = 'utf-8' \(.*position 16.*correct the encoding"),
    (text_of().encode("utf-16-le"), {}, r"save UTF-16 with its byte-order mark"),
    (text_of(), {"encoding": "utf-16"}, r"\[eye\.csv\] time = 't': unknown column|not in encoding"),
    (text_of(), {"delimiter": ";"}, r"unknown column 't'.*Separated at ';'.*or the separator"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "options", "reason"), DEFECTS)
def test_a_defect_is_named(tmp_path, text, options, reason):
    with pytest.raises(ReadError, match=reason) as error:
        read(tmp_path, text, **options)
    assert str(error.value).count("gaze.csv") == 1


def test_utf_16_without_a_mark_is_read_when_it_is_named(tmp_path):
    eye = read(tmp_path, text_of(), "utf-16-le", encoding="utf-16-le")
    assert len(eye.samples) == 4


def test_a_last_line_that_is_cut_is_left_out_and_told(tmp_path, caplog):
    assert len(read(tmp_path, text_of()[:-12]).samples) == 3
    assert "its last line is cut" in caplog.text


def test_without_a_description_the_file_is_unknown(tmp_path):
    with pytest.raises(ReadError, match=r"no known recording.*describes them in \[eye\.csv\]"):
        read_eye(write(tmp_path, text_of()))


def test_a_known_format_comes_before_the_description(tmp_path):
    text = "Recording timestamp\tGaze point X\tGaze point Y\tx\ty\n" + "".join(
        f"{10 * i}\t{i}\t{i}\t9\t9\n" for i in range(3)
    )
    csv = EyeCsv(time="Recording timestamp", gaze_x="x", gaze_y="y")
    eye = read_eye(write(tmp_path, text), csv)
    assert eye.format == "tobii_tsv"
    assert eye.samples["gaze_x_left"].tolist() == [0, 1, 2]
    lookalike = write(tmp_path, text.replace("Recording timestamp", "ParticipantName"))
    with pytest.raises(ReadError, match=r"it looks like tobii_tsv, so \[eye\.csv\] was not used"):
        read_eye(lookalike, csv)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"time_unit": "msec"}, r"unknown time_unit 'msec': did you mean 'ms'"),
        ({"gaze_unit": "pixels"}, r"unknown gaze_unit 'pixels'.*Known: px, norm, deg"),
        ({"pupil_unit": "inch"}, r"unknown pupil_unit 'inch'.*Known: mm, m, px, au"),
        ({"gaze_x": None, "gaze_y": None}, r"no gaze and no pupil: add gaze_x and gaze_y"),
        ({"gaze_y": None}, r"gaze_x = 'x' needs gaze_y"),
        ({"gaze_x_left": "a", "gaze_y_left": "b"}, r"gaze_x_left and gaze_x: .* or one of each"),
        ({"pupil": "x"}, r"gaze_x and pupil are both 'x'"),
        ({"pupil": " "}, r"pupil = ' ': expected the name of a column"),
        ({"valid": "ok"}, r"valid_values = \[\]: .*e\.g\. valid_values = \[1\]"),
        ({"valid_values": (1,)}, r"valid_values = \[1\]: name a column valid"),
        ({"screen_px": (1920, 1080)}, r'screen_px = .*gaze_unit = "norm"'),
        ({"screen_px": (1920, 0), "gaze_unit": "norm"}, r"screen_px = .*expected width and height"),
        ({"decimal": "comma"}, r"decimal = 'comma': expected '\.' or ','"),
        ({"delimiter": "tab"}, r"delimiter = 'tab': expected one character"),
        ({"delimiter": ",", "decimal": ","}, r"delimiter = ',': .*not the decimal"),
        ({"delimiter": "§"}, r"delimiter = '§': expected ASCII"),
        ({"comment": ""}, r"comment = '': expected a mark"),
        ({"encoding": "utf8-bom"}, r"encoding = 'utf8-bom': expected the name of one, such as"),
        ({"encoding": "base64"}, r"encoding = 'base64'"),
    ],
)  # fmt: skip
def test_a_description_that_cannot_be_meant_is_refused(options, reason):
    given = {"time": "t", "gaze_x": "x", "gaze_y": "y"} | options
    with pytest.raises(ConfigError, match=rf"\[eye\.csv\] .*{reason}"):
        EyeCsv(**given)
