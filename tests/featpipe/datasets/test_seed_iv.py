"""SEED-IV: sessions by folder or date, lengths that only the subjects tell, five eye files."""

import shutil

import pytest
from lookalikes.seed import lengths, small, write_mat
from lookalikes.seed_iv import write_eeg, write_eyes

from featpipe.datasets import facts as published
from featpipe.datasets.found_trials import trials_end_to_end
from featpipe.datasets.layout import Choice
from featpipe.datasets.seed_iv import find, is_here
from featpipe.errors import ConfigError
from featpipe.features.table import FeatureSettings, lay_grids
from featpipe.readers.mat_trials import SFREQ
from featpipe.reading import source_files

FULL = published.facts_of("seed-iv")
SMALL = small(FULL, n_trials=6, seconds=1)
CHOICE = Choice("seed-iv", FULL.classes)
KEYS = [(subject, session) for subject in ("1", "2", "10") for session in "123"]


@pytest.fixture(autouse=True)
def facts(monkeypatch):
    """Six trials of a second or more, so that files are small."""
    monkeypatch.setattr(published, "facts_of", lambda name: SMALL)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = tmp_path_factory.mktemp("SEED_IV")
    return write_eyes(write_eeg(root, SMALL, 1), SMALL)


@pytest.fixture
def release(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "SEED_IV")
    return tmp_path / "SEED_IV"


def keys(found):
    return [(source.subject, source.session) for source in found.sources]


def of(found, subject, session):
    return next(s for s in found.sources if (s.subject, s.session) == (subject, session))


def test_windows_at_full_length():
    session = FULL.session("1")
    seconds = dict(enumerate(session.seconds, start=1))
    n_times = {trial: 200 * n + 1 for trial, n in seconds.items()}
    trials = trials_end_to_end(session, n_times, seconds, SFREQ)
    grids = lay_grids(trials, SFREQ, FeatureSettings(window_s=4.0))
    assert [grid.starts.size for grid in grids][:4] == [42, 23, 49, 32]
    assert sum(grid.starts.size for grid in grids) == 851
    assert [t.label for t in trials][:6] == [1, 2, 3, 0, 2, 0]


@pytest.mark.parametrize("session", ["1", "2", "3"])
def test_every_class_has_six_trials_in_a_session(session):
    labels = FULL.session(session).labels
    assert sorted(labels) == [0] * 6 + [1] * 6 + [2] * 6 + [3] * 6


def test_the_whole_release_is_found_without_complaint(whole):
    assert is_here(whole)
    found = find(whole, CHOICE)
    assert keys(found) == KEYS
    assert not found.defects
    for source in found.sources:
        date = FULL.dates[source.session][source.subject]
        assert source.eeg.parent.name == source.session
        assert source.eeg.name == f"{source.subject}_{date}.mat"
        assert source.eye.name == f"{source.subject}_{date}_fixation.mat"
        assert [t.label for t in source.trials] == list(FULL.session(source.session).labels[:6])
        assert [t.stimulus for t in source.trials] == [f"{source.session}-{k}" for k in range(1, 7)]
        seconds = [t.offset - t.onset for t in source.trials]
        assert seconds == pytest.approx(lengths(source.session, 6, 1))


def test_eye_files_may_lie_in_folders_and_recordings_in_none(tmp_path):
    write_eyes(write_eeg(tmp_path, SMALL, 1, ("1",)), SMALL, ("1",), flat=False)
    for session in "123":
        for path in (tmp_path / "eeg_raw_data" / session).iterdir():
            path.rename(tmp_path / "eeg_raw_data" / path.name)
    found = find(tmp_path, CHOICE)
    assert keys(found) == KEYS[:3]
    assert not found.defects
    assert all(source.eye.parent.name == source.session for source in found.sources)


def test_defects_cost_what_they_concern(release):
    eeg, eyes = release / "eeg_raw_data", release / "eye_raw_data"
    (eeg / "1/2_20150915.mat").unlink()
    (eeg / "2/1_20161125.mat").write_bytes((eeg / "2/1_20161125.mat").read_bytes()[:-900])
    (eeg / "2/2_20150920.mat").rename(eeg / "2/session2.mat")
    labels = FULL.session("1").labels[:6]
    # a file of the first session, saved under the third one's name
    write_mat(eeg / "3/10_20151023.mat", "ww", labels, lengths("1", 6, 1), 9)
    short = (*lengths("1", 6, 1)[:5], 9)
    write_mat(eeg / "1/10_20151014.mat", "ww", labels, short, 10)
    (eyes / "1_20160518_fixation.mat").unlink()
    (eyes / "1_20161125_blink.mat").unlink()
    (eyes / "2_20150915_fix.mat").write_bytes(b"")
    found = find(release, CHOICE)
    said = {(d.subject, d.session): [] for d in found.defects}
    for defect in found.defects:
        said[defect.subject, defect.session].append(defect.what)
    assert "no EEG" in said["2", "1"][0]
    assert "truncated" in said["1", "2"][0]
    assert "1_20161125_blink.mat of the same recording are not beside" in said["1", "2"][1]
    assert "no EEG" in said["2", "2"][0]
    assert "lengths of its trials are those of session 1" in said["10", "3"][0]
    assert "trial 6 has 1801 samples" in said["10", "1"][0]
    assert "no eye recording" in said["1", "1"][0]
    assert "session2.mat: its name is not" in said["", ""][0]
    assert "2_20150915_fix.mat: its name is not" in said["", ""][1]
    assert len(found.defects) == 9
    assert [t.trial for t in of(found, "10", "1").trials] == [1, 2, 3, 4, 5]
    assert (of(found, "1", "1").eye, of(found, "10", "3").eeg) == (None, None)
    assert [s.eeg is None for s in found.sources].count(True) == 4
    # eye recordings without EEG have the lengths that the other subjects' EEG has
    seconds = [t.offset - t.onset for t in of(found, "10", "3").trials]
    assert seconds == pytest.approx(lengths("3", 6, 1))


