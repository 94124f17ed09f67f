from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.legend import Legend

from featpipe.eye.side import events_of
from featpipe.features.table import lay_grids
from featpipe.reading import read_eeg
from featpipe.recording import empty_samples
from pipelines.__main__ import run
from pipelines.job import open_job
from pipelines.steps.eye_on_clock import read_on_eeg_clock
from pipelines.trial_eeg import frontal_trace
from pipelines.trial_plot import draw_trial

pytestmark = pytest.mark.usefixtures("in_this_process")


def test_the_verb_draws_the_recordings_that_are_meant(finished_study, tmp_path, capsys):
    study = str(finished_study / "study.toml")
    assert run(["plot", study, "-o", str(tmp_path), "--trial", "2", "--only", "subject=1"]) == 0
    [path] = tmp_path.rglob("*.png")
    assert path.relative_to(tmp_path).as_posix() == "plots/sub-1_ses-1_trial-2.png"
    assert path.read_bytes().startswith(b"\x89PNG")
    assert str(path) in capsys.readouterr().out


def test_a_trial_that_nobody_has_is_told(finished_study, capsys):
    assert run(["plot", str(finished_study / "study.toml"), "--trial", "99"]) == 1
    assert "--trial 99: no recording with an eye file has it; there are 1, 2" in (
        capsys.readouterr().err
    )


def test_a_broken_recording_costs_no_other_its_picture(study, tmp_path, capsys):
    (study / "raw/sub-01_ses-1_Samples.txt").write_text("")
    assert run(["plot", str(study / "study.toml"), "-o", str(tmp_path)]) == 3
    shown = capsys.readouterr()
    assert [Path(line).name for line in shown.out.split()] == [
        "sub-2_ses-1_trial-1.png", "sub-3_ses-1_trial-1.png",
    ]  # fmt: skip
    assert "failed: sub-1_ses-1: " in shown.err


def test_a_study_without_eyes_is_told_that_plot_draws_eyes(lab, capsys):
    assert lab.run("plot") == 1
    assert "column eye names no file of these recordings, and plot draws eye" in (
        capsys.readouterr().err
    )


@pytest.fixture
def drawn_parts(finished_study):
    job = open_job(finished_study / "study.toml", None, (), ("subject=1",))
    [source] = job.sources
    raw = read_eeg(source.eeg)
    eye, _ = read_on_eeg_clock(source.eye, raw, source, job.study)
    trial = source.trials[1]
    [grid] = lay_grids([trial], 200.0, job.study.features)
    return job.study, raw, eye, trial, grid


def legends(axes):
    found = [part for part in axes.get_children() if isinstance(part, Legend)]
    return [text.get_text() for legend in found for text in legend.get_texts()]


def test_the_forehead_deflects_where_blinks_are_shaded(drawn_parts):
    study, raw, eye, trial, _ = drawn_parts
    trace = frontal_trace(raw, trial, study.eeg)
    assert trace is not None
    blinks = events_of(eye, "left", "blink")
    is_inside = (blinks.onset > trial.onset) & (blinks.stop < trial.offset)
    middle = (blinks.onset + blinks.duration / 2)[is_inside] - trial.onset
    at = np.searchsorted(trace.time, middle)
    assert at.size > 0
    assert trace.value[at].min() > 3 * np.median(np.abs(trace.value))
    assert trace.time[0] == pytest.approx(0.0, abs=0.006)
    assert trace.time[-1] == pytest.approx(trial.offset - trial.onset, abs=0.011)


def test_marks_of_both_recordings_lie_side_by_side(drawn_parts):
    study, raw, eye, trial, grid = drawn_parts
    trial = trial._replace(onset=trial.onset - 1.0)
    trace = frontal_trace(raw, trial, study.eeg)
    assert trace is not None
    axes = draw_trial(eye, trial, grid, study.eye, trace).axes[1]
    assert legends(axes) == ["triggers of the EEG", "messages of the tracker"]
    of_eeg, of_eye = (ticks.get_segments()[0][0, 0] for ticks in axes.collections)
    assert of_eeg == pytest.approx(of_eye, abs=0.05)


def test_without_a_frontal_channel_there_is_no_row_of_it(drawn_parts):
    study, raw, eye, trial, grid = drawn_parts
    assert frontal_trace(raw.copy().pick(["O1", "O2"]), trial, study.eeg) is None
    assert frontal_trace(None, trial, study.eeg) is None
    late = trial._replace(onset=raw.times[-1] + 5, offset=raw.times[-1] + 9)
    assert frontal_trace(raw, late, study.eeg) is None
    assert len(draw_trial(eye, trial, grid, study.eye).axes) == 3


def test_a_long_loss_is_no_blink_and_is_told_as_lost(drawn_parts):
    study, _, eye, trial, grid = drawn_parts
    before = legends(draw_trial(eye, trial, grid, study.eye).axes[0])
    loss = {"kind": "blink", "eye": "left", "onset": trial.onset + 1, "duration": 9.0}
    events = pd.concat([eye.events, pd.DataFrame([loss])], ignore_index=True)
    samples = eye.samples.assign(
        valid_left=eye.samples["valid_left"]
        & ~eye.samples["time"].between(trial.onset + 1, trial.onset + 10)
    )
    longer = replace(eye, events=events, samples=samples, events_from="idt")
    gaze = draw_trial(longer, trial, grid, replace(study.eye, side="left")).axes[0]
    assert [label for label in legends(gaze) if "blinks" in label] == [
        label for label in before if "blinks" in label
    ]
    assert "lost" in legends(gaze)
    [title] = [part.get_title().get_text() for part in gaze.get_children()
               if isinstance(part, Legend) and part.get_title().get_text()]  # fmt: skip
    assert title == "events found by I-DT (dispersion)"


def test_an_export_of_events_says_that_it_holds_no_samples(drawn_parts):
    study, _, eye, trial, grid = drawn_parts
    bare = replace(eye, samples=empty_samples(), event_kinds=("fixation", "blink"))
    gaze, pupil, _ = draw_trial(bare, trial, grid, study.eye).axes
    for axes in (gaze, pupil):
        assert [text.get_text() for text in axes.texts] == ["no samples in this export"]
    assert "saccades not told" in legends(gaze)


def test_what_is_drawn_is_what_the_table_says(drawn_parts):
    study, raw, eye, trial, grid = drawn_parts
    frontal = frontal_trace(raw, trial, study.eeg)
    gaze, eeg, pupil, share = draw_trial(eye, trial, grid, study.eye, frontal).axes
    blinks = events_of(eye, "left", "blink")
    is_inside = (blinks.stop > trial.onset) & (blinks.onset < trial.offset)
    assert {f"{is_inside.sum()} blinks", "x", "y"} <= set(legends(gaze))
    assert len(eeg.patches) == is_inside.sum()
    assert eeg.get_ylabel() == "FP1 (µV)"
    centres = (grid.starts + grid.n_window / 2) / grid.sfreq
    np.testing.assert_array_equal(share.lines[0].get_xdata(), centres)
    exported, trace = (line.get_ydata() for line in pupil.lines[:2])
    assert len(trace) == round(20 * (trial.offset - trial.onset))
    assert np.nanmin(exported) <= np.nanmin(trace)
    assert np.nanmax(trace) <= np.nanmax(exported)
