"""BrainVision: companions, sizes and markers."""

from pathlib import Path

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.readers import brainvision
from featpipe.reading import read_eeg, source_files

HEADER = """Brain Vision Data Exchange Header File Version 1.0

[Common Infos]
DataFile={data}
MarkerFile={markers}
DataFormat=BINARY
DataOrientation=MULTIPLEXED
NumberOfChannels=2
SamplingInterval=1000

[Binary Infos]
BinaryFormat={form}

[Channel Infos]
Ch1=Fp1,,0.1,µV
Ch2=Oz,,0.1,µV
"""
MARKERS = """Brain Vision Data Exchange Marker File, Version 1.0

[Common Infos]
DataFile=s1.eeg

[Marker Infos]
Mk1=New Segment,,1,1,0
Mk2=Stimulus,S  7,{position},1,0
"""


@pytest.fixture
def counts() -> np.ndarray:
    return np.random.default_rng(2).integers(-2000, 2000, (2, 500))


def write(
    folder: Path,
    counts: np.ndarray,
    position: int = 101,
    form: str = "INT_16",
    name: str = "$b.eeg",
) -> Path:
    path = folder / "s1.vhdr"
    path.write_text(HEADER.format(data=name, markers="s1.vmrk", form=form), "utf-8")
    path.with_suffix(".vmrk").write_text(MARKERS.format(position=position), "utf-8")
    path.with_suffix(".eeg").write_bytes(counts.T.astype("<i2").tobytes())
    return path


def test_data_and_markers_come_back(tmp_path, counts):
    path = write(tmp_path, counts, name="s1.eeg")
    assert brainvision.check(path) == ("ok", "")
    raw = read_eeg(path)
    np.testing.assert_allclose(raw.get_data() * 1e6, counts * 0.1, atol=1e-9)
    assert raw.annotations.onset[-1] == pytest.approx(0.1)
    assert raw.annotations.description[-1] == "Stimulus/S  7"
    assert [file.name for file in source_files(path)] == ["s1.vhdr", "s1.eeg", "s1.vmrk"]


def test_the_placeholder_names_the_header(tmp_path, counts):
    assert source_files(write(tmp_path, counts, name="$b.eeg"))[1].name == "s1.eeg"


def test_a_header_in_the_code_page_of_windows_names_its_files(tmp_path, counts):
    path = write(tmp_path, counts).rename(tmp_path / "Übung.vhdr")
    for suffix in (".eeg", ".vmrk"):
        (tmp_path / f"s1{suffix}").rename(tmp_path / f"Übung{suffix}")
    text = path.read_text("utf-8").replace("s1.", "Übung.").replace("UTF-8", "ANSI")
    path.write_bytes(text.encode("cp1252"))
    assert brainvision.check(path) == ("ok", "")
    np.testing.assert_allclose(read_eeg(path).get_data() * 1e6, counts * 0.1, atol=1e-9)


@pytest.mark.parametrize("suffix", [".eeg", ".vmrk"])
def test_a_missing_companion_is_named(tmp_path, counts, suffix):
    path = write(tmp_path, counts)
    path.with_suffix(suffix).unlink()
    for function in (read_eeg, source_files):
        with pytest.raises(ReadError, match=rf"s1\.vhdr: .*needs s1\{suffix} beside it"):
            function(path)


def test_a_cut_data_file_is_truncated(tmp_path, counts):
    path = write(tmp_path, counts)
    path.with_suffix(".eeg").write_bytes(counts.T.astype("<i2").tobytes()[:-3])
    with pytest.raises(ReadError, match=r"truncated: s1\.eeg has 1997 bytes"):
        read_eeg(path)


def test_a_marker_behind_the_end_is_suspicious(tmp_path, counts):
    status, reason = brainvision.check(write(tmp_path, counts, position=502))
    assert status == "suspicious"
    assert "sample 502" in reason


def test_an_unknown_number_format_is_named(tmp_path, counts):
    with pytest.raises(ReadError, match="BinaryFormat FLOAT_8 is none of INT_16"):
        read_eeg(write(tmp_path, counts, form="FLOAT_8"))


def test_a_header_without_a_field_is_corrupt(tmp_path, counts):
    path = write(tmp_path, counts)
    path.write_text(path.read_text("utf-8").replace("SamplingInterval=1000", ""), "utf-8")
    with pytest.raises(ReadError, match="lacks samplinginterval"):
        read_eeg(path)
