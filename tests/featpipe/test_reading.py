"""Every real file reads or says why not; no damage leads to anything but a ReadError."""

import shutil
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import mne
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lookalikes.small_files import CSV, EEG, EYE, small_files
from naive_exports import cnt_bytes, edf_bytes, smi_samples_text

from featpipe.errors import ReadError
from featpipe.reading import READERS, check, read_eeg, read_eye, sniff, source_files

COMPANIONS = {".eeg", ".vmrk", ".amrk", ".dat", ".fdt", ".evt", ".event", ".locs", ".bvct", ".xdf"}
UNUSABLE = {
    "S001R01_crlf_damaged.edf": "every LF in the binary data follows a CR",
    "test_raw_h5.set": "its data are in test_raw.fdt, which is not beside it",
    "test_reduced.edf": r"its EEG signals have several sampling rates.*: A1 1 Hz; A2 2 Hz; A3 4 Hz",
}
SUSPICIOUS = {
    "eeglab_test.bdf": "was not closed",
    "eeglab_test.cnt": "sample after sample",
    "scan41_short.cnt": "NumSamples says 0",
    "Analyzer_nV_Export.vhdr": "DataPoints in the header is 64, Analyzer_nV_Export.eeg holds 2",
}
SHAPES = {
    "S001R03.edf": (64, 20000, 160),
    "eeglab_test.cnt": (2, 25605, 200),
    "scan41_short.cnt": (128, 3070, 400),
    "test_CA_208.cnt": (88, 4025, 1000),
    "Andy_101-raw.cnt": (128, 2464, 2000),
    "test_CA_208.vhdr": (88, 4025, 1000),
    "Andy_101-raw.vhdr": (128, 2464, 2000),
    "eeglab_data.set": (32, 30504, 128),
    "test_raw_chanloc.set": (61, 385, 128),
    "test_raw_event_duration.set": (1, 513, 128),
    "bv_dig_test.vhdr": (67, 5000, 5000),
    "Analyzer_nV_Export.vhdr": (32, 2, 500),
    "test_VAmp.ahdr": (6, 4352, 500),
    "testbva.vhdr": (32, 2112, 200),
    "eeglab_test.edf": (16, 15360, 256),
    "eeglab_test.bdf": (17, 15360, 256),
    "chtypes_edf.edf": (42, 1000, 200),
    "test_utf8_annotations.edf": (11, 2000, 200),
    "subsecond_starttime.edf": (3, 2560, 512),
    "test_bdf_stim_channel.bdf": (4, 5000, 500),
    "MB0400FU.EDF": (25, 5800, 200),
}
N_TRIGGERS = {"S001R03.edf": 30, "eeglab_data.set": 154, "testbva.vhdr": 16, "eeglab_test.cnt": 24}


@pytest.mark.samples
def test_every_eeg_sample_reads_or_says_why_not(samples):
    seen = set()
    for path in sorted(file for file in (samples / "eeg").rglob("*") if file.is_file()):
        if path.suffix in COMPANIONS:
            with pytest.raises(ReadError, match="no known recording"):
                read_eeg(path)
        elif path.name in UNUSABLE:
            with pytest.raises(ReadError, match=f"{path.name}: .*{UNUSABLE[path.name]}"):
                read_eeg(path)
        else:
            seen.add(path.name)
            expect_data(path)
    assert seen == SHAPES.keys()


def expect_data(path: Path) -> None:
    status, reason = check(path)
    assert status == ("suspicious" if path.name in SUSPICIOUS else "ok")
    assert SUSPICIOUS.get(path.name, "") in reason
    raw = read_eeg(path)
    n_channels, n_times, sfreq = SHAPES[path.name]
    assert (len(raw.ch_names), raw.n_times, raw.info["sfreq"]) == (n_channels, n_times, sfreq)
    n_second = min(n_times, sfreq)
    for start in (0, n_times - n_second):
        data = raw.get_data(start=start, stop=start + n_second)
        assert data.shape == (n_channels, n_second)
        assert np.isfinite(data).all()
        assert np.any(data) or path.name == "test_VAmp.ahdr"  # nearly all zero
    assert len(raw.annotations) == N_TRIGGERS.get(path.name, len(raw.annotations))
    files = source_files(path)
    assert files[0] == path
    assert all(file.is_file() for file in files)


