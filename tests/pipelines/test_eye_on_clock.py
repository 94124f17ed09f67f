"""The clock of a simulated recording, whose marks tell it, and an offset that the study gives."""

import re
from dataclasses import replace

import pytest

from featpipe.errors import ReadError
from featpipe.reading import read_eeg
from pipelines.job import open_job
from pipelines.steps.eye_on_clock import read_on_eeg_clock


@pytest.fixture
def clock_of(finished_study):
    job = open_job(finished_study / "study.toml", None, (), ("subject=1",))
    [source] = job.sources
    raw = read_eeg(source.eeg)

    def read(offset: float | None, marks=raw.annotations):
        eeg = raw.copy().set_annotations(marks)
        return read_on_eeg_clock(source.eye, eeg, replace(source, eye_offset=offset), job.study)[1]

    return read


def test_a_given_offset_is_compared_with_the_marks(clock_of, caplog):
    fitted = clock_of(None)
    assert not caplog.records
    clock = clock_of(fitted.intercept + 5.0)
    assert (clock.source, clock.intercept) == ("offset", fitted.intercept + 5.0)
    assert f"{fitted.n_shared} fit at " in caplog.text
    assert clock.n_shared < fitted.n_shared


def test_where_no_mark_is_shared_the_offset_of_a_common_start_is_told(clock_of):
    fitted = clock_of(None)
    with pytest.raises(ReadError, match="no trigger of the EEG occurs") as error:
        clock_of(None, None)
    told = re.search(r"It is (-\d+\.\d{3}) if both were started together", str(error.value))
    assert told is not None
    assert float(told[1]) == pytest.approx(fitted.intercept, abs=10.0)
