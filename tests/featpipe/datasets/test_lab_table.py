"""A lab's two CSV files: what is understood, and how mistakes are named."""

import pytest

from featpipe.datasets.lab_table import list_sources
from featpipe.errors import ConfigError
from featpipe.recording import Trial

CLASSES = ("calm", "tense")


def sources(folder, recordings, trials="trial,onset,offset,label\n1,0,10,calm\n2,12.5,20,1\n"):
    (folder / "recordings.csv").write_text(recordings)
    (folder / "trials.csv").write_text(trials)
    return list_sources(
        folder / "recordings.csv", folder / "trials.csv", folder / "raw", "lab", CLASSES
    )


def test_shared_trials(tmp_path):
    found = sources(
        tmp_path, "subject,session,eeg,eye,eye_offset\n01,1,a.cnt,a.txt,-3.5\n02,1,b.cnt,,\n"
    )
    first, second = found
    assert (first.name, first.eeg, first.eye) == (
        "sub-01_ses-1",
        tmp_path / "raw/a.cnt",
        tmp_path / "raw/a.txt",
    )
    assert (first.eye_offset, second.eye_offset, second.eye) == (-3.5, None, None)
    assert first.trials == (Trial(1, 0.0, 10.0, 0), Trial(2, 12.5, 20.0, 1))


def test_trials_of_one_subject_and_session(tmp_path):
    found = sources(
        tmp_path,
        "subject,session,eeg\nA,1,a.edf\nA,2,b.edf\nB,1,c.edf\n",
        "subject,session,trial,onset,offset,label\nA,1,2,5,9,calm\nA,1,1,0,4,\nB,1,1,0,3,tense\n",
    )
    assert [len(source.trials) for source in found] == [2, 0, 1]
    assert found[0].trials[0] == Trial(1, 0.0, 4.0, None)


def test_a_missing_session_means_one(tmp_path):
    assert sources(tmp_path, "subject,eeg\nA,a.edf\n")[0].session == "1"


@pytest.mark.parametrize(
    ("recordings", "match"),
    [
        ("subject,eeg,eyes\nA,a,b\n", r"unknown column 'eyes': did you mean 'eye'"),
        ("subject\nA\n", "no column eeg or eye"),
        ("session,eeg\n1,a\n", "column 'subject' is missing"),
        ("subject,eeg\n../up,a\n", r"line 2: subject = '\.\./up'"),
        ("subject,eeg\nA,a\na,b\n", "listed twice"),
        ("subject,eeg\nA,a\nB,a\n", "raw/a is named by sub-A_ses-1 and by sub-B_ses-1"),
        ("subject,eeg,eye\nA,,\n", "line 2: neither eeg nor eye"),
        ("subject,eeg,eye_offset\nA,a,soon\n", "eye_offset = 'soon': expected a number"),
        ("subject,eeg\n", "no rows"),
        ("subject,eeg,eeg\nA,a,b\n", "column 'eeg' is there twice"),
    ],
)
def test_mistakes_in_recordings_are_named(tmp_path, recordings, match):
    with pytest.raises(ConfigError, match=match):
        sources(tmp_path, recordings)


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ("1,5,3,calm", "expected seconds with 0 <= onset < offset"),
        ("1,0,nan,calm", "offset = 'nan': expected a number"),
        ("1.5,0,3,calm", "trial = 1.5"),
        ("1,0,3,clam", r"unknown label 'clam': did you mean 'calm'"),
        ("1,0,3,2", "unknown label '2'"),
        ("1,0,3,calm\n1,4,5,calm", "line 3: trial 1 is listed twice"),
    ],
)
def test_mistakes_in_trials_are_named(tmp_path, row, match):
    with pytest.raises(ConfigError, match=match):
        sources(tmp_path, "subject,eeg\nA,a\n", f"trial,onset,offset,label\n{row}\n")


def test_trials_that_share_samples_are_refused(tmp_path):
    columns = "trial,onset,offset,label\n"
    with pytest.raises(ConfigError, match=r"trial 1 begins at 4 s, before trial 2 .* ends at 5 s"):
        sources(tmp_path, "subject,eeg\nA,a\n", f"{columns}1,4,9,calm\n2,1,5,calm\n")
    sources(tmp_path, "subject,eeg\nA,a\n", f"{columns}1,5,9,calm\n2,1,5,calm\n")


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"recordings\.csv: no such file"):
        list_sources(tmp_path / "recordings.csv", tmp_path / "t.csv", tmp_path, "lab", CLASSES)


def test_trials_that_no_recording_has_are_told(tmp_path, caplog):
    """A spreadsheet makes 1 of subject 01."""
    trials = "subject,session,trial,onset,offset\n1,1,1,0,5\n1,1,2,6,9\n02,1,1,0,5\n"
    found = sources(tmp_path, "subject,session,eeg\n01,1,a.edf\n02,1,b.edf\n", trials)
    assert [len(source.trials) for source in found] == [0, 1]
    assert "2 trials of subject 1, session 1 belong to no recording; there are 01/1, 02/1" in (
        caplog.text
    )
    assert "02/1; 1 is not 01: write its zeros in both files" in caplog.text


def test_who_has_trials_that_overlap_is_told(tmp_path):
    trials = "subject,session,trial,onset,offset\n02,3,1,0,5\n02,3,2,4,9\n"
    with pytest.raises(ConfigError, match="trial 2 of subject 02, session 3 begins at 4 s"):
        sources(tmp_path, "subject,session,eeg\n02,3,b.edf\n", trials)


def test_a_stimulus_may_be_named(tmp_path):
    text = "trial,onset,offset,stimulus\n1,0,10,storm\n2,12,20,\n"
    (source,) = sources(tmp_path, "subject,eeg\nA,a\n", text)
    assert [trial.stimulus for trial in source.trials] == ["storm", ""]
