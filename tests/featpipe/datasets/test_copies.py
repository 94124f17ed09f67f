"""One file under two names, in any layout: neither recording is used, and both are told."""

import shutil
from dataclasses import replace

import pytest
from lookalikes import bids, deap
from lookalikes.cnt_files import brief
from lookalikes.dreamer import write_dreamer
from lookalikes.seed import small, write_preprocessed
from lookalikes.seed_v import write_seed_v
from lookalikes.seed_vii import two_sessions
from lookalikes.seed_vii import write_preprocessed as write_seed_vii

from featpipe.datasets import facts as published
from featpipe.datasets.layout import Choice
from featpipe.datasets.table import LAYOUTS

REAL = published.facts_of


def find(name, root, **more):
    classes = bids.CLASSES if name == "bids" else published.facts_of(name).classes
    return LAYOUTS[name].find(root, Choice(name, classes or ("low", "high"), **more))


def keys(found):
    return [(source.subject, source.session) for source in found.sources]


@pytest.fixture
def shorter(monkeypatch):
    """Shorten what is known of a data set."""

    def shorten(of):
        monkeypatch.setattr(published, "facts_of", lambda name: of)
        return of

    return shorten


@pytest.fixture
def seed(tmp_path, shorter):
    of = shorter(small(REAL("seed"), n_trials=3, seconds=1))
    return write_preprocessed(tmp_path / "Preprocessed_EEG", of)


def test_trials_in_matlab_files_with_a_header_of_another_day(seed):
    content = bytearray((seed / "2_20140404.mat").read_bytes())
    content[60:80] = b"Wed Jan 01 12:00:00 "
    (seed / "1_20131027.mat").write_bytes(content)
    found = find("seed", seed.parent)
    assert keys(found) == [(a, b) for a in ("1", "2", "10") for b in "123" if (a, b) not in
                           {("1", "1"), ("2", "1")}]  # fmt: skip
    said = {(d.subject, d.session): d.what for d in found.defects}
    assert set(said) == {("1", "1"), ("2", "1")}
    assert "2_20140404.mat (subject 2, session 1); which of them is the true" in said["1", "1"]
    assert "none is used: fetch all of them again" in said["2", "1"]
    hint = ". Its variables are called jl_eeg<k>, as those of subject 2 are"
    assert all(what.endswith(hint) for what in said.values())


def test_sessions_of_one_subject_have_the_same_initials(seed):
    shutil.copy(seed / "2_20140404.mat", seed / "2_20140413.mat")
    found = find("seed", seed.parent)
    assert [(d.subject, d.session) for d in found.defects] == [("2", "1"), ("2", "2")]
    assert not any("variables" in d.what for d in found.defects)


def test_all_sessions_in_one_file_are_no_copies_but_two_such_files_are(tmp_path, shorter):
    write_seed_vii(tmp_path, shorter(two_sessions(REAL("seed-vii"))), ["1", "2", "3"])
    assert len(find("seed-vii", tmp_path).sources) == 6
    shutil.copy(tmp_path / "EEG_preprocessed/1.mat", tmp_path / "EEG_preprocessed/3.mat")
    found = find("seed-vii", tmp_path)
    assert keys(found) == [("2", "1"), ("2", "3")]
    assert [(d.subject, d.session) for d in found.defects] == [("1", ""), ("3", "")]
    assert "3.mat (subject 3); which" in found.defects[0].what


def test_one_file_of_all_subjects_is_no_copy(tmp_path):
    write_dreamer(tmp_path, 2)
    found = find("dreamer", tmp_path)
    assert keys(found) == [("1", "1"), ("2", "1")]
    assert not found.defects


def test_raw_recordings_and_eyes_of_seed_v(tmp_path, shorter):
    of = REAL("seed-v")
    few = [
        replace(s, labels=s.labels[:2], stimuli=s.stimuli[:2])
        for s in (of.session(k) for k in "123")
    ]
    write_seed_v(tmp_path / "V", shorter(replace(of, sessions=tuple(map(brief, few)))), ("1", "2"))
    folder = tmp_path / "V/EEG_raw"
    content = bytearray((folder / "1_1_20180804.cnt").read_bytes())
    content[225:233] = (folder / "2_1_20180416.cnt").read_bytes()[225:233]  # a date of its own
    (folder / "2_1_20180416.cnt").write_bytes(content)
    eyes = tmp_path / "V/Eye_raw"
    shutil.copy(eyes / "Session_2/1_2_20180810.xlsx", eyes / "Session_3/1_3_20180808.xlsx")
    found = find("seed-v", tmp_path)
    assert [(d.subject, d.session) for d in found.defects] == [
        ("1", "1"), ("2", "1"), ("1", "2"), ("1", "3"),
    ]  # fmt: skip
    missing = {s.name: (s.eeg is None, s.eye is None) for s in found.sources}
    assert missing == {
        "sub-1_ses-1": (True, False), "sub-1_ses-2": (False, True), "sub-1_ses-3": (False, True),
        "sub-2_ses-1": (True, False), "sub-2_ses-2": (False, False), "sub-2_ses-3": (False, False),
    }  # fmt: skip


def test_pickles_of_deap(tmp_path, monkeypatch):
    monkeypatch.setattr(published, "facts_of", deap.short_facts(3))
    deap.write_python(tmp_path, deap.truth((1, 2, 3), 3))
    folder = tmp_path / "data_preprocessed_python"
    shutil.copy(folder / "s01.dat", folder / "s02.dat")
    found = find("deap", tmp_path, rating="valence")
    assert keys(found) == [("3", "1")]
    assert [d.subject for d in found.defects] == ["1", "2"]


def test_numbers_of_bids_beside_headers_of_their_own(tmp_path):
    folder = bids.write_bids(tmp_path / "ds", subjects=("01", "02", "03"), sessions=("",))
    data = [folder / f"sub-{k}/eeg/sub-{k}_task-film_eeg.eeg" for k in ("01", "02")]
    shutil.copy(*data)
    found = find("bids", folder)
    assert [s.eeg is None for s in found.sources] == [True, True, False]  # eyes have an offset
    assert [s.subject for s in found.sources] == ["01", "02", "03"]
    assert all("_eeg.vhdr: its content is that of" in d.what for d in found.defects)
