"""Distillation on the simulated study, in both directions, as it comes: nothing is expected.

The study of the demo, one subject left out, all options at their defaults, the epoch the last one.
One seed alone, since each costs minutes: the networks are drawn once, and with other ones every
difference may move by a point or two.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from chaos.telling import told

from models.folds import FoldSettings
from models.loading import Windows
from models.protocols import PROTOCOLS, divide
from models.registry import make_config, variant
from models.types import Fold
from truth.one_teacher import Lessons
from truth.paired import accuracies, mean_row
from truth.row import Row
from truth.simulated import SEEDS, settings_of, whole_study
from truth.taught import differences, runs

STUDENTS = ("eye", "eeg")
N_SEEDS = 1


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Simulate a study, train students alone and with teachers, compare."""
    windows = whole_study(folder, settings_of(is_quick=is_quick))
    folds = divide(PROTOCOLS["loso"], windows.keys, FoldSettings())
    made = []
    for student in STUDENTS:
        found = _trained(windows, folds, student, {"n_epochs": 3} if is_quick else {})
        made += [mean_row(found, f"dnn_{student}", f"`dnn_{student}`")]
        made += differences(found, student)
    return made


def _trained(
    windows: Windows, folds: Sequence[Fold], student: str, quick: dict[str, int]
) -> pd.DataFrame:
    parts = []
    lessons = {seed: Lessons(windows, folds, seed) for seed in SEEDS[:N_SEEDS]}
    every = [(seed, *run) for seed in lessons for run in runs(student)]
    for seed, method, options in told(f"student on {student}", every):
        config = make_config(method, {**quick, **options})
        found = lessons[seed].fit(method, config).probabilities
        name = variant(method, make_config(method, options))
        parts.append(accuracies(windows, folds, found, method, [seed] * len(folds), name))
    return pd.concat(parts, ignore_index=True)
