"""Look-alike of SEED-IV: names, shapes and oddities as described, no person."""

from pathlib import Path

import numpy as np
from naive_seed_eyes import statistics
from scipy.io import savemat

from featpipe.datasets.facts import Facts
from lookalikes.seed import INITIALS, SUBJECTS, eye_trial, lengths, write_mat

PARTS = ("fixation", "pupil", "saccade", "blink", "event")


def write_eeg(root: Path, facts: Facts, seconds: int, subjects=SUBJECTS) -> Path:
    """Write eeg_raw_data/{1,2,3}; the lengths of `lookalikes.seed.lengths` hold in each session."""
    for subject in subjects:
        for session in facts.session_names():
            labels = facts.session(session).labels
            write_mat(
                root / "eeg_raw_data" / session / f"{subject}_{facts.dates[session][subject]}.mat",
                INITIALS[subject], labels, lengths(session, len(labels), seconds),
                100 * int(subject) + int(session),
            )  # fmt: skip
    (root / "ReadMe.txt").write_text("The labels of the three sessions are ...\n")
    return root


def write_eyes(root: Path, facts: Facts, subjects=SUBJECTS, flat: bool = True) -> Path:
    """Write the five files of each session, all in one folder as most copies have them."""
    for subject in subjects:
        for session in facts.session_names():
            folder = root / "eye_raw_data" / ("" if flat else session)
            folder.mkdir(parents=True, exist_ok=True)
            stem = f"{subject}_{facts.dates[session][subject]}"
            n_trials = len(facts.session(session).labels)
            trials = [eye_trial(subject, session, k) for k in range(1, n_trials + 1)]
            for part in PARTS:
                _write_cells(folder / f"{stem}_{part}.mat", part, trials)
    return root


def _write_cells(path: Path, part: str, trials: list[dict[str, np.ndarray]]) -> None:
    """Write a column of cells; one without events is (0, 0), as MATLAB has `[]`."""
    column = np.empty((len(trials), 1), object)
    for k, of in enumerate(trials):
        cell = np.array([statistics(of)]) if part == "event" else of[part]
        column[k, 0] = cell if cell.size else np.empty((0, 0))
    savemat(path, {f"Eye_{part.title()}": column}, do_compression=True)
