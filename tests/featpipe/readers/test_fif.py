"""FIF: the walk over tags, and recordings in parts."""

import gzip
import struct
from datetime import UTC, datetime
from pathlib import Path

import mne
import numpy as np
import pytest
from lookalikes.peak_of_scan import LIMIT, peak_of_scan

from featpipe.eeg.marks import read_marks
from featpipe.eeg.samples import microvolt
from featpipe.eeg.settings import EegSettings
from featpipe.errors import ReadError
from featpipe.features.eeg_table import eeg_table
from featpipe.features.table import FeatureSettings
from featpipe.readers import fif, fif_tags
from featpipe.readers.through_mne import samples_through_mne
from featpipe.reading import read_eeg, source_files
from featpipe.recording import Source, Trial


@pytest.fixture
def volts() -> np.ndarray:
    return np.random.default_rng(3).standard_normal((5, 30_000)) * 1e-5


def write(folder: Path, volts: np.ndarray, **options: str) -> Path:
    path = folder / "s1_raw.fif"
    info = mne.create_info(["Fp1", "Oz", "C3", "C4", "STI 014"], 1000.0, ["eeg"] * 4 + ["stim"])
    volts = volts.copy()
    volts[4] = 0
    volts[4, 1000:1010] = 7
    volts[4, 2000:2010] = 9
    raw = mne.io.RawArray(volts, info, verbose="ERROR")
    raw.set_annotations(mne.Annotations([0.5], [0.0], ["go"]))
    raw.save(path, verbose="ERROR", fmt="double", **options)
    return path


def test_data_annotations_and_stim_codes_come_back(tmp_path, volts):
    path = write(tmp_path, volts)
    assert fif.check(path) == ("ok", "")
    raw = read_eeg(path)
    np.testing.assert_allclose(raw.get_data(picks="eeg"), volts[:4], rtol=1e-12)
    found = dict(zip(raw.annotations.description, raw.annotations.onset, strict=True))
    assert found == pytest.approx({"go": 0.5, "7": 1.0, "9": 2.0})


def test_a_cut_file_is_truncated(tmp_path, volts):
    path = write(tmp_path, volts)
    path.write_bytes(path.read_bytes()[:-5000])
    status, reason = fif.check(path)
    assert status == "truncated"
    assert "copy it again" in reason
    with pytest.raises(ReadError, match="truncated"):
        read_eeg(path)


def test_all_parts_are_sources_and_all_are_needed(tmp_path, volts):
    path = write(tmp_path, np.tile(volts, 3), split_size="2MB")
    parts = source_files(path)
    assert [part.name for part in parts[:2]] == ["s1_raw.fif", "s1_raw-1.fif"]
    assert len(parts) == len(list(tmp_path.iterdir()))
    assert read_eeg(path).n_times == 90_000
    whole = parts[1].read_bytes()
    parts[1].write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ReadError, match="truncated: part s1_raw-1"):
        read_eeg(path)
    parts[1].unlink()
    with pytest.raises(ReadError, match=r"part s1_raw-1\.fif is not there"):
        source_files(path)


def test_a_file_without_raw_data_is_refused(tmp_path):
    path = tmp_path / "s1-ave.fif"
    info = mne.create_info(["Fp1", "Oz"], 100.0, "eeg")
    mne.write_evokeds(path, mne.EvokedArray(np.zeros((2, 50)), info), verbose="ERROR")
    with pytest.raises(ReadError, match="no continuous recording"):
        read_eeg(path)


def test_a_compressed_file_is_read(tmp_path, volts):
    path = write(tmp_path, volts[:, :2000])
    packed = tmp_path / "s2_raw.fif.gz"
    mne.io.read_raw_fif(path, verbose="ERROR").save(packed, verbose="ERROR")
    assert read_eeg(packed).n_times == 2000


@pytest.mark.parametrize("meas_date", [None, datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)])
def test_marks_of_a_cropped_recording_count_from_its_first_sample(tmp_path, meas_date):
    codes = np.zeros(6000)
    codes[3500:3510] = 7
    info = mne.create_info(["Fp1", "STI 014"], 100.0, ["eeg", "stim"])
    noise = np.random.default_rng(8).standard_normal(6000) * 1e-5
    raw = mne.io.RawArray(np.stack([noise, codes]), info, verbose="ERROR")
    raw.set_meas_date(meas_date)
    raw.set_annotations(mne.Annotations([25.0, 30.0], [0.0, 2.5], ["go", "BAD_move"]))
    path = tmp_path / "s1_raw.fif"
    raw.crop(20.0).save(path, verbose="ERROR")
    found = read_eeg(path)
    assert found.first_time == 20.0
    marks = read_marks(found)
    assert marks["text"].tolist() == ["go", "BAD_move", "7"]
    np.testing.assert_allclose(marks["time"], [5.0, 10.0, 15.0], atol=1e-9)
    assert marks["duration"].tolist() == [0.0, 2.5, 0.0]


