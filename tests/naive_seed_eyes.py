"""Look-alikes of the eye tables that the SEED family ships: names, shapes, slips as described."""

from itertools import zip_longest
from pathlib import Path

import numpy as np
from scipy.io import savemat

HEADER = [
    "Fixation Duration [ms]", "Average Pupil Size [px] X", "Average Pupil Size [px] Y",
    "Dispersion X", "Dispersion Y", "Saccade Duration [ms]", "Amplitude [°]", "Blink Duration [ms]",
    "Blink Count", "Blink Frequency [count/s]", "Fixation Count", "Fixation Frequency [count/s]",
    "Fixation  Duration Total [ms]", "Saccade  Count", "Saccade Frequency [count/s]",
    "Saccade Latency Average [ms]",
]  # fmt: skip


def trial(seed: int, n_fixations: int = 40, n_blinks: int = 3) -> dict[str, np.ndarray]:
    """Columns of one trial, in the units of the files: ms, px, degrees."""
    random = np.random.default_rng(seed)
    n_saccades = max(n_fixations - 1, 0)
    return {
        "fixation": random.uniform(80, 600, (n_fixations, 1)).round(1),
        "pupil": random.uniform([12, 12, 2, 2], [16, 16, 40, 40], (n_fixations, 4)).round(2),
        "saccade": random.uniform([16, 0.5], [90, 12], (n_saccades, 2)).round(1),
        "blink": random.uniform(80, 300, (n_blinks, 1)).round(1),
    }


def length_s(of: dict[str, np.ndarray]) -> float:
    """Length of a trial of which a twentieth is in no event."""
    seconds = sum(of[kind][:, 0].sum() for kind in ("fixation", "saccade", "blink"))
    return round(seconds / 1000 * 1.05, 1)


def statistics(of: dict[str, np.ndarray]) -> list[float]:
    """The 28 numbers of a whole trial, of which only counts and frequencies are right."""
    numbers = [0.0] * 28
    for kind, at in (("blink", 0), ("fixation", 6), ("saccade", 17)):
        numbers[at : at + 2] = [len(of[kind]), len(of[kind]) / length_s(of)]
    return numbers


def sheet(of: dict[str, np.ndarray]) -> list[list[object]]:
    """One sheet: columns of different length side by side, single values in the first row."""
    s = statistics(of)
    summary = [s[0], s[1], s[6], s[7], of["fixation"].sum(), s[17], s[18], 300.0]
    parts = [np.hstack([of["fixation"], of["pupil"]]), of["saccade"], of["blink"]]
    rows: list[list[object]] = [list(HEADER)]
    for i, cells in enumerate(zip_longest(*(part.tolist() for part in parts))):
        row: list[object] = []
        for part, found in zip(parts, cells, strict=True):
            row += found or [""] * part.shape[1]
        rows.append(row + (summary if i == 0 else []))
    return rows


def workbook(n_trials: int = 3) -> dict[str, list[list[object]]]:
    """Sheets of a session."""
    return {f"{k}": sheet(trial(k)) for k in range(1, n_trials + 1)}


def write_seed_iv(folder: Path, n_trials: int = 24, do_compression: bool = True) -> Path:
    """Write the five files of a session; a trial without blinks has an empty cell."""
    trials = [trial(k, n_blinks=0 if k == 2 else 3) for k in range(1, n_trials + 1)]
    cells = {part: [of[part] for of in trials] for part in trials[0]}
    cells["event"] = [np.array([statistics(of)]) for of in trials]
    for part, of_trials in cells.items():
        write_cells(folder, part, of_trials, do_compression)
    return folder / "1_20160518_fixation.mat"


def write_cells(folder: Path, part: str, cells: list, do_compression: bool = True) -> None:
    """Write one of the five files."""
    column = np.empty((len(cells), 1), object)
    for k, cell in enumerate(cells):
        column[k, 0] = cell if np.size(cell) else np.empty((0, 0))
    path = folder / f"1_20160518_{part}.mat"
    savemat(path, {f"Eye_{part.title()}": column}, do_compression=do_compression)
