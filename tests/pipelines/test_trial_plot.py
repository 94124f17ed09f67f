from pathlib import Path

import numpy as np

from featpipe.eye.side import events_of
from featpipe.features.table import lay_grids
from featpipe.reading import read_eeg
from pipelines.__main__ import run
from pipelines.job import open_job
from pipelines.steps.eye_on_clock import read_on_eeg_clock
from pipelines.trial_plot import draw_trial


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


def test_what_is_drawn_is_what_the_table_says(finished_study):
    job = open_job(finished_study / "study.toml", None, (), ("subject=1",))
    [source] = job.sources
    raw = read_eeg(source.eeg)
    eye, _ = read_on_eeg_clock(source.eye, raw, source, job.study)
    trial = source.trials[1]
    [grid] = lay_grids([trial], 200.0, job.study.features)
    gaze, pupil, share = draw_trial(eye, trial, grid, job.study.eye).axes
    blinks = events_of(eye, "left", "blink")
    is_inside = (blinks.stop > trial.onset) & (blinks.onset < trial.offset)
    labels = [text.get_text() for legend in gaze.get_children() if hasattr(legend, "get_texts")
              for text in legend.get_texts()]  # fmt: skip
    assert f"{is_inside.sum()} blinks" in labels
    assert {"x", "y"} <= set(labels)
    assert len(share.patches) == len(grid.starts)
    exported, trace = (line.get_ydata() for line in pupil.lines[:2])
    assert len(trace) == round(20 * (trial.offset - trial.onset))
    assert np.nanmin(exported) <= np.nanmin(trace)
    assert np.nanmax(trace) <= np.nanmax(exported)
