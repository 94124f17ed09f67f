"""A folder that looks like SEED-V: names, dates out of order, wrong headers, tables of the eyes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from naive_seed_eyes import sheet, trial
from naive_workbooks import xlsx_bytes

from featpipe.datasets.facts import Facts
from lookalikes.cnt_files import WITH_MASTOIDS, write_raw

CH_NAMES = (*WITH_MASTOIDS, "VEO", "HEO")
N_FIXATIONS = 6
NEGATIVE = -732
"""What NumSamples says in some headers."""


def write_seed_v(folder: Path, of: Facts, subjects: Sequence[str] = ("1", "2", "11")) -> None:
    """Write the recordings of some subjects with the times of `of`, dates and names as released."""
    for name in ("EEG_raw", *(f"Eye_raw/Session_{k}" for k in of.session_names())):
        (folder / name).mkdir(parents=True)
    for k in of.session_names():
        for subject in subjects:
            date = of.dates[k][subject]
            path = folder / "EEG_raw" / f"{subject}_{k}_{date}.cnt"
            declared = NEGATIVE if subject == "2" else None
            seed = 100 * int(subject) + int(k)
            write_raw(path, of.session(k), CH_NAMES, date, n_declared=declared, seed=seed)
            book = folder / f"Eye_raw/Session_{k}/{subject}_{k}_{date}.xlsx"
            write_eyes(book, of.session(k).labels, seed, is_text=subject == "11")
    write_times(folder / "trial_start_end_timestamp.txt", of)
    for name in ("Channel Order", "Scores", "emotion_label_and_stimuli_order"):
        (folder / f"{name}.xlsx").write_bytes(xlsx_bytes({"Sheet1": [["FP1"], ["FPZ"]]}))


def write_eyes(path: Path, labels: Sequence[int], seed: int, is_text: bool = False) -> None:
    """One sheet per trial; some have no blink, and numbers may be text, as in the release."""
    sheets = {}
    for i, label in enumerate(labels, start=1):
        rows = sheet(eye_trial(seed, i, label))
        if is_text:
            rows = [[str(cell) for cell in row] for row in rows]
        sheets[str(i)] = rows
    path.write_bytes(xlsx_bytes(sheets))


def eye_trial(seed: int, i: int, label: int) -> dict[str, np.ndarray]:
    """Events of trial i of a workbook; pupils are wider where labels are higher."""
    of = trial(1000 * seed + i, N_FIXATIONS, n_blinks=i % 3)
    of["pupil"][:, :2] += 5 * label
    return of


def write_times(path: Path, of: Facts) -> None:
    """Write the text file of the trials' bounds."""
    lines = []
    for k in of.session_names():
        about = of.session(k)
        for name, times in (("start_second", about.onsets), ("end_second", about.offsets)):
            lines += [f"Session {k}:"] * (name == "start_second")
            lines.append(f"{name}: [{', '.join(f'{time:g}' for time in times)}]")
    path.write_text("\n".join([*lines, ""]))
