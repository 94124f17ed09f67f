"""No surprise compile: machine code is kept, found again, and complete before workers start."""

import json
import os
import subprocess
import sys
from dataclasses import fields
from typing import Literal, get_args, get_origin, get_type_hints

import mne
import numpy as np
import pandas as pd
import pytest
from naive_exports import edf_bytes

from featpipe.eeg.settings import EegSettings
from featpipe.eye.clock import ClockSettings
from featpipe.eye.settings import EyeSettings
from featpipe.features.table import FAMILIES, FeatureSettings
from featpipe.simulate.study import simulate_study
from featpipe.simulate.world import SimulationSettings

HOT = """
import numba
import numpy as np
from featpipe.compiling import kernel

@kernel
def power(x):
    total = 0.0
    for i in range(x.size):
        total += x[i] * x[i]
    return total

@kernel
def norm(x):
    return power(x) ** 0.5

@numba.njit(cache=True)
def foreign(x):
    return x + 1
"""
CALL = """
import json
import hot
import numpy as np
values = [hot.norm(np.full(4, 3, kind)) for kind in ("float64", "float32", "int16")]
foreign = hot.foreign(1.0)
kernels = (hot.norm, hot.power)
print(json.dumps({
    "values": values, "kept": hot.norm.stats.cache_path, "foreign": hot.foreign.stats.cache_path,
    "compiled": sum(sum(k.stats.cache_misses.values()) for k in kernels),
}))
"""
PROBE = """
import json, sys
from pathlib import Path
from numba.core import event
from pipelines.engine import update
from pipelines.job import open_job
from pipelines.steps import extract as extraction

class Compiled(event.Listener):
    def on_start(self, seen):
        function = seen.data["dispatcher"].py_func
        if not function.__module__.startswith("numba."):  # those are parts of some kernel
            found.add(f"{function.__module__}.{function.__name__}{seen.data['args']}")
    def on_end(self, seen):
        pass

found, states = set(), set()
study, overrides = Path(sys.argv[1]), json.loads(sys.argv[2])
event.register("numba:compile", Compiled())
for i, options in enumerate(overrides):
    job = open_job(study, study.parent / str(i), options)
    for unit in extraction.units(job.study, job.sources, job.out):
        row = update(extraction.EXTRACT, unit, {}, job.out / ".staging")
        states.add(f"{row.state} {row.reason}")
print(json.dumps({"compiled": sorted(found), "states": sorted(states)}))
"""
VHDR = """Brain Vision Data Exchange Header File Version 1.0
[Common Infos]
DataFile=$b.eeg
DataFormat=BINARY
DataOrientation=MULTIPLEXED
NumberOfChannels={n}
SamplingInterval=4000
[Binary Infos]
BinaryFormat={form}
[Channel Infos]
"""
NAMES = ["FP1", "FP2", "F3", "F4", "C3", "C4", "O1", "O2"]


def python(code, *arguments, **environment):
    """Run code in a fresh process whose caches are where the environment says."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=kept | environment, timeout=300,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return (json.loads(done.stdout) if done.stdout else None), done.stderr


@pytest.fixture
def hot(tmp_path):
    """Environment in which `import hot` works, with caches of its own."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code/hot.py").write_text(HOT)
    return {"PYTHONPATH": str(tmp_path / "code"), "XDG_CACHE_HOME": str(tmp_path / "user")}


def test_the_next_process_compiles_nothing_and_others_keep_their_settings(hot, tmp_path):
    first, said = python(CALL, **hot)
    second, silence = python(CALL, **hot)
    assert said.count("compiling kernels, once per machine") == 1
    assert "compiling" not in silence
    assert first["values"] == second["values"] == [6.0, 6.0, 6.0]
    assert (first["compiled"], second["compiled"]) == (6, 0)
    assert first["kept"].startswith(str(tmp_path / "user/featpipe"))
    assert first["foreign"] == str(tmp_path / "code/__pycache__")
    assert not list((tmp_path / "code/__pycache__").glob("hot.norm*"))


def test_the_folder_of_numba_is_respected(hot, tmp_path):
    found, _ = python(CALL, **hot, NUMBA_CACHE_DIR=str(tmp_path / "named"))
    assert found["kept"].startswith(str(tmp_path / "named"))
    assert list((tmp_path / "named").rglob("hot.norm*.nbc"))
    assert not (tmp_path / "user").exists()


