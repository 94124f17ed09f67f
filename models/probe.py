"""A linear classifier in closed form that asks what a table's windows tell of label and trial.

It is a ruler, not a method: no option is chosen, nothing is random, 45 recordings take a second.
"""

from typing import Any, NamedTuple

import numpy as np

RIDGE = 0.05
"""Weight of the penalty, in variances of a standardised feature."""


class Probe(NamedTuple):
    """Balanced accuracies, mean over subjects (`loso`) or recordings; NaN where impossible.

    Attributes
    ----------
    loso : float
        Subjects left out one at a time, single windows.
    loso_votes : float
        The same, the scores of a trial's windows added up to one answer per trial.
    later_trials : float
        Trained on the first 60 % of the trials of a recording, tested on the others.
    mixed_windows : float
        Trained on every other window of a recording, tested on those between: neighbours of what
        was learnt. No result, it shows what such a split gives away.
    trial_identity : float
        Which trial a window is of, split as before.
    chance_loso, chance_later, chance_mixed, chance_trial : float
        What guessing gets: one over the classes, or trials, that can be answered, those trained
        on, mean over the same subjects or recordings.
    subjects : tuple of float
        `loso` of every subject, in order of their numbers.
    """

    loso: float
    loso_votes: float
    later_trials: float
    mixed_windows: float
    trial_identity: float
    chance_loso: float
    chance_later: float
    chance_mixed: float
    chance_trial: float
    subjects: tuple[float, ...]


def probe(
    x: np.ndarray, label: np.ndarray, subject: np.ndarray, recording: np.ndarray, trial: np.ndarray
) -> Probe:
    """Measure what windows tell.

    Parameters
    ----------
    x : array, shape (n_windows, n_features)
        Features, windows of a trial in order; what is not finite is replaced by the
        mean of the column in the rows that train.
    label : array of int, shape (n_windows,)
        Class of each window.
    subject, recording, trial : array of int, shape (n_windows,)
        Numbers of them, trials numbered in order over all recordings.

    Returns
    -------
    Probe
    """
    x = np.where(np.isfinite(x), x, np.nan).astype(np.float64)
    label = np.unique(label, return_inverse=True)[1]
    windows, votes, chance = _leave_subjects_out(x, label, subject, trial)
    inner = [
        _inside_recording(x[rows], label[rows], trial[rows])
        for rows in (np.flatnonzero(recording == one) for one in np.unique(recording))
    ]
    later, mixed, identity = (np.array(column) for column in zip(*inner, strict=True))
    return Probe(
        _mean(windows), _mean(votes), _mean(later[:, 0]), _mean(mixed[:, 0]), _mean(identity[:, 0]),
        _mean(chance), _mean(later[:, 1]), _mean(mixed[:, 1]), _mean(identity[:, 1]),
        tuple(windows),
    )  # fmt: skip


def balanced_accuracy(truth: np.ndarray, found: np.ndarray) -> float:
    """Mean over the classes in `truth` of the share that was found; NaN without any.

    Examples
    --------
    >>> balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))
    0.5
    """
    return _mean([(found[truth == one] == one).mean() for one in np.unique(truth)])


def _mean(values: object) -> float:
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    return float(known.mean()) if known.size else np.nan


class _Sums(NamedTuple):
    """What a fit needs of its rows, missing values as 0; sums of parts add up."""

    n_rows: np.ndarray  # (n_classes,)
    total: np.ndarray  # (n_classes, n_features)
    square: np.ndarray  # (n_features, n_features)
    n_lost: np.ndarray  # (n_classes, n_features), missing values
    cross: np.ndarray  # (n_features, n_features), of values with what is missing beside them
    both: np.ndarray  # (n_features, n_features), rows where two are missing


def _sums(x: np.ndarray, label: np.ndarray, n_classes: int) -> _Sums:
    is_class = (label[:, np.newaxis] == np.arange(n_classes)).astype(np.float64)
    is_lost = np.isnan(x).astype(np.float64)
    has_lost = bool(is_lost.any())
    x = np.nan_to_num(x)
    none = np.zeros((x.shape[1], x.shape[1]))
    return _Sums(
        is_class.sum(axis=0), is_class.T @ x, x.T @ x, is_class.T @ is_lost,
        x.T @ is_lost if has_lost else none, is_lost.T @ is_lost if has_lost else none,
    )  # fmt: skip


def _filled(sums: _Sums) -> tuple[_Sums, np.ndarray]:
    """Return the sums with the mean of these rows where a value is missing, and that mean."""
    known = sums.n_rows.sum() - sums.n_lost.sum(axis=0)
    fill = sums.total.sum(axis=0) / np.maximum(known, 1)
    beside = sums.cross * fill
    square = sums.square + beside + beside.T + sums.both * np.outer(fill, fill)
    return sums._replace(total=sums.total + sums.n_lost * fill, square=square), fill


