"""The features that SEED-IV ships: eeg_feature_smooth, eye_feature_smooth, a folder a session.

The clips of each session have lengths of their own, which tell a file of another session.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from featpipe.datasets import facts
from featpipe.datasets.facts import Facts
from featpipe.datasets.layout import Choice, Defect, Found
from featpipe.datasets.recording_names import Key, Named, date_of, dated_files
from featpipe.datasets.release_files import below, in_folder
from featpipe.datasets.released_trials import (
    released_sources,
    released_trials,
    require_sources,
    require_window,
    told,
)
from featpipe.datasets.trial_lengths import undecided, wrong_session
from featpipe.errors import ReadError
from featpipe.readers.mat5_shapes import mat5_shapes
from featpipe.recording import Released

FAMILIES = ("de_lds", "de_ma", "psd_lds", "psd_ma")

_EEG = re.compile(r"eeg_feature_smooth", re.IGNORECASE)
_EYES = re.compile(r"eye_feature_smooth", re.IGNORECASE)
_FORM = "<session>/<subject>_<YYYYMMDD>.mat"
_EEG_TRIAL = re.compile(r"(?:de|psd)_(?:LDS|movingAve)(\d+)")
_EYE_TRIAL = re.compile(r"eye_(\d+)")
_EEG_SIZES, _EYE_SIZES = (62, 5), (31,)  # of all axes but that of windows


def find_seed_iv(root: Path, choice: Choice) -> Found:
    """Find the features of SEED-IV.

    Parameters
    ----------
    root : Path
        Folder that was unpacked, or one above it.
    choice : Choice
        What of them is wanted.

    Returns
    -------
    Found

    Raises
    ------
    ConfigError
        When there are none of the window that is asked for.
    """
    known = facts.facts_of("seed-iv")
    require_window(choice, known)
    mats = [path for path in below(root, "seed-iv") if path.suffix.lower() == ".mat"]
    eeg = _of_their_sessions(
        dated_files(in_folder(mats, _EEG, root), known, by_folder=True),
        known, choice, _EEG_TRIAL, _EEG_SIZES,
    )  # fmt: skip
    eye = _of_their_sessions(
        dated_files(in_folder(mats, _EYES, root), known, by_folder=True),
        known, choice, _EYE_TRIAL, _EYE_SIZES,
    )  # fmt: skip
    released = Released(
        choice.window_s, "numbered", "numbered", FAMILIES, codes=known.released_labels,
        eye_axes=("column", "window"), eye_order="smi without blinks",
    )  # fmt: skip
    found = told(known, eeg, eye, (_FORM, _FORM))
    sources = released_sources(
        choice, (eeg.files, eye.files), lambda name: released_trials(known.session(name)),
        lambda _: released,
    )  # fmt: skip
    found = found._replace(sources=sources)
    return require_sources(root, known, choice, found, "eeg_feature_smooth, eye_feature_smooth")


def _of_their_sessions(
    named: Named, known: Facts, choice: Choice, trial: re.Pattern[str], sizes: tuple[int, ...]
) -> Named:
    """Leave out the files whose trials are as long as those of another session."""
    counts = {key: _n_windows(path, trial, sizes) for key, path in named.files.items()}
    counts = {  # a torn file tells nothing of its session
        key: of for key, of in counts.items() if 2 * len(of) > len(known.session(key[1]).labels)
    }
    in_windows = replace(known, sessions=tuple(
        replace(of, seconds=tuple(int(s // choice.window_s) for s in of.seconds))
        for of in known.sessions
    ))  # fmt: skip
    defects = [
        stray for key in counts if (stray := _stray(in_windows, key, named.files[key], counts))
    ]
    strays = {stray[:2] for stray in defects}
    sound = {key: of for key, of in counts.items() if key not in strays}
    files = {key: path for key, path in named.files.items() if key not in strays}
    unclear = undecided(in_windows, sound, files, sfreq=1.0)
    return Named(files, [*named.defects, *defects, *unclear], named.notes)


def _stray(
    in_windows: Facts, key: Key, path: Path, counts: Mapping[Key, Mapping[int, int]]
) -> Defect | None:
    return wrong_session(in_windows, key, path, date_of(path), counts, sfreq=1.0)


def _n_windows(path: Path, trial: re.Pattern[str], sizes: tuple[int, ...]) -> dict[int, int]:
    """Count the windows of each trial by the heads of its variables, whatever their axes are."""
    try:
        shapes = mat5_shapes(path)
    except (ReadError, OSError):
        return {}  # told when it is read
    found = {}
    for name, shape in shapes.items():
        rest = list(shape)
        for size in sizes:
            if size in rest:
                rest.remove(size)
        if (match := trial.fullmatch(name)) and len(rest) == 1:
            found[int(match[1])] = rest[0]
    return found
