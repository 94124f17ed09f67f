"""BeGaze events in workbooks: SEED's and SEED-V's tables without times, and tables with them."""

import numpy as np
import pytest
from naive_seed_eyes import length_s, sheet, trial, workbook
from naive_workbooks import xls_bytes, xlsx_bytes

from featpipe.errors import ReadError
from featpipe.reading import check, read_eye, sniff
from featpipe.scanning import scan

TIMED = ["Fixation Start [ms]", "Fixation Duration [ms]", "Position X", "Position Y",
         "Average Pupil Diameter [mm]", "Dispersion X", "Dispersion Y", "Eye L/R"]  # fmt: skip


def write(folder, sheets, suffix=".xlsx"):
    path = folder / f"1_1{suffix}"
    path.write_bytes(xls_bytes(sheets) if suffix == ".xls" else xlsx_bytes(sheets))
    return path


def timed(*starts, eye="L"):
    return [TIMED, *([start, 100.0, 640.0, 512.0, 3.5, 10.0, 12.0, eye] for start in starts)]


@pytest.mark.parametrize("suffix", [".xls", ".xlsx"])
def test_what_seed_ships_is_read(tmp_path, suffix):
    path = write(tmp_path, workbook(), suffix)
    assert sniff(path) == "smi_workbook"
    assert check(path) == ("ok", "")
    eye = read_eye(path)
    assert eye.event_kinds == ("fixation", "saccade", "blink")
    assert eye.units == {"gaze": "px", "pupil": "px", "dispersion": "px"}
    assert (eye.onsets, len(eye.samples), set(eye.events["eye"])) == ("estimated", 0, {"left"})
    assert [span.trial for span in eye.trials] == [1, 2, 3]
    for span in eye.trials:
        of = trial(span.trial)
        assert span.stop - span.start == pytest.approx(length_s(of))
        inside = eye.events["onset"].between(span.start, span.stop, inclusive="left")
        events = eye.events[inside].groupby("kind")
        for kind in eye.event_kinds:
            seconds = events.get_group(kind)["duration"].to_numpy()
            np.testing.assert_allclose(seconds, of[kind][:, 0] / 1000)
        fixations = events.get_group("fixation")
        names = ["pupil_x", "pupil_y", "dispersion_x", "dispersion_y"]
        np.testing.assert_allclose(fixations[names], of["pupil"])
        np.testing.assert_allclose(events.get_group("saccade")["amplitude"], of["saccade"][:, 1])


def test_scan_lists_it_among_other_workbooks(tmp_path):
    path = write(tmp_path, workbook())
    (tmp_path / "Channel Order.xlsx").write_bytes(xlsx_bytes({"Sheet1": [["FP1"], ["FPZ"]]}))
    (tmp_path / "notes.xls").write_bytes(xls_bytes({"Sheet1": [["score", 3.0]]}))
    (found,) = scan([tmp_path])
    assert (found.path, found.format, found.status) == (path, "smi_workbook", "ok")
    assert (found.subject, found.session, found.n_channels) == ("1", "1", 1)
    assert found.duration_s is None  # its events have no times


def test_surplus_blanks_and_seconds_are_understood(tmp_path):
    rows = [["Fixation  Duration [s]", " average pupil size [px]  X"], [0.25, 14.0]]
    path = write(tmp_path, {"Tabelle 1": [["Subject 1"], *rows]}, ".xls")
    events = read_eye(path).events
    assert events[["duration", "pupil_x"]].to_numpy().tolist() == [[0.25, 14.0]]


def test_only_fixations_are_only_fixations(tmp_path):
    sheets = {name: [row[:5] for row in rows] for name, rows in workbook(1).items()}
    eye = read_eye(write(tmp_path, sheets))
    assert eye.event_kinds == ("fixation",)
    assert set(eye.events["kind"]) == {"fixation"}
    (span,) = eye.trials
    assert span.stop == pytest.approx(trial(1)["fixation"].sum() / 1000)


def test_no_blink_is_not_unknown_blinks(tmp_path):
    eye = read_eye(write(tmp_path, {"1": sheet(trial(1, n_blinks=0))}))
    assert eye.event_kinds == ("fixation", "saccade", "blink")
    assert set(eye.events["kind"]) == {"fixation", "saccade"}


def test_times_that_go_on_are_one_clock(tmp_path):
    eye = read_eye(write(tmp_path, {"1": timed(1000.0, 1200.0), "2": timed(5000.0, eye="R")}))
    assert (eye.onsets, eye.trials, eye.units["pupil"]) == ("recorded", (), "mm")
    np.testing.assert_allclose(eye.events["onset"], [1.0, 1.2, 5.0])
    assert eye.events["eye"].tolist() == ["left", "left", "right"]
    np.testing.assert_allclose(eye.events[["pupil_x", "pupil_y"]], 3.5)


