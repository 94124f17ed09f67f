"""DREAMER.mat: one file of all subjects, each read as a part."""

import numpy as np
import pytest
from lookalikes import dreamer
from scipy.io import loadmat, savemat

from featpipe.eeg.marks import HELD_S
from featpipe.errors import ReadError
from featpipe.readers.dreamer_mat import contents
from featpipe.reading import check, read_eeg, sniff


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dreamer")
    return folder / "DREAMER.mat", dreamer.write_dreamer(folder, 2)


def test_contents_are_lengths_and_ratings(written):
    path, truth = written
    assert sniff(path) == "dreamer_mat"
    found = contents(path)
    assert list(found.subjects) == ["1", "2"]
    assert found.ch_names == dreamer.CHANNELS
    for number, subject in found.subjects.items():
        lengths = {clip: 128 * s for clip, s in enumerate(truth.seconds, start=1)}
        assert subject.n_times == lengths
        assert sorted(subject.ratings) == ["arousal", "dominance", "valence"]
        np.testing.assert_array_equal(subject.ratings["valence"], truth.valence[int(number)])


def test_a_part_is_the_clips_of_that_subject_end_to_end(written):
    path, truth = written
    raw = read_eeg(path, part="2")
    assert raw.ch_names == list(dreamer.CHANNELS)
    assert raw.n_times == 128 * (sum(truth.seconds) + 17 * 2 * HELD_S)
    stored = loadmat(path)["DREAMER"][0, 0]["Data"][0, 1][0, 0]["EEG"][0, 0]["stimuli"]
    first, second = stored[0, 0], stored[1, 0]
    begin = round(128 * (truth.seconds[0] + 2 * HELD_S))
    np.testing.assert_allclose(1e6 * raw[:][0][:, : len(first)], first.T)
    np.testing.assert_allclose(1e6 * raw[:][0][:, begin : begin + len(second)], second.T)


def test_without_a_part_it_is_the_first_subject(written):
    path, _ = written
    np.testing.assert_array_equal(read_eeg(path)[:][0], read_eeg(path, part="1")[:][0])


def test_an_unknown_subject_is_told(written):
    with pytest.raises(ReadError, match=r"DREAMER\.mat: unknown subject '3'.*Known: 1, 2"):
        read_eeg(written[0], part="3")


def test_a_cut_file_is_told_by_its_header_alone(written, tmp_path):
    path = tmp_path / "DREAMER.mat"
    path.write_bytes(written[0].read_bytes()[:-1000])
    assert check(path).status == "truncated"
    with pytest.raises(ReadError, match=r"DREAMER\.mat: truncated"):
        read_eeg(path, part="1")


def test_other_content_is_refused(tmp_path):
    path = tmp_path / "DREAMER.mat"
    data = np.empty((1, 1), dtype=object)
    data[0, 0] = {"EEG": {"stimuli": np.zeros((3, 3))}}
    savemat(path, {"DREAMER": {"Data": data}})
    with pytest.raises(ReadError, match=r"no DREAMER\.Data\{\}\.EEG\.stimuli in it"):
        contents(path)


def test_channels_are_those_that_the_file_names(tmp_path):
    dreamer.write_dreamer(tmp_path, 1, channels=dreamer.CHANNELS[::-1])
    assert read_eeg(tmp_path / "DREAMER.mat").ch_names == list(dreamer.CHANNELS[::-1])