def test_a_folder_that_cannot_be_written_costs_time_only(hot, tmp_path):
    (tmp_path / "user").write_text("a file, so that no folder can be made below it")
    for _ in range(2):
        found, said = python(CALL, **hot)
        assert found["values"] == [6.0, 6.0, 6.0]
        assert found["compiled"] == 6
        assert said.count("every process compiles anew") == 1
        assert "NUMBA_CACHE_DIR" in said


@pytest.mark.parametrize("pattern", ["*.nbi", "*.nbc", "*.nb?"])
def test_damaged_code_is_compiled_anew_and_replaced(hot, tmp_path, pattern):
    python(CALL, **hot)
    files = list((tmp_path / "user").rglob(pattern))
    assert files
    for file in files:
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    after, _ = python(CALL, **hot)
    healed, _ = python(CALL, **hot)
    assert after["values"] == [6.0, 6.0, 6.0]
    assert after["compiled"] > 0
    assert healed["compiled"] == 0


def test_code_under_the_wrong_name_is_not_run(hot, tmp_path):
    """Two processes that save at once may both take the first free name for different code."""
    python(CALL, **hot)
    for kernel in ("norm", "power"):
        files = sorted((tmp_path / "user").rglob(f"hot.{kernel}*.nbc"))
        assert len(files) == 3
        for file in files[1:]:
            file.write_bytes(files[0].read_bytes())
    after, _ = python(CALL, **hot)
    assert after["values"] == [6.0, 6.0, 6.0]
    assert after["compiled"] > 0


def choices():
    """Every value of every option that is a choice, as overrides, one at a time."""
    records = {"eeg": EegSettings, "eye": EyeSettings, "clock": ClockSettings,
               "features": FeatureSettings}  # fmt: skip
    for section, record in records.items():
        hints = get_type_hints(record)
        for option in fields(record):
            kind = hints[option.name]
            values = get_args(kind) if get_origin(kind) is Literal else ()
            for value in [False, True] if kind is bool else values:
                if value not in (option.default, "remove"):  # light needs five other subjects
                    yield [f"{section}.{option.name}={json.dumps(value)}"]


def write_formats(folder):
    """Write half a minute of EEG in formats that store different types of numbers."""
    rng = np.random.default_rng(0)
    shared = rng.integers(-300, 300, 250 * 30)  # channels that have nothing in common are bad
    counts = shared + rng.integers(-200, 200, (len(NAMES), shared.size))
    for name, form, kind in (("int16", "INT_16", "<i2"), ("float32", "IEEE_FLOAT_32", "<f4")):
        rows = "".join(f"Ch{i}={name},,0.1,µV\n" for i, name in enumerate(NAMES, start=1))
        header = VHDR.format(n=len(NAMES), form=form) + rows
        (folder / f"{name}.vhdr").write_text(header, encoding="utf-8")
        (folder / f"{name}.eeg").write_bytes(counts.T.astype(kind).tobytes())
    (folder / "records.edf").write_bytes(edf_bytes(counts, sfreq=250, names=NAMES))
    raw = mne.io.RawArray(counts * 1e-7, mne.create_info(NAMES, 250.0, "eeg"), verbose="ERROR")
    raw.save(folder / "volts_raw.fif", verbose="ERROR")
    return ["int16.vhdr", "float32.vhdr", "records.edf", "volts_raw.fif"]


def test_a_first_extraction_finds_every_kernel_compiled(tmp_path):
    """Fails when `compile_kernels` leaves out a kernel, or a type of numbers that a file holds."""
    study = simulate_study(tmp_path, SimulationSettings(1, 1, 2, 8.0, sfreq=250))
    recordings = pd.read_csv(tmp_path / "recordings.csv", dtype=str)
    more = [{"subject": str(9 - i), "session": "1", "eeg": name}
            for i, name in enumerate(write_formats(tmp_path))]  # fmt: skip
    recordings = pd.concat([recordings, pd.DataFrame(more)])
    recordings.to_csv(tmp_path / "recordings.csv", index=False)
    trials = pd.read_csv(tmp_path / "trials.csv").drop(columns=["subject", "session"])
    trials.to_csv(tmp_path / "trials.csv", index=False)

    every = [name for name, family in FAMILIES.items() if family.modality == "eeg"]
    families = f"features.eeg={json.dumps(every)}"
    overrides = [[families], [families, "eeg.l_freq=1"], *([families, *one] for one in choices())]
    caches = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    python("from pipelines.steps.extract import compile_kernels; compile_kernels()", **caches)
    found, _ = python(PROBE, str(study), json.dumps(overrides), **caches)
    assert found["states"] == ["made "]
    assert not found["compiled"], "\n".join(found["compiled"])
