import dataclasses
import tomllib

import mne
import numpy as np
import pandas as pd
import pytest

from featpipe.errors import ConfigError
from featpipe.recording import empty_events, empty_messages, empty_samples
from featpipe.schema import TRIALS
from featpipe.simulate.eeg import render_eeg
from featpipe.simulate.neuroscan import UV_PER_COUNT
from featpipe.simulate.study import draw_world, simulate_eye, simulate_study
from featpipe.simulate.world import SimulationSettings

SETTINGS = SimulationSettings(n_subjects=2, n_sessions=2, n_trials=3, trial_s=4.0, lead_s=2.0)


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    out = tmp_path_factory.mktemp("studies") / "new" / "study"
    progress = []
    study = simulate_study(out, SETTINGS, lambda done, total: progress.append((done, total)))
    assert study == out / "study.toml"
    assert progress == [(1, 4), (2, 4), (3, 4), (4, 4)]
    return out


@pytest.fixture(scope="module")
def truth(out):
    return {path.stem: pd.read_parquet(path) for path in (out / "truth").glob("*.parquet")}


def test_the_study_file_names_what_is_there(out):
    study = tomllib.loads((out / "study.toml").read_text())
    assert study["study"]["name"] == "simulated"
    assert study["study"]["classes"] == ["negative", "neutral", "positive"]
    root = out / study["study"]["root"]
    recordings = pd.read_csv(out / study["study"]["recordings"])
    assert list(recordings.columns) == ["subject", "session", "eeg", "eye"]
    assert len(recordings) == 4
    for eeg, eye in recordings[["eeg", "eye"]].to_numpy():
        assert (root / eeg).is_file()
        assert eye.endswith("_Events.txt")
        assert (root / eye).is_file()
        assert (root / eye.replace("_Events", "_Samples")).is_file()


def test_the_trials_are_those_marked_in_the_eeg(out):
    trials = pd.read_csv(out / "trials.csv")
    assert list(trials.columns) == ["subject", "session", "trial", "onset", "offset", "label"]
    recordings = pd.read_csv(out / "recordings.csv")
    for subject, session, eeg in recordings[["subject", "session", "eeg"]].to_numpy():
        mine = trials[(trials["subject"] == subject) & (trials["session"] == session)]
        assert sorted(mine["label"]) == ["negative", "neutral", "positive"]
        raw = mne.io.read_raw_cnt(out / eeg, data_format="auto", verbose="warning")
        marks = dict(zip(raw.annotations.description, raw.annotations.onset, strict=True))
        for trial, onset, offset in np.asarray(mine[["trial", "onset", "offset"]]):
            assert marks[f"{trial:.0f}"] == pytest.approx(onset - 0.001, abs=1e-6)
            assert marks[f"{trial + 100:.0f}"] == pytest.approx(offset - 0.001, abs=1e-6)


def test_the_file_holds_what_was_rendered(out):
    world = draw_world(SETTINGS, 1, 1)
    rendered = render_eeg(SETTINGS, world.subject, world.session, world.scanpath)
    path = out / "raw" / "sub-01_ses-1.cnt"
    raw = mne.io.read_raw_cnt(path, data_format="int32", verbose="warning")
    assert np.abs(raw.get_data(units="uV") - rendered).max() <= UV_PER_COUNT


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(out, tmp_path):
    simulate_study(tmp_path / "again", SETTINGS)
    simulate_study(tmp_path / "other", dataclasses.replace(SETTINGS, seed=1))
    first, again, other = (contents(at) for at in (out, tmp_path / "again", tmp_path / "other"))
    assert len(first) == 4 * 3 + 7 + 3
    assert first == again
    assert first.keys() == other.keys()
    same = {name for name in first if first[name] == other[name]}
    assert same == {"study.toml", "recordings.csv"}


def test_a_recording_does_not_depend_on_the_others(out, tmp_path):
    simulate_study(tmp_path, dataclasses.replace(SETTINGS, n_subjects=1, n_sessions=1))
    all_of_them = contents(out)
    for name, content in contents(tmp_path / "raw").items():
        assert content == all_of_them[f"raw/{name}"]


