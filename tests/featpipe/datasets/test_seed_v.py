"""SEED-V: facts, what is made of a folder, and what is said of one that is not as released."""

import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from lookalikes.cnt_files import SFREQ, brief_facts
from lookalikes.seed_v import eye_trial, write_seed_v, write_times

from featpipe.datasets import facts, seed_v
from featpipe.datasets.layout import Choice
from featpipe.datasets.time_lists import read_times
from featpipe.errors import ConfigError, ReadError
from featpipe.features.table import FeatureSettings, lay_grids
from featpipe.reading import read_eeg, read_eye
from featpipe.recording import Trial

OF = facts.facts_of("seed-v")
SHORT = brief_facts(OF)
CHOICE = Choice("mine", OF.classes)


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    folder = tmp_path_factory.mktemp("v") / "SEED-V"
    write_seed_v(folder, SHORT)
    return folder


@pytest.fixture
def folder(released, tmp_path, monkeypatch):
    """A copy that may be spoiled; recordings are links, because no test writes into them."""
    monkeypatch.setattr(facts, "facts_of", lambda name: {"seed-v": SHORT}[name])
    target = tmp_path / "SEED-V"
    shutil.copytree(released, target, copy_function=link)
    return target


def link(source, target):
    (shutil.copy if source.endswith(".txt") else os.link)(source, target)


def find(folder, **more):
    return seed_v.find(folder, replace(CHOICE, **more))


def only(defects):
    (one,) = defects
    return one


def test_windows_of_4_s_are_those_of_the_release():
    counts = []
    for k in OF.session_names():
        of = OF.session(k)
        times = zip(of.onsets, of.offsets, strict=True)
        trials = [Trial(i, *span, 0) for i, span in enumerate(times, start=1)]
        grids = lay_grids(trials, 200.0, FeatureSettings(window_s=4.0))
        counts.append([grid.starts.size for grid in grids])
        assert [b - a for a, b in zip(of.onsets, of.offsets, strict=True)] == list(of.seconds)
        assert np.bincount(of.labels).tolist() == [3] * 5
    assert [sum(of) for of in counts] == [681, 541, 601]
    assert counts[0][:4] == [18, 24, 59, 46]
    assert sum(map(sum, counts)) == 1823


def test_dates_of_the_release_are_not_in_the_order_of_sessions():
    dates = {k: OF.dates[k]["1"] for k in "123"}
    assert dates == {"1": "20180804", "2": "20180810", "3": "20180808"}
    assert OF.dates["2"]["11"] < OF.dates["1"]["11"]
    assert {len(of) for of in OF.dates.values()} == {16}


def test_what_lies_in_the_release_is_found(folder):
    found = find(folder.parent)
    assert found.defects == []
    assert found.notes == [
        "SEED-V: subjects that are not here: 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16"
    ]
    assert [source.name for source in found.sources][:4] == [
        "sub-1_ses-1", "sub-1_ses-2", "sub-1_ses-3", "sub-2_ses-1",
    ]  # fmt: skip
    assert found.sources[-1].subject == "11"
    second = found.sources[1]
    assert second.eeg == folder / "EEG_raw/1_2_20180810.cnt"
    assert second.eye == folder / "Eye_raw/Session_2/1_2_20180810.xlsx"
    assert (second.dataset, second.classes, second.eye_offset) == ("mine", OF.classes, None)
    assert [trial.label for trial in second.trials] == list(OF.session("2").labels)
    assert [trial.stimulus for trial in second.trials] == [str(k) for k in range(16, 31)]
    times = [(trial.onset, trial.offset) for trial in second.trials]
    assert times == [(1.0 + 3 * i, 3.0 + 3 * i) for i in range(15)]
    assert seed_v.is_here(folder)


def test_a_negative_length_in_the_header_is_no_length(folder):
    source = next(one for one in find(folder).sources if one.subject == "2")
    raw = read_eeg(source.eeg)
    assert raw.n_times == (source.trials[-1].offset + 1) * SFREQ
    assert len(raw.ch_names) == 66
    assert raw.ch_names.index("M1") not in (0, 62, 63, 64, 65)


