"""Layout "table": a lab's own recordings, listed in two CSV files.

`recordings.csv` has one row per recording (subject, session, eeg, eye, eye_offset), `trials.csv`
one row per trial (subject, session, trial, onset, offset, label, stimulus). Subject and session may
be left out of the trials when all recordings share them; a missing session column means one
session, "1".
"""

import logging
import math
import re
from itertools import pairwise
from pathlib import Path

import pandas as pd

from featpipe.datasets.csv_rows import read_rows
from featpipe.errors import ConfigError, few, unknown
from featpipe.recording import Source, Trial

logger = logging.getLogger(__name__)

RECORDING_COLUMNS = ("subject", "session", "eeg", "eye", "eye_offset")
TRIAL_COLUMNS = ("subject", "session", "trial", "onset", "offset", "label", "stimulus")
_LONGEST_TRIAL_S = 604_800.0  # its windows are rows of every table
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")


def list_sources(
    recordings: Path, trials: Path, root: Path, dataset: str, classes: tuple[str, ...]
) -> list[Source]:
    """Read the two tables of a study.

    Parameters
    ----------
    recordings, trials : Path
        The CSV files.
    root : Path
        Folder the paths in `recordings` start from.
    dataset : str
        Name of the study.
    classes : tuple of str
        Names of the labels.

    Returns
    -------
    list of Source
        In the order of `recordings`. Whether the files exist is found out when they are read, so
        that one missing file costs one recording.

    Raises
    ------
    ConfigError
        When a table cannot be understood; the message names file, line and column.
    """
    rows = read_rows(recordings, RECORDING_COLUMNS, required=("subject",))
    if not {"eeg", "eye"} & set(rows.columns):
        raise ConfigError(f"{recordings}: no column eeg or eye: add the paths of the recordings")
    shared, own = _read_trials(trials, classes)
    sources = [
        _source(recordings, line, row, root, dataset, classes, shared, own)
        for line, row in zip(rows.index, rows.to_dict("records"), strict=True)
    ]
    _check_names(recordings, sources)
    _refuse_shared_files(recordings, sources)
    _warn_of_strangers(trials, own, sources)
    return sources


def _warn_of_strangers(
    path: Path, own: dict[tuple[str, str], tuple[Trial, ...]], sources: list[Source]
) -> None:
    """Tell of trials that no recording has: a spreadsheet may have made 1 of subject 01."""
    for subject, session in sorted(own.keys() - {(one.subject, one.session) for one in sources}):
        alike = [o.subject for o in sources if o.subject.lstrip("0") == subject.lstrip("0")]
        is_cut = bool(alike) and subject not in alike
        zeros = f"; {subject} is not {alike[0]}: write its zeros in both files" if is_cut else ""
        logger.warning(
            "%s: %d trials of subject %s, session %s belong to no recording; there are %s%s",
            path, len(own[subject, session]), subject, session,
            few([f"{one.subject}/{one.session}" for one in sources]), zeros,
        )  # fmt: skip


def _source(
    path: Path,
    line: int,
    row: dict[str, str],
    root: Path,
    dataset: str,
    classes: tuple[str, ...],
    shared: tuple[Trial, ...],
    own: dict[tuple[str, str], tuple[Trial, ...]],
) -> Source:
    subject, session = row["subject"], row.get("session") or "1"
    for column, value in (("subject", subject), ("session", session)):
        if not _IDENTIFIER.fullmatch(value):
            raise ConfigError(
                f"{path} line {line}: {column} = {value!r}: expected letters, digits and . _ + -, "
                "beginning with a letter or digit, because it becomes part of a file name"
            )
    eeg, eye = row.get("eeg", ""), row.get("eye", "")
    if not eeg and not eye:
        raise ConfigError(f"{path} line {line}: neither eeg nor eye names a file")
    offset = row.get("eye_offset", "")
    return Source(
        dataset=dataset,
        subject=subject,
        session=session,
        eeg=root / eeg if eeg else None,
        eye=root / eye if eye else None,
        eye_offset=_number(path, line, "eye_offset", offset) if offset else None,
        trials=shared or own.get((subject, session), ()),
        classes=classes,
    )


def _read_trials(
    path: Path, classes: tuple[str, ...]
) -> tuple[tuple[Trial, ...], dict[tuple[str, str], tuple[Trial, ...]]]:
    """Trials that all recordings share, or trials by (subject, session)."""
    rows = read_rows(path, TRIAL_COLUMNS, required=("trial", "onset", "offset"))
    if "session" in rows.columns and "subject" not in rows.columns:
        raise ConfigError(f"{path}: column session without column subject: add or drop it")
    found: dict[tuple[str, str], dict[int, Trial]] = {}
    for line, row in zip(rows.index, rows.to_dict("records"), strict=True):
        key = (row.get("subject", ""), row.get("session") or "1")
        trial = _trial(path, line, row, classes)
        if trial.trial in found.setdefault(key, {}):
            raise ConfigError(f"{path} line {line}: trial {trial.trial} is listed twice")
        found[key][trial.trial] = trial
    trials = {key: tuple(of[number] for number in sorted(of)) for key, of in found.items()}
    for (subject, session), of in trials.items():
        _refuse_overlap(path, f" of subject {subject}, session {session}" * bool(subject), of)
    if "subject" not in rows.columns:
        return trials[("", "1")], {}
    return (), trials


