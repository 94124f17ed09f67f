"""BrainVision: companions, sizes and markers."""

from pathlib import Path

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.readers import brainvision
from featpipe.reading import read_eeg, read_samples, source_files

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


@pytest.mark.parametrize("placeholder", [True, False])
@pytest.mark.parametrize(
    ("unit", "encoding"),
    [
        ("\u00b5V", "utf-8"), ("\u03bcV", "utf-8"), ("\u03bcV", "gbk"), ("\u00b5V", "gb18030"),
        ("\u00b5V", "cp1252"), ("uV", "ascii"), ("?V", "ascii"), ("\u00c2\u00b5V", "utf-8"),
        ("\ufffdV", "utf-8"), ("", "ascii"),
    ],
)  # fmt: skip
def test_microvolt_is_microvolt_however_it_is_spelt(tmp_path, counts, unit, encoding, placeholder):
    path = write(tmp_path, counts, name="$b.eeg" if placeholder else "s1.eeg")
    path.write_bytes(path.read_text("utf-8").replace("µV", unit).encode(encoding))
    raw = read_eeg(path)
    assert raw.get_channel_types() == ["eeg", "eeg"]
    np.testing.assert_allclose(raw.get_data() * 1e6, counts * 0.1, atol=1e-9)
    stored = read_samples(path, raw, raw.ch_names)
    np.testing.assert_allclose(stored.scale, 0.1)


@pytest.mark.parametrize(("unit", "volts"), [("V", 1.0), ("mV", 1e-3), ("nV", 1e-9)])
def test_other_voltages_keep_their_size(tmp_path, counts, unit, volts):
    path = write(tmp_path, counts)
    path.write_text(path.read_text("utf-8").replace("µV", unit), "utf-8")
    np.testing.assert_allclose(read_eeg(path).get_data(), counts * 0.1 * volts, rtol=1e-12)


def test_an_electrode_without_a_voltage_is_refused_and_other_inputs_are_misc(tmp_path, counts):
    path = write(tmp_path, counts)
    text = path.read_text("utf-8")
    path.write_text(text.replace("Oz,,0.1,µV", "GSR,,0.1,µS"), "utf-8")
    assert read_eeg(path).get_channel_types() == ["eeg", "misc"]
    path.write_text(text.replace("Oz,,0.1,µV", "Oz,,0.1,kV"), "utf-8")
    with pytest.raises(ReadError, match=r"unit of channel Oz \(Ch2\).* 'kV', where V, mV"):
        read_eeg(path)


@pytest.mark.parametrize(
    ("encoding", "word"), [("cp1252", "Größe"), ("gbk", "开始"), ("utf-8", "Größe")]
)
@pytest.mark.parametrize("declared", ["", "ANSI", "UTF-8"])
def test_names_and_markers_in_any_code_page(tmp_path, counts, encoding, word, declared):
    path = write(tmp_path, counts)
    for file, old in ((path, "Fp1,"), (path.with_suffix(".vmrk"), "S  7,")):
        text = file.read_text("utf-8").replace(old, f"{word},").replace("µV", "uV")
        text = text.replace("[Common Infos]", f"[Common Infos]\nCodepage={declared}")
        file.write_bytes(text.encode(encoding))
    raw = read_eeg(path)
    assert raw.ch_names == [word, "Oz"]
    assert raw.annotations.description[-1] == f"Stimulus/{word}"


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


@pytest.mark.parametrize(
    ("section", "field"),
    [
        ("Common Infos", "DataType=FREQUENCYDOMAIN"),
        ("Binary Infos", "UseBigEndianOrder=YES"),
        ("Binary Infos", "DataOffset=512"),
        ("Binary Infos", "ChannelOffset=4"),
        ("Binary Infos", "SegmentHeaderSize=16"),
        ("Binary Infos", "TrailerSize=2"),
    ],
)
def test_data_that_lie_otherwise_are_refused_by_name(tmp_path, counts, section, field):
    path = write(tmp_path, counts)
    text = path.read_text("utf-8")
    name, value = field.split("=")
    path.write_text(text.replace(f"[{section}]", f"[{section}]\n{field}"), "utf-8")
    assert brainvision.check(path).status == "corrupt"
    with pytest.raises(ReadError, match=f"{name} in the header is {value}, and only .*; export"):
        read_eeg(path)


def test_the_usual_layout_may_be_spelt_out(tmp_path, counts):
    path = write(tmp_path, counts)
    usual = "UseBigEndianOrder=No\nDataOffset=0\nChannelOffset=0\nSegmentHeaderSize=0\nTrailerSize="
    text = path.read_text("utf-8").replace("[Binary Infos]", f"[Binary Infos]\n{usual}")
    path.write_text(text.replace("DataFormat", "DataType=TimeDomain\nDataFormat"), "utf-8")
    np.testing.assert_allclose(read_eeg(path).get_data() * 1e6, counts * 0.1, atol=1e-9)
