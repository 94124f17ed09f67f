"""An hour of EyeLink text: read, blinks bridged, beside MNE's reader and its interpolation."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.size import Size
from bench.table import OURS, Row
from bench.timing import say

SFREQ, BLINK_S, BLINKS_PER_MIN = 1000, 0.15, 15
COMPARED = (
    "seconds of reading a binocular .asc and bridging the blinks of its pupils, a process of its "
    "own, imports not counted; correctness: largest difference in pupil size from "
    "the simulated one, without blinks and noise, one sample a second"
)
_HEAD = """\
** CONVERTED FROM made.edf using edfapi
** DATE: Fri Nov 27 10:00:00 2026
** TYPE: EDF_FILE BINARY EVENT SAMPLE TAGGED
** VERSION: EYELINK II 1
** SOURCE: EYELINK CL
** EYELINK II CL v5.15 Jan 24 2018
** CAMERA: EyeLink GL Version 1.2
**

MSG\t{before} DISPLAY_COORDS 0 0 1919 1079
START\t{start} \tLEFT\tRIGHT\tSAMPLES\tEVENTS
PRESCALER\t1
VPRESCALER\t1
PUPIL\tAREA
EVENTS\tGAZE\tLEFT\tRIGHT\tRATE\t1000.00\tTRACKING\tCR\tFILTER\t2
SAMPLES\tGAZE\tLEFT\tRIGHT\tRATE\t1000.00\tTRACKING\tCR\tFILTER\t2\tINPUT
"""
_LOST = "   .\t   .\t    0.0\t"


def rows(folder: Path, size: Size) -> Iterator[Row]:
    """Read one recording with both, in turns."""
    seconds = 6 * size.recording_s
    path, truth = folder / "made.asc", _truth(np.arange(seconds * SFREQ))
    n_blinks = _write(path, truth, np.arange(0, seconds, 60 / BLINKS_PER_MIN) + 2)
    case = (
        f"binocular, {seconds / 60:g} min at {SFREQ} Hz, {n_blinks} blinks, "
        f"{path.stat().st_size / 1e6:.0f} MB"
    )
    found: dict[str, list[dict[str, Any]]] = {"featpipe": [], "mne": []}
    for _ in range(min(size.n_runs, 3)):
        for tool, of in found.items():
            of.append(_run(tool, path))
            say(f"    {tool} {of[-1]['seconds']:.3g} s, {of[-1]['rise_mb']:.0f} MB")
    for tool, name in (("featpipe", OURS), ("mne", "MNE, read_raw_eyelink")):
        times = [one["seconds"] for one in found[tool]]
        first = found[tool][0]
        error = np.abs(np.array(first["pupil"]) - truth[::SFREQ])[1:-1].max()
        yield Row(
            "eyelink", case, name, min(times), float(np.median(times)), len(times),
            {"pupil units": float(error), "samples": float(first["n_samples"])}, COMPARED,
            f"{first['rise_mb']:.0f} MB above the imports, whole process "
            f"{first['peak_mb']:.0f} MB",
        )  # fmt: skip


def _truth(i_sample: np.ndarray) -> np.ndarray:
    return 1000 + 50 * np.sin(2 * np.pi * i_sample / (7.3 * SFREQ))


def _write(path: Path, truth: np.ndarray, onsets: np.ndarray) -> int:
    """Write the samples and the events of blinks; return how many."""
    rng = np.random.default_rng(0)
    start = 1_000_000
    x = 960 + 200 * np.sin(np.arange(truth.size) / 5000) + rng.normal(0, 1, truth.size)
    pupil = np.round(truth + rng.normal(0, 3, truth.size))
    first = np.round(onsets * SFREQ).astype(int)
    n_lost = round(BLINK_S * SFREQ)
    is_lost = np.zeros(truth.size, bool)
    is_lost[(first[:, None] + np.arange(n_lost)).ravel()] = True
    opening = {int(i): f"SBLINK L {i + start}\nSBLINK R {i + start}\n" for i in first}
    closing = {
        int(i) + n_lost - 1: "".join(
            f"EBLINK {eye} {i + start}\t{i + start + n_lost - 1}\t{n_lost}\n" for eye in "LR"
        )
        for i in first
    }
    with path.open("w", encoding="ascii") as file:
        file.write(_HEAD.format(before=start - 20, start=start))
        for i in range(truth.size):
            seen = f"{x[i]:7.1f}\t{x[i] / 2:7.1f}\t{pupil[i]:7.1f}\t"
            eyes = 2 * (_LOST if is_lost[i] else seen)
            row = f"{i + start}\t{eyes}    0.0\t.....\n"
            file.write(f"{opening.get(i, '')}{row}{closing.get(i, '')}")
        file.write(f"END\t{start + truth.size} \tSAMPLES\tEVENTS\tRES\t  50.0\t  50.0\n")
    return len(first)


def _run(tool: str, path: Path) -> dict[str, Any]:
    words = [sys.executable, "-m", "bench.eyelink_alone", tool, str(path)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])