def trials_of_one(path: Path) -> tuple[Trial, ...]:
    """Read the trials of one recording that nobody has labelled.

    Parameters
    ----------
    path : Path
        A table as `trials.csv` of a study, with the rows of one recording; `trial` may be left out,
        the rows are then numbered from 1, and labels are not read.

    Raises
    ------
    ConfigError
        When the table cannot be understood; the message names file, line and column.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; it lists onset and offset of trials, in seconds")
    rows = read_rows(path, TRIAL_COLUMNS, required=("onset", "offset"))
    _refuse_several_recordings(path, rows)
    found: dict[int, Trial] = {}
    for number, (line, row) in enumerate(
        zip(rows.index, rows.to_dict("records"), strict=True), start=1
    ):
        trial = _trial(path, line, {"trial": str(number), **row, "label": ""}, ())
        if trial.trial in found:
            raise ConfigError(f"{path} line {line}: trial {trial.trial} is listed twice")
        found[trial.trial] = trial
    trials = tuple(found[number] for number in sorted(found))
    _refuse_overlap(path, "", trials)
    return trials


def _refuse_several_recordings(path: Path, rows: pd.DataFrame) -> None:
    """Refuse the trials of a whole study where those of one recording are expected."""
    columns = [name for name in ("subject", "session") if name in rows]
    n_recordings = len(rows[columns].drop_duplicates()) if columns else 1
    if n_recordings > 1:
        raise ConfigError(
            f"{path}: column {columns[0]}: these are the trials of {n_recordings} recordings, "
            "expected those of one: keep its rows only; the columns are onset and offset (s), and "
            "trial, if you like"
        )


def _trial(path: Path, line: int, row: dict[str, str], classes: tuple[str, ...]) -> Trial:
    number = _number(path, line, "trial", row["trial"])
    onset, offset = (_number(path, line, name, row[name]) for name in ("onset", "offset"))
    if number != int(number) or number < 1:
        raise ConfigError(f"{path} line {line}: trial = {row['trial']}: expected 1, 2, 3 ...")
    if not 0 <= onset < offset:
        raise ConfigError(
            f"{path} line {line}: onset = {row['onset']}, offset = {row['offset']}: "
            "expected seconds with 0 <= onset < offset"
        )
    if offset - onset > _LONGEST_TRIAL_S:
        raise ConfigError(
            f"{path} line {line}: onset = {row['onset']}, offset = {row['offset']}: a trial of "
            "over a week; expected seconds"
        )
    label = _label(path, line, row.get("label", ""), classes)
    return Trial(int(number), onset, offset, label, row.get("stimulus", ""))


def _refuse_overlap(path: Path, whose: str, trials: tuple[Trial, ...]) -> None:
    """Refuse samples of two trials: of two labels, and on both sides of a split."""
    in_time = sorted(trials, key=lambda trial: trial.onset)
    for before, after in pairwise(in_time):
        if after.onset < before.offset:
            raise ConfigError(
                f"{path}: trial {after.trial}{whose} begins at {after.onset:g} s, before trial "
                f"{before.trial} of the same recording ends at {before.offset:g} s: correct their "
                "onset and offset"
            )


def _label(path: Path, line: int, text: str, classes: tuple[str, ...]) -> int | None:
    if not text:
        return None
    if text in classes:
        return classes.index(text)
    if text.isdigit() and int(text) < len(classes):
        return int(text)
    known = [*classes, *map(str, range(len(classes)))]
    raise ConfigError(f"{path} line {line}: {unknown('label', text, known)}")


def _number(path: Path, line: int, column: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError(
            f"{path} line {line}: {column} = {text!r}: expected a number, decimals with a point"
        )
    return number


def _check_names(path: Path, sources: list[Source]) -> None:
    """Two recordings must not end in one file, on a disk that ignores case either."""
    seen: dict[str, str] = {}
    for source in sources:
        if source.name.lower() in seen:
            raise ConfigError(
                f"{path}: subject {source.subject}, session {source.session} is listed twice "
                "(upper and lower case count as equal)"
            )
        seen[source.name.lower()] = source.name


def _refuse_shared_files(path: Path, sources: list[Source]) -> None:
    """Refuse one file of two recordings: the same data would be on both sides of a split."""
    owner: dict[Path, str] = {}
    for source in sources:
        for file in filter(None, (source.eeg, source.eye)):
            if owner.setdefault(file, source.name) != source.name:
                raise ConfigError(
                    f"{path}: {file} is named by {owner[file]} and by {source.name}; the same data "
                    "would be trained on and tested on: correct the path"
                )
