"""The features that SEED-V and SEED-VII ship: one file of a subject holds all of its sessions."""

import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets import facts
from featpipe.datasets.facts import Facts
from featpipe.datasets.layout import Choice, Found
from featpipe.datasets.recording_names import Key, Named, add, stranger
from featpipe.datasets.release_files import below, in_folder
from featpipe.datasets.released_trials import (
    released_sources,
    released_trials,
    require_sources,
    require_window,
    told,
)
from featpipe.recording import Released


class _Form(NamedTuple):
    """How the files of a data set are called and stored."""

    eeg: re.Pattern[str]
    eye: re.Pattern[str]
    name: re.Pattern[str]
    example: str
    released: Released


_FORMS = {
    "seed-v": _Form(
        re.compile(r"eeg_de_features", re.IGNORECASE),
        re.compile(r"eye_movement_features", re.IGNORECASE),
        re.compile(r"0*([1-9]\d?)_123\.npz", re.IGNORECASE),
        "<subject>_123.npz",
        Released(4.0, "listed", "listed", ("de",), eye_order="smi"),
    ),
    "seed-vii": _Form(
        re.compile(r"eeg_features", re.IGNORECASE),
        re.compile(r"eye_features", re.IGNORECASE),
        re.compile(r"0*([1-9]\d?)\.mat", re.IGNORECASE),
        "<subject>.mat",
        Released(
            4.0,
            "numbered",
            "numbered",
            ("de_lds", "de", "psd"),
            eye_order="tobii",
            axes=("window", "band", "channel"),
            de_unit="logarithm to base 2 of power",
        ),
    ),
}


def find_by_subject(name: str, root: Path, choice: Choice) -> Found:
    """Find features of which one file holds all sessions of a subject.

    Parameters
    ----------
    name : str
        Data set, a key of the facts.
    root : Path
        Folder that was unpacked, or one above it.
    choice : Choice
        What of them is wanted.

    Returns
    -------
    Found
        A source per session.

    Raises
    ------
    ConfigError
        When there are none of the window that is asked for.
    """
    known, form = facts.facts_of(name), _FORMS[name]
    require_window(choice, known)
    files = below(root, name)
    eeg, eye = (
        _files(in_folder(files, folder, root), known, form) for folder in (form.eeg, form.eye)
    )
    found = told(known, eeg, eye, (form.example, form.example))
    sources = released_sources(
        choice,
        (eeg.files, eye.files),
        lambda session: released_trials(known.session(session)),
        lambda session: form.released._replace(
            first_trial=_first_trial(known, session), codes=known.released_labels
        ),
    )
    folders = f"{form.eeg.pattern}, {form.eye.pattern}"
    return require_sources(root, known, choice, found._replace(sources=sources), folders)


find_seed_v = partial(find_by_subject, "seed-v")
find_seed_vii = partial(find_by_subject, "seed-vii")


def _first_trial(known: Facts, session: str) -> int:
    """Return the number that the first trial of a session has among those of all sessions."""
    names = known.session_names()
    return 1 + sum(len(known.session(name).labels) for name in names[: names.index(session)])


def _files(files: Iterable[Path], known: Facts, form: _Form) -> Named:
    found: dict[Key, Path] = {}
    defects = []
    suffix = Path(form.example).suffix
    for path in files:
        match = form.name.fullmatch(path.name)
        if match and match[1] in known.subjects:
            defects += add(found, (match[1], ""), path)
        elif path.suffix.lower() == suffix:
            defects.append(stranger(path, Path(form.example).stem, known))
    sessions = known.session_names()
    return Named({(subject, k): path for (subject, _), path in found.items() for k in sessions},
                 defects, [])  # fmt: skip
