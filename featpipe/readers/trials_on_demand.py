"""The recording of `end_to_end`, whose trials are fetched when their numbers are first asked for.

Scanning a folder and listing the recordings of a study need headers only; trials of a session have
hundreds of megabytes.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import mne
import numpy as np
from mne.io import BaseRaw

from featpipe.eeg.marks import HELD_S
from featpipe.errors import ReadError
from featpipe.readers.end_to_end import edge_marks, trial_spans

Fetch = Callable[[], Sequence[np.ndarray]]
"""Returns every trial, (n_channels, n_times) in microvolt, in order."""


class RawTrials(BaseRaw):
    """Trials laid end to end, with the samples next to each gap held.

    Parameters
    ----------
    path : Path
        The file that they are in.
    n_times : sequence of int
        Samples of each trial, as the file declares.
    ch_names : sequence of str
        EEG channels.
    sfreq : float
        Rate, Hz.
    fetch : callable
        Called once.
    """

    def __init__(
        self, path: Path, n_times: Sequence[int], ch_names: Sequence[str], sfreq: float,
        fetch: Fetch,
    ) -> None:  # fmt: skip
        held = round(HELD_S * sfreq)
        shapes = [(len(ch_names), n) for n in n_times]
        super().__init__(
            mne.create_info(list(ch_names), sfreq, "eeg", verbose="ERROR"),
            preload=False,
            filenames=[path],
            last_samps=[sum(n_times) + 2 * held * (len(shapes) - 1) - 1],
            raw_extras=[
                {
                    "shapes": shapes,
                    "held": held,
                    "fetch": fetch,
                    "trials": None,
                    "state": _state(path),
                }
            ],
            orig_format="double",
        )

    def _read_segment_file(self, data, idx, fi, start, stop, cals, mult) -> None:
        """Fill `data` (n_picked, stop - start) with volts; MNE calls this."""
        held, begin = self._raw_extras[fi]["held"], 0
        for trial in _trials(self._raw_extras[fi], Path(self.filenames[fi])):
            after = begin + trial.shape[1]
            first, last = max(start, begin - held), min(stop, after + held)
            if first < last:
                columns = np.clip(np.arange(first, last) - begin, 0, trial.shape[1] - 1)
                block = trial[idx, columns[0] : columns[-1] + 1].astype(np.float64)
                volts = 1e-6 * block[:, columns - columns[0]]
                part = cals * volts if mult is None else mult @ volts
                data[:, first - start : last - start] = part
            begin = after + 2 * held


def _state(path: Path) -> tuple[int, int]:
    """Return what tells versions of a file apart."""
    about = path.stat()
    return about.st_size, about.st_mtime_ns


def _trials(about: dict[str, Any], path: Path) -> Sequence[np.ndarray]:
    """Return the trials, fetched now or before."""
    if about["trials"] is None:
        trials = list(about["fetch"]())
        if _state(path) != about["state"]:
            raise ReadError(f"{path}: it was changed since it was opened; open it again")
        found = [trial.shape for trial in trials]
        if found != about["shapes"]:
            raise ReadError(
                f"{path}: its header declares trials of {about['shapes']} numbers, {found} are "
                "there: it is damaged, or was changed while it was read; copy it again"
            )
        about["trials"] = trials
    return about["trials"]


def on_demand(
    path: Path, n_times: Mapping[int, int], ch_names: Sequence[str], sfreq: float, fetch: Fetch
) -> RawTrials:
    """Lay trials end to end that are fetched later.

    Parameters
    ----------
    path : Path
        The file that they are in.
    n_times : mapping of int to int
        Trial number -> samples, in the order in which `fetch` returns them.
    ch_names : sequence of str
        EEG channels.
    sfreq : float
        Rate, Hz.
    fetch : callable
        () -> the trials, in microvolt. What it raises leaves whatever asks for data.

    Returns
    -------
    RawTrials
        Its numbers and marks are those of `end_to_end`; not loaded.
    """
    raw = RawTrials(path, list(n_times.values()), ch_names, sfreq, fetch)
    raw.set_annotations(edge_marks(trial_spans(n_times, sfreq)), verbose="ERROR")
    return raw
