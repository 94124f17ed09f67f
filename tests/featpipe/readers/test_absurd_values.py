"""Numbers that nothing measured, in every cell of every eye export: lost, or refused by name."""

import re

import numpy as np
import pytest
from lookalikes.eye_exports import EXPORTS

from featpipe.errors import ReadError
from featpipe.readers.eye_csv_settings import EyeCsv
from featpipe.readers.plausible_values import LARGEST_MEASURE, LARGEST_TIME_S
from featpipe.reading import read_eye

ABSURD = ("-inf", "nan", "1e300", "1e12", "9" * 400)
DESCRIBED = EXPORTS["described"]["gaze.csv"]
CSV = EyeCsv(time="t", gaze_x="x", gaze_y="y", pupil="size", message="code")
_CELL = re.compile(r"(?<![\w.+-])-?\d+\.?\d*(?![\w.])")


def largest(frame, columns):
    values = frame[columns].to_numpy(float)
    return np.abs(values[~np.isnan(values)]).max(initial=0.0)


def cells(files):
    """Every number of the files, of long ones some."""
    found = [(name, cell.span()) for name, text in files.items() for cell in _CELL.finditer(text)]
    return found[:: max(1, len(found) // 12)]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("absurd", ABSURD, ids=lambda value: value[:6])
@pytest.mark.parametrize("kind", list(EXPORTS))
def test_no_absurd_number_leaves_a_reader(tmp_path, kind, absurd):
    files = EXPORTS[kind]
    main, refusals = tmp_path / next(iter(files)), []
    for name, (start, stop) in cells(files):
        for other, text in files.items():
            changed = text[:start] + absurd + text[stop:] if other == name else text
            (tmp_path / other).write_text(changed)
        try:
            eye = read_eye(main, CSV if kind == "described" else None)
        except ReadError as error:
            refusals.append(str(error))
            continue
        assert largest(eye.samples, ["time"]) <= LARGEST_TIME_S
        assert largest(eye.messages, ["time"]) <= LARGEST_TIME_S
        assert largest(eye.events, ["onset", "duration"]) <= LARGEST_TIME_S
        for frame, times in ((eye.samples, {"time"}), (eye.events, {"onset", "duration"})):
            measures = [name for name in frame.select_dtypes("number") if name not in times]
            assert largest(frame, measures) <= LARGEST_MEASURE, files[name][start - 20 : stop]
    assert all(str(tmp_path) in text for text in refusals)


def test_a_lost_place_is_told_and_no_longer_valid(tmp_path, caplog):
    path = tmp_path / "gaze.csv"
    path.write_text(DESCRIBED.replace("101.5", "1e300", 1))
    eye = read_eye(path, CSV)
    assert eye.samples["valid_left"].tolist() == [True, False, True, True]
    assert "gaze.csv: nothing measures numbers above 1e+06" in caplog.text
    assert "gaze_x_left 1e+300 at 0.010 s" in caplog.text


def test_a_time_beyond_any_clock_is_refused_by_row_and_column(tmp_path):
    path = tmp_path / "gaze.csv"
    path.write_text(DESCRIBED.replace("0.03,", "1e12,", 1))
    with pytest.raises(ReadError, match=r"gaze\.csv: row 4 of its samples has the time 1e\+12 s"):
        read_eye(path, CSV)
