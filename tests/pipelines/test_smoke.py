"""The main job on small real files: raw exports in, tables, scores and a report out."""

import json
import os
import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from lookalikes.processes import dask_cluster

from featpipe.schema import EYE_FEATURES, KEYS, WINDOW_KEYS
from featpipe.tables import read_features, read_metadata
from models.registry import BASELINES
from pipelines.__main__ import run


def extract(study, *options):
    return run(["extract", str(study / "study.toml"), "--workers", "1", *options])


def outcome(capsys):
    return json.loads(capsys.readouterr().out.strip().splitlines()[-1])


def hashes(folder):
    return {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*.parquet"))}


def test_tables_are_the_contract(finished_study):
    out = finished_study / "out"
    de, eye = (pd.read_parquet(out / "features" / family) for family in ("de", "eye"))
    assert list(de.columns[:10]) == list(eye.columns[:10]) == list(KEYS)
    assert de.shape[1] == 10 + 310
    assert tuple(eye.columns[10:]) == EYE_FEATURES
    assert de.columns[10:15].tolist() == [f"de_{b}_FP1" for b in
                                          ("delta", "theta", "alpha", "beta", "gamma")]  # fmt: skip
    joined = de.merge(eye, on=list(WINDOW_KEYS), validate="one_to_one")
    assert len(joined) == len(de) == len(eye) == 3 * 6 * 3  # 8-s trials, 4-s windows, 2-s hops
    assert np.isfinite(de.iloc[:, 10:].to_numpy()).all()
    assert set(de["label_name"]) == {"negative", "neutral", "positive"}


def test_a_table_tells_its_own_story(finished_study):
    about = read_metadata(finished_study / "out/features/eye/sub-1_ses-1.parquet")
    assert {"schema_version", "family", "fingerprint", "options", "sources", "channels", "bands",
            "units", "classes", "versions"} <= set(about)  # fmt: skip
    names = [source["name"] for source in about["sources"]]
    assert names == ["sub-01_ses-1.cnt", "sub-01_ses-1_Events.txt", "sub-01_ses-1_Samples.txt"]
    assert about["options"]["eye"]["event_scope"] == "window"


def test_clocks_are_found_from_shared_triggers(finished_study):
    quality = pd.read_parquet(finished_study / "out/qc/recordings.parquet")
    truth = pd.read_parquet(finished_study / "truth/clocks.parquet")
    assert (quality["clock_source"] == "triggers").all()
    assert quality["clock_residual_max_ms"].max() < 2
    slope = 1 + 1e-6 * quality["clock_drift_ppm"]
    for t in (0.0, 30.0, 60.0):
        tracker = truth["offset_s"] + (1 + 1e-6 * truth["drift_ppm"]) * t
        np.testing.assert_allclose(slope * tracker + quality["clock_offset_s"], t, atol=0.002)


def test_predictions_are_stored_and_scores_derived(finished_study):
    out = finished_study / "out"
    predictions = pd.concat(
        [pd.read_parquet(p) for p in (out / "predictions").glob("*.parquet")], ignore_index=True
    )
    assert set(predictions["method"]) == {
        *BASELINES, "svm", "mlp", "mlp_cross", "cscm_sm", "cscm",
    }  # fmt: skip
    per_run = predictions.groupby("method").size()
    assert (per_run == 3 * 6 * 3).all()  # every window tested exactly once
    np.testing.assert_allclose(predictions[["p_0", "p_1", "p_2"]].sum(axis=1), 1, atol=1e-5)
    scores = pd.read_parquet(out / "scores.parquet")
    one = predictions[(predictions["method"] == "cscm") & (predictions["subject"] == "2")]
    by_hand = (one[["p_0", "p_1", "p_2"]].to_numpy().argmax(1) == one["label"]).mean()
    row = scores[(scores["method"] == "cscm") & (scores["subject"] == "2")].iloc[0]
    assert row["accuracy"] == pytest.approx(by_hand)
    assert (row["train_modalities"], row["test_modality"]) == ("eeg+eye", "eye")
    assert row["seconds"] > 0


def test_report_is_one_file_and_says_simulated(finished_study):
    html = (finished_study / "out/report.html").read_text(encoding="utf-8")
    assert "SIMULATED DATA" in html
    assert html.count("<svg") == 3
    assert not re.search(r"(src|href)=\"(?!#|data:)", html)  # nothing is fetched from anywhere


def test_manifest_lists_every_published_file(finished_study):
    out = finished_study / "out"
    files = json.loads((out / "manifest.json").read_text())["files"]
    found = {p.relative_to(out).as_posix() for p in out.rglob("*.parquet")}
    models = {p.relative_to(out).as_posix() for p in out.glob("models/*/*")}
    assert len(models) == 4 * 3  # weights, description and card of every network
    assert set(files) == found | models | {"report.html"}
    name = "features/de/sub-1_ses-1.parquet"
    assert files[name]["rows"] == pq.read_metadata(out / name).num_rows
    assert files[name]["bytes"] == (out / name).stat().st_size
    assert not list((out / ".staging").glob("*.parquet"))


def test_a_second_run_recomputes_nothing(study, capsys):
    before = hashes(study / "out")
    assert extract(study, "--json") == 0
    assert outcome(capsys) | {"out": ""} == {
        "out": "", "made": 0, "kept": 3, "failed": 0, "failures": [],
    }  # fmt: skip
    assert {k: v for k, v in hashes(study / "out").items() if k.parts[0] == "features"} == {
        k: v for k, v in before.items() if k.parts[0] == "features"
    }


def test_a_changed_option_remakes_only_what_depends_on_it(study, capsys):
    out = study / "out/features"
    de, eye = ((out / f / "sub-1_ses-1.parquet").stat().st_mtime_ns for f in ("de", "eye"))
    assert extract(study, "--set", "eye.event_scope=trial", "--json") == 0
    assert outcome(capsys)["made"] == 3
    assert (out / "de/sub-1_ses-1.parquet").stat().st_mtime_ns == de
    assert (out / "eye/sub-1_ses-1.parquet").stat().st_mtime_ns > eye


def test_show_says_what_is_stale_and_why(study, capsys, quick):
    show = ["show", str(study / "study.toml"), "--json", *quick]
    assert run(show) == 0
    assert {row["state"] for row in outcome(capsys)["outputs"]} == {"fresh"}
    assert run([*show, "--set", "features.window_s=2"]) == 0
    stale = [row for row in outcome(capsys)["outputs"] if row["state"] == "stale"]
    assert len(stale) == 6 + 2 * (5 + len(BASELINES)) + 2 * 4  # and models of four networks
    assert {row["reason"] for row in stale} == {
        "features.window_s: 4.0 -> 2.0", "6 of its tables are not fresh",
    }  # fmt: skip


def test_a_dry_run_makes_nothing(study, capsys):
    (study / "out/features/de/sub-2_ses-1.parquet").unlink()
    assert extract(study, "--dry-run") == 0
    text = capsys.readouterr().out
    assert "missing  features/de/sub-2_ses-1.parquet  (not made yet)" in text
    assert not (study / "out/features/de/sub-2_ses-1.parquet").exists()


def test_one_broken_recording_fails_alone(study, capsys):
    raw = study / "raw/sub-02_ses-1.cnt"
    raw.write_bytes(raw.read_bytes()[:200_000])
    assert extract(study, "--set", "features.window_s=2", "--json") == 3
    found = outcome(capsys)
    assert (found["made"], found["failed"]) == (2, 1)
    assert "sub-02_ses-1.cnt" in found["failures"][0]["reason"]
    failures = pd.read_parquet(study / "out/failures.parquet")
    assert failures["subject"].tolist() == ["2"]
    assert "truncated" in failures["reason"][0]
    de = read_features(study / "out/features/de/sub-1_ses-1.parquet")
    assert de["stop_s"].iloc[0] == 2.0


def test_a_missing_recording_fails_alone_and_training_goes_on_without_it(study, capsys):
    (study / "raw/sub-03_ses-1_Events.txt").unlink()
    assert extract(study, "--json") == 3
    assert "sub-03_ses-1_Events.txt" in outcome(capsys)["failures"][0]["reason"]
    train = ["train", str(study / "study.toml"), "--method", "majority", "--workers", "1",
             "--seeds", "0", "--json"]  # fmt: skip
    assert run(train) == 0
    captured = capsys.readouterr()
    assert "left out sub-3_ses-1" in captured.err
    assert json.loads(captured.out)["scores"][0]["n_subjects"] == 2


def test_trying_one_again_keeps_the_other_failures(study):
    for subject in (1, 2):
        (study / f"raw/sub-0{subject}_ses-1.cnt").write_bytes(b"")
    assert extract(study) == 3
    assert extract(study, "--only", "subject=2") == 3
    failures = pd.read_parquet(study / "out/failures.parquet")
    assert failures["subject"].tolist() == ["1", "2"]
    assert extract(study, "--only", "subject=3") == 0
    assert len(pd.read_parquet(study / "out/failures.parquet")) == 2


def test_fail_fast_stops(study):
    for subject in (1, 2, 3):
        (study / f"raw/sub-0{subject}_ses-1.cnt").write_bytes(b"")
    assert extract(study, "--fail-fast") == 3
    assert len(pd.read_parquet(study / "out/failures.parquet")) < 3


def test_only_some_recordings(study, capsys):
    args = ("--only", "subject=2", "--set", "features.window_s=2", "--json")
    assert extract(study, *args) == 0
    assert outcome(capsys)["made"] == 1
    assert extract(study, "--only", "subject=9") == 1


def test_number_of_workers_does_not_change_a_byte(study, tmp_path):
    for workers in ("1", "3"):
        out = tmp_path / workers
        assert (
            run(["extract", str(study / "study.toml"), "-o", str(out), "--workers", workers]) == 0
        )
    one, three = (hashes(tmp_path / n / "features") for n in ("1", "3"))
    assert one == three
    assert len(one) == 6


def test_a_cluster_that_is_already_there(study, tmp_path):
    """What a lab does: dask scheduler and dask worker on the command line, then --scheduler."""
    with dask_cluster(tmp_path / "lab") as (scheduler, _):
        out = tmp_path / "out"
        options = ["-o", str(out), "--scheduler", scheduler]
        assert run(["extract", str(study / "study.toml"), *options]) == 0
        assert len(list((out / "features/de").iterdir())) == 3


def test_nobody_at_the_address(study, capsys):
    options = ["-o", str(study / "new"), "--scheduler", "tcp://127.0.0.1:9"]
    assert extract(study, *options) == 4
    assert "no Dask scheduler answers" in capsys.readouterr().err


def test_a_worker_that_dies_takes_only_its_recording(study, capsys, monkeypatch):
    """A file that kills its reader: the others are made, the reason is named."""
    from pipelines.steps import extract as extraction

    def deadly(unit, stale):
        if unit.keys["subject"] == "2":
            os.kill(os.getpid(), 9)
        return extraction.make(unit, stale)

    monkeypatch.setattr(extraction, "EXTRACT", extraction.EXTRACT._replace(make=deadly))
    assert extract(study, "-o", str(study / "new"), "--json") == 3
    found = outcome(capsys)
    # a result that was still in the dying worker's memory is asked for again and found made
    assert (found["made"] + found["kept"], found["failed"]) == (2, 1)
    assert found["failures"][0]["error"] == "KilledWorker"


@pytest.mark.usefixtures("in_this_process")
def test_a_study_without_eyes_trains_on_eeg(study, tmp_path, capsys):
    text = (study / "recordings.csv").read_text().splitlines()
    rows = [",".join([*line.split(",")[:3], ""]) for line in text[1:]]
    (study / "recordings.csv").write_text("\n".join([text[0], *rows]) + "\n")
    options = [str(study / "study.toml"), "-o", str(tmp_path / "new"), "--seeds", "0", "--json"]
    assert run(["run", *options, "--method", "svm_eeg"]) == 0
    found = outcome(capsys)
    assert {row["method"] for row in found["scores"]} == {*BASELINES, "svm_eeg"}
    assert run(["train", *options, "--method", "cscm"]) == 1
    assert "cscm learns from eye, which no recording" in capsys.readouterr().err
    both = ["--method", "cscm", "--method", "svm_eeg"]
    assert run(["train", *options, *both]) == 0
    assert "left out cscm: no recording has eye, to learn from it" in capsys.readouterr().err


def test_a_misspelt_method_is_told_before_any_table_is_made(study, tmp_path, capsys):
    options = [str(study / "study.toml"), "-o", str(tmp_path / "new")]
    assert run(["run", *options, "--method", "smv"]) == 1
    assert "did you mean 'svm'?" in capsys.readouterr().err
    assert run(["run", *options, "--protocol", "loso1"]) == 1
    assert "did you mean 'loso'?" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_tables_that_no_longer_say_what_the_study_says_are_set_aside(study, capsys):
    """What people read as one folder must be of one kind."""
    raw = study / "raw/sub-02_ses-1.cnt"
    raw.write_bytes(raw.read_bytes()[:200_000])
    rows = (study / "recordings.csv").read_text().splitlines()
    (study / "recordings.csv").write_text("\n".join(rows[:-1]) + "\n")  # without subject 3
    assert extract(study, "--set", "features.window_s=2") == 3
    de = read_features(study / "out/features/de")
    assert de["subject"].unique().tolist() == ["1"]
    assert (de["stop_s"] - de["start_s"]).unique().tolist() == [2.0]
    aside = sorted(p.name for p in (study / "out/outdated/features/de").iterdir())
    assert aside == ["sub-2_ses-1.parquet", "sub-3_ses-1.parquet"]
    quality = pd.read_parquet(study / "out/qc/recordings.parquet")
    assert quality["subject"].tolist() == ["1"]
    assert "set aside" in capsys.readouterr().err


@pytest.mark.usefixtures("in_this_process")
def test_tables_of_a_family_not_asked_for_stay_only_while_they_agree_with_the_study(study):
    assert extract(study, "--set", "features.eeg=de,psd") == 0
    out = study / "out"
    assert extract(study, "--set", "features.eeg=de") == 0
    assert len(list((out / "features/psd").iterdir())) == 3
    assert extract(study, "--set", "features.eeg=de", "--set", "features.window_s=2") == 0
    assert not list((out / "features/psd").iterdir())
    assert len(list((out / "outdated/features/psd").iterdir())) == 3
    assert extract(study, "--set", "features.eeg=psd") == 0
    assert extract(study, "--set", "features.eeg=de", "--set", "features.window_s=2") == 0
    aside = sorted(path.name for path in (out / "outdated/features/psd").iterdir())
    assert len(aside) == 6  # none replaced another
    assert aside[:2] == ["sub-1_ses-1.2.parquet", "sub-1_ses-1.parquet"]


def test_a_source_that_is_only_gone_costs_nothing_that_was_made(study):
    (study / "raw/sub-02_ses-1.cnt").unlink()
    assert extract(study) == 3
    assert (study / "out/features/de/sub-2_ses-1.parquet").exists()


def test_foreign_and_damaged_files_do_not_stop_a_run(study):
    out = study / "out"
    (out / "features/de/notes.parquet").write_bytes(b"not mine")
    (out / "failures.parquet").write_bytes(b"rubbish")
    (study / "raw/sub-02_ses-1.cnt").unlink()
    assert extract(study) == 3
    assert pd.read_parquet(out / "failures.parquet")["subject"].tolist() == ["2"]
    assert (out / "features/de/notes.parquet").exists()


def test_relative_paths_are_those_of_the_caller(study, monkeypatch):
    monkeypatch.chdir(study)
    assert run(["extract", "study.toml", "-o", "elsewhere", "--workers", "1"]) == 0
    assert len(list((study / "elsewhere/features/de").iterdir())) == 3


@pytest.mark.usefixtures("in_this_process")
def test_two_variants_of_a_method_stand_side_by_side(study, capsys, quick):
    train = ["train", str(study / "study.toml"), "--method", "svm", "--json", *quick]
    assert run([*train, "--set", "train.options.svm.held_out=0.5"]) == 0
    rows = [(row["method"], row["variant"]) for row in outcome(capsys)["scores"]]
    assert ("svm", "default") in rows
    assert ("svm", "held_out=0.5") in rows


def test_an_eye_recording_that_misses_every_trial_is_refused(study, capsys):
    rows = (study / "recordings.csv").read_text().splitlines()
    offsets = ["", "1.5", ""]  # as if the tracker began with the EEG; it counts its uptime
    table = [f"{rows[0]},eye_offset", *(f"{r},{o}" for r, o in zip(rows[1:], offsets, strict=True))]
    (study / "recordings.csv").write_text("\n".join(table) + "\n")
    assert extract(study, "--json") == 3
    (failure,) = outcome(capsys)["failures"]
    assert "eye_offset in recordings.csv (EEG time = eye time + eye_offset" in failure["reason"]


@pytest.mark.usefixtures("in_this_process")
def test_methods_read_the_first_eeg_family_unless_told_otherwise(study, capsys):
    families = ["--set", "features.eeg=de_lds,de"]
    assert extract(study, *families) == 0
    train = ["train", str(study / "study.toml"), "--method", "svm_eeg", "--seeds", "5", *families]
    assert run(train) == 0
    paths = [
        study / f"out/predictions/svm_eeg_loso_last_{of}_seed-5.parquet" for of in ("de_lds", "de")
    ]
    assert [path.exists() for path in paths] == [True, False]
    assert run([*train, "--set", "train.eeg=de"]) == 0
    one, other = ({s["digest"] for s in read_metadata(path)["sources"]} for path in paths)
    assert one != other
    scores = pd.read_parquet(study / "out/scores.parquet")
    assert set(scores.loc[scores["method"] == "svm_eeg", "eeg"]) == {"de_lds", "de"}
    assert "EEG tables: de_lds" in capsys.readouterr().out
    capsys.readouterr()
    assert run([*train, "--set", "train.eeg=de_ma"]) == 1
    assert "unknown family 'de_ma'" in capsys.readouterr().err
