"""One small simulated study, extracted and trained once, for all tests that look at outputs."""

import shutil

import pytest

from featpipe.simulate.study import simulate_study
from featpipe.simulate.world import SimulationSettings
from pipelines.__main__ import run

SMALL = SimulationSettings(n_subjects=3, n_trials=6, trial_s=8.0, sfreq=250)
QUICK = ["--set", "train.seeds=[0]", "--set", "train.options.cscm.n_epochs=3",
         "--set", "train.options.cscm_sm.n_epochs=3", "--set", "train.options.mlp.n_epochs=3",
         "--set", "train.options.mlp_cross.n_epochs=3"]  # fmt: skip


@pytest.fixture(scope="session")
def finished_study(tmp_path_factory):
    """A study folder with everything in it; do not write to it."""
    folder = tmp_path_factory.mktemp("finished")
    simulate_study(folder, SMALL)
    assert run(["run", str(folder / "study.toml"), "--workers", "2", *QUICK]) == 0
    return folder


@pytest.fixture
def study(finished_study, tmp_path):
    """A copy of the finished study that a test may spoil."""
    folder = tmp_path / "study"
    shutil.copytree(finished_study, folder)
    return folder


@pytest.fixture
def quick():
    """Options that the finished study was trained with."""
    return QUICK
