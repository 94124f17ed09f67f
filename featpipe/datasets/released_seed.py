"""The features that SEED ships, and those of SEED-GER and SEED-FRA.

Two releases hold EEG of SEED: ExtractedFeatures (15 subjects, 12 families, MATLAB) and the
multimodal one (12 subjects, DE, and the eyes with it). Where both are there the one with more
recordings, or the first, is taken for the EEG of all, so that all have the same. The first dates
its files and the second numbers them, and nobody has published that numbers go by date: DE of the
second, where it is there, tells when they are read. A third, older one has EEG and eyes of nine
subjects in one MATLAB file per session; it is told by the names of its variables.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from featpipe.datasets import facts
from featpipe.datasets.facts import Facts
from featpipe.datasets.layout import Choice, Found
from featpipe.datasets.recording_names import DATED, Named, dated_files, numbered_files
from featpipe.datasets.release_files import below, in_folder
from featpipe.datasets.released_trials import (
    listed_trials,
    released_sources,
    require_sources,
    require_window,
    told,
)
from featpipe.errors import ReadError
from featpipe.readers.mat5_shapes import mat5_shapes
from featpipe.recording import Released

KINDS = ("de", "psd", "dasm", "rasm", "asm", "dcau")
FAMILIES = tuple(kind + smoothed for kind in KINDS for smoothed in ("_lds", "_ma"))

_EXTRACTED = {
    1.0: re.compile(r"extracted_?features(_1s)?", re.IGNORECASE),
    4.0: re.compile(r"extracted_?features_4s", re.IGNORECASE),
}
_USED = {seconds: re.compile(rf"eeg_used_{seconds:g}s", re.IGNORECASE) for seconds in (1.0, 4.0)}
_EYES = re.compile(r"eye_tracking_feature", re.IGNORECASE)
_EYE_WINDOW_S = 4.0  # of no other length are there eye features
_N_TRAIN = {"seed": 9}  # of the 15 clips; of the German and French ones nobody states it
_NINE = re.compile(r"(train|test)_(inst_(eeg|eye)|label)")
_BESIDE = ("label.mat", "readme.txt", ".ds_store")  # among the recordings, and none
_NONE = Named({}, [], [])
_NO_FEATURES = (".py", ".md", ".txt")  # reading_eye_feature.py lies beside them


def find_seed(root: Path, choice: Choice) -> Found:
    """Find the features of SEED.

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
    known = facts.facts_of("seed")
    require_window(choice, known)
    files = below(root, "seed")
    mats = _recordings(in_folder(files, _EXTRACTED[choice.window_s], root), ".mat")
    eeg, used = dated_files(mats, known), _used(root, files, choice, known)
    if not mats or len(used.files) > len(eeg.files):
        return _multimodal("seed", root, choice, extracted=eeg)
    eye = _eyes(root, files, choice, known)
    labels = _label_file(mats)
    released = Released(
        choice.window_s, "numbered", "split", FAMILIES, codes=known.released_labels, labels=labels,
        eye_order="smi",
    )  # fmt: skip
    found = told(known, eeg, eye, _forms("<subject>_<YYYYMMDD>.mat", choice))
    notes = _compared("ExtractedFeatures", eeg, "eeg_used", used) + _numbered_eyes(eye, used)
    sources = [
        replace(source, released=released._replace(witnesses=_witnesses(source.subject, used)))
        if source.eye is not None
        else source
        for source in released_sources(
            choice, (eeg.files, eye.files), listed_trials(files, known)[0], lambda _: released
        )
    ]
    found = Found(sources, found.defects, [*found.notes, *notes])
    return require_sources(root, known, choice, found, "ExtractedFeatures*")


def _multimodal(name: str, root: Path, choice: Choice, extracted: Named = _NONE) -> Found:
    """Find EEG and eyes of the multimodal release; EEG of the other one has fewer recordings."""
    known = facts.facts_of(name)
    require_window(choice, known)
    files = below(root, name)
    eeg, eye = _used(root, files, choice, known), _eyes(root, files, choice, known)
    if not eeg.files and not eye.files and name == "seed":
        return _nine(root, files, choice)
    released = Released(
        choice.window_s, "split", "split", ("de",), codes=known.released_labels, eye_order="smi",
        n_train=_N_TRAIN.get(name, 0),
    )  # fmt: skip
    with_eyes = replace(known, subjects=known.eye_subjects)  # the others are not in it
    found = told(with_eyes, eeg, eye, _forms("<subject>_<session>.npz", choice))
    trials, defects, notes = listed_trials(files, known)
    sources = released_sources(choice, (eeg.files, eye.files), trials, lambda _: released)
    notes = [*found.notes, *notes, *_compared("eeg_used", eeg, "ExtractedFeatures", extracted)]
    found = Found(sources, [*extracted.defects, *found.defects, *defects], notes)
    return require_sources(root, known, choice, found, "eeg_used_*s, eye_tracking_feature")


