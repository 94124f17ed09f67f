"""The feature families a study can ask for, and how their windows become rows.

Every measure of `featpipe.features.measures` makes three families: as it is and smoothed twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError, unknown
from featpipe.features.measures import MEASURES
from featpipe.features.smoothing import linear_dynamical_system, moving_average
from featpipe.recording import Source, Trial
from featpipe.schema import KEYS
from featpipe.windows import Grid, trial_grid


class Family(NamedTuple):
    """A feature family: one table per recording.

    Attributes
    ----------
    modality : {"eeg", "eye"}
        What it is computed from.
    measure : str
        Key of `measures.MEASURES`, or "eye".
    version : int
        Raised by hand when its numbers change; old tables are then recomputed.
    smooth : callable or None
        Applied along the windows of each trial.
    describes, reference : str
        One line each.
    """

    modality: str
    measure: str
    version: int
    smooth: Callable[[np.ndarray], np.ndarray] | None
    describes: str
    reference: str


SMOOTHERS: dict[str, tuple[Callable[[np.ndarray], np.ndarray] | None, str]] = {
    "": (None, ""),
    "_ma": (moving_average, ", moving average over 5 windows of the trial"),
    "_lds": (linear_dynamical_system, ", linear dynamical system (smoother) along the trial"),
}
"""What the end of a family's name says of smoothing."""

FAMILIES: dict[str, Family] = {
    name + suffix: Family(
        "eeg", name, measure.version, smooth, measure.describes + along, measure.reference
    )
    for name, measure in MEASURES.items()
    for suffix, (smooth, along) in SMOOTHERS.items()
} | {
    "eye": Family(
        "eye", "eye", 7, None, "33 statistics of pupil, fixations, saccades, blinks",
        "Lu, Zheng, Li and Lu, IJCAI 2015",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class FeatureSettings:
    """Options of the tables, section [features] of a study.

    Attributes
    ----------
    eeg : tuple of str
        EEG families to write.
    eye : bool
        Write the eye table of recordings that have an eye file.
    window_s : float
        Length of a window, seconds.
    hop_s : float or None
        Seconds from one window to the next; None is `window_s`, no overlap.
    convention : {"nats", "seed"}
        How `de` and what is derived of it are counted; see `featpipe.features.de`. It says
        nothing about de_bandpass and psd.
    """

    eeg: tuple[str, ...] = ("de",)
    eye: bool = True
    window_s: float = 1.0
    hop_s: float | None = None
    convention: Literal["nats", "seed"] = "nats"

    def __post_init__(self) -> None:
        known = [name for name, family in FAMILIES.items() if family.modality == "eeg"]
        for name in self.eeg:
            if name not in known:
                raise ConfigError(f"[features] eeg: {unknown('family', name, known)}")
        for option, value in (("window_s", self.window_s), ("hop_s", self.hop)):
            if not value > 0:
                raise ConfigError(f"[features] {option} = {value:g}: expected seconds above 0")

    @property
    def hop(self) -> float:
        """Seconds from one window to the next."""
        return self.window_s if self.hop_s is None else self.hop_s


class FeatureTable(NamedTuple):
    """Values of the tables of one recording and modality.

    Attributes
    ----------
    keys : pandas.DataFrame
        `schema.KEYS`, one row per window.
    values : dict of str to array, shape (n_windows, n_features)
        By family.
    columns : dict of str to list of str
        Names of the features, by family.
    facts : dict of str to dict
        What the file metadata tell beside the options, by family: channels, bands, units ...
    qc : dict
        This recording's row of the quality table.
    impossible : dict of str to str
        Families that were asked for and cannot be made of this recording -> why.
    """

    keys: pd.DataFrame
    values: dict[str, np.ndarray]
    columns: dict[str, list[str]]
    facts: dict[str, dict[str, Any]]
    qc: dict[str, Any]
    impossible: dict[str, str] = {}  # noqa: RUF012 nobody writes to it


def lay_grids(trials: Sequence[Trial], sfreq: float, features: FeatureSettings) -> list[Grid]:
    """Lay the windows of every trial at the rate of the features.

    Raises
    ------
    ConfigError
        When not one window fits into a trial, or windows are less than a sample apart.
    """
    if features.hop * sfreq < 1:
        raise ConfigError(
            f"[features] hop_s = {features.hop:g}: less than one sample at {sfreq:g} Hz; use at "
            f"least {1 / sfreq:g} s"
        )
    grids = [trial_grid(t.onset, t.offset, sfreq, features.window_s, features.hop) for t in trials]
    if not any(grid.starts.size for grid in grids):
        longest = max((t.offset - t.onset for t in trials), default=0.0)
        raise ConfigError(
            f"[features] window_s = {features.window_s:g}: the longest trial has {longest:g} s; "
            "shorten the window"
        )
    return grids


def key_columns(source: Source, grids: Sequence[Grid], good: np.ndarray) -> pd.DataFrame:
    """Build the key columns of one recording's table.

    Parameters
    ----------
    source : Source
        The recording and its trials.
    grids : sequence of Grid
        One per trial.
    good : array, shape (n_windows in all,)
        Share of each window that can be trusted.

    Returns
    -------
    pandas.DataFrame
        The columns of `schema.KEYS`.
    """
    counts = [len(grid.starts) for grid in grids]
    labels = [trial.label for trial in source.trials]
    names = [None if label is None else source.classes[label] for label in labels]
    row = np.repeat(np.arange(len(grids)), counts)
    return pd.DataFrame(
        {
            "dataset": source.dataset,
            "subject": source.subject,
            "session": source.session,
            "trial": np.array([trial.trial for trial in source.trials])[row],
            "window": np.concatenate([np.arange(count) for count in counts]),
            "start_s": np.concatenate([grid.start_s for grid in grids]),
            "stop_s": np.concatenate([grid.stop_s for grid in grids]),
            "label": pd.array(labels, dtype="Int8").take(row),
            "label_name": pd.array(names, dtype="str").take(row),
            "good": good,
        },
        columns=list(KEYS),
    )
