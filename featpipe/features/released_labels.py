"""Labels of released features: those of the facts and those of the files have to agree."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.foreign import SMALL, read_arrays
from featpipe.recording import Released, Source, Trial

_OFF = 1e-6


def n_windows_of(trials: Sequence[Trial], window_s: float) -> dict[int, int]:
    """Count the whole windows of each trial whose length is known."""
    return {t.trial: int((t.offset + 1e-6) // window_s) for t in trials if t.offset > 0}


def agreed_trials(
    source: Source,
    n_windows: Mapping[int, int],
    labels: Mapping[int, np.ndarray],
    trials: Sequence[Trial] | None = None,
) -> tuple[Trial, ...]:
    """Bring together what facts and files say of the trials of a recording.

    Parameters
    ----------
    source : Source
        The recording; its `released` has the codes of the labels and maybe a file with them.
    n_windows : mapping of int to int
        Trial -> windows in the file.
    labels : mapping of int to array, shape (n_windows,)
        Trial -> labels as the file of features writes them; empty where it has none.
    trials : sequence of Trial, optional
        Instead of those of the source.

    Returns
    -------
    tuple of Trial
        With label and length; the length of one that nobody knew is that of its windows.

    Raises
    ------
    ReadError
        When a trial has another number of windows, windows of several labels, or another label
        than the data set's; the message names the trial.
    """
    released = source.released
    trials = source.trials if trials is None else trials
    if released is None or not trials:
        raise ReadError(f"{source.name}: nothing is known of its trials")
    expected = n_windows_of(trials, released.window_s)
    for trial, count in n_windows.items():
        if expected.get(trial, count) != count:
            raise ReadError(
                f"{source.eeg or source.eye}: trial {trial} has {count} windows, expected "
                f"{expected[trial]} of {released.window_s:g} s; is window_s that of the file?"
            )
    for path, said in _said(source, trials, labels):
        trials = _with_labels(path, trials, said, released, len(source.classes))
    return tuple(
        t if t.offset > 0 else t._replace(offset=n_windows[t.trial] * released.window_s)
        for t in trials
    )


def _said(
    source: Source, trials: Sequence[Trial], labels: Mapping[int, np.ndarray]
) -> Iterator[tuple[Path, dict[int, float]]]:
    """Yield each file that tells labels, and these by trial."""
    path = source.eeg or source.eye
    if labels and path is not None:
        yield path, {trial: _one(path, trial, of) for trial, of in labels.items()}
    listed = source.released.labels if source.released else None
    if listed is not None:
        arrays = list(read_arrays(listed, "label", SMALL).values())
        found = np.ravel(arrays[0]) if arrays else np.empty(0)
        if len(found) != len(trials):
            raise ReadError(f"{listed}: {len(found)} labels, expected {len(trials)}; copy it again")
        yield listed, {t.trial: _rounded(x) for t, x in zip(trials, found, strict=True)}


def _rounded(label: float) -> float:
    """Take a label that arithmetic has moved off its integer as that integer."""
    nearest = np.round(label)
    return float(nearest if abs(label - nearest) < _OFF else label)


def _one(path: Path, trial: int, labels: np.ndarray) -> float:
    found = np.unique([_rounded(x) for x in np.unique(np.ravel(labels).astype(float))])
    if len(found) != 1:
        raise ReadError(
            f"{path}: windows of trial {trial} have labels {found.tolist()}, expected one: trials "
            "lie elsewhere in the file than their lengths say, or it is damaged"
        )
    return float(found[0])


def _with_labels(
    path: Path, trials: Sequence[Trial], said: Mapping[int, float], released: Released, n: int
) -> list[Trial]:
    """Give trials the labels of a file, in whichever of the two codes it has that fits better."""
    codes = [list(released.codes), list(range(n))]
    odd = [[k for k, value in said.items() if value not in code] for code in codes]
    possible = [code for code, of in zip(codes, odd, strict=True) if not of]
    if not possible:
        fewest = min(range(len(codes)), key=lambda i: len(odd[i]))
        trial, code = odd[fewest][0], codes[fewest]
        raise ReadError(f"{path}: label {said[trial]:g} of trial {trial}, expected one of {code}")
    read = [{k: code.index(int(value)) for k, value in said.items()} for code in possible]
    wrong = [_conflicts(trials, labels) for labels in read]
    best = min(range(len(read)), key=lambda i: len(wrong[i]))
    if wrong[best]:
        known = wrong[best][0]
        value = said[known.trial]
        raise ReadError(
            f"{path}: trial {known.trial} has label {value:g}, which is class "
            f"{read[best][known.trial]}, expected {known.label} as published: its trials are in "
            f"another order, or it is of another session or data set ({len(wrong[best])} of "
            f"{len(said)} trials differ)"
        )
    return [t._replace(label=read[best].get(t.trial, t.label)) for t in trials]


def _conflicts(trials: Sequence[Trial], labels: Mapping[int, int]) -> list[Trial]:
    return [
        t for t in trials
        if t.label is not None and t.trial in labels and labels[t.trial] != t.label
    ]  # fmt: skip
