"""Time stamps of EDF+ records: a hole is refused, because all behind it would be early."""

from pathlib import Path

import numpy as np
import pytest
from naive_exports import edf_bytes

from featpipe.eeg.marks import read_marks
from featpipe.errors import ReadError
from featpipe.readers import edf
from featpipe.reading import read_eeg
from featpipe.scanning import inspect

MARKS = [(1.5, "start")]


@pytest.fixture
def counts() -> np.ndarray:
    return np.random.default_rng(5).integers(-300, 300, (2, 2000))


def write(folder: Path, counts: np.ndarray, onsets: np.ndarray | None) -> Path:
    path = folder / "s1.edf"
    seconds = None if onsets is None else np.round(onsets, 6).tolist()
    path.write_bytes(edf_bytes(counts, annotations=MARKS, onsets=seconds))
    return path


def with_hole(seconds: float, before: int = 10) -> np.ndarray:
    onsets = np.arange(20.0)
    onsets[before:] += seconds
    return onsets


def test_a_hole_between_records_is_refused(tmp_path, counts):
    path = write(tmp_path, counts, with_hole(10.0))
    status, reason = edf.check(path)
    assert status == "corrupt"
    assert "a hole of 10 s between records 9 and 10" in reason
    assert "split the file there, or export it as continuous" in reason
    with pytest.raises(ReadError, match=r"s1\.edf: corrupt: its records do not follow"):
        read_eeg(path)
    assert inspect(path).status == "corrupt"


def test_the_same_in_bdf_is_refused(tmp_path, counts):
    path = write(tmp_path, counts, with_hole(10.0))
    content = path.read_bytes()
    table = content[256:1024].replace(b"EDF Annotations", b"BDF Annotations")
    words = np.frombuffer(content[1024:], np.uint8).reshape(20, -1)
    signals = words[:, :400].view("<i2").astype("<i4").reshape(20, -1, 1).view(np.uint8)[..., :3]
    stamps = np.pad(words[:, 400:], [(0, 0), (0, 60)])
    body = np.hstack([signals.reshape(20, -1), stamps]).tobytes()
    fixed = b"\xffBIOSEMI" + content[8:192] + b"BDF+D" + content[197:256]
    path.write_bytes(fixed + table + body)
    assert "a hole of 10 s between records 9 and 10" in edf.check(path).reason


@pytest.mark.parametrize(("seconds", "status"), [(0.006, "corrupt"), (0.004, "ok")])
def test_more_than_half_a_sample_is_a_hole(tmp_path, counts, seconds, status):
    assert edf.check(write(tmp_path, counts, with_hole(seconds))).status == status


def test_an_overlap_and_many_holes_are_told(tmp_path, counts):
    assert "an overlap of 0.5 s" in edf.check(write(tmp_path, counts, with_hole(-0.5))).reason
    reason = edf.check(write(tmp_path, counts, np.arange(20.0) * 2)).reason
    assert "between records 2 and 3" in reason
    assert "and 16 more" in reason


@pytest.mark.parametrize("start", [0.0, 0.25, 100.0])
def test_a_discontinuous_file_without_holes_reads_as_it_is(tmp_path, counts, start):
    path = write(tmp_path, counts, np.arange(20.0) + start)
    assert edf.check(path) == ("ok", "")
    raw = read_eeg(path)
    np.testing.assert_allclose(raw.get_data() * 1e6, counts * 0.1, atol=1e-6)
    assert read_marks(raw)["time"].tolist() == [1.5]


def test_a_clock_that_drifts_is_suspicious(tmp_path, counts):
    status, reason = edf.check(write(tmp_path, counts, np.arange(20.0) * 1.001))
    assert status == "suspicious"
    assert "+0.019 s away" in reason


@pytest.mark.parametrize(
    ("record_s", "status"), [(1 / 3, "ok"), (0.33333, "ok"), (0.3334, "suspicious")]
)
def test_stamps_go_by_the_length_that_is_told_or_by_the_one_that_is_meant(
    tmp_path, record_s, status
):
    """Three hours of such records were refused for holes, or told to run away."""
    n_records = 6000
    counts = np.random.default_rng(5).integers(-300, 300, (1, 10 * n_records))
    seconds = np.round(np.arange(n_records) * record_s, 6).tolist()
    content = edf_bytes(counts, sfreq=10, annotations=[], onsets=seconds)
    path = tmp_path / "s1.edf"
    path.write_bytes(content[:244] + b".33333  " + content[252:])
    assert edf.check(path).status == status


def test_a_hole_in_a_file_that_calls_itself_continuous_is_refused_too(tmp_path, counts):
    path = write(tmp_path, counts, with_hole(3.0))
    content = path.read_bytes()
    path.write_bytes(content[:192] + b"EDF+C" + content[197:])
    assert "a hole of 3 s" in edf.check(path).reason


@pytest.mark.samples
def test_the_discontinuous_sample_has_no_hole(samples):
    path = samples / "eeg/nihon_kohden/MB0400FU.EDF"
    assert edf.read_header(path).is_discontinuous
    assert edf.check(path) == ("ok", "")
