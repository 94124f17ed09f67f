"""One small simulated study, extracted and trained once, for all tests that look at outputs."""

import copy
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from lookalikes import one_process
from lookalikes.signals import shrunk
from naive_exports import write_brainvision

from featpipe import compiling
from featpipe.datasets import facts
from featpipe.simulate.study import simulate_study
from featpipe.simulate.world import SimulationSettings
from pipelines import importing, running
from pipelines.__main__ import run

SMALL = SimulationSettings(n_subjects=3, n_trials=6, trial_s=8.0, sfreq=250)
QUICK = ["--set", "train.seeds=[0]", "--set", "train.options.cscm.n_epochs=3",
         "--set", "train.options.cscm_sm.n_epochs=3", "--set", "train.options.mlp.n_epochs=3",
         "--set", "train.options.mlp_cross.n_epochs=3"]  # fmt: skip


class Lab:
    """A study of two recordings without eyes, 12 s of two channels each."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out = folder, folder / "out"
        folder.mkdir(exist_ok=True)
        (folder / "study.toml").write_text('[study]\nname = "lab"\nclasses = ["a", "b"]\n')
        self.write_trials("1,2,6,a", "2,6,11,b")
        rows = [f"{subject},1,{self.record(subject)}" for subject in ("01", "02")]
        (folder / "recordings.csv").write_text("\n".join(["subject,session,eeg", *rows]))

    def write_trials(self, *rows):
        (self.folder / "trials.csv").write_text("\n".join(["trial,onset,offset,label", *rows]))

    def record(self, subject, ch_names=("Fp1", "Fp2"), x=None):
        """Write a BrainVision recording, x (n_channels, n_times) in microvolt at 500 Hz."""
        if x is None:
            rng = np.random.default_rng([*subject.encode()])  # no two have the same numbers
            x = 20 * rng.standard_normal((len(ch_names), 6000))
        return write_brainvision(self.folder, subject, ch_names, x)

    def run(self, verb, *options):
        return run([verb, str(self.folder / "study.toml"), *options])

    def extract(self, *options):
        return self.run("extract", "--workers", "1", *options)

    def copied(self, folder):
        shutil.copytree(self.folder, folder)
        other = copy.copy(self)
        other.folder, other.out = folder, folder / "out"
        return other

    def outputs(self, capsys, verb, *options):
        """State and reason of every output, by its name, as `show` or a dry run tells them."""
        capsys.readouterr()
        assert self.run(verb, "--json", *options) == 0
        rows = json.loads(capsys.readouterr().out)["outputs"]
        return {row["output"]: (row["state"], row["reason"]) for row in rows}


@pytest.fixture
def lab(tmp_path):
    """A study that extracts in a moment, to be spoiled."""
    return Lab(tmp_path)


HOT = """
import numpy as np
from featpipe.compiling import kernel

@kernel
def power(x):
    total = 0.0
    for i in range(x.size):
        total += x[i] * x[i]
    return total
"""


@pytest.fixture
def hot(tmp_path, monkeypatch):
    """Compile a kernel of which no machine code is there yet, in a module `hot`."""
    (tmp_path / "hot.py").write_text(HOT)
    monkeypatch.setattr(compiling, "_own", [tmp_path / "user"])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__("hot")
    del sys.modules["hot"]


SCORED = ["--workers", "1", "--set", "features.eeg=de,psd", "--method", "svm_eeg", "--seeds", "0"]


@pytest.fixture(scope="session")
def scored_lab(tmp_path_factory):
    """A study without eyes whose outputs are of every kind; do not write to it."""
    lab = Lab(tmp_path_factory.mktemp("scored") / "lab")
    assert lab.run("run", *SCORED) == 0
    return lab


@pytest.fixture
def scored(scored_lab, tmp_path):
    """A copy of it that a test may spoil."""
    return scored_lab.copied(tmp_path / "lab")


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


DIVISORS = {"seed": 12, "seed-v": 12}


@pytest.fixture
def in_this_process(monkeypatch):
    """Every step here: for what has nothing to do with workers, there are none to wait for."""
    monkeypatch.setattr(running, "_run", one_process.run)


@pytest.fixture
def small(monkeypatch, in_this_process):
    """Facts with short trials, and every step in this process; returns `facts_of`."""
    full = facts.facts_of

    def facts_of(name):
        return shrunk(full(name), DIVISORS.get(name, 8))

    monkeypatch.setattr(facts, "facts_of", facts_of)
    monkeypatch.setattr(importing, "facts_of", facts_of)
    return facts_of
