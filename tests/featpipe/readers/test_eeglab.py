"""EEGLAB: data inside and beside, sizes, epochs."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from featpipe.errors import ReadError
from featpipe.readers import eeglab
from featpipe.reading import read_eeg, source_files


@pytest.fixture
def volts() -> np.ndarray:
    return np.random.default_rng(4).standard_normal((3, 400)) * 10


def write(
    folder: Path,
    data: np.ndarray | str,
    n_times: int = 400,
    n_trials: int = 1,
    event: np.ndarray | None = None,
    chanlocs: np.ndarray | None = None,
) -> Path:
    path = folder / "s1.set"
    labels = np.array([(name,) for name in ("Fp1", "Oz", "C3")], dtype=[("labels", object)])
    fields = {
        "nbchan": 3.0,
        "pnts": float(n_times),
        "trials": float(n_trials),
        "srate": 100.0,
        "xmin": 0.0,
        "xmax": (n_times - 1) / 100,
        "data": data,
        "chanlocs": labels if chanlocs is None else chanlocs,
        "event": [] if event is None else event,
        "epoch": [],
        "ref": "common",
        "icawinv": [],
        "icaweights": [],
        "icasphere": [],
        "comments": "",
        "filename": "s1.set",
        "datfile": data if isinstance(data, str) else "",
    }
    savemat(path, {"EEG": fields}, appendmat=False)
    return path


def test_data_inside_come_back(tmp_path, volts):
    path = write(tmp_path, volts)
    assert eeglab.check(path) == ("ok", "")
    np.testing.assert_allclose(read_eeg(path).get_data() * 1e6, volts, rtol=1e-9)
    assert source_files(path) == (path,)


def test_data_beside_come_back(tmp_path, volts):
    path = write(tmp_path, "s1.fdt")
    (tmp_path / "s1.fdt").write_bytes(volts.T.astype("<f4").tobytes())
    assert eeglab.check(path) == ("ok", "")
    np.testing.assert_allclose(read_eeg(path).get_data() * 1e6, volts, rtol=1e-5)
    assert [file.name for file in source_files(path)] == ["s1.set", "s1.fdt"]


def test_a_file_is_parsed_once_until_it_changes(tmp_path, volts):
    path = write(tmp_path, "s1.fdt")
    (tmp_path / "s1.fdt").write_bytes(volts.T.astype("<f4").tobytes())
    n_parsed = eeglab._parsed.cache_info().misses
    for _ in range(2):
        assert source_files(path) == (path, tmp_path / "s1.fdt")
        read_eeg(path)
    assert eeglab._parsed.cache_info().misses == n_parsed + 1
    write(tmp_path, volts)
    assert source_files(path) == (path,)
    write(tmp_path, "s1.fdt")
    (tmp_path / "s1.fdt").unlink()
    with pytest.raises(ReadError, match="not beside it"):  # what is beside it is looked at anew
        source_files(path)


def test_a_missing_data_file_is_named(tmp_path):
    path = write(tmp_path, "old_name.fdt")
    for function in (read_eeg, source_files):
        with pytest.raises(ReadError, match=r"data are in old_name\.fdt, which is not beside it"):
            function(path)


@pytest.mark.parametrize(("n_bytes", "status"), [(4799, "truncated"), (4804, "corrupt")])
def test_a_data_file_of_another_size_is_refused(tmp_path, n_bytes, status):
    path = write(tmp_path, "s1.fdt")
    (tmp_path / "s1.fdt").write_bytes(bytes(n_bytes))
    assert eeglab.check(path).status == status
    with pytest.raises(ReadError, match=f"{status}: .*4800"):
        read_eeg(path)


def test_a_cut_set_file_is_truncated(tmp_path, volts):
    path = write(tmp_path, volts)
    path.write_bytes(path.read_bytes()[:-500])
    status, reason = eeglab.check(path)
    assert status == "truncated"
    assert "lacks 500 bytes" in reason


def test_epochs_are_refused(tmp_path, volts):
    with pytest.raises(ReadError, match="4 epochs; give the continuous recording"):
        read_eeg(write(tmp_path, volts.reshape(3, 100, 4), n_times=100, n_trials=4))


def test_boundaries_are_logged(tmp_path, volts, caplog):
    rows = np.array(
        [("boundary", 201.0, 50.0), ("go", 301.0, 0.0)],
        dtype=[("type", object), ("latency", object), ("duration", object)],
    )
    raw = read_eeg(write(tmp_path, volts, event=rows))
    assert raw.annotations.description.tolist() == ["boundary", "go"]
    assert caplog.text.count("s1.set") == 1
    assert "s1.set: the recording was interrupted at 2.000 s" in caplog.text


def test_the_place_of_an_eog_channel_is_no_matter_for_a_warning(tmp_path, volts, caplog):
    rows = [("Fp1", "EEG", 80.0, 20.0, 0.0), ("Oz", "EEG", -80.0, 0.0, 0.0),
            ("VEO", "EOG", 80.0, 25.0, -40.0)]  # fmt: skip
    fields = [(name, object) for name in ("labels", "type", "X", "Y", "Z")]
    raw = read_eeg(write(tmp_path, volts, chanlocs=np.array(rows, dtype=fields)))
    assert raw.get_channel_types() == ["eeg", "eeg", "eog"]
    assert not caplog.records


def test_a_byte_that_kills_scipy_is_refused_inside_of_a_compressed_variable_too(tmp_path, volts):
    path = write(tmp_path, volts)
    content = bytearray(path.read_bytes())
    content[content.index(b"nbchan") - 1] = 153  # how many bytes of names there are
    packed = zlib.compress(content[128:])
    path.write_bytes(content[:128] + struct.pack("<II", 15, len(packed)) + packed)
    assert eeglab.check(path).status == "corrupt"
    with pytest.raises(ReadError, match=r"s1\.set: at byte .* beyond|short element"):
        eeglab.read(path)


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_compressed_file_is_walked_and_read(tmp_path, volts, monkeypatch, size):
    path = write(tmp_path, volts)
    content = loadmat(path)
    savemat(path, {"EEG": content["EEG"]}, appendmat=False, do_compression=True)
    if size == "large":  # its data are in it, and it is not parsed before MNE does
        monkeypatch.setattr(eeglab, "_SMALL", 0)
    np.testing.assert_allclose(eeglab.read(path).get_data() * 1e6, volts, rtol=1e-9)
    broken = bytearray(path.read_bytes())
    broken[-20] ^= 1
    path.write_bytes(broken)
    with pytest.raises(ReadError, match=r"s1\.set: EEG is damaged"):
        eeglab.read(path)
