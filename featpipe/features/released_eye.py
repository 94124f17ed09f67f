"""Released eye features of one recording: trials and columns in their places."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from featpipe.datasets.axes import order_axes
from featpipe.datasets.eye_columns import COVERED, ORDERS, SCOPE_SHARE, EyeColumns, eye_columns
from featpipe.errors import ReadError, few
from featpipe.features.released_labels import agreed_trials, n_windows_of
from featpipe.features.released_pairing import told_session
from featpipe.readers.feature_files import ByTrial, cut, listed, numbered_eye, split_eye
from featpipe.recording import Source, Trial

logger = logging.getLogger(__name__)

_MOST_APART = 1
"""Windows that the trials of eyes and EEG may differ in: each was cut where its own clock ends."""


class ReleasedEye(NamedTuple):
    """What a file holds.

    Attributes
    ----------
    values : dict of int to array, shape (n_windows, n_columns)
        By trial; columns as stored.
    columns : EyeColumns
        Their names, and how they are known.
    trials : tuple of Trial
        With labels and lengths.
    evidence : dict of str to str
        What was told from the numbers.
    """

    values: dict[int, np.ndarray]
    columns: EyeColumns
    trials: tuple[Trial, ...]
    evidence: dict[str, str]


def read_released_eye(
    source: Source, trials: tuple[Trial, ...], *, are_agreed: bool = False
) -> ReleasedEye:
    """Read the eye features of a recording.

    Parameters
    ----------
    source : Source
        With `eye` and `released`.
    trials : tuple of Trial
        Those that the EEG has, whose lengths are known; of a recording without EEG its own.
    are_agreed : bool
        Their labels have been compared with the file that lists them.

    Returns
    -------
    ReleasedEye

    Raises
    ------
    ReadError
        When the file cannot be read, a trial is missing or of another length, or the numbers do not
        bear out the columns of the data set.
    """
    if source.eye is None or source.released is None:
        raise ReadError(f"{source.name}: no file of released eye features")
    path, released = source.eye, source.released
    labels: Mapping[int, np.ndarray] = {}
    axes = "window, column"
    lengths = n_windows_of(trials, released.window_s)
    if released.eye_form == "numbered":
        values, axes = _numbered(source, trials)
    elif released.eye_form == "listed":
        values, labels, _ = listed(path, released.first_trial, len(trials))
    else:
        if len(lengths) != len(trials) or not trials:
            raise ReadError(f"{path}: how long its trials are is not known without the EEG's file")
        values = cut(path, split_eye(path).values, lengths, released.n_train)
    for trial, x in values.items():
        if x.ndim != 2:
            raise ReadError(f"{path}: trial {trial} has shape {x.shape}, expected two axes")
    values = {trial: np.where(np.isfinite(x), x, np.nan) for trial, x in values.items()}
    own = {trial: len(x) for trial, x in values.items()}
    of_labels = released._replace(labels=None) if are_agreed else released
    alone = replace(source, eeg=None, released=of_labels)  # messages name the eye's file
    checked = agreed_trials(alone, own, labels, _bound(source, trials))
    _compare_lengths(source, own, lengths)
    try:
        columns = eye_columns(list(values.values()), released.eye_order)
    except ReadError as error:
        raise ReadError(f"{path}: {error}") from error
    _require_confirmed(source, columns, takes_documented=released.eye_documented)
    evidence = {"eye_axes": axes, "eye_columns": columns.text(), "confirmed_eye_columns": COVERED}
    return ReleasedEye(values, columns, checked, evidence | told_session(source))


def _require_confirmed(source: Source, columns: EyeColumns, *, takes_documented: bool) -> None:
    """Refuse columns that could be anything, and tell of statistics that are not of trials."""
    if not columns.is_confirmed and not takes_documented:
        raise ReadError(
            f"{source.eye}: its columns are not borne out by its numbers: {columns.text()}; they "
            "may be in another order, standardised, or lost. Compare with another copy, or write "
            '[study] eye_columns = "documented" into the study file to take them as documented, '
            "without units"
        )
    if not columns.is_confirmed:
        logger.warning("%s: eye columns are taken as those of %s", source.name, columns.text())
    elif columns.scaled:
        logger.warning("%s: eye features have no units: %s", source.name, columns.scaled)
    if columns.constant < SCOPE_SHARE:
        logger.warning(
            "%s: the nine event statistics, documented to be those of whole trials, are "
            "constant in only %.0f %% of trials; event_scope of the table says so",
            source.name, 100 * columns.constant,
        )  # fmt: skip


def _numbered(source: Source, trials: tuple[Trial, ...]) -> tuple[ByTrial, str]:
    released, path = source.released, source.eye
    assert released is not None
    assert path is not None
    arrays = numbered_eye(path, released.first_trial, len(trials))
    sizes = {"column": len(ORDERS[released.eye_order])}
    known = n_windows_of(source.trials, released.window_s)
    try:
        ordered = order_axes(arrays, sizes, known, released.eye_axes)
    except ReadError as error:
        raise ReadError(f"{path}: {error}") from error
    return ordered.values, f"{', '.join(ordered.axes)} ({ordered.witness})"


def _bound(source: Source, trials: tuple[Trial, ...]) -> tuple[Trial, ...]:
    """Return trials with the lengths that are published; the others have those of the windows."""
    published = {trial.trial for trial in source.trials if trial.offset > 0}
    return tuple(t if t.trial in published else t._replace(offset=0.0) for t in trials)


def _compare_lengths(source: Source, own: Mapping[int, int], of_eeg: Mapping[int, int]) -> None:
    """Tell of trials with other windows than the EEG has; refuse what is no rounding."""
    differ = {k: count - of_eeg[k] for k, count in own.items() if of_eeg.get(k, count) != count}
    if not differ:
        return
    worst = max(differ, key=lambda k: abs(differ[k]))
    if abs(differ[worst]) > _MOST_APART:
        raise ReadError(
            f"{source.eye}: trial {worst} has {own[worst]} windows, expected {of_eeg[worst]} as of "
            "its EEG: it is of another session, or cut short: copy it again"
        )
    logger.warning(
        "%s: eyes and EEG differ by a window in trial %s; windows that only one has are not "
        "trained on",
        source.name, few([str(k) for k in differ]),
    )  # fmt: skip
