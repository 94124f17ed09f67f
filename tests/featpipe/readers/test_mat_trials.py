"""Trials in a MATLAB file: by their numbers, whatever the order; damage is told before reading."""

import numpy as np
import pytest
from scipy.io import savemat

from featpipe.eeg.marks import HELD_S
from featpipe.errors import ReadError
from featpipe.montage import CAP62
from featpipe.readers.end_to_end import trial_spans
from featpipe.readers.mat_trials import SFREQ, trial_lengths
from featpipe.reading import check, read_eeg, sniff

LENGTHS = {2: 801, 10: 401, 1: 601}  # not in the order of the file


def trials(lengths=LENGTHS):
    random = np.random.default_rng(7)
    return {f"ww_eeg{k}": 10 * random.standard_normal((62, n)) for k, n in lengths.items()}


def write(path, content, packed=True):
    savemat(path, content, do_compression=packed)
    return path


@pytest.mark.parametrize("packed", [True, False])
def test_trials_lie_in_the_order_of_their_numbers(tmp_path, packed):
    of = trials()
    path = write(tmp_path / "1_20131027.mat", of | {"label": np.arange(3)}, packed)
    assert sniff(path) == "mat_trials"
    assert trial_lengths(path) == {1: 601, 2: 801, 10: 401}
    raw = read_eeg(path)
    assert tuple(raw.ch_names) == CAP62
    assert raw.info["sfreq"] == SFREQ
    for span in trial_spans(trial_lengths(path), SFREQ):
        start, stop = round(span.start * SFREQ), round(span.stop * SFREQ)
        x = np.asarray(raw.get_data(start=start, stop=stop)) * 1e6
        np.testing.assert_allclose(x, of[f"ww_eeg{span.trial}"], rtol=1e-12)


def test_numbers_that_are_left_out_are_told(tmp_path):
    path = write(tmp_path / "a.mat", trials())
    status, reason = check(path)
    assert status == "suspicious"
    assert "3, 4, 5, 6, 7, 8, 9" in reason


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"ww_eeg1": np.zeros((400, 62))}, r"ww_eeg1 has the shape \(400, 62\).*transpose"),
        ({"ww_eeg1": np.zeros((62, 9)), "jl_eeg1": np.zeros((62, 9))}, "ww_eeg1 and jl_eeg1.*copy"),
        ({"label": np.zeros((1, 15))}, "no variable.*there are label"),
    ],
)
def test_other_content_is_refused(tmp_path, content, said):
    path = write(tmp_path / "1_20131027.mat", content)
    with pytest.raises(ReadError, match=said):
        trial_lengths(path)


@pytest.mark.parametrize(
    "content", [np.zeros((62, 400)) + 1j, np.full((62, 400), "a"), np.full((62, 400), "a", object)]
)
def test_what_is_no_real_numbers_is_refused_by_its_head(tmp_path, content):
    path = write(tmp_path / "1_20131027.mat", {"ww_eeg1": content})
    if content.dtype.kind == "U":  # SciPy makes rows of text
        savemat(path, {"ww_eeg1": np.array(["a" * 400] * 62)})
    with pytest.raises(ReadError, match=r"1_20131027.mat.*no real numbers"):
        trial_lengths(path)


@pytest.mark.parametrize("packed", [True, False])
def test_a_truncated_file_keeps_its_format_and_is_refused(tmp_path, packed):
    path = write(tmp_path / "1_20131027.mat", trials(), packed)
    path.write_bytes(path.read_bytes()[:-5000])
    assert sniff(path) == "mat_trials"
    status, reason = check(path)
    assert status == "truncated"
    assert "ww_eeg1" in reason
    with pytest.raises(ReadError, match="truncated"):
        read_eeg(path)


def test_features_of_the_same_name_are_no_recording(tmp_path):
    path = write(tmp_path / "1_20131027.mat", {"de_LDS1": np.zeros((62, 4, 5))})
    assert sniff(path) is None


def numbered(lengths):
    random = np.random.default_rng(8)
    return {str(k): 10 * random.standard_normal((62, n)) for k, n in lengths.items()}


def test_variables_may_be_numbers_alone_and_be_read_in_part(tmp_path):
    of = numbered({1: 400, 22: 600, 21: 800, 41: 400})
    path = write(tmp_path / "7.mat", of)
    assert sniff(path) == "mat_trials"
    assert trial_lengths(path) == {1: 400, 21: 800, 22: 600, 41: 400}
    assert trial_lengths(path, "21-40") == {21: 800, 22: 600}
    raw = read_eeg(path, part="21-40")
    for span in trial_spans({21: 800, 22: 600}, SFREQ):
        start, stop = round(span.start * SFREQ), round(span.stop * SFREQ)
        x = np.asarray(raw.get_data(start=start, stop=stop)) * 1e6
        np.testing.assert_allclose(x, of[str(span.trial)], rtol=1e-12)
    assert raw.n_times == 1400 + 2 * HELD_S * SFREQ


@pytest.mark.parametrize(("part", "said"), [("61-80", "none of the trials 61-80"), ("2", "21-40")])
def test_a_part_that_is_not_there_is_named(tmp_path, part, said):
    path = write(tmp_path / "7.mat", numbered({1: 400}))
    with pytest.raises(ReadError, match=said):
        trial_lengths(path, part)


def test_features_and_ratings_called_by_numbers_are_no_recording(tmp_path):
    path = write(tmp_path / "7.mat", {"1": np.zeros((62, 33)), "2": np.zeros((1, 4000))})
    assert sniff(path) is None
