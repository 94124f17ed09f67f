"""Peak memory of one worker, above what its imports take, for a short and a long recording."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.generate import SFREQ, Recording, neuroscan, repeated, trials_of, write_study
from bench.signal_paths import read_de
from bench.size import Size
from bench.table import OURS, Row, missing
from bench.timing import say

N_TRIALS = 15
WARM_UP_S = 10
COMPARED = (
    "rise of the resident memory above the imports while a .cnt becomes a table of `de`, loading "
    "compiled kernels included; correctness: largest difference in nats from our table of the "
    "recording as one trial"
)
MNE = "MNE, fft, one trial"
BANDPASS = f"{OURS}, de_bandpass as well"


def rows(folder: Path, size: Size) -> Iterator[Row]:
    """Measure each length as one trial and as many."""
    short = neuroscan(folder, size.recording_s)
    say("    a small recording, to have the kernels compiled")
    small = neuroscan(folder, WARM_UP_S)
    _measure(OURS, write_study(folder / "small", {"01": small.path}, [(0, WARM_UP_S)]))
    for i, seconds in enumerate(size.memory_s):
        n_bytes = 4 * short.n_channels * seconds * SFREQ
        case = f"66 channels x {seconds / 60:g} min at {SFREQ} Hz, int32, {n_bytes / 1e6:.0f} MB"
        if seconds != size.recording_s and shutil.disk_usage(folder).free < 2 * n_bytes:
            yield missing(
                "memory", case, OURS, COMPARED, f"needs {2 * n_bytes / 1e9:.1f} GB of disk"
            )
            continue
        recording = short if seconds == size.recording_s else repeated(short, seconds)
        yield from _rows(folder / str(seconds), case, recording, with_mne=i == 0)


def _rows(folder: Path, case: str, recording: Recording, *, with_mne: bool) -> Iterator[Row]:
    seconds = recording.n_times // SFREQ
    folder.mkdir()
    plans = {OURS: 1, f"{OURS}, {N_TRIALS} trials": N_TRIALS, BANDPASS: 1}
    plans |= {MNE: 1} if with_mne else {}
    whole = np.empty(0)
    for i, (name, n_trials) in enumerate(plans.items()):
        say(f"    {name}, {seconds / 60:g} min")
        families = ("de", "de_bandpass") if name == BANDPASS else ("de",)
        trials = trials_of(seconds, n_trials)
        study = write_study(folder / str(i), {"01": recording.path}, trials, families)
        found = _measure("mne" if name == MNE else OURS, study)
        de = read_de(Path(found["table"]))
        whole = whole if i else de
        worst = float(np.abs(de - whole)[1:-1].max())
        yield Row(
            "memory", case, name, found["rise_mb"], found["rise_mb"], 1,
            {"nats": worst, "windows": float(len(de))}, COMPARED,
            f"whole process {found['peak_mb']:.0f} MB", unit="MB",
        )  # fmt: skip


def _measure(tool: str, study: Path) -> dict[str, Any]:
    words = [sys.executable, "-m", "bench.memory_alone", tool, study]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)
