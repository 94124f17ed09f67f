"""SEED-IV's eye_raw_data: five files of cells as described, and what may be wrong with them."""

import numpy as np
import pytest
from naive_seed_eyes import length_s, trial, write_cells, write_seed_iv
from scipy.io import savemat

from featpipe.errors import ReadError
from featpipe.readers import seed_iv_eye
from featpipe.readers.foreign import read_arrays_of
from featpipe.reading import check, read_eye, sniff, source_files
from featpipe.scanning import scan


def fixations(n_trials=2, n_fixations=5):
    return [trial(k, n_fixations)["fixation"] for k in range(1, n_trials + 1)]


@pytest.mark.parametrize("do_compression", [True, False])
def test_five_files_are_one_recording(tmp_path, do_compression):
    path = write_seed_iv(tmp_path, do_compression=do_compression)
    assert {sniff(file) for file in tmp_path.iterdir()} == {"seed_iv_eye"}
    assert source_files(path)[0] == path
    assert set(source_files(path)) == set(tmp_path.iterdir())
    assert check(path) == ("ok", "")
    eye = read_eye(path)
    assert (eye.event_kinds, eye.onsets) == (("fixation", "saccade", "blink"), "estimated")
    assert eye.units == {"gaze": "px", "pupil": "px", "dispersion": "px"}
    assert [span.trial for span in eye.trials] == list(range(1, 25))
    for span in eye.trials:
        of = trial(span.trial, n_blinks=0 if span.trial == 2 else 3)
        assert span.stop - span.start == pytest.approx(length_s(of))
        onset = eye.events["onset"]
        events = eye.events[(onset >= span.start) & (onset < span.stop)]
        for kind in eye.event_kinds:
            seconds = events.loc[events["kind"] == kind, "duration"]
            np.testing.assert_allclose(seconds, of[kind][:, 0] / 1000)
        names = ["pupil_x", "pupil_y", "dispersion_x", "dispersion_y"]
        np.testing.assert_allclose(events.loc[events["kind"] == "fixation", names], of["pupil"])
        amplitude = events.loc[events["kind"] == "saccade", "amplitude"]
        np.testing.assert_allclose(amplitude, of["saccade"][:, 1])


def test_scan_finds_it_once(tmp_path):
    path = write_seed_iv(tmp_path, 3)
    (found,) = scan([tmp_path])
    assert (found.path, found.format, found.status) == (path, "seed_iv_eye", "ok")
    assert len(found.files) == 5


def test_fixations_alone_are_enough(tmp_path):
    write_cells(tmp_path, "fixation", fixations())
    eye = read_eye(tmp_path / "1_20160518_fixation.mat")
    assert eye.event_kinds == ("fixation",)
    assert eye.events["pupil_x"].isna().all()
    assert eye.trials[0].stop == pytest.approx(fixations()[0].sum() / 1000)


def test_another_part_says_which_to_name(tmp_path):
    write_seed_iv(tmp_path, 2)
    with pytest.raises(ReadError, match=r"the pupil part of a session; name 1_20160518_fixation"):
        read_eye(tmp_path / "1_20160518_pupil.mat")


def test_a_matlab_file_of_something_else_is_none(tmp_path):
    write_cells(tmp_path, "label", fixations())
    assert sniff(tmp_path / "1_20160518_label.mat") is None


@pytest.mark.parametrize(
    ("part", "cells", "said"),
    [
        ("pupil", [np.ones((5, 4)), np.ones((4, 4))], "trial 2: 5 fixations, pupils of 4"),
        ("blink", [[[-5.0]], [[np.nan], [80.0]]], "trial 1: 1 blinks without a sound duration"),
        ("saccade", [[[np.inf, 2.0]], [[1e9, 2.0]]], "trial 2: 1 saccades without"),
        ("event", [np.full((1, 28), 7.0)] * 2, "trial 1: 7 fixations declared, 5 there"),
    ],
)
def test_events_that_make_no_sense_are_gaps_that_are_told(tmp_path, part, cells, said):
    write_cells(tmp_path, "fixation", fixations())
    write_cells(tmp_path, part, cells)
    path = tmp_path / "1_20160518_fixation.mat"
    status, reason = check(path)
    assert (status, said in reason) == ("suspicious", True)
    assert len(read_eye(path).events) == 10 + (part == "blink")


def test_a_trial_without_events_is_no_trial(tmp_path):
    write_cells(tmp_path, "fixation", [*fixations(2), []])
    path = tmp_path / "1_20160518_fixation.mat"
    assert check(path) == ("suspicious", "trial 3 has no events")
    assert [span.trial for span in read_eye(path).trials] == [1, 2]


@pytest.mark.parametrize(
    ("part", "cells", "said"),
    [
        ("fixation", [np.ones((5, 2)), np.ones((5, 1))], r"trial 1: float64 of shape \(5, 2\)"),
        ("fixation", [np.ones((5, 1)), "text"], "trial 2: <U4"),
        ("fixation", [np.ones((5, 1)), np.ones((5, 1)) * 1j], "trial 2: complex"),
        ("fixation", [[], []], "no trial has an event"),
        ("saccade", [np.ones((5, 2))] * 3, "it has 3 trials, 1_20160518_fixation.mat has 2"),
        ("event", [np.ones((1, 27))] * 2, r"event.mat, trial 1: .* expected numbers in 28 columns"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, part, cells, said):
    write_cells(tmp_path, "fixation", fixations())
    write_cells(tmp_path, part, cells)
    with pytest.raises(ReadError, match=said):
        read_eye(tmp_path / "1_20160518_fixation.mat")


@pytest.mark.parametrize("do_compression", [True, False])
def test_a_cut_or_changed_file_is_read_or_refused(tmp_path, do_compression):
    path = tmp_path / "1_20160518_fixation.mat"
    write_cells(tmp_path, "fixation", fixations(), do_compression)
    content, n_refused = path.read_bytes(), 0
    for at in (130, 150, 190, len(content) - 9):
        for changed in (content[:at], content[:at] + b"\x99" + content[at + 1 :]):
            path.write_bytes(changed)
            try:
                read_eye(path)
            except ReadError:
                n_refused += 1
    assert n_refused > 4


def test_a_session_is_read_once_for_its_check_and_its_reading(tmp_path, monkeypatch):
    n_reads = []

    def counted(*arguments):
        n_reads.append(arguments)
        return read_arrays_of(*arguments)

    monkeypatch.setattr(seed_iv_eye, "read_arrays_of", counted)
    path = write_seed_iv(tmp_path, 2)
    assert check(path).status == "ok"
    read_eye(path)
    assert len(n_reads) == 1
    write_cells(tmp_path, "blink", [[[80.0]], [[90.0]]])
    assert len(read_eye(path).events) > 0
    assert len(n_reads) == 2


def test_a_table_of_cells_or_none_is_no_session(tmp_path):
    path = tmp_path / "1_20160518_fixation.mat"
    for value in (np.array([[1.0], [2.0]]), np.array([[1.0, "a"], [2.0, "b"]], object)):
        savemat(path, {"Eye_Fixation": value})
        with pytest.raises(ReadError, match="no row of cells Eye_Fixation"):
            read_eye(path)
    inner = np.empty((1, 1), object)
    inner[0, 0] = {"duration": 1.0}
    savemat(path, {"Eye_Fixation": inner})
    with pytest.raises(ReadError, match="trial 1: no table of numbers"):
        read_eye(path)
