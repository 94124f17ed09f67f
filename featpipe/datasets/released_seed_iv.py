"""The features that SEED-IV ships: eeg_feature_smooth, eye_feature_smooth, a folder a session."""

import re
from pathlib import Path

from featpipe.datasets import facts
from featpipe.datasets.layout import Choice, Found
from featpipe.datasets.recording_names import dated_files
from featpipe.datasets.release_files import below, in_folder
from featpipe.datasets.released_trials import (
    released_sources,
    released_trials,
    require_sources,
    require_window,
    told,
)
from featpipe.recording import Released

FAMILIES = ("de_lds", "de_ma", "psd_lds", "psd_ma")

_EEG = re.compile(r"eeg_feature_smooth", re.IGNORECASE)
_EYES = re.compile(r"eye_feature_smooth", re.IGNORECASE)
_FORM = "<session>/<subject>_<YYYYMMDD>.mat"


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
    eeg, eye = (
        dated_files(in_folder(mats, of, root), known, by_folder=True) for of in (_EEG, _EYES)
    )
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
