"""Events of SMI and EyeLink whose line is cut: left out at the end of a file, else refused."""

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.reading import read_eye

SMI = """[iView]
Sample Rate:\t60
Table Header for Fixations:
Event Type\tTrial\tNumber\tStart\tEnd\tDuration\tLocation X\tLocation Y\tDispersion X\tDispersion Y
Table Header for Blinks:
Event Type\tTrial\tNumber\tStart\tEnd\tDuration
"""
FIXATIONS = [f"Fixation L\t1\t1\t{i}000000\t{i}149958\t149958\t3\t4\t5\t6" for i in range(1, 7)]
BLINKS = [f"Blink L\t1\t1\t{i}500000\t{i}649958\t149958" for i in range(1, 7)]
EFIX = [f"EFIX L   {i}000\t{i}408\t410\t 1.0\t 2.0\t 3895" for i in range(1, 7)]
EBLINK = [f"EBLINK L {i}500\t{i}588\t90" for i in range(1, 7)]
ESACC = [f"ESACC L  {i}410\t{i}450\t42\t1\t2\t3\t4\t0.5\t90\t45.9\t46.0" for i in range(1, 7)]


def written(tmp_path, rows, end="\n"):
    is_smi = rows[0].startswith(("Fix", "Bli"))
    path = tmp_path / ("e_Events.txt" if is_smi else "e.asc")
    path.write_text((SMI if is_smi else "START\t1\tLEFT\tEVENTS\n") + "\n".join(rows) + end)
    return path


def cut(row, to):
    """Cut a row within one of its fields, or behind it."""
    fields = row.split("\t")
    return "\t".join([*fields[: to[0]], fields[to[0]][: to[1]]])


CUTS = [
    (FIXATIONS, (3, 4)), (FIXATIONS, (4, 3)), (FIXATIONS, (5, 2)), (FIXATIONS, (8, 1)),
    (BLINKS, (5, 2)), (BLINKS, (4, 4)), (EFIX, (2, 1)), (EFIX, (4, 2)),
    (EFIX, (1, 2)), (EBLINK, (2, 1)), (EBLINK, (1, 3)), (EBLINK, (2, 0)), (ESACC, (2, 1)),
    (ESACC, (6, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "to"), CUTS)
def test_a_cut_event_at_the_end_is_left_out_and_one_before_is_refused(tmp_path, rows, to, caplog):
    whole = read_eye(written(tmp_path, rows)).events["onset"].tolist()
    assert len(whole) == 6
    caplog.clear()
    found = read_eye(written(tmp_path, [*rows[:5], cut(rows[5], to)])).events["onset"].tolist()
    np.testing.assert_allclose(found, whole[:5])
    assert "its last line is cut and left out" in caplog.text
    path = written(tmp_path, [*rows[:2], cut(rows[2], to), *rows[3:]])
    with pytest.raises(ReadError, match=rf"line {4 if 'asc' in path.name else 9}: its? .*repair"):
        read_eye(path)


@pytest.mark.parametrize("n_without", [1, 5])
def test_resolutions_at_the_end_of_a_row_may_be_there_or_not(tmp_path, n_without):
    without = [row.rsplit("\t", 2)[0] for row in ESACC[:n_without]]
    events = read_eye(written(tmp_path, [*without, *ESACC[n_without:]])).events
    assert events["amplitude"].tolist() == [0.5] * 6


@pytest.mark.parametrize("flags", ["", "\t..."])
def test_a_sample_cut_anywhere_is_none(tmp_path, flags, caplog):
    """Even in its last digit, where nothing ends the line."""
    rows = [f"{1000 + 2 * i}\t  512.5\t  384.5\t 1895.0{flags}" for i in range(6)]
    whole = read_eye(written(tmp_path, rows)).samples
    for n_left in range(1, rows[-1].rindex("\t") if flags else len(rows[-1]) + 1):
        caplog.clear()
        samples = read_eye(written(tmp_path, [*rows[:5], rows[5][:n_left]], "")).samples
        assert samples.equals(whole.iloc[:5])
        assert "its last line is cut and left out" in caplog.text


def test_a_pupil_cut_at_the_end_is_none_unless_the_recording_was_ended(tmp_path):
    for end, n_events in (("\n", 6), ("", 5), ("\nEND\t7000", 6)):
        events = read_eye(written(tmp_path, EFIX, end)).events
        assert events["pupil_x"].tolist() == [3895] * n_events


def test_a_duration_that_is_no_number_is_cut(tmp_path):
    path = written(tmp_path, [*EBLINK[:3], "EBLINK L 4500\t4588\t.", *EBLINK[4:]])
    with pytest.raises(ReadError, match="line 5: its duration is not the time from its start"):
        read_eye(path)


def test_durations_that_an_export_counts_in_its_own_way_are_taken(tmp_path):
    rows = [f"Fixation L\t1\t1\t{i}000000\t{i}149958\t{200000}\t3\t4\t5\t6" for i in range(9)]
    assert (read_eye(written(tmp_path, rows)).events["duration"] == 0.2).all()