@pytest.mark.parametrize("subject", ["1", "11"])
def test_tables_of_the_eyes_are_read_as_numbers_or_as_text(folder, subject):
    source = next(one for one in find(folder).sources if one.subject == subject)
    eye = read_eye(source.eye)
    assert [span.trial for span in eye.trials] == list(range(1, 16))
    assert (eye.onsets, eye.event_kinds) == ("estimated", ("fixation", "saccade", "blink"))
    seed = 100 * int(subject) + 1
    for span in eye.trials:
        truth = eye_trial(seed, span.trial, source.trials[span.trial - 1].label)
        events = eye.events[eye.events["onset"].between(span.start, span.stop, inclusive="left")]
        for kind in eye.event_kinds:
            seconds = events.loc[events["kind"] == kind, "duration"]
            np.testing.assert_allclose(seconds, truth[kind][:, 0] / 1000)


def test_times_in_the_file_are_believed_and_told(folder):
    other = brief_facts(replace(OF, sessions=OF.sessions[:2]))
    moved = replace(other.sessions[1], onsets=(1.5, *other.sessions[1].onsets[1:]))
    write_times(
        folder / "trial_start_end_timestamp.txt",
        replace(SHORT, sessions=(other.sessions[0], moved, SHORT.sessions[2])),
    )
    found = find(folder)
    defect = only(found.defects)
    assert (defect.subject, defect.session) == ("", "2")
    assert "the times of trials 1 are not those published; the file is believed" in defect.what
    assert found.sources[1].trials[0].onset == 1.5
    assert found.sources[0].trials[0].onset == 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty"),
        ("Session 1:\nstart_second: [1, 2\n", "'Session 1:"),
        ("Session 1:\nstart_second: [1, x]\nend_second: [2, 3]", "'x' is no number"),
        ("Session 1:\nstart_second: [1, 4]\nend_second: [2]", "2 starts and 1 ends"),
        ("Session 1:\nstart_second: [1, 4]\nend_second: [5, 6]", "from 4 to 6 s"),
        ("Session 1:\nstart_second: [1]\nend_second: [5]\nSession 1:\nstart_second: [1]\n"
         "end_second: [5]", "twice"),
        ("Session 1:\nstart_second: [1]\nend_second: [5]\nby hand", "'by hand'"),
    ],
)  # fmt: skip
def test_times_are_read_strictly(tmp_path, text, message):
    path = tmp_path / "times.txt"
    path.write_text(text)
    with pytest.raises(ReadError, match=message) as caught:
        read_times(path)
    assert "times.txt" in str(caught.value)


def test_times_that_cannot_be_read_cost_nothing(folder):
    (folder / "trial_start_end_timestamp.txt").unlink()
    assert find(folder).defects == []
    (folder / "trial_start_end_timestamp.txt").write_text("Session 1: start_second: []")
    found = find(folder)
    assert "the published times are used" in only(found.defects).what
    assert len(found.sources) == 9


def test_a_missing_session_and_missing_eyes_are_defects_of_their_recording(folder):
    (folder / "EEG_raw/1_2_20180810.cnt").unlink()
    (folder / "Eye_raw/Session_3/2_3_20180425.xlsx").unlink()
    found = find(folder)
    assert [(d.subject, d.session) for d in found.defects] == [("1", "2"), ("2", "3")]
    assert "no EEG of subject 1, session 2" in found.defects[0].what
    assert "no eye recording of subject 2, session 3" in found.defects[1].what
    by_name = {source.name: source for source in found.sources}
    assert by_name["sub-1_ses-2"].eeg is None
    assert by_name["sub-1_ses-2"].eye is not None
    assert by_name["sub-2_ses-3"].eye is None


def test_a_cut_recording_is_a_defect_and_its_eyes_are_used(folder):
    path = folder / "EEG_raw/1_1_20180804.cnt"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])
    found = find(folder)
    defect = only(found.defects)
    assert (defect.subject, defect.session) == ("1", "1")
    assert "1_1_20180804.cnt: truncated" in defect.what
    assert found.sources[0].eeg is None


