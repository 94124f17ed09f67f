"""BrainVision: companions, sizes and markers."""

import logging
from pathlib import Path

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.montage import pick_channels
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
        ("\ufffdV", "utf-8"), ("", "ascii"), ("\u00e6V", "gb18030"), ("\u00a3gV", "utf-8"),
        ("\u9382", "gb18030"), ("UV", "ascii"), ("uVolt", "ascii"), ("microvolts", "ascii"),
        ("\u00b5Volts", "utf-8"), ("\u03bc V", "utf-8"), ("[\u00b5V]", "gb18030"), ("uV.", "ascii"),
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


@pytest.mark.parametrize(
    ("unit", "volts"), [("V", 1.0), ("v", 1.0), ("mV", 1e-3), ("mv", 1e-3), ("nV", 1e-9)]
)
def test_other_voltages_keep_their_size(tmp_path, counts, unit, volts):
    path = write(tmp_path, counts)
    path.write_text(path.read_text("utf-8").replace("µV", unit), "utf-8")
    np.testing.assert_allclose(read_eeg(path).get_data(), counts * 0.1 * volts, rtol=1e-12)


def with_second(path: Path, name: str, unit: str) -> Path:
    path.write_text(path.read_text("utf-8").replace("Oz,,0.1,µV", f"{name},,0.1,{unit}"), "utf-8")
    return path


@pytest.mark.parametrize("name", ["Oz", "FT9", "AF7", "PPO9h", "T3"])
@pytest.mark.parametrize("unit", ["kV", "MV", "uV/bit", "10uV", "ADC", "µS", "n/a", "-"])
def test_an_electrode_without_a_voltage_is_refused(tmp_path, counts, name, unit):
    path = with_second(write(tmp_path, counts), name, unit)
    with pytest.raises(ReadError, match=f"unit of {name} in the header is '{unit}', where V, mV"):
        read_eeg(path)


@pytest.mark.parametrize(
    ("name", "unit", "is_told"),
    [
        ("E7", "uV/bit", True), ("C29", "MV", True), ("E7", "-", True), ("O2", "%", True),
        ("GSR", "µS", False), ("Resp", "ARU", False), ("HEOG", "kV", False),
        ("Skin", "uS", False), ("T1", "°C", False), ("Force", "N", False), ("Heart", "BPM", False),
    ],
)  # fmt: skip
def test_a_unit_that_is_no_voltage_makes_misc_and_is_told(
    tmp_path, counts, caplog, name, unit, is_told
):
    path = with_second(write(tmp_path, counts), name, unit)
    assert read_eeg(path).get_channel_types() == ["eeg", "misc"]
    assert (f"{name} ({unit})" in caplog.text) is is_told


def test_channels_of_one_name_are_numbered_and_those_of_none_named(tmp_path, caplog):
    counts = np.random.default_rng(3).integers(-2000, 2000, (6, 500))
    path = write(tmp_path, counts)
    names = ["Fp1", "Fp1", "FP1", "Fp1-1", "Fp1", ""]
    lines = "\n".join(f"Ch{i}={name},,0.1,µV" for i, name in enumerate(names, 1))
    text = path.read_text("utf-8").replace("Channels=2", "Channels=6")
    path.write_text(text[: text.index("Ch1=")] + lines, "utf-8")
    with caplog.at_level(logging.WARNING):
        raw = read_eeg(path)
    assert raw.ch_names == ["Fp1", "Fp1-2", "FP1-3", "Fp1-1", "Fp1-4", "CH6"]
    np.testing.assert_allclose(raw.get_data() * 1e6, counts * 0.1, atol=1e-9)
    picked = pick_channels(raw.ch_names, raw.get_channel_types())
    assert picked == {name.upper(): name for name in raw.ch_names}
    (record,) = caplog.records
    assert "told apart as Fp1-2, FP1-3, Fp1-4, CH6" in record.message


def test_lines_may_begin_with_blanks_and_comments_are_no_channels(tmp_path, counts):
    path = write(tmp_path, counts)
    lines = path.read_text("utf-8").replace("µV", "\u03bcV").splitlines()
    lines[1:] = [" " * (i % 3) + line for i, line in enumerate(lines[1:])]
    comment = "\n[Comment]\nCh1=Fp1,,0.1,kOhm\n"
    path.write_text("\n".join(lines) + comment, "utf-8")
    raw = read_eeg(path)
    assert raw.get_channel_types() == ["eeg", "eeg"]
    np.testing.assert_allclose(raw.get_data() * 1e6, counts * 0.1, atol=1e-9)


@pytest.mark.parametrize("places", ["Ch1=1,90,-72\nCh2=0,0,0", "Ch1=1,90,-72"])
def test_an_electrode_without_a_place_is_eeg(tmp_path, counts, places):
    path = write(tmp_path, counts)
    path.write_text(f"{path.read_text('utf-8')}\n[Coordinates]\n{places}\n", "utf-8")
    assert read_eeg(path).get_channel_types() == ["eeg", "eeg"]


@pytest.mark.parametrize(
    "rows",
    [
        "1     Fp1       1         0.1 µV         10          1000       Off       0",
        "1     Fp1       1         0.1 µV         n.a.        n.a.       Off       0\n"
        "2     Oz        2         0.1 µV         n.a.        n.a.       Off       0",
        "1     Fp1       1         0.1 µV         10          1000       Off       0\n"
        "2     Fp1       2         0.1 µV         10          1000       Off       0",
    ],
)
@pytest.mark.parametrize("title", ["[Comment]", "[COMMENT]"])
def test_tables_of_the_amplifier_are_free_text(tmp_path, counts, caplog, rows, title):
    path = write(tmp_path, counts)
    columns = "#     Name      Phys. Chn.    Resolution / Unit   Low Cutoff [s]   High Cutoff [Hz]"
    table = f"{title}\nA m p l i f i e r  S e t u p\nChannels\n--------\n{columns}\n{rows}\n"
    path.write_text(f"{path.read_text('utf-8')}\n{table}", "utf-8")
    np.testing.assert_allclose(read_eeg(path).get_data() * 1e6, counts * 0.1, atol=1e-9)
    assert not caplog.records


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