def test_a_trial_that_differs_from_most_subjects_is_told_where_nothing_is_published(release):
    short = (lengths("2", 6, 1)[0] + 4, *lengths("2", 6, 1)[1:])
    path = release / "eeg_raw_data/2/2_20150920.mat"
    write_mat(path, "jl", FULL.session("2").labels[:6], short, 3)
    found = find(release, CHOICE)
    assert [(d.subject, d.session) for d in found.defects] == [("2", "2")]
    assert "trial 1 has" in found.defects[0].what
    assert [t.trial for t in of(found, "2", "2").trials] == [2, 3, 4, 5, 6]


def test_files_whose_names_lost_their_case_or_folders_are_known(tmp_path):
    write_eyes(write_eeg(tmp_path / "x", SMALL, 1, ("1",)), SMALL, ("1",))
    for path in (tmp_path / "x").glob("*/**/*.mat"):
        path.rename(tmp_path / path.name.title())
    assert (tmp_path / "1_20160518_Pupil.Mat").is_file()
    assert is_here(tmp_path)
    found = find(tmp_path, CHOICE)
    assert keys(found) == KEYS[:3]
    assert not found.defects
    names = [file.name for file in source_files(found.sources[0].eye)]
    assert names == [f"1_20160518_{part}.Mat" for part in
                     ("Fixation", "Pupil", "Saccade", "Blink", "Event")]  # fmt: skip


def test_two_subjects_who_disagree_on_a_length_that_nobody_published_are_told(tmp_path):
    write_eeg(tmp_path, SMALL, 1, ("1", "2"))
    assert not find(tmp_path, CHOICE).defects
    long = (*lengths("2", 6, 1)[:3], 9, *lengths("2", 6, 1)[4:])
    path = tmp_path / "eeg_raw_data/2/2_20150920.mat"
    write_mat(path, "jl", FULL.session("2").labels[:6], long, 3)
    found = find(tmp_path, CHOICE)
    (defect,) = found.defects
    assert (defect.subject, defect.session) == ("", "2")
    assert "session 2: trials 4 are not of one length in" in defect.what
    assert [len(source.trials) for source in found.sources] == [6] * 6


def test_a_published_date_beats_the_folder(tmp_path):
    write_eeg(tmp_path, SMALL, 1, ("1",))
    folder = tmp_path / "eeg_raw_data"
    stray = (folder / "2/1_20161125.mat").rename(folder / "3/1_20161125.mat")
    found = find(tmp_path, CHOICE)
    assert [(s.session, s.eeg.name) for s in found.sources] == [
        ("1", "1_20160518.mat"), ("2", "1_20161125.mat"), ("3", "1_20161126.mat"),
    ]  # fmt: skip
    assert not found.defects
    said = f"{stray}: it lies in the folder of session 3, and its date is that of session 2"
    assert any(note.startswith(said) for note in found.notes)


def test_a_date_that_nobody_published_gets_no_labels_of_a_guessed_session(tmp_path):
    write_eeg(tmp_path, SMALL, 1, ("1", "2"))
    folder = tmp_path / "eeg_raw_data"
    for path in folder.glob("*/*.mat"):
        name = {"1_20161126.mat": "1_20161127.mat"}.get(path.name, path.name)
        path.rename(folder / name)
    found = find(tmp_path, CHOICE)  # the other two of the subject are here
    assert keys(found) == KEYS[:6]
    assert not found.defects
    assert any("1_20161127.mat (session 3)" in note for note in found.notes)
    (folder / "1_20160518.mat").unlink()
    found = find(tmp_path, CHOICE)
    assert keys(found) == [("1", "2"), *KEYS[3:6]]
    assert found.defects[0].subject == "1"
    assert "1_20161127.mat: no session is published for its date" in found.defects[0].what
    (folder / "3").mkdir(exist_ok=True)
    (folder / "1_20161127.mat").rename(folder / "3/1_20161127.mat")
    assert keys(find(tmp_path, CHOICE)) == [("1", "2"), ("1", "3"), *KEYS[3:6]]


def test_features_alone_are_no_recordings(tmp_path):
    folder = tmp_path / "eeg_feature_smooth/1"
    folder.mkdir(parents=True)
    (folder / "1_20160518.mat").write_bytes(b"MATLAB 5.0")
    assert is_here(tmp_path)
    with pytest.raises(ConfigError, match=r"no recording of SEED-IV is here"):
        find(tmp_path, CHOICE)
