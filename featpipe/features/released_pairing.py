"""Whether released eyes and EEG are of one session, where one is numbered and the other dated.

The multimodal release of SEED has EEG with the numbers that the eyes have, too. It is of the same
recordings as the dated EEG, so that DE of the two rises and falls together within trials.
"""

import re
from collections.abc import Iterator, Mapping

import numpy as np

from featpipe.errors import ReadError
from featpipe.features.released_labels import n_windows_of
from featpipe.readers.feature_files import cut, split_eeg
from featpipe.readers.foreign import read_arrays
from featpipe.recording import Source

_DE = re.compile(r"de_(LDS|movingAve)(\d+)")
_ALIKE = 0.3  # correlation of one recording smoothed in two ways, at least
_AHEAD = 0.2  # of the next session: smoothed DE of one film has something in common

ASSUMED = "assumed: numbers are taken to go by date, and no EEG tells"


def told_session(source: Source) -> dict[str, str]:
    """Compare the EEG of a recording with that which has the numbers of the eyes.

    Parameters
    ----------
    source : Source
        With EEG, eyes and `released`.

    Returns
    -------
    dict of str to str
        Evidence; empty where names alone tell the session of both.

    Raises
    ------
    ReadError
        When the eyes are numbered as another session of the subject than the EEG is.
    """
    if source.released is None or source.eeg is None or source.released.eeg_form != "numbered":
        return {}
    if source.released.eye_form != "split":
        return {}
    found = _correlations(source)
    if not found:
        return {"eye_session": ASSUMED}
    best, *others = sorted(found, key=lambda session: found[session], reverse=True)
    next_best = max((found[session] for session in others), default=0.0)
    figures = ", ".join(f"{session} {r:.2f}" for session, r in sorted(found.items()))
    text = f"correlation with DE of eeg_used by session: {figures}"
    if found[best] < _ALIKE or found[best] < next_best + _AHEAD:
        return {"eye_session": f"{ASSUMED} ({text})"}
    if best != source.session:
        raise ReadError(
            f"{source.eye}: its EEG in eeg_used is another recording than {source.eeg}, which is "
            f"numbered {best} there ({text}): give eye features and eeg_used of the subject the "
            "numbers that their dates have, or import a folder with nothing but SEED_Multimodal"
        )
    return {"eye_session": f"confirmed ({text})"}


def _correlations(source: Source) -> dict[str, float]:
    """Return session of a witness -> its correlation with the recording, the better smoothing's."""
    assert source.released is not None
    lengths = n_windows_of(source.trials, source.released.window_s)
    found = {}
    try:
        own = [_centred(of) for of in _own(source)]
    except ReadError:
        return {}
    for session, path in source.released.witnesses:
        try:
            other = _centred(cut(path, split_eeg(path).values, lengths))
        except ReadError:  # told of where it is imported
            continue
        found[session] = max(_correlation(of, other) for of in own)
    return found


def _own(source: Source) -> Iterator[dict[int, np.ndarray]]:
    """Yield DE of the recording, trial -> (n_windows, n_channels, n_bands), by smoothing."""
    assert source.eeg is not None
    by_name: dict[str, dict[int, np.ndarray]] = {}
    for name, x in read_arrays(source.eeg, _DE).items():
        match = _DE.fullmatch(name)
        if match and x.ndim == 3:
            by_name.setdefault(match[1], {})[int(match[2])] = x.transpose(1, 0, 2)
    yield from by_name.values()


def _centred(by_trial: Mapping[int, np.ndarray]) -> dict[int, np.ndarray]:
    """Take the mean of every trial off; what is unknown is 0."""
    found = {}
    for trial, x in by_trial.items():
        known = np.isfinite(x)
        mean = np.where(known, x, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        found[trial] = np.where(known, x - mean, 0)
    return found


def _correlation(one: Mapping[int, np.ndarray], other: Mapping[int, np.ndarray]) -> float:
    if any(one[k].shape != x.shape for k, x in other.items() if k in one):
        return 0.0
    shared = [k for k in one if k in other]
    a, b = (np.concatenate([of[k].ravel() for k in shared]) for of in (one, other))
    norm = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / norm if norm else 0.0