def _nine(root: Path, files: Sequence[Path], choice: Choice) -> Found:
    """Find the files with EEG and eyes of nine subjects by the names of their variables."""
    known = facts.facts_of("seed")
    mats = [path for path in _recordings(files, ".mat") if _has_nine(path)]
    is_dated = all(DATED.fullmatch(path.stem) for path in mats)
    both = dated_files(mats, known) if is_dated else numbered_files(mats, known)
    released = Released(
        choice.window_s, "split", "split", ("de",), codes=known.released_labels, order="band",
        eye_order="smi", n_train=_N_TRAIN["seed"],
    )  # fmt: skip
    trials, _, _ = listed_trials(files, known)
    sources = released_sources(choice, (both.files, both.files), trials, lambda _: released)
    found = Found(sources, both.defects, both.notes)
    forms = "folders ExtractedFeatures*, eeg_used_*s, eye_tracking_feature"
    return require_sources(root, known, choice, found, forms)


find_seed_ger = partial(_multimodal, "seed-ger")
find_seed_fra = partial(_multimodal, "seed-fra")


def _recordings(files: Sequence[Path], suffix: str = "") -> list[Path]:
    """Leave out what lies among recordings and is none; what has another name is told."""
    return [
        path
        for path in files
        if path.name.lower() not in _BESIDE and suffix in ("", path.suffix.lower())
    ]


def _used(root: Path, files: Sequence[Path], choice: Choice, known: Facts) -> Named:
    npz = _recordings(in_folder(files, _USED[choice.window_s], root), ".npz")
    return numbered_files(npz, known)


def _eyes(root: Path, files: Sequence[Path], choice: Choice, known: Facts) -> Named:
    inside = [
        path for path in in_folder(files, _EYES, root) if path.suffix.lower() not in _NO_FEATURES
    ]
    if inside and choice.window_s != _EYE_WINDOW_S:
        note = (
            f"{known.title}: eye features are in windows of {_EYE_WINDOW_S:g} s: "
            f"--window-s {_EYE_WINDOW_S:g} takes those"
        )
        return Named({}, [], [note])
    return numbered_files(_recordings(inside), known)


def _forms(eeg: str, choice: Choice) -> tuple[str, str]:
    """Say what files are called, and of which windows: others may be there."""
    return (
        f"{eeg}, {choice.window_s:g} s windows",
        f"<subject>_<session>, {choice.window_s:g} s windows",
    )


def _label_file(mats: Sequence[Path]) -> Path | None:
    found = (path.with_name("label.mat") for path in mats)
    return next((path for path in found if path.is_file()), None)


def _compared(name: str, taken: Named, other_name: str, other: Named) -> list[str]:
    if not other.files:
        return []
    return [
        f"SEED: EEG is taken from {name} ({len(taken.files)} recordings); {other_name} has "
        f"{len(other.files)} as well"
    ]


def _numbered_eyes(eye: Named, used: Named) -> list[str]:
    """Tell that files with dates and files with numbers are taken as going together."""
    if not eye.files:
        return []
    check = (
        "EEG of eeg_used, which has the numbers of the eyes, is compared with it"
        if used.files
        else "eeg_used_4s beside them would tell"
    )
    return [
        "SEED: eye features <subject>_<session> are joined to EEG as if sessions were numbered by "
        f"date, which nobody has published: {check}; a folder with nothing but SEED_Multimodal has "
        "EEG and eyes of one numbering"
    ]


def _witnesses(subject: str, used: Named) -> tuple[tuple[str, Path], ...]:
    """List session -> EEG of a subject that has the numbers of the eyes."""
    return tuple((key[1], path) for key, path in used.files.items() if key[0] == subject)


def _has_nine(path: Path) -> bool:
    try:
        return any(map(_NINE.fullmatch, mat5_shapes(path)))
    except (ReadError, OSError):
        return False
