"""SEED-IV as it is released: trials in MATLAB files, eye events in five files of a session.

The folder is called `eeg_raw_data`; what is in it was filtered and brought to 200 Hz. Recordings of
the amplifier are not published.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from featpipe.datasets import facts as published
from featpipe.datasets.found_trials import require_classes, sources
from featpipe.datasets.gaps import gaps
from featpipe.datasets.layout import Choice, Defect, Found
from featpipe.datasets.mat_recordings import mat_recordings
from featpipe.datasets.recording_names import DATED, Named, dated_files, has_published
from featpipe.datasets.release_files import below, in_folder, packed, with_suffix
from featpipe.errors import ConfigError
from featpipe.readers.mat_trials import is_one
from featpipe.readers.seed_iv_eye import sources as eye_sources

NAME = "seed-iv"
_EEG = re.compile(r"eeg_raw_data", re.IGNORECASE)
_EYES = re.compile(r"eye_raw_data", re.IGNORECASE)
_FEATURES = re.compile(r"(eeg|eye)_feature_smooth", re.IGNORECASE)
_ALL = re.compile("|".join(of.pattern for of in (_EEG, _EYES, _FEATURES)), re.IGNORECASE)
_PARTS = ("fixation", "blink", "event", "pupil", "saccade")
_EYE_NAME = re.compile(rf"{DATED.pattern}_(?P<part>{'|'.join(_PARTS)})", re.IGNORECASE)
_EEG_FORM, _EYE_FORM = "<subject>_<YYYYMMDD>.mat", "<subject>_<YYYYMMDD>_fixation.mat"


def is_here(root: Path) -> bool:
    """Tell whether files of SEED-IV are below a folder, by their dates or the names of folders."""
    try:
        files = below(root, NAME)
    except (OSError, ConfigError):
        return False
    return bool(in_folder(files, _ALL, root)) or has_published(files, published.facts_of(NAME))


def find(root: Path, choice: Choice) -> Found:
    """List the recordings of SEED-IV below a folder.

    Parameters
    ----------
    root : Path
        Folder.
    choice : Choice
        Name and classes; there is one kind of EEG, whichever is asked for.

    Returns
    -------
    Found
        The folders 1, 2, 3 are the sessions; where there are none, dates are.

    Raises
    ------
    ConfigError
        When there is no recording.
    """
    facts = published.facts_of(NAME)
    require_classes(choice, facts)
    files = below(root, NAME)
    eeg = dated_files(_eeg_files(root, files), facts, by_folder=True)
    parts, strangers = _eye_files(root, files)
    eyes = dated_files(parts["fixation"], facts, _EYE_NAME, by_folder=True)
    if not eeg.files and not eyes.files:
        raise ConfigError(_nothing(root, [*eeg.defects, *strangers, *eyes.defects]))
    recordings, defects, alone = mat_recordings(eeg.files, facts)
    lost, notes = gaps(facts, eeg, eyes, (_EEG_FORM, _EYE_FORM))
    raw = ["SEED-IV: eeg_raw_data is filtered and at 200 Hz; there is no other EEG"]
    return Found(
        sources(choice, recordings, eyes.files, alone),
        [*eeg.defects, *defects, *strangers, *eyes.defects, *_torn(eyes), *lost],
        [*raw * (choice.eeg == "raw"), *eeg.notes, *eyes.notes, *notes],
    )


def _eeg_files(root: Path, files: Sequence[Path]) -> list[Path]:
    """List what lies where recordings lie, or has their name and their content."""
    mats = with_suffix(files, ".mat")
    dated = [path for path in mats if DATED.fullmatch(path.stem)]
    return in_folder(mats, _EEG, root) or [path for path in dated if is_one(path)]


def _eye_files(root: Path, files: Sequence[Path]) -> tuple[dict[str, list[Path]], list[Defect]]:
    """List each of the five kinds of files, and what lies among them under another name."""
    found: dict[str, list[Path]] = {part: [] for part in _PARTS}
    strangers = []
    for path in with_suffix(files, ".mat"):
        if match := _EYE_NAME.fullmatch(path.stem):
            found[match["part"].lower()].append(path)
        elif in_folder([path], _EYES, root):
            what = (
                f"{path}: its name is not <subject>_<YYYYMMDD>_<part>.mat with a part of "
                f"{', '.join(_PARTS)}, and it is not used: give it the name that the release has"
            )
            strangers.append(Defect("", "", what))
    return found, strangers


def _torn(eyes: Named) -> list[Defect]:
    """Tell of recordings of which one of the five files is missing: its events are unknown."""
    defects = []
    for key, path in eyes.files.items():
        stem = path.stem[: -len("fixation")]
        names = [f"{stem}{part}{path.suffix}" for part in _PARTS[1:]]
        there = {file.name.lower() for file in eye_sources(path)}
        missing = [name for name in names if name.lower() not in there]
        if missing:
            what = (
                f"{path}: {', '.join(missing)} of the same recording are not beside it; what they "
                "tell is missing in the eye tables: fetch them"
            )
            defects.append(Defect(*key, what))
    return defects


def _nothing(root: Path, defects: Sequence[Defect]) -> str:
    hint = f"; {defects[0].what}" if defects else ""
    return (
        f"{root}: no recording of SEED-IV is here; expected eeg_raw_data/<session>/{_EEG_FORM} or "
        f"eye_raw_data/{_EYE_FORM} below it; correct [study] root{hint}{packed(root)}"
    )
