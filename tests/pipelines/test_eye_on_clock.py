"""The clock of a simulated recording, whose marks tell it, and an offset that the study gives."""

from dataclasses import replace

import pytest

from featpipe.reading import read_eeg
from pipelines.job import open_job
from pipelines.steps.eye_on_clock import read_on_eeg_clock


@pytest.fixture
def clock_of(finished_study):
    job = open_job(finished_study / "study.toml", None, (), ("subject=1",))
    [source] = job.sources
    raw = read_eeg(source.eeg)

    def read(offset: float | None):
        return read_on_eeg_clock(source.eye, raw, replace(source, eye_offset=offset), job.study)[1]

    return read


def test_a_given_offset_is_compared_with_the_marks(clock_of, caplog):
    fitted = clock_of(None)
    assert not caplog.records
    clock = clock_of(fitted.intercept + 5.0)
    assert (clock.source, clock.intercept) == ("offset", fitted.intercept + 5.0)
    assert f"{fitted.n_shared} fit at " in caplog.text
    assert clock.n_shared < fitted.n_shared
