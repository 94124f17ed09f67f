"""DEAP as preprocessed: pickles of Python 2 and MATLAB files are read as one recording."""

import numpy as np
import pytest
from lookalikes import deap
from scipy.io import savemat

from featpipe.eeg.marks import HELD_S
from featpipe.errors import ReadError
from featpipe.readers.deap_trials import contents
from featpipe.reading import check, read_eeg, sniff

N_TRIALS = 3
DATA = deap.stored_data(1, np.array([0, 1, 0]))
RATINGS = np.arange(12.0).reshape(N_TRIALS, 4) / 2 + 1


def write_matlab(path, content):
    savemat(path, content, do_compression=True)


WRITERS = {".dat": deap.write_pickle, ".mat": write_matlab}


@pytest.fixture(params=WRITERS)
def path(request, tmp_path):
    path = tmp_path / f"s01{request.param}"
    WRITERS[request.param](path, {"labels": RATINGS, "data": DATA})
    return path


def test_contents_come_without_the_signal(path):
    assert sniff(path) == "deap_trials"
    found = contents(path)
    assert found.shape == DATA.shape
    np.testing.assert_array_equal(found.ratings, RATINGS)
    assert check(path).status == "ok"


def test_every_trial_lies_behind_the_three_seconds_before_it(path):
    raw = read_eeg(path)
    assert raw.info["sfreq"] == 128
    gap = 2 * round(HELD_S * 128)
    assert raw.n_times == N_TRIALS * (DATA.shape[2] + gap) - gap
    eeg = np.asarray(raw.get_data())[:32]
    for trial, stored in enumerate(DATA):
        begin = trial * (DATA.shape[2] + gap)
        np.testing.assert_allclose(eeg[:, begin : begin + DATA.shape[2]] * 1e6, stored[:32])
        if trial:
            np.testing.assert_allclose(eeg[:, begin - 1] * 1e6, stored[:32, 0])


def test_channels_are_the_facts_with_what_is_no_eeg_behind_them(path):
    raw = read_eeg(path)
    assert raw.ch_names[:4] == ["Fp1", "AF3", "F3", "F7"]
    assert raw.ch_names[31:] == "O2 hEOG vEOG zEMG tEMG GSR Resp Plet Temp".split()
    kinds = ["eeg"] * 32 + ["eog"] * 2 + ["emg"] * 2 + ["misc"] * 4
    assert raw.get_channel_types() == kinds


def test_files_of_eeg_alone_are_read(tmp_path):
    deap.write_pickle(tmp_path / "s01.dat", {"labels": RATINGS, "data": DATA[:, :32]})
    assert len(read_eeg(tmp_path / "s01.dat").ch_names) == 32


def test_a_file_that_is_written_again_is_read_again(path):
    before = contents(path).ratings
    WRITERS[path.suffix](path, {"labels": RATINGS + 1, "data": DATA[:, :, :-128]})
    np.testing.assert_array_equal(contents(path).ratings, before + 1)


def test_a_cut_file_is_told(path):
    path.write_bytes(path.read_bytes()[:-100_000])
    assert check(path).status in ("truncated", "corrupt")
    with pytest.raises(ReadError, match=f"{path.name}: .*truncated"):
        read_eeg(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"labels": RATINGS, "data": DATA[:, :31]}, r"data of shape \(3, 31, 896\), expected"),
        ({"labels": RATINGS[:2], "data": DATA}, r"labels of shape \(2, 4\), expected a row"),
    ],
)
def test_other_shapes_are_refused(path, content, told):
    WRITERS[path.suffix](path, content)
    with pytest.raises(ReadError, match=rf"{path.name}: {told}.*copy it again"):
        contents(path)
