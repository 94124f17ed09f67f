"""The eye tables that SEED ships go through `featpipe extract` as other recordings do."""

import pandas as pd
from naive_seed_eyes import length_s, trial, workbook, write_seed_iv
from naive_workbooks import xls_bytes

from featpipe.tables import read_metadata
from pipelines.__main__ import run

STUDY = """
[study]
name = "seed"
recordings = "recordings.csv"
trials = "trials.csv"
classes = ["negative", "positive"]
[eye]
event_scope = "trial"
[features]
window_s = 4.0
"""


def write_study(folder, eye):
    (folder / "study.toml").write_text(STUDY, "utf-8")
    (folder / "recordings.csv").write_text(f"subject,eye\n1,{eye}\n", "utf-8")
    rows, onset = ["trial,onset,offset,label"], 30.0
    for k in (1, 2, 3):
        rows.append(f"{k},{onset},{onset + length_s(trial(k))},{k % 2}")
        onset += length_s(trial(k)) + 20.0
    (folder / "trials.csv").write_text("\n".join(rows), "utf-8")
    return folder / "study.toml"


def check_table(folder):
    (path,) = (folder / "out/features/eye").glob("*.parquet")
    table = pd.read_parquet(path).groupby("trial")
    for k in (1, 2, 3):
        of, rows = trial(k), table.get_group(k)
        frequency = len(of["fixation"]) / length_s(of)
        assert rows["eye_fixation_frequency"].sub(frequency).abs().max() < 0.01
        assert rows["eye_fixation_duration_max"].sub(of["fixation"].max()).abs().max() < 0.01
        average = of["saccade"][:, 1].mean()
        assert rows["eye_saccade_amplitude_average"].sub(average).abs().max() < 0.01
        assert rows["eye_pupil_x_mean"].between(12, 16).all()
    about = read_metadata(path)
    assert (about["onsets"], about["qc"]["clock_source"]) == ("estimated", "trials")


def test_a_workbook_of_trials_becomes_a_table(tmp_path):
    (tmp_path / "1_1.xls").write_bytes(xls_bytes(workbook()))
    study = write_study(tmp_path, "1_1.xls")
    assert run(["extract", str(study), "-o", str(tmp_path / "out"), "--workers", "1"]) == 0
    check_table(tmp_path)


def test_the_cells_of_seed_iv_become_a_table(tmp_path):
    path = write_seed_iv(tmp_path)
    study = write_study(tmp_path, path.name)
    assert run(["extract", str(study), "-o", str(tmp_path / "out"), "--workers", "1"]) == 0
    check_table(tmp_path)
