"""Read one EyeLink export and bridge its blinks, in a process of its own.

    python -m bench.eyelink_alone TOOL FILE

Prints seconds, peak memory and the left pupil, one value a second, for the comparison.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import mne
import numpy as np

from bench.memory_alone import peak, restart
from featpipe.eye.pupil import pupil_trace
from featpipe.eye.pupil_cleaning import clean_pupil
from featpipe.reading import read_eye

EVERY = 1000  # samples


def main() -> None:
    """Read once, print what it took."""
    tool, path = sys.argv[1], Path(sys.argv[2])
    read = {"featpipe": _ours, "mne": _with_mne}[tool]
    before = restart()
    begin = time.perf_counter()
    pupil, n_samples = read(path)
    found: dict[str, Any] = {"seconds": time.perf_counter() - begin}
    found |= {
        "rise_mb": (peak() - before) / 1e6,
        "peak_mb": peak() / 1e6,
        "n_samples": int(n_samples),
    }
    sys.stdout.write(json.dumps(found | {"pupil": np.asarray(pupil, float).tolist()}))


def _ours(path: Path) -> tuple[np.ndarray, int]:
    eye = clean_pupil(read_eye(path), both=False)
    time = eye.samples["time"].to_numpy()
    at, size, _ = pupil_trace(eye, "left", float(time[0]), float(time[-1]))
    return np.interp(time[::EVERY], at, size), len(time)


def _with_mne(path: Path) -> tuple[np.ndarray, int]:
    raw = mne.io.read_raw_eyelink(path, verbose="ERROR")
    mne.preprocessing.eyetracking.interpolate_blinks(raw, buffer=0.05)
    channel = np.array([raw.ch_names.index("pupil_left")])
    return np.asarray(raw.get_data(channel))[0, ::EVERY], raw.n_times


if __name__ == "__main__":
    main()