def test_a_name_that_says_nothing_is_told(folder):
    (folder / "EEG_raw/1_1_20180804.cnt").rename(folder / "EEG_raw/zhang.cnt")
    (folder / "Eye_raw/Session_1/1_1_20180804.xlsx").rename(folder / "Eye_raw/Session_1/zhang.xlsx")
    whats = [defect.what for defect in find(folder).defects]
    assert "zhang.cnt: its name is not <subject>_<session>_<YYYYMMDD>.cnt" in whats[0]
    assert any("zhang.xlsx" in what for what in whats)
    assert any("no EEG of subject 1, session 1" in what for what in whats)


def test_a_recording_with_the_date_of_another_session_is_refused(folder):
    (folder / "EEG_raw/1_2_20180810.cnt").unlink()
    (folder / "EEG_raw/1_3_20180808.cnt").rename(folder / "EEG_raw/1_2_20180808.cnt")
    found = find(folder)
    wrong = found.defects[0]
    assert (wrong.subject, wrong.session) == ("1", "2")
    assert "20180808 is the date of session 3" in wrong.what
    assert next(one for one in found.sources if one.name == "sub-1_ses-2").eeg is None


def test_a_header_with_the_date_of_another_session_is_refused(folder):
    (folder / "EEG_raw/1_2_20180810.cnt").unlink()
    (folder / "EEG_raw/1_3_20180808.cnt").rename(folder / "EEG_raw/1_2_20180810.cnt")
    wrong = find(folder).defects[0]
    assert "its header has the date of session 3" in wrong.what


def test_tables_in_the_folder_of_another_session_are_told(folder):
    eyes = folder / "Eye_raw"
    (eyes / "Session_1/1_1_20180804.xlsx").rename(eyes / "Session_1/1_3_20180804.xlsx")
    found = find(folder)
    assert found.defects == []  # the date is for the folder
    assert found.sources[0].eye.name == "1_3_20180804.xlsx"
    (eyes / "Session_1/1_3_20180804.xlsx").rename(eyes / "Session_1/1_3_eyes.xlsx")
    (eyes / "Session_2/1_2_20180810.xlsx").rename(eyes / "Session_2/1_2_20180808.xlsx")
    (eyes / "Session_3/1_3_20180808.xlsx").rename(eyes / "Session_3/1 after lunch.xlsx")
    whats = [defect.what for defect in find(folder).defects]
    assert "its name says session 3, its folder 1" in whats[0]
    assert "20180808 is the date of session 3" in whats[1]
    assert len(whats) == 2  # what is wrong with them is told once


def test_the_repaired_copy_is_taken(folder):
    (folder / "EEG_raw/2_1_20180416.cnt").rename(folder / "EEG_raw/2_1_20180416_repaired.cnt")
    (folder / "EEG_raw/2_1_20180416.cnt").write_bytes(b"Version 3.0, broken")
    found = find(folder)
    assert found.defects == []
    source = next(one for one in found.sources if one.name == "sub-2_ses-1")
    assert source.eeg.name == "2_1_20180416_repaired.cnt"


def test_a_trial_behind_the_end_is_cut_and_told(folder, monkeypatch):
    long = replace(SHORT.sessions[0], offsets=(*SHORT.sessions[0].offsets[:-1], 47.0))
    late = replace(long, onsets=(*long.onsets[:-1], 46.5))
    for about, n_trials in ((long, 15), (late, 14)):
        of = replace(SHORT, sessions=(about, *SHORT.sessions[1:]))
        monkeypatch.setattr(facts, "facts_of", lambda name, of=of: of)
        (folder / "trial_start_end_timestamp.txt").unlink(missing_ok=True)
        found = find(folder)
        assert [defect.session for defect in found.defects] == ["1"] * 3
        assert "trials 15 end later" in found.defects[0].what
        assert len(found.sources[0].trials) == n_trials
        assert found.sources[0].trials[-1].offset <= 46.0


def test_what_cannot_be_had_is_refused(folder, tmp_path):
    with pytest.raises(ConfigError, match="raw EEG and features only"):
        find(folder, eeg="preprocessed")
    with pytest.raises(ConfigError, match="SEED-V has 5"):
        find(folder, classes=("a", "b"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="no recording of SEED-V"):
        find(tmp_path / "empty")
    assert not seed_v.is_here(tmp_path / "empty")
    assert not seed_v.is_here(tmp_path / "not there")