@pytest.mark.samples
def test_every_eye_sample_reads_or_says_why_not(samples):
    for folder in ("smi_hbn", "smi_emdat", "smi_pymovements", "eyelink", "tobii_emdat"):
        for path in sorted((samples / "eye" / folder).iterdir()):
            if path.suffix == ".seg":
                assert sniff(path) is None
                continue
            if path.name.startswith("MSNV"):
                with pytest.raises(ReadError, match="nothing tells when a sample was taken"):
                    read_eye(path)
                continue
            eye = read_eye(path)
            assert len(eye.samples) + len(eye.events) > 0
            assert eye.format in (sniff(path), "smi")
            assert eye.samples["time"].is_monotonic_increasing
            assert eye.events["onset"].is_monotonic_increasing


@pytest.mark.samples
@pytest.mark.parametrize("word", ["Samples", "Events"])
def test_naming_either_file_of_a_pair_reads_both(samples, word):
    path = samples / f"eye/smi_hbn/NDARAA075AMK_Video1_{word}.txt"
    eye = read_eye(path)
    assert eye.format == "smi"
    assert (len(eye.samples), len(eye.messages)) == (7343, 3)
    assert eye.events.groupby("kind").size().to_dict() == {
        "blink": 16,
        "fixation": 1069,
        "saccade": 997,  # and 65 with a lost sample
    }
    assert eye.messages["time"][0] == 2886.122672
    assert {file.name for file in source_files(path)} == {
        "NDARAA075AMK_Video1_Samples.txt",
        "NDARAA075AMK_Video1_Events.txt",
    }
    assert source_files(path)[0] == path


@pytest.mark.samples
def test_a_pair_is_found_without_regard_to_case_and_each_file_alone_is_read(samples, tmp_path):
    source = samples / "eye/smi_hbn"
    first, second = tmp_path / "s1_SAMPLES.txt", tmp_path / "S1_events.TXT"
    shutil.copy(source / "NDARAA075AMK_Video1_Samples.txt", first)
    assert read_eye(first).format == "smi_samples"
    shutil.copy(source / "NDARAA075AMK_Video1_Events.txt", second)
    assert source_files(first) == (first, second)
    assert len(read_eye(second).samples) == 7343
    second.write_bytes(b"")
    with pytest.raises(ReadError, match=r"S1_events\.TXT: it is empty"):
        read_eye(first)


@pytest.mark.samples
def test_no_warning_of_mne_escapes(samples, capfd):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read_eeg(samples / "eeg/eeglab/test_raw_chanloc.set")
        read_eeg(samples / "eeg/brainvision/testbva.vhdr")
    assert caught == []
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("scale", "is_odd"), [(1e-5, False), (10.0, True), (1e-11, True), (0, False)]
)
def test_an_amplitude_that_no_eeg_has_is_logged(tmp_path, caplog, scale, is_odd):
    data = np.random.default_rng(0).standard_normal((3, 500)) * scale
    data[2] = np.sin(np.arange(500)) * 0.5  # an external input does not count
    info = mne.create_info(["Fp1", "Oz", "EXG1"], 100.0, "eeg")
    mne.io.RawArray(data, info, verbose="ERROR").save(tmp_path / "a_raw.fif", verbose="ERROR")
    read_eeg(tmp_path / "a_raw.fif")
    assert ("0.01 to 10000 microvolt is expected" in caplog.text) is is_odd


@pytest.mark.parametrize("read", [read_eeg, read_eye])
def test_what_is_no_file_is_named(tmp_path, read):
    with pytest.raises(ReadError, match=r"s9\.cnt: there is no such file"):
        read(tmp_path / "s9.cnt")
    with pytest.raises(ReadError, match="it is a folder"):
        read(tmp_path)


