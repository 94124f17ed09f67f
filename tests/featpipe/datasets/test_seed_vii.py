"""SEED-VII: facts, what is made of a folder, and what is said of one that is not as released."""

import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from lookalikes.cnt_files import SFREQ
from lookalikes.seed_vii import (
    EYES_BEFORE_S,
    MAT_SECONDS,
    delay,
    moments,
    two_sessions,
    write_preprocessed,
    write_seed_vii,
)
from scipy.io import loadmat, savemat

from featpipe.datasets import facts, seed_vii
from featpipe.datasets.layout import Choice
from featpipe.errors import ConfigError
from featpipe.reading import read_eeg, read_eye

OF = facts.facts_of("seed-vii")
SHORT = two_sessions(OF)
CHOICE = Choice("mine", OF.classes)


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vii") / "SEED-VII"
    write_seed_vii(folder, SHORT)
    write_preprocessed(folder, SHORT, ["14", "2"])
    return folder


@pytest.fixture
def folder(released, tmp_path, monkeypatch):
    """A copy that may be spoiled; recordings are links, because no test writes into them."""
    monkeypatch.setattr(facts, "facts_of", lambda name: {"seed-vii": SHORT}[name])
    target = tmp_path / "SEED-VII"
    shutil.copytree(released, target, copy_function=link)
    return target


def link(source, target):
    (os.link if source.endswith((".cnt", ".mat")) else shutil.copy)(source, target)


def find(folder, **more):
    return seed_vii.find(folder, replace(CHOICE, **more))


def only(defects):
    (one,) = defects
    return one


def source_of(found, name):
    return next(one for one in found.sources if one.name == name)


def times_of(source):
    return np.array([time for trial in source.trials for time in trial[1:3]])


def test_every_emotion_has_12_clips_and_neutral_8():
    labels = [label for of in OF.sessions for label in of.labels]
    counts = dict(zip(OF.classes, np.bincount(labels).tolist(), strict=True))
    assert counts == {name: 8 if name == "neutral" else 12 for name in OF.classes}
    assert all(of.labels[:10] == of.labels[10:] for of in OF.sessions)
    assert [clip for of in OF.sessions for clip in of.stimuli] == [str(k) for k in range(1, 81)]
    assert set(OF.starts) == {"14_20221015_1", "9_20221111_3"}


def test_what_lies_in_the_release_is_found(folder):
    found = find(folder.parent)
    assert found.defects == []
    names = [f"sub-{subject}_ses-{session}" for subject in (1, 9, 14) for session in (1, 3)]
    assert [source.name for source in found.sources] == names
    assert "2, 3, 4, 5, 6, 7, 8, 10" in found.notes[0]
    assert found.notes[1].startswith("9_20221111_3, 14_20221015_1: clips are at the written")
    assert "the eyes of 4 recordings" in found.notes[2]
    assert "half of the triggers lie within 1 ms" in found.notes[2]
    assert "raw EEG is used" in found.notes[3]
    first = found.sources[0]
    assert first.eeg == folder / "EEG_raw/1_20221001_1.cnt"
    assert first.eye == folder / "EYE_raw/1_20221001_1.tsv"
    assert [trial.label for trial in first.trials] == list(OF.session("1").labels)
    assert [trial.stimulus for trial in found.sources[1].trials] == [str(k) for k in range(41, 61)]
    assert seed_vii.is_here(folder)


@pytest.mark.parametrize(("subject", "session"), [("1", "1"), ("1", "3"), ("9", "1"), ("14", "3")])
def test_clips_are_where_the_marks_are(folder, subject, session):
    source = source_of(find(folder), f"sub-{subject}_ses-{session}")
    truth = moments(SHORT.session(session), subject, session)
    np.testing.assert_allclose(times_of(source), truth, atol=0.5 / SFREQ + 1e-9)
    assert len(read_eeg(source.eeg).ch_names) == 67


@pytest.mark.parametrize("name", ["sub-14_ses-1", "sub-9_ses-3"])
def test_without_usable_marks_clips_are_where_the_triggers_were_written(folder, name):
    source = source_of(find(folder), name)
    truth = moments(SHORT.session(source.session), source.subject, source.session)
    np.testing.assert_allclose(times_of(source), truth, atol=1e-5)
    (folder / f"save_info/{source.eeg.stem}_trigger_info.csv").unlink()
    defects = find(folder).defects
    assert [f"sub-{defect.subject}_ses-{defect.session}" for defect in defects] == [name] * 2
    assert "its marks are unusable" in defects[1].what


