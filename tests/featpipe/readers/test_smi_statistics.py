"""Event statistics of BeGaze made by hand, under the names that both of its generations use."""

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.reading import check, read_eye, sniff

BEGAZE3 = (
    "Trial", "Stimulus", "Participant", "Trial Start Raw Time [ms]", "Category Group", "Category",
    "Eye L/R", "Index", "Event Start Trial Time [ms]", "Event End Trial Time [ms]",
    "Event Start Raw Time [ms]", "Event End Raw Time [ms]", "Event Duration [ms]",
    "Fixation Average Pupil Size X [px]", "Fixation Average Pupil Size Y [px]",
    "Fixation Average Pupil Diameter [mm]", "Fixation Dispersion X [px]",
    "Fixation Dispersion Y [px]", "Saccade Amplitude [°]", "Content", "AOI Name",
)  # fmt: skip
START = {"Trial001": 5000.0, "Trial002": 9000.0}


def row(category, eye, start, end, trial="Trial001", measures=("-",) * 6, content="-"):
    raw = START[trial]
    times = [start, end, raw + start, raw + end, end - start]
    first = [trial, f"{trial}.jpg", "P01", raw, "Eye", category, eye, 1]
    return [*first, *times, *measures, content, "White Space"]


ROWS = [
    row("Fixation", "Left", 0.5, 200.5, measures=(11.5, 12.5, 3.25, 20.0, 30.0, "-")),
    row("Fixation", "Right", 0.5, 210.5, measures=(10.5, 10.25, "-", 21.0, 31.0, "-")),
    row("User Event", "-", 30.0, 30.0, content="# Message: 81"),
    row("Saccade", "Left", 200.5, 240.5, measures=("-",) * 5 + (2.5,)),
    row("Blink", "Left", 240.5, 390.5),
    row("Separator", "-", 0.0, 4000.0),
    row("Fixation", "Left", 0.25, 300.25, "Trial002", (11.0, 12.0, 3.5, 22.0, "-", "-")),
]


def export(names=BEGAZE3, rows=ROWS, separator="\t", decimal=".", leave_out=()):
    places = [i for i, name in enumerate(names) if name not in leave_out]
    lines = [separator.join(names[i] for i in places)]
    for cells in rows:
        shown = [str(x).replace(".", decimal) if isinstance(x, float) else str(x) for x in cells]
        lines.append(separator.join(shown[i] for i in places))
    return "\r\n".join(lines) + "\r\n"


def write(folder, text, encoding="utf-8"):
    path = folder / "Event Statistics - Single - 01.txt"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(
    ("separator", "decimal"), [("\t", "."), ("\t", ","), (";", ","), (",", ".")]
)
def test_one_table_of_all_kinds(tmp_path, separator, decimal, encoding):
    path = write(tmp_path, export(separator=separator, decimal=decimal), encoding)
    assert sniff(path) == "smi_statistics"
    assert check(path) == ("ok", "")
    eye = read_eye(path)
    assert not len(eye.samples)
    events = eye.events.drop(columns="pupil_y")
    nan = np.nan
    expected = [
        ("fixation", "left", 5.0005, 0.2, 11.5, 20, 30, nan),
        ("fixation", "right", 5.0005, 0.21, 10.5, 21, 31, nan),
        ("saccade", "left", 5.2005, 0.04, nan, nan, nan, 2.5),
        ("blink", "left", 5.2405, 0.15, nan, nan, nan, nan),
        ("fixation", "left", 9.00025, 0.3, 11, 22, nan, nan),
    ]
    assert [tuple(x) for x in events[["kind", "eye"]].to_numpy()] == [x[:2] for x in expected]
    numbers = events.drop(columns=["kind", "eye"]).to_numpy(float)
    np.testing.assert_allclose(numbers, [x[2:] for x in expected])
    assert eye.events["pupil_y"][0] == 12.5
    assert eye.messages.to_numpy().tolist() == [[5.03, "81"]]
    assert eye.units == {"gaze": "px", "pupil": "px", "dispersion": "px"}


def test_starts_within_trials_are_moved_by_the_starts_of_trials(tmp_path):
    raw = ["Event Start Raw Time [ms]", "Event End Raw Time [ms]"]
    left_out = [raw, [*raw, "Event Duration [ms]"]]
    expected = read_eye(write(tmp_path, export())).events
    for names in left_out:
        events = read_eye(write(tmp_path, export(leave_out=names))).events
        np.testing.assert_allclose(events["onset"], expected["onset"])
        np.testing.assert_allclose(events["duration"], expected["duration"])
    with pytest.raises(ReadError, match=r"line 8: this fixation of trial Trial002 begins at 0\.0"):
        read_eye(write(tmp_path, export(leave_out=[*raw, "Trial Start Raw Time [ms]"])))


def test_without_pixels_pupils_are_in_mm(tmp_path):
    names = [name for name in BEGAZE3 if "Pupil Size" in name]
    eye = read_eye(write(tmp_path, export(leave_out=names)))
    assert eye.units["pupil"] == "mm"
    assert eye.events["pupil_x"][0] == eye.events["pupil_y"][0] == 3.25


def test_visual_intakes_of_glasses_are_fixations(tmp_path):
    rows = [cells for cells in ROWS if cells[6] != "Right"]
    text = export(rows=rows).replace("Fixation", "Visual Intake").replace("Left", "Binocular")
    events = read_eye(write(tmp_path, text)).events
    assert events[["kind", "eye"]].to_numpy().tolist()[:3] == [
        ["fixation", "left"],
        ["fixation", "right"],
        ["saccade", "left"],
    ]
    assert events["pupil_x"][0] == 11.5


