"""EEGLAB in the format of MATLAB 7.3: what MNE reads, and nothing of other files."""

import h5py
import mne
import numpy as np
import pytest
from lookalikes.eeglab_hdf5 import put, write_set
from lookalikes.peak_of_scan import LIMIT, peak_of_scan

from featpipe.errors import ReadError
from featpipe.readers import eeglab
from featpipe.reading import read_eeg, source_files

EVENTS = {
    "none": {},
    "one": {"type": ["go"], "latency": [11.0], "duration": [0.0]},
    "text": {"type": ["go", "boundary", "stop"], "latency": [11.0, 100.5, 300.0]},
    "numbers": {"type": [1.0, 2.0], "latency": [1.0, 9.0], "duration": [3.0, ()]},
    "no time": {"type": ["go", "lost"], "latency": [11.0, np.nan], "duration": [0.0, 0.0]},
}


@pytest.fixture
def microvolt():
    return np.random.default_rng(4).standard_normal((3, 400)) * 10


def assert_as_mne(path, channels=slice(None)):
    ours = read_eeg(path)
    theirs = mne.io.read_raw_eeglab(path, preload=True, verbose="ERROR")
    assert ours.ch_names == theirs.ch_names
    assert ours.get_channel_types() == theirs.get_channel_types()
    assert ours.info["sfreq"] == theirs.info["sfreq"]
    np.testing.assert_array_equal(ours.get_data(channels), theirs.get_data(channels))
    assert ours.annotations.description.tolist() == theirs.annotations.description.tolist()
    for what in ("onset", "duration"):
        expected = getattr(theirs.annotations, what)
        np.testing.assert_array_equal(getattr(ours.annotations, what), expected)
    return ours


@pytest.mark.parametrize("events", list(EVENTS))
@pytest.mark.filterwarnings("ignore")
def test_a_recording_is_the_one_that_mne_reads(tmp_path, microvolt, events):
    path = write_set(tmp_path / "a.set", microvolt, events=EVENTS[events])
    raw = assert_as_mne(path)
    np.testing.assert_allclose(raw.get_data() * 1e6, microvolt, rtol=1e-12)
    assert source_files(path) == (path,)


@pytest.mark.parametrize("chunks", [(50, 3), (400, 1)], ids=["short", "long"])
def test_pieces_are_the_same_however_they_lie(tmp_path, microvolt, chunks, monkeypatch):
    monkeypatch.setattr("featpipe.readers.eeglab_hdf5._LONGEST_PIECE_S", 1.0)
    options = {"chunks": chunks, "compression": "gzip"}
    path = write_set(tmp_path / "a.set", microvolt.astype(np.float32), **options)
    whole = assert_as_mne(path).get_data()
    raw = read_eeg(path)
    for start, stop in ((0, 70), (70, 400), (399, 400)):
        np.testing.assert_array_equal(raw.get_data([2, 0], start, stop), whole[[2, 0], start:stop])


@pytest.mark.filterwarnings("ignore")
def test_numbers_beside_come_back(tmp_path, microvolt):
    path = write_set(tmp_path / "a.set", "a.fdt")
    (tmp_path / "a.fdt").write_bytes(microvolt.T.astype("<f4").tobytes())
    assert [file.name for file in source_files(path)] == ["a.set", "a.fdt"]
    assert_as_mne(path)
    (tmp_path / "a.fdt").write_bytes(bytes(4796))
    assert eeglab.check(path).status == "truncated"


def test_a_file_that_is_changed_behind_us_is_not_read_on(tmp_path, microvolt):
    path = write_set(tmp_path / "a.set", microvolt)
    raw = read_eeg(path)
    write_set(path, 2 * microvolt)
    with pytest.raises(ReadError, match="was changed since it was opened"):
        raw.get_data()


def link(group):
    with h5py.File(group.file.filename + ".other", "w") as other:
        other["x"] = np.ones((400, 3))
    group["data"] = h5py.ExternalLink(group.file.filename + ".other", "/x")


def soft(group):
    group["hidden"] = np.ones((400, 3))
    group["data"] = h5py.SoftLink("/EEG/hidden")


def external(group):
    group.create_dataset("data", (400, 3), "f8", external=[("/etc/passwd", 0, 9600)])


def virtual(group):
    layout = h5py.VirtualLayout((400, 3), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", (400, 3))
    group.create_virtual_dataset("data", layout)


def circle(group):
    group["data"] = np.ones((400, 3))
    group["again"] = group


def referred(group):
    """The numbers are ours, the name of a channel lies in another file."""
    group["data"] = np.ones((400, 3))
    inside = group.file.require_group("#refs#")
    outside = inside.create_dataset("far", (4, 1), "u2", external=[("/etc/passwd", 0, 8)])
    group["chanlocs/labels"][0] = outside.ref


def unwritten(group):
    group.create_dataset("data", (400, 3), "f8", chunks=(100, 3), compression="gzip")


def endless(group):
    group["data"] = np.ones((400, 3))
    group.create_dataset("icaact", (10**12, 3), "f8", chunks=(100, 3), compression="gzip")


def long_name(group):
    group["data"] = np.ones((400, 3))
    name = group.file.require_group("#refs#").create_dataset("n", (10**9, 1), "u2", chunks=True)
    group["chanlocs/labels"][0] = name.ref


def one_piece(group):
    group.create_dataset("data", data=np.ones((400, 3)), chunks=(400, 3))


REFUSED = {
    link: r"/EEG/data is a link to .*other",
    soft: "/EEG/data is a link",
    external: "/EEG/data: its numbers lie in another file, /etc/passwd",
    virtual: "/EEG/data is put together from other files",
    circle: "/EEG/again: its groups contain each other",
    referred: r"labels\[0\]: its numbers lie in another file",
    unwritten: "/EEG/data declares 9600 bytes, and none of them is there",
    endless: "/EEG/icaact it declares 24000000009.* bytes, over 4294967296",
    long_name: r"labels\[0\] has 2000000000 bytes",
}


@pytest.mark.parametrize("add", list(REFUSED), ids=lambda add: add.__name__)
def test_what_leads_out_of_a_file_or_declares_too_much_is_refused(tmp_path, add):
    path = write_set(tmp_path / "a.set", add)
    status, reason = eeglab.check(path)
    assert status == "corrupt"
    with pytest.raises(ReadError, match=REFUSED[add]):
        read_eeg(path)
    assert str(path) + ":" not in reason


def test_a_scan_of_such_files_takes_no_memory(tmp_path):
    for add in REFUSED:
        write_set(tmp_path / f"{add.__name__}.set", add)
    assert peak_of_scan(tmp_path) < LIMIT


def test_a_piece_that_cannot_be_inflated_in_part_is_refused(tmp_path, monkeypatch):
    import featpipe.readers.eeglab_hdf5_child as child

    monkeypatch.setattr(child, "MOST_CHUNK", 9599)
    path = write_set(tmp_path / "a.set", one_piece)
    assert "lies in pieces of 9600 bytes" in child.answer({"path": str(path)})["refused"]


def test_a_scan_reads_no_numbers(tmp_path):
    n = 40_000_000

    def zeros(group):
        at = group.create_dataset("data", (n, 3), "f4", chunks=(1 << 16, 3), compression="gzip")
        for start in range(0, n, 1 << 22):
            at[start : start + (1 << 22)] = np.zeros((min(1 << 22, n - start), 3), np.float32)
        put(group, "comments", "nothing")

    path = write_set(tmp_path / "a.set", zeros, n_times=n)
    assert path.stat().st_size < 2_000_000
    assert peak_of_scan(path) < LIMIT, "480 MB are declared"
