"""ANT .cnt: equal to their BrainVision twins, and damage that would kill the interpreter."""

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.readers import ant_cnt
from featpipe.reading import read_eeg

pytestmark = pytest.mark.samples


@pytest.fixture
def folder(samples):
    return samples / "eeg/ant_cnt"


@pytest.mark.parametrize("name", ["test_CA_208", "Andy_101-raw"])
def test_equals_the_brainvision_export_of_the_same_recording(folder, name):
    raw, twin = (read_eeg(folder / f"{name}.{suffix}") for suffix in ("cnt", "vhdr"))
    assert raw.ch_names == twin.ch_names
    assert raw.info["sfreq"] == twin.info["sfreq"]
    np.testing.assert_allclose(
        raw.get_data(), twin.get_data(), rtol=0, atol=8e-9
    )  # the export rounds to counts of 3.9 nV


def test_the_chunks_fill_the_file(folder):
    names = [chunk.name for chunk in ant_cnt.read_chunks(folder / "test_CA_208.cnt")]
    assert names == [b"LIST", b"eeph", b"tfh ", b"info"]


def test_triggers_that_were_left_behind_are_told(folder, tmp_path):
    assert ant_cnt.check(folder / "test_CA_208.cnt").status == "ok"
    path = tmp_path / "s1.cnt"
    path.write_bytes((folder / "test_CA_208.cnt").read_bytes())
    status, reason = ant_cnt.check(path)
    assert status == "suspicious"
    assert "no .evt of its name beside it, so no triggers" in reason


@pytest.mark.parametrize("n_bytes", [3, 40, 302_300, 310_500, 310_900])
def test_a_cut_file_is_refused_before_the_library_sees_it(folder, tmp_path, n_bytes):
    path = tmp_path / "s1.cnt"
    path.write_bytes((folder / "Andy_101-raw.cnt").read_bytes()[:n_bytes])
    with pytest.raises(ReadError, match=r"s1\.cnt: (truncated|corrupt)"):
        read_eeg(path)


def test_a_wrong_chunk_size_is_refused_before_the_library_sees_it(folder, tmp_path):
    content = bytearray((folder / "Andy_101-raw.cnt").read_bytes())
    content[310_317] = 209  # the size of "tfh ": libeep dies of a segmentation fault on this
    path = tmp_path / "s1.cnt"
    path.write_bytes(content)
    assert ant_cnt.check(path).status == "truncated"


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        (b"124 0 0 0\n", b"124 0 0\x800\n", r"libeep crashed on it \(signal 11\)"),
        (b"[Channels]\n128", b"[Channels]\n999", r"libeep cannot read it \(RuntimeError"),
    ],
)
def test_what_kills_libeep_does_not_kill_this_process(folder, tmp_path, good, bad, message):
    content = (folder / "Andy_101-raw.cnt").read_bytes()
    assert good in content
    path = tmp_path / "s1.cnt"
    path.write_bytes(content.replace(good, bad))
    assert ant_cnt.check(path).status == "suspicious"  # for its triggers only
    with pytest.raises(ReadError, match=message):
        read_eeg(path)


def test_a_hanging_library_is_given_up(folder, monkeypatch):
    monkeypatch.setattr(ant_cnt, "_TRIAL_SECONDS", 0.01)
    with pytest.raises(ReadError, match="did not come back within"):
        read_eeg(folder / "test_CA_208.cnt")