@pytest.mark.parametrize("first_samp", [0, 300])
def test_skipped_samples_are_lost_and_no_signal_to_a_high_pass(tmp_path, first_samp):
    """They lay at 0 among electrodes at 5 mV, and the high-pass carried that seconds away."""
    x = 1e-5 * np.random.default_rng(5).standard_normal((2, 12_000)) + 5e-3
    info = mne.create_info(["Fp1", "Oz"], 200.0, "eeg")
    whole = mne.io.RawArray(x, info, first_samp, verbose="ERROR")
    skip = mne.Annotations([20.0], [10.0], ["BAD_ACQ_SKIP"])
    whole.copy().set_annotations(skip).save(
        tmp_path / "s1_raw.fif", verbose="ERROR", fmt="double", buffer_size_sec=1.0
    )
    raw = read_eeg(tmp_path / "s1_raw.fif")
    assert (raw.get_data(start=4000, stop=6000) == 0).all()
    lost = np.isnan(microvolt(samples_through_mne(raw, ["Oz"]), 0, 12_000)[0])
    assert np.flatnonzero(lost).tolist() == list(range(4000, 6000))
    source = Source("lab", "A", "1", None, None, None, (Trial(1, 5.0, 55.0, 0),), ("calm",))
    found, expected = (
        eeg_table(r, source, ["de"], EegSettings(l_freq=0.5), FeatureSettings())
        for r in (raw, whole)
    )
    far = np.r_[0:14, 26:50]  # a second and more from the gap
    np.testing.assert_allclose(found.values["de"][far], expected.values["de"][far], atol=0.2)
    assert np.isnan(found.values["de"][15:25]).all()
    assert found.keys["good"].tolist()[15:25] == [0.0] * 10


def tag(kind: int, content: bytes, following: int = 0, n_bytes: int | None = None) -> bytes:
    n_bytes = len(content) if n_bytes is None else n_bytes
    return struct.pack(">iIii", kind, 10, n_bytes, following) + content


def packed(path: Path, *contents: bytes, n_blank: int = 0) -> Path:
    """Compress parts, and so many megabytes of blanks between them."""
    whole = path.with_name("b_raw.fif.gz")
    with gzip.open(whole, "wb", compresslevel=9) as file:
        for i, content in enumerate(contents):
            for _ in range(n_blank if i else 0):
                file.write(b" " * (1 << 20))
            file.write(content)
    return whole


def test_a_compressed_file_is_read_and_known(tmp_path, volts):
    plain = write(tmp_path, volts)
    path = packed(plain, plain.read_bytes())
    assert fif.check(path) == ("ok", "")
    np.testing.assert_array_equal(read_eeg(path).get_data(), read_eeg(plain).get_data())
    assert fif_tags.walk(path) == fif_tags.walk(plain)
    path.write_bytes(path.read_bytes()[:-5000])
    assert fif.check(path).status == "truncated"


def head_and_rest(plain: Path) -> tuple[bytes, bytes]:
    """Cut a file behind the beginning of its head, and take its directory away."""
    content = bytearray(plain.read_bytes())
    content[36 + 16 : 36 + 20] = struct.pack(">i", -1)
    at = content.index(struct.pack(">iIii", 104, 3, 4, 0) + struct.pack(">i", 101)) + 20
    return bytes(content[:at]), bytes(content[at:])


@pytest.mark.parametrize("is_packed", [True, False], ids=["packed", "stored"])
def test_a_text_of_a_gigabyte_is_refused_before_it_is_read(tmp_path, volts, is_packed):
    head, rest = head_and_rest(write(tmp_path, volts[:, :3000]))
    head += tag(206, b"", 0, 1 << 30)
    path = tmp_path / "s1_raw.fif"
    if is_packed:
        path = packed(path, head, rest, n_blank=1 << 10)
    else:
        with path.open("wb") as file:
            file.write(head)
            file.seek(1 << 30, 1)
            file.write(rest)
    assert "kind 206 has 1073741824 bytes, over 67108864" in fif.check(path).reason
    assert peak_of_scan(path) < LIMIT


def test_a_tag_that_only_the_directory_knows_is_refused(tmp_path, volts):
    plain = write(tmp_path, volts[:, :3000])
    content = bytearray(plain.read_bytes())
    content[52:56] = struct.pack(">i", len(content))
    known, hidden = ((206, 10, 4, at) for at in (36, content.index(b"go") - 15))
    for entries, told in (((known,), ""), ((known, hidden), "where none begins")):
        rows = b"".join(struct.pack(">iIii", *entry) for entry in entries)
        path = packed(plain, bytes(content) + tag(102, rows, -1))
        assert told in fif.check(path).reason
        assert bool(told) == bool(fif.check(path).reason)


def test_more_than_a_recording_holds_is_refused_in_little_memory(tmp_path, volts, monkeypatch):
    monkeypatch.setattr(fif_tags, "_ANY_INFLATED", 1 << 24)
    head, rest = head_and_rest(write(tmp_path, volts[:, :3000]))
    path = packed(tmp_path / "a", head + tag(300, b"", 0, 100 << 20), rest, n_blank=100)
    assert "it inflates to over 200 times its size" in fif.check(path).reason


def test_a_part_of_another_folder_is_no_part(tmp_path, volts):
    head, rest = head_and_rest(write(tmp_path, volts[:, :3000]))
    name = tag(115, struct.pack(">i", 2)) + tag(118, b"../far_raw.fif")
    path = tmp_path / "s1_raw.fif"
    path.write_bytes(head + name + rest)
    with pytest.raises(ReadError, match=r"called '\.\./far_raw\.fif', which is no name of a file"):
        source_files(path)


def test_a_part_that_has_only_a_number_is_a_source(tmp_path, volts):
    head, rest = head_and_rest(write(tmp_path, volts[:, :3000]))
    path = tmp_path / "s1_raw.fif"
    whole = path.read_bytes()
    number = tag(115, struct.pack(">i", 2)) + tag(117, struct.pack(">i", 1))
    path.write_bytes(head + number + rest)
    (tmp_path / "s1_raw-1.fif").write_bytes(whole)
    assert [part.name for part in source_files(path)] == ["s1_raw.fif", "s1_raw-1.fif"]
