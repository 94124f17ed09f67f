"""DEAP as recorded: when videos ran, by the Status channel; what they were, by the ratings table.

A subject saw the videos in an order of its own. `participant_ratings.csv` has a row per subject and
trial, with the video (`Experiment_id`) and its ratings.
"""

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from featpipe.datasets.csv_rows import read_rows
from featpipe.datasets.facts import Facts
from featpipe.datasets.rated import Rating, label_of
from featpipe.errors import ConfigError, ReadError, printable
from featpipe.readers import edf
from featpipe.readers.bdf_status import Codes, status_codes
from featpipe.recording import Trial

_KEYS = ("Participant_id", "Trial", "Experiment_id")
_WHOLE = re.compile(r"[0-9]{1,6}")
_SLACK_S = 1.0  # videos are of one minute by the clock of a player


class Shown(NamedTuple):
    """What a subject saw in a trial: number of the video, and how it was rated."""

    video: str
    rating: float


def read_ratings(path: Path, facts: Facts, rating: Rating) -> dict[str, dict[int, Shown]]:
    """Read the table of ratings.

    Parameters
    ----------
    path : Path
        `participant_ratings.csv`.
    facts : Facts
        Of DEAP.
    rating : Rating
        Which column to take.

    Returns
    -------
    dict
        Subject -> trial in the order of presentation -> what was shown.

    Raises
    ------
    ConfigError
        When it is no such table; the message names file and line.
    """
    column = rating.name.capitalize()
    known = (*_KEYS, "Start_time", *(name.capitalize() for name in facts.ratings), "Familiarity")
    rows = read_rows(path, known, (*_KEYS, column))
    found: dict[str, dict[int, Shown]] = {}
    for line, row in zip(rows.index, rows.to_dict("records"), strict=True):
        subject, trial, video = (_whole(path, line, name, row[name]) for name in _KEYS)
        shown = Shown(f"{video}", _value(path, line, column, row[column]))
        if found.setdefault(f"{subject}", {}).setdefault(trial, shown) is not shown:
            raise ConfigError(f"{path} line {line}: trial {trial} of subject {subject} again")
    return found


def _whole(path: Path, line: int, column: str, text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ConfigError(
            f"{path} line {line}: {column} = '{printable(text)}': expected 1, 2, 3 ..."
        )
    return int(text)


def _value(path: Path, line: int, column: str, text: str) -> float:
    try:
        return float(text or "nan")
    except ValueError as error:
        raise ConfigError(
            f"{path} line {line}: {column} = '{printable(text)}': expected a number"
        ) from error


def original_trials(
    path: Path, shown: Mapping[int, Shown], facts: Facts, rating: Rating
) -> tuple[list[Trial], list[str]]:
    """Find the trials of a BDF file.

    Parameters
    ----------
    path : Path
        The file.
    shown : mapping
        Trial -> what the subject saw.
    facts : Facts
        Of DEAP.
    rating : Rating
        Which rating is the label.

    Returns
    -------
    trials : list of Trial
        In the order of presentation.
    flaws : list of str
        What is wrong with single trials.

    Raises
    ------
    ReadError
        When the file is truncated, or its Status channel and the table do not tell the same trials.
    """
    status, reason = edf.check(path)
    if status in ("truncated", "corrupt"):
        raise ReadError(f"{path}: {status}: {reason}")
    of = facts.session("1")
    codes = _codes(path, path.stat().st_size, path.stat().st_mtime_ns)
    spans = video_spans(codes, facts.codes)
    if sorted(shown) != list(range(1, len(of.stimuli) + 1)):
        raise ReadError(
            f"{path}: the table of ratings has {len(shown)} trials of this subject, expected 1 to "
            f"{len(of.stimuli)}; copy the table again"
        )
    if sorted(one.video for one in shown.values()) != sorted(of.stimuli):
        raise ReadError(
            f"{path}: by the table of ratings this subject did not see every video once, so that "
            "trials cannot be told; copy the table again"
        )
    if len(spans) != len(shown):
        raise ReadError(
            f"{path}: {len(spans)} videos begin by its Status channel, {len(shown)} by the table "
            "of ratings, so that trials cannot be told; copy the file again"
        )
    trials, flaws = [], []
    for number, (onset, stop) in enumerate(spans, start=1):
        video, value = shown[number]
        offset = onset + of.seconds[of.stimuli.index(video)]
        end = min(stop, codes.n_times / codes.sfreq)
        if end < offset - _SLACK_S:
            flaws.append(
                f"{path}: trial {number} lasts {end - onset:.1f} s, expected {offset - onset:g}; "
                "what is there is used"
            )
            offset = end
        if offset > onset:
            trials.append(Trial(number, onset, offset, label_of(rating, value), video))
    return trials, flaws


@lru_cache(maxsize=64)
def _codes(path: Path, n_bytes: int, mtime_ns: int) -> Codes:
    del n_bytes, mtime_ns  # they are there to tell versions of the file apart
    return status_codes(path)


def video_spans(codes: Codes, meaning: Mapping[str, int]) -> list[tuple[float, float]]:
    """Find when videos began and ended.

    Parameters
    ----------
    codes : Codes
        Of the Status channel.
    meaning : mapping of str to int
        "start" of a video counts behind "before" it only; "stop" ends it.

    Returns
    -------
    list of (float, float)
        Seconds; infinity where no end was marked.
    """
    spans, code, time = [], codes.code, codes.sample / codes.sfreq
    behind = np.concatenate([[0], code[:-1]])
    for i in np.flatnonzero((code == meaning["start"]) & (behind == meaning["before"])):
        is_marked = i + 1 < len(code) and code[i + 1] == meaning["stop"]
        spans.append((float(time[i]), float(time[i + 1]) if is_marked else math.inf))
    return spans