@pytest.mark.parametrize(
    "suffix", [".cnt", ".edf", ".bdf", ".vhdr", ".fif", ".set", ".txt", ".asc"]
)
def test_an_empty_file_is_named(tmp_path, suffix):
    path = tmp_path / f"s1{suffix}"
    path.touch()
    for read in (read_eye,) if suffix in (".txt", ".asc") else (read_eeg,):
        with pytest.raises(ReadError, match=rf"s1\{suffix}: .*is empty"):
            read(path)


@pytest.mark.parametrize("suffix", [".cnt", ".edf", ".bdf", ".vhdr", ".fif", ".set"])
def test_text_in_place_of_a_recording_is_named(tmp_path, suffix):
    path = tmp_path / f"s1{suffix}"
    path.write_text("<html>404 Not Found</html>\n" * 100, "utf-8")
    with pytest.raises(ReadError, match=rf"s1\{suffix}: corrupt: .*(begins with|first line)"):
        read_eeg(path)


def test_eyes_and_brains_are_not_mixed_up(tmp_path):
    eye, brain = tmp_path / "eye.txt", tmp_path / "brain.cnt"
    eye.write_text(
        smi_samples_text(["1\tSMP\t1\t5\t6"], "Time,Type,Trial,L POR X [px],L POR Y [px]")
    )
    brain.write_bytes(cnt_bytes(np.ones((2, 50), int)))
    with pytest.raises(ReadError, match="it is an eye recording"):
        read_eeg(eye)
    with pytest.raises(ReadError, match="it is an eeg recording"):
        read_eye(brain)


@pytest.mark.parametrize("suffix", [".cnt", ".edf", ".dat", ""])
def test_the_content_decides_before_the_suffix(tmp_path, suffix):
    counts = np.random.default_rng(0).integers(-99, 99, (2, 300))
    path = tmp_path / f"s1{suffix}"
    path.write_bytes(edf_bytes(counts))
    assert sniff(path) == "edf"
    path.write_bytes(cnt_bytes(counts))
    assert sniff(path) == "neuroscan_cnt"


def test_the_table_of_readers_describes_itself():
    for name, reader in READERS.items():
        assert reader.name == name
        assert reader.modality in ("eeg", "eye")
        assert reader.describes
        assert all(suffix.startswith(".") for suffix in reader.suffixes)


damage = st.tuples(
    st.sampled_from(["edit", "edit", "cut", "drop", "repeat"]),
    st.lists(st.tuples(st.floats(0, 0.9999), st.integers(0, 255)), min_size=1, max_size=4),
)


def damaged(content: bytes, how: str, places: list[tuple[float, int]]) -> bytes:
    changed = bytearray(content)
    for share, value in places:
        at = int(share * len(changed))
        if how == "edit":
            changed[at : at + 1] = bytes([value])
        elif how == "cut":
            return bytes(changed[:at])
        elif how == "drop":
            del changed[at : at + value]
        else:
            changed[at:at] = changed[at : at + value]
    return bytes(changed)


@pytest.mark.parametrize("name", [*EEG, *EYE])
@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(damage=damage)
def test_damage_of_any_kind_is_a_read_error_or_harmless(tmp_path, name, damage):
    path = tmp_path / name
    content = small_files(tmp_path)[name]
    (tmp_path / "b.eeg").write_bytes(bytes(800))
    read = read_eeg if name in EEG else read_eye
    if name == "lab.csv":
        read = partial(read_eye, csv=CSV)
    path.write_bytes(content)
    assert read(path) is not None
    path.write_bytes(damaged(content, *damage))
    assert name in outcome(read, path)


def outcome(read: Callable[[Path], object], path: Path) -> str:
    """What the error says, or the name of the file that was read."""
    try:
        read(path)
    except ReadError as error:
        return str(error)
    return path.name