def test_the_eyes_are_placed_by_the_clock_on_the_wall(folder):
    for source in find(folder).sources:
        assert source.eye_offset == pytest.approx(-EYES_BEFORE_S, abs=0.005)
    eye = read_eye(source.eye)
    assert eye.sfreq == 100.0
    is_first = eye.samples["time"] + source.eye_offset > times_of(source)[0] + 0.01
    label = OF.session(source.session).labels[0]
    assert eye.samples["pupil_x_left"][is_first].iloc[0] == pytest.approx(3.014 + 0.2 * label)


def test_triggers_of_another_recording_cost_the_recording(folder):
    rows = (folder / "save_info/1_20221001_1_trigger_info.csv").read_text().splitlines()
    for i, row in enumerate(rows):  # as if every clip had lasted a minute
        rows[i] = row[:13] + f"{14 + i // 40}:{i % 60:02}:{row[-9:]}"
    (folder / "save_info/1_20221001_1_trigger_info.csv").write_text("\n".join(rows))
    found = find(folder)
    assert "of another session" in only(found.defects).what
    assert source_of(found, "sub-1_ses-1").eeg is None


def test_a_missing_file_of_triggers_is_told_and_marks_remain(folder):
    (folder / "save_info/1_20221001_1_trigger_info.csv").unlink()
    found = find(folder)
    assert "1_20221001_1_trigger_info.csv: it is not here" in only(found.defects).what
    source = source_of(found, "sub-1_ses-1")
    assert (source.eye_offset, len(source.trials)) == (None, 20)


def test_an_export_without_its_start_is_told(folder):
    path = folder / "EYE_raw/1_20221001_1.tsv"
    path.write_text(path.read_text().replace("Recording start time", "Beginning"))
    found = find(folder)
    assert "no 'Recording start time'" in only(found.defects).what
    assert source_of(found, "sub-1_ses-1").eye_offset is None


def test_missing_cut_renamed_and_misplaced_files_are_told(folder):
    (folder / "EYE_raw/1_20221001_1.tsv").unlink()
    (folder / "EEG_raw/1_20221008_3.cnt").unlink()
    cut = folder / "EEG_raw/9_20221104_1.cnt"
    content = cut.read_bytes()
    cut.unlink()
    cut.write_bytes(content[:100_000])
    (folder / "EEG_raw/14_20221015_1.cnt").rename(folder / "EEG_raw/wang.cnt")
    (folder / "EYE_raw/14_20221022_3.tsv").rename(folder / "EYE_raw/14_20221015_3.tsv")
    found = find(folder, eeg="raw")
    whats = "\n".join(defect.what for defect in found.defects)
    for text in (
        "no eye recording of subject 1, session 1", "no EEG of subject 1, session 3",
        "9_20221104_1.cnt: truncated", "wang.cnt: its name is not <subject>_<YYYYMMDD>_",
        "no EEG of subject 14, session 1", "14_20221015_3.tsv: its date is not that of",
    ):  # fmt: skip
        assert text in whats
    by_name = {source.name: source for source in found.sources}
    assert by_name["sub-1_ses-1"].eye is None
    assert by_name["sub-14_ses-3"].eye is None
    for name in ("sub-1_ses-3", "sub-9_ses-1", "sub-14_ses-1"):
        source = by_name[name]  # the eyes alone, from the first trigger on
        assert (source.eeg, source.trials[0].onset) == (None, 0.0)
        spans = times_of(source)
        np.testing.assert_allclose(np.diff(spans)[::2], 2.0, atol=0.01)
        late = moments(SHORT.session(source.session), source.subject, source.session)[0]
        assert source.eye_offset == pytest.approx(-EYES_BEFORE_S - late, abs=0.01)
        assert late == 1 + delay(source.subject, source.session)


def test_a_header_of_another_session_is_refused(folder):
    (folder / "EEG_raw/1_20221008_3.cnt").unlink()
    os.link(folder / "EEG_raw/1_20221001_1.cnt", folder / "EEG_raw/1_20221008_3.cnt")
    assert "its header has the date of session 1" in only(find(folder).defects).what