def test_times_that_begin_anew_are_laid_one_after_the_other(tmp_path):
    eye = read_eye(write(tmp_path, {"1": timed(0.0, 200.0), "2": timed(50.0)}))
    assert eye.onsets == "recorded"
    np.testing.assert_allclose(eye.events["onset"], [0.0, 0.2, 0.35])
    assert eye.trials[1].start == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("names", "trials"),
    [
        (["Trial 1", "Trial 2", "Trial 4"], [1, 2, 4]),
        (["film 2", "film 1", "film 10"], [1, 2, 10]),
        (["happy", "sad", "fear"], [1, 2, 3]),
        (["a 1", "b 1", "c 2"], [1, 2, 3]),
    ],
)
def test_sheets_are_numbered_by_name_or_by_place(tmp_path, names, trials):
    sheets = dict(zip(names, workbook().values(), strict=True))
    eye = read_eye(write(tmp_path, sheets))
    assert [span.trial for span in eye.trials] == trials


def test_remarks_are_no_trial_and_an_empty_sheet_is_one_without_events(tmp_path):
    one, _, three = workbook().values()
    path = write(tmp_path, {"About": [["SEED"]], "a": one, "b": [], "c": three})
    status, reason = check(path)
    assert (status, reason) == ("suspicious", "sheet 'b' is empty: trial 2 has no events")
    assert [span.trial for span in read_eye(path).trials] == [1, 3]


@pytest.mark.parametrize(
    ("row", "column", "cell", "said", "n_lost"),
    [
        (6, 0, "abc", "row 6: cells are no numbers", 1),
        (6, 0, -3.0, "row 6: fixations without a duration", 1),
        (6, 0, 1e9, "row 6: fixations without a duration", 1),
        (6, 0, 0.0, "row 6: fixations without a duration", 1),
        (6, 5, "#DIV/0!", "row 6: cells are no numbers", 1),
        (6, 3, "n/a", "row 6: cells are no numbers", 0),
        (6, 3, "-", "", 0),
        (6, 0, " 212,5 ", "", 0),
        (6, 0, "2.1E+02", "", 0),
        (2, 10, 41.0, "41 fixations declared, 40 there", 0),
    ],
)
def test_a_cell_that_makes_no_sense_is_a_gap_that_is_told(
    tmp_path, row, column, cell, said, n_lost
):
    sheets = workbook(2)
    sheets["2"][row - 1][column] = cell
    path = write(tmp_path, sheets)
    status, reason = check(path)
    assert status == ("suspicious" if said else "ok")
    assert said in reason
    assert not said or "sheet '2'" in reason
    assert len(read_eye(path).events) == 2 * (40 + 39 + 3) - n_lost


def test_a_pupil_of_nothing_is_lost(tmp_path):
    sheets = workbook(1)
    sheets["1"][3][1] = 0.0
    events = read_eye(write(tmp_path, sheets)).events
    assert events.loc[events["kind"] == "fixation", "pupil_x"].isna().sum() == 1


def test_starts_that_repeat_or_run_backwards_are_told(tmp_path):
    path = write(tmp_path, {"1": timed(0.0, 300.0, 300.0, 150.0, 500.0)})
    status, reason = check(path)
    assert status == "suspicious"
    assert "row 4: fixations without a duration or start of their own" in reason
    assert "row 5: starts of fixations run backwards" in reason
    np.testing.assert_allclose(read_eye(path).events["onset"], [0.0, 0.15, 0.3, 0.5])


@pytest.mark.parametrize(
    ("sheets", "said"),
    [
        ({"1": [["Fixation Duration [ms]", "x"], ["abc"], ["-"]]}, "sheet '1', row 2: 'abc'"),
        ({"1": [["Fixation Duration [ms]"]], "2": []}, "no sheet has an event"),
        ({"1": [["Fixation Duration [min]"], [3.0]]}, r"sheet '1': times in \[min\]; known: s, ms"),
        ({"1": timed(0.0), "2": sheet(trial(2))}, "pupils in px in some sheets, in mm in others"),
        ({"1": [["total Fixation Duration [ms]", "y"], [3.0]]}, "no sheet has a column"),
    ],
)  # fmt: skip
def test_a_workbook_that_cannot_be_used_is_refused(tmp_path, sheets, said):
    path = write(tmp_path, sheets)
    assert check(path).status == "corrupt"
    with pytest.raises(ReadError, match=said):
        read_eye(path)
