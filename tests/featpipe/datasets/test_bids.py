"""The layout "bids": what it finds, what it makes of events, and what it says of defects."""

import builtins
import json
import random
import shutil
from contextlib import suppress

import numpy as np
import pytest
from lookalikes.bids import (
    CLASSES,
    LENGTH,
    ONSETS,
    START,
    labels,
    write_bids,
    write_recording,
)
from lookalikes.bids_eye import FIRST_MS, SIDECAR, write_eye

from featpipe.datasets import bids
from featpipe.datasets.bids_events import read_trials
from featpipe.datasets.layout import Choice
from featpipe.errors import ConfigError
from featpipe.reading import read_eeg, source_files

CHOICE = Choice("mine", CLASSES)
STEM = "sub-02_ses-1_task-film"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A data set of three subjects and two sessions; do not write to it."""
    return write_bids(tmp_path_factory.mktemp("bids") / "ds")


@pytest.fixture
def folder(whole, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(whole, tmp_path / "ds")


def names(found):
    return [(source.subject, source.session) for source in found.sources]


def test_recordings_trials_and_clocks(whole):
    found = bids.find(whole, CHOICE)
    assert (list(found.defects), list(found.notes)) == ([], [])
    assert names(found) == [(s, n) for s in ("01", "02", "10") for n in ("1", "2")]
    for source in found.sources:
        assert source.eeg.name == f"sub-{source.subject}_ses-{source.session}_task-film_eeg.vhdr"
        assert source.eye.name.endswith("_recording-eye1_physio.tsv.gz")
        assert source.eye_offset == pytest.approx(START - FIRST_MS / 1000)
        assert (source.dataset, source.classes) == ("mine", CLASSES)
        assert [t.trial for t in source.trials] == [1, 2, 3, 4]
        assert [t.onset for t in source.trials] == list(ONSETS)
        assert [t.offset - t.onset for t in source.trials] == [LENGTH] * 4
        assert tuple(t.label for t in source.trials) == labels(int(source.session))
        assert [t.stimulus for t in source.trials] == [f"clip{i}.mp4" for i in (1, 2, 3, 4)]


def test_the_folder_is_told_from_others(whole, tmp_path):
    assert bids.is_here(whole)
    assert bids.is_here(whole.parent)
    assert not bids.is_here(tmp_path)
    assert not bids.is_here(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="no data set of BIDS"):
        bids.find(tmp_path, CHOICE)
    assert names(bids.find(whole.parent, CHOICE)) == names(bids.find(whole, CHOICE))


def test_derivatives_are_not_recordings(folder):
    shutil.copytree(folder / "sub-01", folder / "derivatives/clean/sub-01")
    shutil.copytree(folder / "sub-01", folder / "sourcedata/sub-01")
    assert len(bids.find(folder, CHOICE).sources) == 6


def test_several_runs_and_tasks_become_names_of_sessions(tmp_path):
    folder = write_bids(tmp_path / "ds", subjects=("1",), sessions=("2",))
    for entities in ("_task-film_run-1", "_task-film_run-2", "_task-rest"):
        write_recording(folder, "1", "2", entities, eyes=())
    found = bids.find(folder, CHOICE)
    expected = ["2-taskfilm", "2-taskfilm-run1", "2-taskfilm-run2", "2-taskrest"]
    assert [name for _, name in names(found)] == expected
    only = bids.find(folder, Choice("mine", CLASSES, task="rest"))
    assert names(only) == [("1", "2")]
    with pytest.raises(ConfigError, match=r"task = 'reste': there are film, rest"):
        bids.find(folder, Choice("mine", CLASSES, task="reste"))


def test_without_sessions_there_is_one(tmp_path):
    folder = write_bids(tmp_path / "ds", subjects=("1",), sessions=("",))
    assert names(bids.find(folder, CHOICE)) == [("1", "1")]


def test_without_mne_bids_the_way_to_it_is_told(whole, monkeypatch):
    true_import = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("mne_bids"):
            raise ImportError(name)
        return true_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ConfigError, match=r"pip install 'featpipe\[bids\]'"):
        bids.find(whole, CHOICE)


def test_types_and_bad_channels_of_the_table_count(tmp_path):
    path = write_recording(tmp_path, "1", "1", bad=("F3",))
    raw = read_eeg(path)
    assert raw.get_channel_types() == ["eeg"] * 4 + ["eog"]
    assert raw.info["bads"] == ["F3"]
    assert [file.name for file in source_files(path)][-1] == "sub-1_ses-1_task-film_channels.tsv"
    before = raw.get_data(picks=["X1"])
    path.with_name("sub-1_ses-1_task-film_channels.tsv").unlink()
    np.testing.assert_array_equal(read_eeg(path).get_data(picks=["X1"]), before)


def write_events(folder, text):
    path = folder / "sub-1_task-a_events.tsv"
    path.write_text(text.replace(" ", "\t"), "utf-8")
    return path, folder / "sub-1_task-a_eeg.vhdr"


def test_codes_mean_what_the_sidecar_says(tmp_path):
    path, recording = write_events(tmp_path, "onset duration value\n1 2 21\n4 2 22\n9 1 3\n")
    levels = {"value": {"Levels": {"21": "positive", "22": {"Description": "negative"}}}}
    path.with_suffix(".json").write_text(json.dumps(levels))
    found = read_trials(path, recording, CLASSES)
    assert [(t.onset, t.label) for t in found.trials] == [(1.0, 1), (4.0, 0)]
    assert found.others == {"3": 1}


def test_the_study_may_name_the_column(tmp_path):
    path, recording = write_events(
        tmp_path, "onset duration trial_type emotion\n1 2 negative positive\n"
    )
    assert read_trials(path, recording, CLASSES).trials[0].label == 0
    assert read_trials(path, recording, CLASSES, "emotion").trials[0].label == 1
    with pytest.raises(ConfigError, match="did you mean 'emotion'"):
        read_trials(path, recording, CLASSES, "emotoin")


def test_rows_that_are_no_trials_are_told(tmp_path):
    path, recording = write_events(
        tmp_path,
        "onset duration trial_type\n"
        "n/a 2 positive\n-3 2 positive\n5 0 positive\n6 n/a negative\n"
        "10 5 negative\n12 5 positive\n15 5 positive\n20 5 other\n",
    )
    found = read_trials(path, recording, CLASSES)
    assert [(t.trial, t.onset, t.label) for t in found.trials] == [(1, 10.0, 0), (2, 15.0, 1)]
    flaws = "\n".join(found.flaws)
    assert "line 2: onset = 'n/a'" in flaws
    assert "line 3: onset = '-3'" in flaws
    assert "2 of 7 trials have no duration" in flaws
    assert "trials at 12 s begin before" in flaws


def test_labels_that_are_no_class_of_the_study_are_listed(whole):
    with pytest.raises(ConfigError, match=r"labels there are cue \(24\), .*negative \(12\)"):
        bids.find(whole, Choice("mine", ("happy", "sad")))


def test_trials_that_do_not_last_are_what_is_told_where_there_are_no_others(folder):
    for path in folder.rglob("*_events.tsv"):
        path.write_text(path.read_text().replace(f"\t{LENGTH}\t", "\t0\t"))
    with pytest.raises(ConfigError, match=r"4 of 4 trials have no duration: write how"):
        bids.find(folder, CHOICE)


def spoil_truncated(folder):
    path = folder / f"sub-02/ses-1/eeg/{STEM}_eeg.eeg"
    path.write_bytes(path.read_bytes()[:-3001])


def spoil_renamed(folder):
    eeg = folder / "sub-02/ses-1/eeg"
    (eeg / f"{STEM}_eeg.vhdr").rename(eeg / "film1.vhdr")
    for file in eeg.glob("*physio*"):
        file.unlink()


def spoil_place(folder):
    for file in (folder / "sub-02/ses-2/eeg").glob("*_eeg.*"):
        shutil.copy(file, folder / "sub-02/ses-1/eeg" / file.name)


def spoil_session(folder):
    shutil.rmtree(folder / "sub-02/ses-1")


def spoil_subject(folder):
    shutil.rmtree(folder / "sub-02")


def spoil_rate(folder):
    path = folder / f"sub-02/ses-1/eeg/{STEM}_eeg.json"
    path.write_text(json.dumps({"SamplingFrequency": 512}))


def spoil_events(folder):
    (folder / f"sub-02/ses-1/eeg/{STEM}_events.tsv").unlink()


def spoil_length(folder):
    path = folder / f"sub-02/ses-1/eeg/{STEM}_events.tsv"
    path.write_text(path.read_text().replace("23.0\t6.0", "23.0\t60.0"))


def spoil_eye(folder):
    path = folder / f"sub-02/ses-1/eeg/{STEM}_recording-eye1_physio.tsv.gz"
    path.write_bytes(path.read_bytes()[:4000])


def spoil_no_eye(folder):
    for file in (folder / "sub-02/ses-1/eeg").glob("*recording-eye*"):
        file.unlink()


def spoil_start(folder):
    path = folder / f"sub-02/ses-1/eeg/{STEM}_recording-eye1_physio.json"
    path.write_text(json.dumps({"RecordedEye": "left", "StartTime": FIRST_MS}))


def test_no_damage_to_the_texts_leads_to_a_crash(folder):
    rng = random.Random(2)
    for subject in ("01", "10"):
        shutil.rmtree(folder / f"sub-{subject}")
    kinds = ("*.json", "*_events.tsv", "participants.tsv", "*.vhdr", "*_physio.tsv.gz")
    files = sorted(file for kind in kinds for file in folder.rglob(kind))
    n_whole = 0
    for i in range(40):
        file = files[i % len(files)]
        whole = file.read_bytes()
        spoiled = bytearray(whole[: rng.randrange(len(whole))] if i % 3 == 0 else whole)
        for _ in range(min(4, len(spoiled))):
            spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
        file.write_bytes(bytes(spoiled))
        with suppress(ConfigError):  # what holds for all recordings
            n_whole += len(bids.find(folder, CHOICE).sources) == 2
        file.write_bytes(whole)
    assert n_whole > 10


WHOLE, NO_EYE, NO_EEG, GONE = ("eeg", "eye"), ("eeg",), ("eye",), None


@pytest.mark.parametrize(
    ("spoil", "left", "text"),
    [(spoil_truncated, NO_EEG, "_eeg.vhdr: truncated"), (spoil_renamed, GONE, "film1.vhdr"),
     (spoil_place, WHOLE, "another subject or session"), (spoil_session, GONE, "no session 1"),
     (spoil_rate, WHOLE, "SamplingFrequency = 512, the recording 500 Hz"),
     (spoil_events, GONE, "no *_events.tsv beside it"), (spoil_length, WHOLE, "ends at 31.0 s"),
     (spoil_eye, NO_EYE, "physio.tsv.gz: it ends within its content"),
     (spoil_no_eye, NO_EYE, "no eye recording"),
     (spoil_start, WHOLE, "is the first time stamp, not seconds of EEG")],
)  # fmt: skip
def test_a_defect_costs_what_it_must_and_is_told(folder, spoil, left, text):
    spoil(folder)
    found = bids.find(folder, CHOICE)
    (source,) = [of for of in found.sources if (of.subject, of.session) == ("02", "1")] or [None]
    parts = source and tuple(part for part in ("eeg", "eye") if getattr(source, part))
    assert parts == left
    told = [of for of in found.defects if text in of.what]
    assert {(of.subject, of.session) for of in told} == {("02", "1")}
    assert all(of.subject == "02" for of in found.defects)
    assert sum(of.subject != "02" for of in found.sources) == 4


def test_a_subject_of_the_list_without_a_folder_is_told_and_one_not_listed_is_fine(folder):
    spoil_subject(folder)
    write_recording(folder, "3", "1")
    write_recording(folder, "3", "2")
    found = bids.find(folder, CHOICE)
    (told,) = found.defects
    assert (told.subject, told.session, "is listed and has no recording" in told.what) == (
        "02", "", True,
    )  # fmt: skip
    assert [subject for subject, _ in names(found)] == ["01", "01", "3", "3", "10", "10"]


def test_eyes_of_another_folder_or_format_belong_to_the_eeg_of_their_names(tmp_path):
    folder = write_bids(tmp_path / "ds", subjects=("1", "2", "3"), sessions=("",))
    for subject, place in (("1", "beh"), ("2", "eyetrack")):
        (folder / f"sub-{subject}/{place}").mkdir()
        for file in (folder / f"sub-{subject}/eeg").glob("*recording-eye*"):
            file.rename(folder / f"sub-{subject}/{place}/{file.name}")
    for file in (folder / "sub-3/eeg").glob("*recording-eye*"):
        file.unlink()
    asc = folder / "sub-3/eeg/sub-3_eyelink.asc"
    asc.write_text("START 1000 LEFT SAMPLES EVENTS\n1000 500.0 400.0 900.0 ...\nEND 1002\n")
    found = bids.find(folder, CHOICE)
    places = [(of.eye.parent.name, of.eye.suffix) for of in found.sources]
    assert places == [("beh", ".gz"), ("eyetrack", ".gz"), ("eeg", ".asc")]
    assert [of.eye_offset is None for of in found.sources] == [False, False, True]


def test_an_eye_that_fits_two_recordings_is_of_neither(tmp_path):
    folder = write_bids(tmp_path / "ds", subjects=("1",), sessions=("",))
    write_recording(folder, "1", "", "_task-rest", eyes=())
    for file in (folder / "sub-1/eeg").glob("*recording-eye*"):
        file.unlink()
    write_eye(folder / "sub-1/eeg", "sub-1", **SIDECAR)
    found = bids.find(folder, CHOICE)
    assert [of.eye for of in found.sources] == [None, None]
    assert any("fits 2 EEG recordings" in of.what for of in found.defects)


def test_eyes_alone_are_recordings_too(tmp_path):
    folder = write_bids(tmp_path / "ds", subjects=("1", "2", "3"), sessions=("",))
    for file in (folder / "sub-3/eeg").glob("*_eeg.*"):
        file.unlink()
    found = bids.find(folder, CHOICE)
    assert [of.eeg is None for of in found.sources] == [False, False, True]
    (told,) = found.defects
    assert told.what.startswith(f"{found.sources[2].eye}: no EEG beside it")


def test_numbers_and_names_of_any_length_are_told_in_a_line_or_passed_over(folder):
    eeg = folder / f"sub-02/ses-1/eeg/{STEM}_eeg.json"
    eeg.write_text(json.dumps({"SamplingFrequency": 10**400}))
    events = folder / f"sub-02/ses-1/eeg/{STEM}_events.tsv"
    text = events.read_text()
    row = next(line for line in text.split("\n") if line.startswith("23.0\t"))
    events.write_text(text + "\x1b[2J" + "9" * 90_000 + row.removeprefix("23.0"))
    listed = folder / "participants.tsv"
    listed.write_text(listed.read_text() + f"sub-\x1b[2J{'x' * 90_000}\tF\n")
    found = bids.find(folder, CHOICE)
    assert len(found.sources) == 6
    told = " ".join(of.what + of.unit for of in found.defects)
    assert len(told) < 2000 + 10 * len(str(folder))
    assert told.isprintable()
    assert r"onset = '\x1b[2J999" in told
    assert r"sub-\x1b[2Jxxx" in told


def test_what_may_not_be_read_costs_its_recording(folder, monkeypatch):
    closed = (f"{STEM}_recording-eye1_physio.tsv.gz", f"{STEM}_events.tsv")
    true_open = type(folder).open

    def opened(self, *how, **options):
        if self.name in closed:
            raise PermissionError(13, "Permission denied")
        return true_open(self, *how, **options)

    monkeypatch.setattr(type(folder), "open", opened)
    found = bids.find(folder, CHOICE)
    assert len(found.sources) == 5
    assert any(f"{closed[1]}: it cannot be opened" in of.what for of in found.defects)
    closed = closed[:1]
    found = bids.find(folder, CHOICE)
    assert len(found.sources) == 6
    assert any(f"{closed[0]}: it cannot be opened" in of.what for of in found.defects)