def test_sessions_are_parts_of_the_preprocessed_files(folder):
    found = find(folder, eeg="preprocessed")
    assert found.defects == []
    assert [source.name for source in found.sources][:3] == [
        "sub-2_ses-1", "sub-2_ses-3", "sub-14_ses-1",
    ]  # fmt: skip
    source = found.sources[1]
    assert (source.eeg_part, source.eye, source.eye_offset) == ("41-60", None, None)
    assert source.eeg == folder / "EEG_preprocessed/2.mat"
    assert [trial.label for trial in source.trials] == list(OF.session("3").labels)
    assert [trial.trial for trial in source.trials] == list(range(1, 21))
    raw = read_eeg(source.eeg, part=source.eeg_part)
    truth = loadmat(source.eeg)
    for trial in source.trials:
        start, stop = round(200 * trial.onset), round(200 * trial.offset)
        x = 1e6 * np.asarray(raw.get_data(start=start, stop=stop))
        np.testing.assert_allclose(x, truth[trial.stimulus], rtol=1e-12)
        assert trial.offset - trial.onset == MAT_SECONDS[int(trial.stimulus) % 2]


def test_without_raw_eeg_the_preprocessed_is_taken(folder):
    shutil.rmtree(folder / "EEG_raw")
    found = find(folder)
    assert {source.eeg.suffix for source in found.sources} == {".mat"}
    assert any("no eyes beside preprocessed EEG" in note for note in found.notes)
    assert seed_vii.is_here(folder / "EEG_preprocessed")
    assert not seed_vii.is_here(folder / "EYE_features")
    with pytest.raises(ConfigError, match=r'eeg = "preprocessed"'):
        find(folder / "EYE_raw", eeg="preprocessed")


def test_a_few_raw_recordings_do_not_beat_all_of_the_preprocessed(folder):
    for path in (folder / "EEG_raw").iterdir():
        if path.name not in ("1_20221001_1.cnt", "1_20221008_3.cnt", "9_20221104_1.cnt"):
            path.unlink()
    found = find(folder)
    assert {source.eeg.suffix for source in found.sources} == {".mat"}
    assert "the preprocessed EEG is used, 4 sessions; of the raw EEG here 3 can" in found.notes[-1]
    assert len(find(folder, eeg="raw").sources) == 6  # three of them are eyes alone


def test_eyes_are_not_given_up_for_single_broken_files(folder, tmp_path):
    write_preprocessed(tmp_path / "more", SHORT, ["1", "9"])
    (tmp_path / "more/EEG_preprocessed/9.mat").write_bytes(b"MATLAB 5.0")
    stored = folder / "EEG_preprocessed"
    shutil.copy(tmp_path / "more/EEG_preprocessed/1.mat", stored)
    shutil.copy(tmp_path / "more/EEG_preprocessed/9.mat", stored)
    cut = folder / "EEG_raw/9_20221104_1.cnt"
    content = cut.read_bytes()
    cut.unlink()
    cut.write_bytes(content[:3000])
    found = find(folder)  # five sessions of six can be used, and six of the other
    assert sum(source.eeg is not None for source in found.sources) == 5
    assert {source.eeg.suffix for source in found.sources if source.eeg} == {".cnt"}
    assert any(d.what.startswith(f"{cut}: corrupt") for d in found.defects)
    told = [n for n in found.notes if n.startswith("SEED-VII, preprocessed EEG, which is not used")]
    assert len(told) == 2
    assert all("9.mat" in note for note in told)
    for path in sorted((folder / "EEG_raw").iterdir())[:3]:
        path.unlink()
        path.write_bytes(content[:3000])
    found = find(folder)
    assert {source.eeg.suffix for source in found.sources} == {".mat"}
    assert sum("raw EEG, which is not used: " in note for note in found.notes) > 2


def test_lost_clips_and_cut_files_of_the_preprocessed_are_told(folder):
    path = folder / "EEG_preprocessed/2.mat"
    content = {name: x for name, x in loadmat(path).items() if name.isdigit() and name != "3"}
    path.unlink()
    savemat(path, content)
    other = folder / "EEG_preprocessed/14.mat"
    whole = other.read_bytes()
    other.unlink()
    other.write_bytes(whole[:50_000])
    found = find(folder, eeg="preprocessed")
    assert [(defect.subject, defect.session) for defect in found.defects] == [
        ("2", "1"), ("14", "1"), ("14", "3"),
    ]  # fmt: skip
    assert "lacks the clips 3" in found.defects[0].what
    assert "truncated" in found.defects[1].what
    assert [trial.trial for trial in found.sources[0].trials] == [1, 2, *range(4, 21)]
    assert found.sources[0].trials[2].stimulus == "4"


def test_what_cannot_be_had_is_refused(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="no recording of SEED-VII"):
        find(tmp_path / "empty")
    with pytest.raises(ConfigError, match="SEED-VII has 7"):
        find(folder, classes=("a", "b"))