def _fit(sums: _Sums) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Linear discriminant with a ridge, classes equally likely.

    Returns
    -------
    weights : array, shape (n_features, n_classes)
    offset : array, shape (n_classes,)
        Scores are x @ weights + offset; -inf for classes without rows.
    fill : array, shape (n_features,)
        What stands for a missing value.
    """
    sums, fill = _filled(sums)
    n = sums.n_rows.sum()
    centres = sums.total / np.maximum(sums.n_rows, 1)[:, np.newaxis]
    mean = sums.total.sum(axis=0) / n
    second = sums.square / n
    variance = np.diag(second) - mean * mean
    is_flat = variance <= 1e-10 * np.maximum(np.diag(second), 1e-20)
    scale = np.where(is_flat, 0.0, 1 / np.sqrt(np.where(is_flat, 1.0, variance)))
    inside = second - (centres.T * (sums.n_rows / n)) @ centres
    inner = inside * np.outer(scale, scale) + RIDGE * np.eye(len(mean))
    weights = np.linalg.solve(inner, ((centres - mean) * scale).T) * scale[:, np.newaxis]
    offset = -0.5 * np.einsum("cf,fc->c", centres + mean, weights)
    return weights, np.where(sums.n_rows > 0, offset, -np.inf), fill


def _column_means(x: np.ndarray) -> np.ndarray:
    """Mean of what is known of each column, 0 where nothing is."""
    return np.nansum(x, axis=0) / np.maximum(np.isfinite(x).sum(axis=0), 1)


def _leave_subjects_out(
    x: np.ndarray, label: np.ndarray, subject: np.ndarray, trial: np.ndarray
) -> tuple[list[float], list[float], list[float]]:
    """Scores of every subject, by window and by trial, and what guessing gets."""
    n_classes = int(label.max()) + 1
    x = x - _column_means(x)  # sums of squares lose no digits to the level
    parts = {
        one: _sums(x[subject == one], label[subject == one], n_classes)
        for one in np.unique(subject)
    }
    if len(parts) < 2:
        return [], [], []
    columns: list[Any] = [np.sum(of, axis=0) for of in zip(*parts.values(), strict=True)]
    whole = _Sums(*columns)
    windows, votes, chance = [], [], []
    for one, part in parts.items():
        sums = _Sums(*(w - p for w, p in zip(whole, part, strict=True)))
        rows = np.flatnonzero((subject == one) & (sums.n_rows[label] > 0))  # can be answered
        weights, offset, fill = _fit(sums)
        score = np.where(np.isnan(x[rows]), fill, x[rows]) @ weights + offset
        windows.append(balanced_accuracy(label[rows], score.argmax(axis=1)))
        _, first, code = np.unique(trial[rows], return_index=True, return_inverse=True)
        summed = np.zeros((len(first), n_classes))
        np.add.at(summed, code, score)
        votes.append(balanced_accuracy(label[rows][first], summed.argmax(axis=1)))
        chance.append(float(1 / np.count_nonzero(sums.n_rows)))
    return windows, votes, chance


def _inside_recording(
    x: np.ndarray, label: np.ndarray, trial: np.ndarray
) -> tuple[tuple[float, float], ...]:
    """Scores of one recording and of guessing: on later trials, on windows between, of trials."""
    trials = np.unique(trial)
    n_first = int(np.clip(round(0.6 * len(trials)), 1, max(len(trials) - 1, 1)))
    is_first = np.isin(trial, trials[:n_first])
    is_odd = np.arange(len(x)) % 2 == 1
    number = np.searchsorted(trials, trial)
    return (
        _score(x, label, is_first),
        _score(x, label, ~is_odd),
        _score(x, number, ~is_odd),
    )


def _score(x: np.ndarray, target: np.ndarray, is_train: np.ndarray) -> tuple[float, float]:
    """Balanced accuracy of the other rows that can be answered, and of guessing; NaN if none."""
    trained = np.unique(target[is_train])
    is_test = ~is_train & np.isin(target, trained)
    if len(trained) < 2 or not is_test.any():
        return np.nan, np.nan
    x = x - _column_means(x[is_train])
    weights, offset, fill = _fit(_sums(x[is_train], target[is_train], int(target.max()) + 1))
    score = np.where(np.isnan(x[is_test]), fill, x[is_test]) @ weights + offset
    return balanced_accuracy(target[is_test], score.argmax(axis=1)), 1 / len(trained)
