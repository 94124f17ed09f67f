"""Trials from the `*_events.tsv` of a BIDS recording.

A row is a trial when its label is one of the study's classes and it lasts; all other rows (cues,
answers, triggers) are left alone. What a row without a duration lasts is not guessed.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from featpipe.errors import ConfigError, ReadError, few, printable, unknown
from featpipe.readers.bids_names import metadata
from featpipe.readers.tsv_text import read_tsv
from featpipe.recording import SAME_S, Trial

LABEL_COLUMNS = ("trial_type", "value")
"""Where labels are looked for unless the study names a column."""

_NEAR = 0.85  # one letter of seven is another or missing
_STIMULUS_COLUMNS = ("stim_file", "stimulus", "stim_id")


class Events(NamedTuple):
    """What a table of events gives.

    Attributes
    ----------
    trials : tuple of Trial
        In order of onset, numbered from 1.
    flaws : list of str
        What is wrong with rows that would have been trials, and the next step.
    others : Counter
        What stands in the label column and is no class -> how often.
    """

    trials: tuple[Trial, ...]
    flaws: list[str]
    others: Counter[str]


def read_trials(path: Path, recording: Path, classes: Sequence[str], column: str = "") -> Events:
    """Read the trials of a recording.

    Parameters
    ----------
    path : Path
        The table of events.
    recording : Path
        The recording; its sidecars say what codes mean (`Levels`).
    classes : sequence of str
        Names of the labels.
    column : str
        Which column holds the label; empty is `trial_type`, or `value` where that has none.

    Returns
    -------
    Events

    Raises
    ------
    ReadError
        When the table cannot be read.
    ConfigError
        When it has no such column.
    """
    rows = read_tsv(path, required=("onset", "duration"))
    names, flaws = _labels(path, recording, rows, classes, column), []
    is_trial = names.isin(list(classes))
    stimuli = _stimuli(rows)
    found, n_endless = [], 0
    for line in rows.index[is_trial]:
        onset, duration = (_number(rows.at[line, what]) for what in ("onset", "duration"))
        if onset is None or onset < 0:
            told = str(rows.at[line, "onset"]) or "n/a"
            flaws.append(f"{path.name} line {line}: onset = '{printable(told)}'")
        elif duration is None or duration <= 0:
            n_endless += 1
        else:
            label = list(classes).index(str(names[line]))
            found.append(Trial(0, onset, onset + duration, label, str(stimuli[line])))
    if flaws:
        flaws = [f"{few(flaws, 3)}: expected seconds from 0 on: correct them"]
    if n_endless:
        flaws.append(
            f"{path.name}: {n_endless} of {int(is_trial.sum())} trials have no duration: write how "
            "long each lasts, in seconds"
        )
    trials, crossed = _apart(sorted(found, key=lambda trial: trial.onset), path)
    others = Counter(name for name in names[~is_trial] if name)
    return Events(trials, [*flaws, *crossed], others)


def misspelt(path: Path, others: Counter[str], classes: Sequence[str]) -> list[str]:
    """Tell of labels that are no class and are spelled nearly as one.

    Parameters
    ----------
    path : Path
        The table of events.
    others : Counter
        What stands in its label column and is no class.
    classes : sequence of str
        Names of the labels.

    Returns
    -------
    list of str
        One text, or none: the rows of such labels are no trials.
    """
    plain = {_plain(name): name for name in classes}
    near = {}
    for label in others:
        nearest = get_close_matches(_plain(label), plain, 1, _NEAR)
        if nearest:
            near[label] = plain[nearest[0]]
    said = [f"{label!r} ({others[label]}) is near {name!r}" for label, name in near.items()]
    return [
        f"{path}: {few(said)} and no class of this study, so that these rows are no trials: "
        "correct them, or [study] classes"
    ] * bool(said)


def _plain(label: str) -> str:
    return re.sub(r"[\W_]+", "", label.casefold())


def _labels(
    path: Path, recording: Path, rows: pd.DataFrame, classes: Sequence[str], column: str
) -> pd.Series:
    """Return what stands in the label column, codes replaced by what their sidecar says."""
    if column and column not in rows.columns:
        message = unknown("column", column, list(rows.columns))
        raise ConfigError(f"[study] label_column: {path}: {message}")
    columns = [column] if column else [name for name in LABEL_COLUMNS if name in rows.columns]
    if not columns:
        raise ReadError(
            f"{path}: no column {' or '.join(LABEL_COLUMNS)}: name the one that holds the labels "
            f"in [study] label_column; there are {few(list(rows.columns))}"
        )
    told = metadata(recording, "events")
    spelled = [_spelled(pd.Series(rows[name]), told.get(name), classes) for name in columns]
    return next((names for names in spelled if names.isin(list(classes)).any()), spelled[0])


def _spelled(cells: pd.Series, about: object, classes: Sequence[str]) -> pd.Series:
    levels = about.get("Levels") if isinstance(about, dict) else None
    if not isinstance(levels, dict):
        return cells
    meant = {}
    for code, meaning in levels.items():
        text = meaning.get("Description") if isinstance(meaning, dict) else meaning
        if isinstance(text, str) and text.strip() in classes and code not in classes:
            meant[code] = text.strip()
    return cells.replace(meant)


def _stimuli(rows: pd.DataFrame) -> pd.Series:
    for name in _STIMULUS_COLUMNS:
        if name in rows.columns:
            return pd.Series(rows[name])
    return pd.Series("", rows.index, dtype="str")


def _apart(found: list[Trial], path: Path) -> tuple[tuple[Trial, ...], list[str]]:
    """Give trials their numbers; leave out what begins before the last one ended."""
    trials: list[Trial] = []
    crossed = []
    for trial in found:
        if trials and trial.onset < trials[-1].offset - SAME_S:
            crossed.append(f"{trial.onset:g} s")
            continue
        trials.append(trial._replace(trial=len(trials) + 1))
    if not crossed:
        return tuple(trials), []
    return tuple(trials), [
        f"{path.name}: trials at {few(crossed)} begin before the one before them ends and are left "
        "out: correct onset and duration"
    ]


def _number(text: object) -> float | None:
    try:
        number = float(str(text))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
