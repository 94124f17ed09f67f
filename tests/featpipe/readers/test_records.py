"""Records of a file: what is read, and what is said when the file is no longer what it was."""

from pathlib import Path

import mne
import numpy as np
import pytest
from naive_exports import cnt_bytes, edf_bytes

from featpipe.errors import ReadError
from featpipe.readers.edf_samples import Records24
from featpipe.readers.records import Records
from featpipe.readers.through_mne import samples_through_mne
from featpipe.reading import read_eeg, read_samples


@pytest.mark.parametrize("form", ["<i2", "<i4", "<f4", ">i4"])
@pytest.mark.parametrize("data_start", [0, 5850, 777])
def test_records_are_aligned_and_native_wherever_they_begin(tmp_path, form, data_start):
    numbers = np.random.default_rng(0).integers(-999, 999, (50, 7))
    path = tmp_path / "s1.bin"
    path.write_bytes(bytes(data_start) + numbers.astype(form).tobytes())
    records = Records(path, data_start, 50, 7, form)
    for start, stop in ((0, 50), (13, 14), (49, 50), (20, 20)):
        found = records.read(start, stop)
        np.testing.assert_array_equal(found, numbers[start:stop])
        assert found.dtype == np.dtype(form).newbyteorder("=")
        assert found.flags.aligned
        assert found.flags.c_contiguous
        assert found.flags.writeable


@pytest.mark.parametrize("span", [(-1, 2), (3, 2), (0, 51), (51, 51)])
@pytest.mark.parametrize("kind", [Records, Records24])
def test_records_that_do_not_exist_are_refused(tmp_path, span, kind):
    records = kind(tmp_path / "s1.bin", 256, 50, 7, *["<i2"] * (kind is Records))
    with pytest.raises(IndexError, match=r"records .* of 50; ask for some that exist"):
        records.read(*span)


def write(folder: Path, kind: str) -> tuple[Path, Path]:
    """A recording, and the file that holds its data."""
    counts = np.random.default_rng(1).integers(-999, 999, (3, 6000))
    path = folder / f"s1.{kind}"
    if kind == "cnt":
        path.write_bytes(cnt_bytes(counts * 1000, events=[(5, 1)]))
    elif kind == "edf":
        path.write_bytes(edf_bytes(counts))
    elif kind == "bdf":
        content = edf_bytes(counts)
        words = np.frombuffer(content[1024:], "<i2").astype("<i4")[:, None].view(np.uint8)
        path.write_bytes(b"\xffBIOSEMI" + content[8:1024] + words[:, :3].tobytes())
    elif kind == "vhdr":
        head = "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\n"
        head += "DataFile=s1.eeg\nDataFormat=BINARY\nDataOrientation=MULTIPLEXED\n"
        head += "NumberOfChannels=3\nSamplingInterval=1000\n[Binary Infos]\nBinaryFormat=INT_16\n"
        path.write_text(head + "[Channel Infos]\nCh1=Fp1,,0.1\nCh2=Oz,,0.1\nCh3=Cz,,0.1\n")
        (folder / "s1.eeg").write_bytes(counts.T.astype("<i2").tobytes())
        return path, folder / "s1.eeg"
    else:
        info = mne.create_info(["Fp1", "Oz", "Cz"], 500.0, "eeg")
        raw = mne.io.RawArray(counts * 1e-8, info, verbose="ERROR")
        path = folder / "s1_raw.fif"
        raw.save(path, buffer_size_sec=1.0, verbose="ERROR")
    return path, path


@pytest.mark.parametrize("kind", ["cnt", "edf", "bdf", "vhdr"])
def test_a_file_that_became_shorter_is_a_read_error(tmp_path, kind):
    path, data = write(tmp_path, kind)
    raw = read_eeg(path)
    stored = read_samples(path, raw, raw.ch_names)
    assert stored is not None
    n_records = raw.n_times // stored.n_per_record
    before = stored.read(0, n_records)
    data.write_bytes(data.read_bytes()[:-9000])
    with pytest.raises(ReadError, match=rf"{data.name}: it became shorter while it was read; copy"):
        stored.read(n_records - 1, n_records)
    np.testing.assert_array_equal(stored.read(0, n_records // 2), before[: n_records // 2])
    data.unlink()
    with pytest.raises(ReadError, match=rf"{data.name}: it was opened before and cannot be read"):
        stored.read(0, 1)


@pytest.mark.parametrize("kind", ["edf", "bdf", "vhdr", "fif"])
def test_a_file_that_became_shorter_is_a_read_error_through_mne_too(tmp_path, kind):
    path, data = write(tmp_path, kind)
    raw = read_eeg(path)
    found = samples_through_mne(raw, raw.ch_names)
    n_records = -(-raw.n_times // found.n_per_record)
    data.write_bytes(data.read_bytes()[:-9000])
    with pytest.raises(ReadError, match=rf"{data.name}: MNE cannot read samples .*, copy it again"):
        found.read(n_records - 1, n_records)


@pytest.mark.parametrize("kind", ["fif", "edf", "cnt"])
@pytest.mark.parametrize("is_projected", [False, True])
def test_through_mne_numbers_are_bit_equal_whatever_is_read_at_once(tmp_path, kind, is_projected):
    path, _ = write(tmp_path, kind)
    raw = read_eeg(path)
    if is_projected:
        raw.set_eeg_reference(projection=True, verbose="ERROR").apply_proj(verbose="ERROR")
    found = samples_through_mne(raw, raw.ch_names[::-1])
    n_records = -(-raw.n_times // found.n_per_record)
    assert (found.n_per_record, n_records) == (256, 24)
    whole = found.read(0, n_records)
    for step in (1, 5, 7):
        pieces = [found.read(i, min(i + step, n_records)) for i in range(0, n_records, step)]
        np.testing.assert_array_equal(np.concatenate(pieces), whole)
    rows = whole.reshape(n_records, 3, 256).swapaxes(0, 1).reshape(3, -1)
    np.testing.assert_allclose(rows[:, :6000], raw.get_data()[::-1], rtol=1e-9, atol=1e-15)
    np.testing.assert_array_equal(rows[:, 6000:], np.repeat(rows[:, 5999:6000], 144, axis=1))
    with pytest.raises(IndexError, match="ask for some that exist"):
        found.read(0, n_records + 1)


def test_a_recording_shorter_than_a_record_is_one_record(tmp_path):
    path = tmp_path / "s1.edf"
    path.write_bytes(edf_bytes(np.arange(200).reshape(2, 100)))
    found = samples_through_mne(read_eeg(path), ["EEG C1"])
    assert found.n_per_record == 100
    assert found.read(0, 1).shape == (1, 100)
    np.testing.assert_allclose(
        found.read(0, 1)[0] * found.scale, np.arange(100, 200) * 0.1, rtol=1e-6, atol=1e-6
    )