def test_simulate_eye_gives_the_numbers_of_the_files_on_the_eeg_clock(out, truth):
    eye, trials = simulate_eye(SETTINGS, 2, 1)
    assert {name: str(dtype) for name, dtype in trials.dtypes.items()} == dict(TRIALS)
    in_file = pd.read_csv(out / "trials.csv").query("subject == 2 and session == 1")
    assert np.allclose(trials[["onset", "offset"]], in_file[["onset", "offset"]], atol=1e-9)
    text = (out / "raw" / "sub-02_ses-1_Samples.txt").read_text()
    rows = [line.split("\t") for line in text.splitlines() if "\tSMP\t" in line]
    clock = truth["clocks"].query("subject == 2 and session == 1").iloc[0]
    stamps = np.array([int(row[0]) for row in rows])
    on_eeg = (stamps * 1e-6 - clock["offset_s"]) / (1 + 1e-6 * clock["drift_ppm"])
    assert np.abs(eye.samples["time"] - on_eeg).max() < 1e-6
    for column, name in ((7, "pupil_x_left"), (21, "gaze_x_left"), (24, "gaze_y_right")):
        written = np.array([float(row[column]) for row in rows])
        assert np.array_equal(eye.samples[name].fillna(0.0), written)
    marks = dict(zip(eye.messages["text"], eye.messages["time"], strict=True))
    for trial, onset in trials[["trial", "onset"]].to_numpy(float):
        assert marks[f"{trial:.0f}"] == pytest.approx(onset, abs=1e-6)


def test_simulate_eye_has_the_layout_of_a_reader():
    eye, _ = simulate_eye(SETTINGS, 1, 1)
    for frame, empty in (
        (eye.samples, empty_samples()),
        (eye.events, empty_events()),
        (eye.messages, empty_messages()),
    ):
        assert list(frame.columns) == list(empty.columns)
        assert [str(dtype) for dtype in frame.dtypes] == [str(dtype) for dtype in empty.dtypes]
    assert eye.sfreq == 60.0
    assert set(eye.events["kind"]) == {"fixation", "saccade", "blink"}
    assert np.all(np.diff(eye.events["onset"]) >= 0)
    blinks = eye.events.query("kind == 'blink'")
    assert blinks[["pupil_x", "dispersion_x", "amplitude"]].isna().to_numpy().all()
    lost = ~eye.samples["valid_left"]
    assert np.array_equal(eye.samples["pupil_x_left"].isna(), lost)


def test_the_truth_is_complete_and_says_that_it_is_simulated(truth):
    assert set(truth) == {"windows", "subjects", "effects", "levels", "clocks", "events"}
    for table in truth.values():
        assert set(table["dataset"]) == {"simulated"}
        assert len(table[["subject", "session"]].drop_duplicates()) == 4
    windows = truth["windows"]
    assert len(windows) == 4 * 3 * 4
    assert windows["intensity"].between(0, 1).all()
    assert windows.groupby(["subject", "trial", "session"])["label"].nunique().eq(1).all()
    effects = truth["effects"]
    population = effects.query("quantity == 'gamma_temporal_left' and emotion == 'positive'")
    assert set(population["population"]) == {4.5}
    assert set(effects["unit"]) == {"dB", "mm", "ln"}


def test_the_windows_of_the_truth_are_the_mean_feeling(truth):
    world = draw_world(SETTINGS, 1, 2)
    rows = truth["windows"].query("subject == 1 and session == 2")
    for row in rows.to_dict("records"):
        onset = world.session.trials["onset"].iloc[row["trial"] - 1] + row["start_s"]
        course = world.session.feeling[row["label"]]
        time = np.arange(course.size) / 20.0
        inside = (time >= onset - 0.05) & (time <= onset + 1.05)
        assert course[inside].min() <= row["intensity"] <= course[inside].max()


def test_the_events_of_the_truth_are_those_of_the_scanpath(truth):
    world = draw_world(SETTINGS, 2, 1)
    events = truth["events"].query("subject == 2 and session == 1")
    blinks = events[events["kind"] == "blink"]
    assert np.allclose(blinks["onset"], world.scanpath.closed)
    assert np.allclose(blinks["duration"], world.scanpath.opened - world.scanpath.closed)
    fixations = events[events["kind"] == "fixation"]
    assert np.allclose(fixations["onset"], world.scanpath.start)
    saccades = events[events["kind"] == "saccade"]
    assert len(saccades) + len(blinks) in (len(fixations) - 1, len(fixations))
    assert saccades["amplitude"].notna().all()


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "study").write_text("")
    with pytest.raises(ConfigError, match="study is a file: name a folder"):
        simulate_study(tmp_path / "study", SETTINGS)


def test_another_study_is_never_written_over(tmp_path):
    small = dataclasses.replace(SETTINGS, n_subjects=1, n_sessions=1, sfreq=250)
    simulate_study(tmp_path / "a", small)
    simulate_study(tmp_path / "a", small)  # the same once more
    with pytest.raises(ConfigError, match="holds another study"):
        simulate_study(tmp_path / "a", dataclasses.replace(small, seed=1))
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "trials.csv").write_text("mine")
    with pytest.raises(ConfigError, match="holds another study"):
        simulate_study(tmp_path / "lab", small)
    assert (tmp_path / "lab" / "trials.csv").read_text() == "mine"
