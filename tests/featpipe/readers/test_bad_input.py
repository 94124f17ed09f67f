"""Files that cannot be used: the error names the file, the value, what is expected, what to do."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from naive_exports import cnt_bytes, edf_bytes

from featpipe.errors import ReadError
from featpipe.reading import check, read_eeg

COUNTS = np.random.default_rng(4).integers(-2000, 2000, (3, 600))
NEXT_STEP = re.compile(r"copy|export|repair|give|correct|compare|fetch")
BRAINVISION = """Brain Vision Data Exchange Header File Version 1.0
[Common Infos]
DataFile=$b.eeg
DataFormat=BINARY
DataOrientation=MULTIPLEXED
NumberOfChannels=3
DataPoints=600
SamplingInterval=1000
[Binary Infos]
BinaryFormat=INT_16
[Channel Infos]
Ch1=Fp1,,0.1,µV
Ch2=Oz,,0.1,µV
Ch3=Cz,,0.1,µV
[Comment]
NumberOfChannels=99, as the amplifier says
"""


def good(kind: str) -> bytes:
    """The file that is named: a recording of 3 channels and 600 samples."""
    if kind == "cnt":
        return cnt_bytes(COUNTS * 1000, events=[(5, 1), (90, 2), (91, 2), (300, 4)])
    if kind == "vhdr":
        return BRAINVISION.encode()
    edf = edf_bytes(COUNTS)
    if kind == "edf":
        return edf
    words = np.frombuffer(edf[1024:], "<i2").astype("<i4")[:, None].view(np.uint8)
    return b"\xffBIOSEMI" + edf[8:1024] + words[:, :3].tobytes()


def write(folder: Path, kind: str, content: bytes) -> Path:
    path = folder / f"s1.{kind}"
    path.write_bytes(content)
    if kind == "vhdr":
        path.with_suffix(".eeg").write_bytes(COUNTS.T.astype("<i2").tobytes())
    return path


def put(kind: str, at: int, field: bytes) -> Callable[[], bytes]:
    def changed() -> bytes:
        content = good(kind)
        return content[:at] + field + content[at + len(field) :]

    return changed


def cut(kind: str, n_bytes: int) -> Callable[[], bytes]:
    return lambda: good(kind)[:n_bytes]


def edited(old: str, new: str) -> Callable[[], bytes]:
    return lambda: BRAINVISION.replace(old, new, 1).encode()


def no_signals(kind: str) -> Callable[[], bytes]:
    return lambda: (
        put(kind, 252, b"0   ")()[:184] + b"256     " + put(kind, 252, b"0   ")()[192:256]
    )


def refuse(path: Path, status: str, *said: str) -> None:
    found, reason = check(path)
    assert found == status
    with pytest.raises(ReadError) as error:
        read_eeg(path)
    message = str(error.value)
    assert message == f"{path}: {status}: {reason}"
    assert all(words in message for words in said), message
    assert NEXT_STEP.search(message), message


@pytest.mark.parametrize("kind", ["cnt", "edf", "bdf", "vhdr"])
def test_the_good_files_are_good(tmp_path, kind):
    path = write(tmp_path, kind, good(kind))
    assert check(path) == ("ok", "")
    raw = read_eeg(path)
    assert (len(raw.ch_names), raw.n_times) == (3, 600)


@pytest.mark.parametrize(
    ("kind", "content", "status", "said"),
    [
        ("cnt", cut("cnt", 600), "corrupt", ["600 bytes", "alone has 900"]),
        ("cnt", cut("cnt", 1000), "corrupt", ["3 channels", "after 100 of the 225 bytes"]),
        ("cnt", cut("cnt", 3000), "truncated", ["EventTablePos is 8325", "ends at byte 3000"]),
        ("cnt", cut("cnt", 8340), "corrupt", ["no event table at byte 8325"]),
        ("edf", cut("edf", 100), "corrupt", ["after 100 of 256 header bytes"]),
        ("edf", cut("edf", 700), "corrupt", ["ends inside the header of 1024 bytes"]),
        ("edf", cut("edf", 1024), "truncated", ["6 records of 600 bytes", "0.00 are there"]),
        ("edf", cut("edf", 3000), "truncated", ["6 records of 600 bytes", "3.29 are there"]),
        ("bdf", cut("bdf", 700), "corrupt", ["ends inside the header of 1024 bytes"]),
        ("bdf", cut("bdf", 3000), "truncated", ["6 records of 900 bytes", "2.20 are there"]),
        ("vhdr", cut("vhdr", 60), "corrupt", ["lacks datafile"]),
        ("vhdr", cut("vhdr", 230), "corrupt", ["NumberOfChannels", "is 3", "lists 0 channels"]),
    ],
)
def test_a_truncated_file_is_refused(tmp_path, kind, content, status, said):
    refuse(write(tmp_path, kind, content()), status, *said)


@pytest.mark.parametrize("n_bytes", [0, 1, 3599])
def test_truncated_brainvision_data_are_refused(tmp_path, n_bytes):
    path = write(tmp_path, "vhdr", good("vhdr"))
    path.with_suffix(".eeg").write_bytes(bytes(n_bytes))
    refuse(path, "truncated", f"s1.eeg has {n_bytes} bytes", "3 channels of 2 bytes")


def test_brainvision_data_cut_between_two_samples_are_read_and_reported(tmp_path, caplog):
    path = write(tmp_path, "vhdr", good("vhdr"))
    path.with_suffix(".eeg").write_bytes(bytes(3000))
    status, reason = check(path)
    assert status == "suspicious"
    assert "DataPoints in the header is 600, s1.eeg holds 500 samples" in reason
    assert NEXT_STEP.search(reason)
    assert read_eeg(path).n_times == 500
    assert reason in caplog.text


def test_brainvision_data_cut_channel_after_channel_are_refused(tmp_path):
    path = write(tmp_path, "vhdr", edited("MULTIPLEXED", "VECTORIZED")())
    assert read_eeg(path).n_times == 600
    path.with_suffix(".eeg").write_bytes(bytes(3000))
    refuse(path, "truncated", "DataPoints in the header is 600", "500 samples of each channel")


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("cnt", put("cnt", 370, b"\0\0"), ["0 channels at 1000 Hz", "one or more are expected"]),
        ("cnt", put("cnt", 376, b"\0\0"), ["3 channels at 0 Hz", "one or more are expected"]),
        ("edf", no_signals("edf"), ["declares 0 signals", "one or more are expected"]),
        ("bdf", no_signals("bdf"), ["declares 0 signals", "one or more are expected"]),
        ("vhdr", edited("Channels=3", "Channels=0"), ["NumberOfChannels", "is 0", "one or more"]),
        ("vhdr", edited("Channels=3", "Channels=-1"), ["NumberOfChannels", "is -1"]),
    ],
)
def test_zero_channels_are_refused(tmp_path, kind, content, said):
    refuse(write(tmp_path, kind, content()), "corrupt", *said)


def test_annotations_alone_are_no_recording(tmp_path):
    content = edf_bytes(np.zeros((0, 600), int), annotations=[(1.5, "go")])
    refuse(write(tmp_path, "edf", content), "corrupt", "annotations and no signals")


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("cnt", put("cnt", 370, b"\4\0"), ["7125 bytes of data", "samples of 4 channels"]),
        ("cnt", put("cnt", 370, b"\xff\xff"), ["declares 65535 channels", "of the 4915125 bytes"]),
        ("edf", put("edf", 184, b"512     "), ["3 signals and 512 header bytes"]),
        ("bdf", put("bdf", 252, b"9   "), ["9 signals and 1024 header bytes"]),
        ("edf", put("edf", 244, b"0       "), ["records of 0 seconds", "rate is unknown"]),
        ("edf", put("edf", 244, b"nan     "), ["records of nan seconds"]),
        ("bdf", put("bdf", 244, b"one     "), ["length of a record", "b'one     '", "seconds"]),
        ("edf", put("edf", 904, b"-1      "), ["records of -1 samples", "one or more"]),
        ("edf", put("edf", 904, b"0       " * 3), ["records of 0 samples", "one or more"]),
        ("edf", put("edf", 904, b"1OO     "), ["samples per record", "b'1OO     '"]),
        ("vhdr", edited("Channels=3", "Channels=2"), ["is 2", "lists 3 channels"]),
        ("vhdr", edited("Channels=3", "Channels=4"), ["is 4", "lists 3 channels"]),
        ("vhdr", edited("Channels=3", "Channels=x"), ["NumberOfChannels", "'x'", "whole number"]),
        ("vhdr", edited("Points=600", "Points=6OO"), ["DataPoints", "'6OO'", "whole number"]),
        ("vhdr", edited("val=1000", "val=0"), ["SamplingInterval", "'0'", "microseconds"]),
        ("vhdr", edited("val=1000", "val=1 ms"), ["SamplingInterval", "'1 ms'", "microseconds"]),
        ("vhdr", edited("INT_16", "UINT_16"), ["UINT_16 is none of INT_16, INT_32, IEEE"]),
        ("vhdr", edited("=MULTI", "=DUPLI"), ["DUPLIPLEXED is none of MULTIPLEXED, VECTOR"]),
    ],
)
def test_a_header_that_contradicts_itself_or_the_file_is_refused(tmp_path, kind, content, said):
    refuse(write(tmp_path, kind, content()), "corrupt", *said)


@pytest.mark.parametrize(("kind", "record_bytes"), [("edf", 600), ("bdf", 900)])
def test_more_records_declared_than_there_are_is_refused(tmp_path, kind, record_bytes):
    path = write(tmp_path, kind, put(kind, 236, b"7       ")())
    refuse(path, "truncated", f"7 records of {record_bytes} bytes are declared, 6.00 are there")


@pytest.mark.parametrize("kind", ["edf", "bdf"])
def test_fewer_records_declared_than_there_are_is_reported(tmp_path, kind, caplog):
    path = write(tmp_path, kind, put(kind, 236, b"5       ")())
    assert check(path).status == "suspicious"
    assert read_eeg(path).n_times == 600
    assert "5 records are declared, 6.00 are there; 6 are read" in caplog.text


SMOOTH = np.cumsum(np.random.default_rng(5).standard_normal((6, 2000)), axis=1)
MARKS = [(0, 3), (1, 1), (777, 2), (1001, 255), (1999, 4)]


def cnt(width: int, **options) -> bytes:
    lsb = 0.0839 if width == 2 else 0.0303658 / 204.8
    counts = np.round(SMOOTH * 5 / lsb).astype(np.int64)
    return cnt_bytes(counts, width=width, lsb_uv=lsb, events=MARKS, **options)


@pytest.mark.parametrize("declared", [None, -732, 0])
@pytest.mark.parametrize("width", [2, 4])
def test_the_width_of_a_cnt_is_decided_by_evidence(tmp_path, width, declared):
    path = write(tmp_path, "cnt", cnt(width, declared=declared))
    raw = read_eeg(path)
    assert raw.n_times == 2000
    lsb = 0.0839 if width == 2 else 0.0303658 / 204.8
    np.testing.assert_allclose(np.asarray(raw.get_data()) * 1e6, SMOOTH * 5, atol=0.51 * lsb)


def test_conflicting_evidence_on_the_width_of_a_cnt_is_refused_with_the_remedy(tmp_path):
    path = write(tmp_path, "cnt", cnt(4, declared=4000))
    refuse(
        path,
        "corrupt",
        "the evidence on the sample width is contradictory",
        "NumSamples: 16-bit",
        "numbers: 32-bit",
        "correct NumSamples (int32 at byte 864) if you know the length",
    )


def test_no_evidence_on_the_width_of_a_cnt_is_refused_with_the_remedy(tmp_path):
    path = write(tmp_path, "cnt", cnt_bytes(np.zeros((2, 400), int), declared=0))
    refuse(path, "corrupt", "nothing tells 16-bit from 32-bit samples", "correct NumSamples")


@pytest.mark.parametrize("declared", [-732, 0, 1999])
def test_a_wrong_number_of_samples_in_a_cnt_is_reported(tmp_path, declared, caplog):
    path = write(tmp_path, "cnt", cnt(4, declared=declared))
    assert check(path).status == "suspicious"
    assert read_eeg(path).n_times == 2000
    assert f"NumSamples says {declared}, the data hold 2000 samples" in caplog.text


def test_brainvision_files_named_after_their_header_are_read(tmp_path):
    path = write(tmp_path, "vhdr", edited("$b.eeg", "$b.eeg\nMarkerFile=$b.vmrk")())
    path.with_suffix(".vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n[Marker Infos]\n"
        "Mk1=Stimulus,S  7,101,1,0\n"
    )
    raw = read_eeg(path)
    np.testing.assert_allclose(np.asarray(raw.get_data()) * 1e6, COUNTS * 0.1, atol=1e-9)
    assert raw.annotations.onset.tolist() == [0.1]
