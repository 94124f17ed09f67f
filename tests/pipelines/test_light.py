"""The response to light taken out of the pupils of a whole study, and who may be tested then."""

import shutil

import numpy as np
import pandas as pd
import pytest

from featpipe.errors import ConfigError
from featpipe.simulate.study import simulate_study
from featpipe.simulate.world import SimulationSettings
from featpipe.tables import read_features
from models.evaluate import cross_validate
from models.loading import load_windows
from pipelines.__main__ import run

pytestmark = pytest.mark.usefixtures("in_this_process")

N_SUBJECTS = 7
REMOVE = ["--set", "eye.light=remove", "--set", "features.eeg=[]"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study of seven subjects, with the light and without it."""
    folder = tmp_path_factory.mktemp("light")
    settings = SimulationSettings(n_subjects=N_SUBJECTS, n_trials=3, trial_s=30.0, sfreq=250)
    study = str(simulate_study(folder, settings))
    keep = ["--set", "features.eeg=[]", "-o", str(folder / "keep")]
    assert run(["extract", study, "--workers", "1", *keep]) == 0
    assert run(["extract", study, "--workers", "1", *REMOVE]) == 0
    return folder


def likeness(folder):
    """Mean correlation between two subjects' mean pupil sizes in the windows of a trial."""
    frame = read_features(folder / "features/eye")
    found = []
    for _, trial in frame.groupby("trial"):
        wide = trial.pivot(index="window", columns="subject", values="eye_pupil_x_mean")
        correlation = np.corrcoef(wide.to_numpy().T)
        found.append(correlation[np.triu_indices(len(correlation), 1)].mean())
    return float(np.mean(found))


def test_pupils_have_less_in_common_and_all_else_stays(made):
    assert likeness(made / "keep") > 0.5
    assert likeness(made / "out") < 0.5 * likeness(made / "keep")
    kept, removed = (read_features(made / name / "features/eye") for name in ("keep", "out"))
    others = [name for name in kept if "pupil" not in name]
    pd.testing.assert_frame_equal(removed[others], kept[others])
    trials = removed.groupby(["subject", "trial"])["eye_pupil_x_mean"].mean()
    before = kept.groupby(["subject", "trial"])["eye_pupil_x_mean"].mean()
    assert (trials / before - 1).abs().max() < 0.01  # sizes keep their level


def test_a_second_run_keeps_all_and_other_subjects_make_anew(made, tmp_path, capsys):
    shutil.copytree(made, tmp_path / "study")
    study = str(tmp_path / "study/study.toml")
    capsys.readouterr()
    assert run(["extract", study, "--workers", "1", *REMOVE]) == 0
    assert "0 made, 7 kept" in capsys.readouterr().out
    traces = sorted((tmp_path / "study/out/pupils").glob("*.parquet"))
    written = [path.stat().st_mtime_ns for path in traces]
    names = [path.stem for path in traces]
    chosen = [name.removeprefix("sub-").removesuffix("_ses-1") for name in names[:6]]
    subjects = f"eye.light_subjects={chosen}".replace("'", '"')
    assert run(["extract", study, "--workers", "1", *REMOVE, "--set", subjects]) == 0
    told = capsys.readouterr()
    assert "7 made, 0 kept" in told.out
    assert [path.stat().st_mtime_ns for path in traces] == written
    windows = load_windows({"eye": sorted((tmp_path / "study/out/features/eye").glob("*.parquet"))})
    with pytest.raises(ConfigError, match=rf"tests subject {chosen[0]}, whose pupils"):
        cross_validate(windows, "majority", "loso", seed=0)


def test_only_protocols_that_know_nothing_of_the_tested_pupils_are_allowed(made):
    windows = load_windows({"eye": sorted((made / "out/features/eye").glob("*.parquet"))})
    with pytest.raises(ConfigError, match=r"\[eye\] light: fold .* tests subject .*'within'"):
        cross_validate(windows, "majority", "loso", seed=0)
    assert len(cross_validate(windows, "majority", "within", seed=0))
    kept = load_windows({"eye": sorted((made / "keep/features/eye").glob("*.parquet"))})
    assert len(cross_validate(kept, "majority", "loso", seed=0))


def test_too_few_subjects_are_refused_and_the_eeg_is_made(made, tmp_path, capsys):
    shutil.copytree(made, tmp_path / "study", ignore=shutil.ignore_patterns("out", "keep"))
    recordings = tmp_path / "study/recordings.csv"
    recordings.write_text("\n".join(recordings.read_text().splitlines()[:5]) + "\n")
    study = str(tmp_path / "study/study.toml")
    assert run(["extract", study, "--workers", "1", "--set", "eye.light=remove"]) == 3
    assert "needs 5 different subjects" in capsys.readouterr().err
    assert len(list((tmp_path / "study/out/features/de").glob("*.parquet"))) == 4
