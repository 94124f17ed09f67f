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
    chance_label, chance_trial : float
        What the most frequent answer gets.
    """

    loso: float
    loso_votes: float
    later_trials: float
    mixed_windows: float
    trial_identity: float
    chance_label: float
    chance_trial: float


def probe(
    x: np.ndarray, label: np.ndarray, subject: np.ndarray, recording: np.ndarray, trial: np.ndarray
) -> Probe:
    """Measure what windows tell.

    Parameters
    ----------
    x : array, shape (n_windows, n_features)
        Features, windows of a trial in order; what is not finite is replaced by the column's mean.
    label : array of int, shape (n_windows,)
        Class of each window.
    subject, recording, trial : array of int, shape (n_windows,)
        Numbers of them, trials numbered in order over all recordings.

    Returns
    -------
    Probe
    """
    x = _filled(x)
    label = np.unique(label, return_inverse=True)[1]
    loso, votes = _leave_subjects_out(x, label, subject, trial)
    inner = [
        _inside_recording(x[rows], label[rows], trial[rows])
        for rows in (np.flatnonzero(recording == one) for one in np.unique(recording))
    ]
    n_trials = [len(np.unique(trial[recording == one])) for one in np.unique(recording)]
    later, mixed, identity = (_mean(column) for column in zip(*inner, strict=True))
    n_classes = len(np.unique(label))
    return Probe(
        loso, votes, later, mixed, identity, 1 / n_classes, float(np.mean(np.divide(1, n_trials)))
    )


def balanced_accuracy(truth: np.ndarray, found: np.ndarray) -> float:
    """Mean over the classes in `truth` of the share that was found.

    Examples
    --------
    >>> balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))
    0.5
    """
    return float(np.mean([(found[truth == one] == one).mean() for one in np.unique(truth)]))


def _mean(values: object) -> float:
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    return float(known.mean()) if known.size else np.nan


def _filled(x: np.ndarray) -> np.ndarray:
    """Return float64 with the column's mean where a value is missing, 0 where all are."""
    x = np.asarray(x, np.float64)
    is_known = np.isfinite(x)
    total = np.where(is_known, x, 0.0).sum(axis=0)
    return np.where(is_known, x, total / np.maximum(is_known.sum(axis=0), 1))


class _Sums(NamedTuple):
    """What a fit needs of its rows; sums of parts add up."""

    n_rows: np.ndarray  # (n_classes,)
    total: np.ndarray  # (n_classes, n_features)
    square: np.ndarray  # (n_features, n_features)


def _sums(x: np.ndarray, label: np.ndarray, n_classes: int) -> _Sums:
    is_class = (label[:, np.newaxis] == np.arange(n_classes)).astype(np.float64)
    return _Sums(is_class.sum(axis=0), is_class.T @ x, x.T @ x)


def _fit(sums: _Sums) -> tuple[np.ndarray, np.ndarray]:
    """Linear discriminant with a ridge, classes equally likely.

    Returns
    -------
    weights : array, shape (n_features, n_classes)
    offset : array, shape (n_classes,)
        Scores are x @ weights + offset; -inf for classes without rows.
    """
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
    return weights, np.where(sums.n_rows > 0, offset, -np.inf)


def _leave_subjects_out(
    x: np.ndarray, label: np.ndarray, subject: np.ndarray, trial: np.ndarray
) -> tuple[float, float]:
    n_classes = int(label.max()) + 1
    x = x - x.mean(axis=0)  # sums of squares lose no digits to the level
    parts = {
        one: _sums(x[subject == one], label[subject == one], n_classes)
        for one in np.unique(subject)
    }
    if len(parts) < 2:
        return np.nan, np.nan
    columns: list[Any] = [np.sum(of, axis=0) for of in zip(*parts.values(), strict=True)]
    whole = _Sums(*columns)
    windows, votes = [], []
    for one, part in parts.items():
        rows = subject == one
        weights, offset = _fit(_Sums(*(w - p for w, p in zip(whole, part, strict=True))))
        score = x[rows] @ weights + offset
        windows.append(balanced_accuracy(label[rows], score.argmax(axis=1)))
        _, first, code = np.unique(trial[rows], return_index=True, return_inverse=True)
        summed = np.zeros((len(first), n_classes))
        np.add.at(summed, code, score)
        votes.append(balanced_accuracy(label[rows][first], summed.argmax(axis=1)))
    return _mean(windows), _mean(votes)


def _inside_recording(
    x: np.ndarray, label: np.ndarray, trial: np.ndarray
) -> tuple[float, float, float]:
    """Scores of one recording: on later trials, on windows between, of trials."""
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


def _score(x: np.ndarray, target: np.ndarray, is_train: np.ndarray) -> float:
    """Balanced accuracy of the rows that do not train; NaN where a side has too little."""
    if len(np.unique(target[is_train])) < 2 or is_train.all():
        return np.nan
    x = x - x[is_train].mean(axis=0)
    weights, offset = _fit(_sums(x[is_train], target[is_train], int(target.max()) + 1))
    return balanced_accuracy(target[~is_train], (x[~is_train] @ weights + offset).argmax(axis=1))
