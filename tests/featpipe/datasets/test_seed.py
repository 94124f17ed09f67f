"""SEED: which recordings a folder holds, where their trials are, and what is told of defects."""

import shutil
from dataclasses import replace

import pytest
from lookalikes.seed import (
    small,
    time_text,
    write_books,
    write_mat,
    write_preprocessed,
    write_raw,
    write_raws,
)

from featpipe.datasets import facts as published
from featpipe.datasets.layout import Choice
from featpipe.datasets.seed import find, is_here
from featpipe.datasets.table import LAYOUTS
from featpipe.eeg.marks import HELD_S
from featpipe.errors import ConfigError
from featpipe.features.table import FeatureSettings, lay_grids
from featpipe.readers.mat_trials import SFREQ, trial_lengths

REAL = published.facts_of
FULL = published.facts_of("seed")
SMALL = small(FULL, n_trials=4, seconds=1)
CHOICE = Choice("seed", FULL.classes)
KEYS = [(subject, session) for subject in ("1", "2", "10") for session in "123"]


@pytest.fixture
def facts(monkeypatch):
    """Four trials of a second or more, so that files are small."""
    monkeypatch.setattr(published, "facts_of", lambda name: SMALL if name == "seed" else REAL(name))
    return SMALL


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A release with everything in it; to be copied before it is spoiled."""
    root = tmp_path_factory.mktemp("SEED")
    write_preprocessed(root / "SEED_EEG/Preprocessed_EEG", SMALL)
    write_raws(root / "SEED_EEG/SEED_RAW_EEG", SMALL, sfreq=200)
    write_books(root / "SEED_Multimodal/Chinese/03-Eye-tracking-excel", SMALL)
    features = root / "SEED_EEG/ExtractedFeatures_1s"
    shutil.copytree(root / "SEED_EEG/Preprocessed_EEG", features)
    return root


@pytest.fixture
def release(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "SEED")
    return tmp_path / "SEED"


def keys(found):
    return [(source.subject, source.session) for source in found.sources]


def of(found, subject, session):
    return next(s for s in found.sources if (s.subject, s.session) == (subject, session))


def windows(trials, window_s):
    return sum(
        grid.starts.size for grid in lay_grids(trials, SFREQ, FeatureSettings(window_s=window_s))
    )


def test_windows_at_full_length():
    from featpipe.datasets.found_trials import trials_end_to_end, trials_within
    from featpipe.datasets.time_lists import Bounds

    session = FULL.session("1")
    raw = trials_within(session, Bounds(session.onsets, session.offsets))
    seconds = dict(enumerate(session.seconds, start=1))
    mats = trials_end_to_end(session, {k: 200 * n + 1 for k, n in seconds.items()}, seconds, SFREQ)
    for trials in (raw, mats):
        assert [FULL.released_labels[t.label] for t in trials] == [
            1, 0, -1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 0, 1, -1
        ]  # fmt: skip
        assert (windows(trials, 1.0), windows(trials, 4.0)) == (3394, 842)


def test_the_whole_release_is_found_without_complaint(whole, facts):
    assert is_here(whole)
    found = find(whole, CHOICE)
    assert keys(found) == KEYS
    assert not found.defects
    for source in found.sources:
        assert source.eeg.name == f"{source.subject}_{source.session}.cnt"
        assert source.eye.name == f"{source.subject}_{source.session}.xls"
        assert [(t.onset, t.offset) for t in source.trials] == list(
            zip(facts.sessions[0].onsets, facts.sessions[0].offsets, strict=True)
        )
        assert [t.label for t in source.trials] == [2, 1, 0, 0]
        assert [t.stimulus for t in source.trials] == ["1", "2", "3", "4"]
    assert any('eeg = "preprocessed"' in note for note in found.notes)
    assert any("subjects that are not here: 3, 4, 5" in note for note in found.notes)


def test_preprocessed_trials_leave_out_the_sample_too_many(whole, facts):
    found = find(whole, Choice("seed", FULL.classes, "preprocessed"))
    assert keys(found) == KEYS
    assert not found.defects
    for source in found.sources:
        assert (
            source.eeg.name == f"{source.subject}_{FULL.dates[source.session][source.subject]}.mat"
        )
        n_times = trial_lengths(source.eeg)
        assert [n % 200 for n in n_times.values()] == [1] * 4
        assert [t.offset - t.onset for t in source.trials] == pytest.approx(
            facts.sessions[0].seconds
        )
        assert source.trials[0].onset == 0.0
        gaps = [b.onset - a.offset for a, b in zip(source.trials, source.trials[1:], strict=False)]
        assert gaps == pytest.approx(
            [2 * HELD_S + 1 / SFREQ] * 3
        )  # held ends, and the sample left out


@pytest.mark.parametrize("inside", ["", "data/v1"])
def test_the_older_release_and_a_folder_of_any_name(tmp_path, facts, inside):
    write_preprocessed(tmp_path / inside / "Preprocessed_EEG", SMALL, ("1",))
    assert is_here(tmp_path)
    assert keys(find(tmp_path, CHOICE)) == [("1", "1"), ("1", "2"), ("1", "3")]
    (tmp_path / inside / "Preprocessed_EEG").rename(tmp_path / "mine")
    assert is_here(tmp_path)  # by subjects and dates
    assert not LAYOUTS["seed-iv"].is_here(tmp_path)
    found = find(tmp_path, CHOICE)
    assert keys(found) == [("1", "1"), ("1", "2"), ("1", "3")]
    assert not found.defects


def test_sisters_in_other_languages_are_passed_over(tmp_path, facts):
    for language in ("Chinese", "German", "French"):
        write_raws(
            tmp_path / "SEED_Multimodal" / language / "01-EEG-raw",
            SMALL,
            subjects=("1",),
            sfreq=200,
        )
    found = find(tmp_path, CHOICE)
    assert len(found.sources) == 3
    assert all("Chinese" in str(source.eeg) for source in found.sources)
    assert all(LAYOUTS[name].is_here(tmp_path) for name in ("seed", "seed-ger", "seed-fra"))
    assert not is_here(tmp_path / "SEED_Multimodal/German")


def test_a_date_that_is_not_published_is_ranked(release, facts):
    folder = release / "SEED_EEG/Preprocessed_EEG"
    (folder / "2_20140413.mat").rename(folder / "2_20140414.mat")
    found = find(release, Choice("seed", FULL.classes, "preprocessed"))
    assert of(found, "2", "2").eeg.name == "2_20140414.mat"
    assert not found.defects
    assert any("2_20140414.mat (session 2)" in note for note in found.notes)


def test_defects_of_raw_recordings_cost_what_they_concern(release, facts):
    folder = release / "SEED_EEG/SEED_RAW_EEG"
    (folder / "1_2.cnt").unlink()
    (folder / "2_1.cnt").write_bytes((folder / "2_1.cnt").read_bytes()[:-20_000])
    (folder / "2_2.cnt").rename(folder / "two_2.cnt")
    write_raw(folder / "1_3.cnt", SMALL.sessions[0], SMALL.sessions[0].labels, 5, sfreq=200,
              until=SMALL.sessions[0].onsets[-1] + 0.5)  # fmt: skip
    books = release / "SEED_Multimodal/Chinese/03-Eye-tracking-excel"
    (books / "1_1.xls").unlink()
    found = find(release, Choice("seed", FULL.classes, "raw"))
    said = {(d.subject, d.session): d.what for d in found.defects}
    assert "no EEG" in said["1", "2"]
    assert "truncated" in said["2", "1"]
    assert "no EEG" in said["2", "2"]
    assert "two_2.cnt: its name is not <subject>_<session>.cnt" in said["", ""]
    assert "trials 4 end later" in said["1", "3"]
    assert "no eye recording" in said["1", "1"]
    assert len(found.defects) == 6
    assert of(found, "1", "1").eye is None
    assert of(found, "1", "3").trials[-1].offset == SMALL.sessions[0].onsets[-1] + 0.5
    assert keys(found) == KEYS  # three of them are eye recordings without EEG
    alone = [(s.subject, s.session) for s in found.sources if s.eeg is None]
    assert alone == [("1", "2"), ("2", "1"), ("2", "2")]
    assert of(found, "1", "2").trials == of(found, "1", "1").trials


def test_dates_and_channels_of_headers_are_compared(release, facts):
    folder = release / "SEED_EEG/SEED_RAW_EEG"
    for name, date in (("1_1.cnt", b"10/27/13"), ("1_2.cnt", b"11/07/13")):  # of sessions 1 and 3
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:225] + date + content[233:])
    content = (folder / "2_1.cnt").read_bytes()
    (folder / "2_1.cnt").write_bytes(content.replace(b"CPZ\0", b"X1\0\0", 1))
    found = find(release, CHOICE)
    assert keys(found) == KEYS
    assert [(d.subject, d.session) for d in found.defects] == [("2", "1")]
    assert "2_1.cnt: CPZ of the 62 channels" in found.defects[0].what
    (note,) = [note for note in found.notes if "headers" in note]
    assert "headers of 1_2.cnt (session 3) are" in note


def test_defects_of_preprocessed_recordings(release, facts):
    folder = release / "SEED_EEG/Preprocessed_EEG"
    labels, seconds = SMALL.sessions[0].labels, SMALL.sessions[0].seconds
    short = (seconds[0], seconds[1] + 3, *seconds[2:])
    write_mat(folder / "1_20131027.mat", "djc", labels, short, 1)
    write_mat(folder / "2_20140404.mat", "jl", labels[:-1], seconds[:-1], 2)
    cut = folder / "2_20140413.mat"
    cut.write_bytes(cut.read_bytes()[:-2000])
    (folder / "10_20131130.mat").rename(folder / "ten_20131130.mat")
    found = find(release, Choice("seed", FULL.classes, "preprocessed"))
    said = {(d.subject, d.session): d.what for d in found.defects}
    n = 200 * seconds[1]
    assert f"trial 2 has {n + 601} samples, expected {n} or {n + 1}" in said["1", "1"]
    assert [t.trial for t in of(found, "1", "1").trials] == [1, 3, 4]
    assert "trial 4 is not in it" in said["2", "1"]
    assert "truncated" in said["2", "2"]
    assert "no EEG" in said["10", "1"]
    assert "ten_20131130.mat: its name is not" in said["", ""]
    assert len(found.defects) == 5
    # the trial of another length lies between the others, whose places are those in the file
    third = of(found, "1", "1").trials[1]
    assert third.onset == pytest.approx((200 * (short[0] + short[1]) + 2) / 200 + 4 * HELD_S)


def test_of_two_releases_that_is_taken_of_which_more_can_be_used(release, facts):
    folder = release / "SEED_EEG/SEED_RAW_EEG"
    for path in folder.glob("*_*.cnt"):
        if path.name not in ("1_1.cnt", "2_1.cnt"):
            path.unlink()
    (folder / "1_1.cnt").write_bytes((folder / "1_1.cnt").read_bytes()[:3000])
    found = find(release, CHOICE)
    assert keys(found) == KEYS
    assert {source.eeg.suffix for source in found.sources} == {".mat"}
    assert not found.defects
    said = (
        "SEED: 9 preprocessed recordings are used; 2 raw ones are here too (1 of them can be used)"
    )
    assert any(note.startswith(said) for note in found.notes)
    (release / "SEED_EEG/Preprocessed_EEG").rename(release / "others")
    for path in (release / "others").glob("*_*.mat"):
        if path.name not in ("1_20131027.mat", "10_20131130.mat"):
            path.unlink()
    (release / "others/1_20131027.mat").write_bytes(b"MATLAB 5.0")
    (release / "others").rename(release / "SEED_EEG/Preprocessed_EEG")
    found = find(release, CHOICE)  # one of each
    assert [s.eeg.name for s in found.sources if s.eeg] == ["2_1.cnt"]
    said = "of subject 1 session 1, subject 10 session 1 there are only these, and they are left"
    assert any(said in note for note in found.notes)


def test_auto_tells_what_is_broken_in_the_release_that_it_does_not_use(release, facts):
    path = release / "SEED_EEG/SEED_RAW_EEG/2_2.cnt"
    path.write_bytes(path.read_bytes()[:4000])
    path.with_name("2_1.cnt").rename(path.with_name("two_1.cnt"))
    found = find(release, CHOICE)
    assert {source.eeg.suffix for source in found.sources} == {".mat"}
    assert not found.defects
    told = [note for note in found.notes if note.startswith("SEED, raw EEG, which is not used: ")]
    assert len(told) == 2
    assert "two_1.cnt: its name is not" in told[0]
    assert "2_2.cnt: corrupt" in told[1]
    for raw in path.parent.glob("*.cnt"):
        raw.rename(raw.with_name(f"x{raw.name}"))
    notes = find(release, CHOICE).notes
    assert sum("raw EEG, which is not used: " in note for note in notes) == 9


def test_time_txt_is_believed_and_compared_with_what_is_published(release, facts):
    path = release / "SEED_EEG/SEED_RAW_EEG/time.txt"
    path.write_text(time_text(facts.sessions[0]).replace("2000,", "2001,", 1))
    found = find(release, CHOICE)
    assert [d.what for d in found.defects] == [
        f"{path}: the times of trials 1 are not those published; the file is believed: compare "
        "them, or copy the file again"
    ]
    assert [source.trials[0].onset for source in found.sources] == [2.001] * 9
    path.write_text(time_text(small(FULL, 3, 1).sessions[0]))
    found = find(release, CHOICE)
    assert "times of 3 trials, expected 4; those published are used" in found.defects[0].what
    assert len(found.sources[0].trials) == 4
    path.write_text("start_point_list = [__import__('os')];")
    assert "is no whole number of samples" in find(release, CHOICE).defects[0].what


def test_what_is_not_there_is_refused_with_the_next_step(tmp_path, facts):
    with pytest.raises(ConfigError, match=r"no recording of SEED is here.*correct .study. root"):
        find(tmp_path, CHOICE)
    with pytest.raises(ConfigError, match="no such folder"):
        find(tmp_path / "nowhere", CHOICE)
    write_preprocessed(tmp_path / "Preprocessed_EEG", SMALL, ("1",))
    with pytest.raises(ConfigError, match=r'eeg = "raw".*<session>.cnt.*"auto"'):
        find(tmp_path, Choice("seed", FULL.classes, "raw"))
    with pytest.raises(ConfigError, match="SEED has 3"):
        find(tmp_path, Choice("seed", ("bad", "good")))


def test_eye_recordings_alone_have_the_published_trials(tmp_path, facts):
    write_books(tmp_path / "03-Eye-tracking-excel", SMALL, ("1",))
    found = find(tmp_path, CHOICE)
    assert [(s.eeg, s.eye.name) for s in found.sources] == [(None, f"1_{k}.xls") for k in "123"]
    assert len(found.sources[0].trials) == 4


def test_names_of_folders_above_the_root_say_nothing(tmp_path, facts):
    root = tmp_path / "Preprocessed_EEG/mine"
    write_mat(root / "ExtractedFeatures/1_20131027.mat", "de", (0,), (1,), 1)
    write_preprocessed(root / "SEED/Preprocessed_EEG", SMALL, ("1",))
    found = find(root, CHOICE)
    assert keys(found) == [("1", "1"), ("1", "2"), ("1", "3")]
    assert {source.eeg.parent.name for source in found.sources} == {"Preprocessed_EEG"}
    assert not found.defects
    assert keys(find(tmp_path / "Preprocessed_EEG", CHOICE)) == KEYS[:3]
    assert keys(find(root / "SEED/Preprocessed_EEG", CHOICE)) == KEYS[:3]


def test_of_two_of_one_recording_the_whole_one_is_taken(release, facts):
    choice = Choice("seed", FULL.classes, "preprocessed")
    first, raw = release / "SEED_EEG/Preprocessed_EEG", release / "SEED_EEG/SEED_RAW_EEG"
    second = release / "later/Preprocessed_EEG"
    second.mkdir(parents=True)
    for name in ("1_20131027.mat", "2_20140404.mat"):
        shutil.copy(first / name, second)
    assert not find(release, choice).defects  # the same twice
    content = (first / "1_20131027.mat").read_bytes()
    (first / "1_20131027.mat").write_bytes(content[: len(content) // 2])
    (second / "2_20140404.mat").write_bytes(b"MATLAB 5.0")
    found = find(release, choice)
    assert keys(found) == KEYS
    assert of(found, "1", "1").eeg == second / "1_20131027.mat"
    assert [defect.what.split(": take")[0] for defect in found.defects] == [
        f"{first}/1_20131027.mat: {second}/1_20131027.mat is subject 1, session 1, too, and is the "
        "one that is used, because this one is broken",
        f"{second}/2_20140404.mat: {first}/2_20140404.mat is subject 2, session 1, too, and is the "
        "one that is used",
    ]
    shutil.copy(raw / "1_1.cnt", raw / "01_1.cnt")  # of one size, and called otherwise
    assert "1_1.cnt is subject 1, session 1, too" in find(release, CHOICE).defects[0].what


@pytest.mark.parametrize(("eeg", "is_told"), [("preprocessed", True), ("raw", False)])
def test_that_eyes_go_by_the_rank_of_dates_is_told_as_a_guess(release, eeg, is_told):
    notes = find(release, replace(CHOICE, eeg=eeg)).notes
    assert any("as if sessions were numbered by date" in note for note in notes) is is_told