def test_an_event_that_stands_there_for_each_area_counts_once(tmp_path):
    assert len(read_eye(write(tmp_path, export(rows=[ROWS[0], *ROWS]))).events) == 5


OLD = "Trial,Subject,Stimulus,Start Time [ms],{kind} Start [{unit}],{kind} Duration [{unit}],"
OLD += "{kind} End [{unit}],{more},Eye L/R,Number"
TABLES = {
    "fixation": (
        "Fixation",
        "Position X,Average Pupil Size [px] X,Average Pupil Size [px] Y,Dispersion X,Dispersion Y",
        "500.5,11.5,12.5,20,30",
        [11.5, 12.5, 20, 30, np.nan],
    ),
    "saccade": ("Saccade", "StartPosition X,Amplitude [°]", "500.5,2.5", [*[np.nan] * 4, 2.5]),
    "blink": ("Blink", "Color", "Coral", [np.nan] * 5),
}


@pytest.mark.parametrize(("unit", "factor"), [("ms", 1), ("µs", 1000), ("μs", 1000), ("s", 0.001)])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("kind", TABLES)
def test_one_table_per_kind(tmp_path, kind, unit, factor, encoding):
    name, more, cells, measures = TABLES[kind]
    text = "BeGaze 2.4\r\n\r\n" + OLD.format(kind=name, unit=unit, more=more) + "\r\n"
    for eye in "LR":
        times = ",".join(str(x * factor) for x in (120.0, 250.0, 370.0))
        text += f"Trial001,P01,a.avi,0,{times},{cells},{eye},1\r\n"
    path = write(tmp_path, text, encoding)
    assert sniff(path) == "smi_statistics"
    events = read_eye(path).events
    assert events["kind"].tolist() == [kind, kind]
    assert events["eye"].tolist() == ["left", "right"]
    np.testing.assert_allclose(
        events.drop(columns=["kind", "eye"]), np.tile([0.12, 0.25, *measures], (2, 1))
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\t40.0\t", "\tsoon\t", r"01\.txt, line 5: field 13 is 'soon', not a number"),
        ("\t9000.25\t", "\t\t", r"line 8: field 11 is ''"),
        ("Category\t", "Class\t", "no column 'Category' tells fixations from saccades"),
        ("P01", "P02", r"2 recordings \(P02, P01\); export one file per recording"),
        ("White Space", "White\tSpace", "line 2: it has 22 fields, the row of names 21"),
        ("Raw Time [ms]\tEvent End R", "Raw Time [px]\tEvent End R", "in 'px', which is none of s"),
    ],
)
def test_a_defect_is_named_with_file_and_line(tmp_path, old, new, message):
    with pytest.raises(ReadError, match=message):
        read_eye(write(tmp_path, export().replace(old, new, 1)))


def test_categories_in_another_language_are_told(tmp_path):
    text = export()
    for word in ("Fixation", "Saccade", "Blink"):
        text = text.replace(f"\t{word}\t", f"\t{word}s\t")
    with pytest.raises(ReadError, match=r"categories \(blinks, fixations, .*in English"):
        read_eye(write(tmp_path, text))


def test_counts_of_trials_are_no_events(tmp_path):
    path = write(tmp_path, "Trial\tFixation Count\tBlink Count\nTrial001\t20\t3\n")
    with pytest.raises(ReadError, match="it counts events and does not tell when they were"):
        read_eye(path)


def test_names_alone_are_truncated_and_a_cut_last_line_told(tmp_path, caplog):
    assert check(write(tmp_path, export(rows=[]))).status == "truncated"
    assert len(read_eye(write(tmp_path, export()[:-60])).events) == 4
    assert "its last line is cut and left out" in caplog.text


def test_a_table_of_one_kind_whose_times_begin_anew_is_refused(tmp_path):
    names = "Trial\tSubject\tEye L/R\tNumber\tBlink Start [ms]\tBlink Duration [ms]\n"
    path = tmp_path / "blinks.txt"
    rows = [(1, 2000), (1, 8000), (2, 1000), (2, 5000)]
    path.write_text(names + "".join(f"{t}\tA\tL\t1\t{start}\t150\n" for t, start in rows))
    with pytest.raises(ReadError, match=r"line 4: this blink of trial 2 begins at 1 s, behind"):
        read_eye(path)
    path.write_text(names + "".join(f"{t}\tA\tL\t1\t{9000 * t + s}\t150\n" for t, s in rows))
    assert len(read_eye(path).events) == 4


@pytest.mark.parametrize("kind", ["Fixation", "Saccade", "Blink"])
@pytest.mark.parametrize("first", [1000, 9000])
def test_times_in_trials_need_the_start_of_the_trials(tmp_path, kind, first):
    """Of saccades alone, which leave room for others, the trials had been laid over each other."""
    names = "Trial\tParticipant\tCategory\tEye L/R\tTrial Start Raw Time [ms]\t"
    names += "Event Start Trial Time [ms]\tEvent Duration [ms]\n"
    rows = [(1, 2000), (1, 8000), (2, first), (2, first + 2000)]
    text = "".join(f"{t}\tA\t{kind}\tLeft\t{50000 * t}\t{at}\t50\n" for t, at in rows)
    events = read_eye(write(tmp_path, names + text)).events
    expected = [52, 58, 100 + first / 1000, 102 + first / 1000]
    np.testing.assert_allclose(events["onset"], expected)
    untold = names.replace("Trial Start Raw Time", "Other")
    with pytest.raises(
        ReadError, match=r"line 4: this .* of trial 2 .* 'Event Start Raw Time' too"
    ):
        read_eye(write(tmp_path, untold + text))
    one = untold + "".join(text.splitlines(keepends=True)[:2])
    assert len(read_eye(write(tmp_path, one)).events) == 2
