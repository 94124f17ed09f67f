"""SEED as it is released: preprocessed trials, amplifier recordings, workbooks of eye events.

Known are the older release (`Preprocessed_EEG`), the current one (`SEED_EEG/Preprocessed_EEG`,
`SEED_EEG/SEED_RAW_EEG`) and its multimodal part (`SEED_Multimodal/Chinese`), whole or in part,
under whatever folder.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from featpipe.datasets import facts as published
from featpipe.datasets.facts import Facts
from featpipe.datasets.found_trials import require_classes, sources, trials_within
from featpipe.datasets.gaps import gaps
from featpipe.datasets.layout import Choice, Found
from featpipe.datasets.mat_recordings import mat_recordings
from featpipe.datasets.multimodal_release import (
    FEATURES,
    MULTIMODAL,
    eye_files,
    raw_files,
)
from featpipe.datasets.raw_recordings import raw_recordings
from featpipe.datasets.recording_names import DATED, Named, dated_files
from featpipe.datasets.release_files import below, in_folder, language_of, with_suffix
from featpipe.datasets.time_lists import bounds_of_sessions
from featpipe.errors import ConfigError
from featpipe.readers.mat_trials import is_one

NAME = "seed"
_MAT = re.compile(r"Preprocessed_?EEG", re.IGNORECASE)
_OWN = re.compile(rf"{_MAT.pattern}|SEED_RAW_EEG|Extracted_?Features(_\d+s)?", re.IGNORECASE)
_NO_RECORDING = "label.mat"
_RAW_FORM, _MAT_FORM, _EYE_FORM = (
    "<subject>_<session>.cnt", "<subject>_<YYYYMMDD>.mat", "<subject>_<session>.xls"
)  # fmt: skip


def is_here(root: Path) -> bool:
    """Tell whether files of SEED are below a folder, by the names of the folders around them."""
    try:
        files = below(root, NAME)
    except (OSError, ConfigError):
        return False
    multimodal = in_folder(files, MULTIMODAL, root)
    return bool(in_folder(files, _OWN, root)) or any(
        language_of(root, p) == NAME for p in multimodal
    )


def find(root: Path, choice: Choice) -> Found:
    """List the recordings of SEED below a folder.

    Parameters
    ----------
    root : Path
        Folder.
    choice : Choice
        Which EEG is wanted.

    Returns
    -------
    Found
        Trials of amplifier recordings are where time.txt has them, or the facts; those of
        preprocessed ones where their reader lays them.

    Raises
    ------
    ConfigError
        When there is no recording, or none of the EEG that is asked for.
    """
    facts = published.facts_of(NAME)
    require_classes(choice, facts)
    files = below(root, NAME)
    raw, eyes = raw_files(root, files, facts), eye_files(root, files, facts)
    mats = dated_files(_preprocessed(root, files), facts)
    is_raw = _takes_raw(root, choice, raw, mats, eyes, in_folder(files, FEATURES, root))
    said: list[str] = []
    if is_raw:
        bounds, flaws = bounds_of_sessions(files, "time.txt", facts)
        trials = {k: trials_within(facts.session(k), of) for k, of in bounds.items()}
        trials_of = trials.__getitem__
        # nobody has told whether these are numbered by date, and all have the same trials
        recordings, defects, said = raw_recordings(raw.files, trials_of, facts, is_sure=False)
        defects += flaws
    else:
        recordings, defects, trials_of = mat_recordings(mats.files, facts)
    eeg, form = (raw, _RAW_FORM) if is_raw else (mats, _MAT_FORM)
    lost, notes = gaps(facts, eeg.files, eyes.files, (form, _EYE_FORM))
    return Found(
        sources(choice, recordings, eyes.files, trials_of),
        [*eeg.defects, *defects, *eyes.defects, *lost],
        [*_other_release(raw, mats, is_raw, facts), *eeg.notes, *said, *notes],
    )


def _preprocessed(root: Path, files: Sequence[Path]) -> list[Path]:
    """List what lies where preprocessed recordings lie, or has their name and their content."""
    mats = [path for path in with_suffix(files, ".mat") if path.name.lower() != _NO_RECORDING]
    dated = [path for path in mats if DATED.fullmatch(path.stem)]
    return in_folder(mats, _MAT, root) or [path for path in dated if is_one(path)]


def _takes_raw(
    root: Path, choice: Choice, raw: Named, mats: Named, eyes: Named, features: Sequence[Path]
) -> bool:
    """Decide which of two releases is used."""
    if not (raw.files or mats.files or eyes.files):
        strange = [defect.what for defect in (*raw.defects, *mats.defects, *eyes.defects)]
        hint = f"; {strange[0]}" if strange else ""
        hint += "; its features are: `featpipe import` takes those" * bool(features)
        raise ConfigError(
            f"{root}: no recording of SEED is here; expected Preprocessed_EEG/{_MAT_FORM}, "
            f"SEED_RAW_EEG/{_RAW_FORM} or 03-Eye-tracking-excel/{_EYE_FORM} below it; correct "
            f"[study] root{hint}"
        )
    there = {"raw": raw.files, "preprocessed": mats.files}
    if choice.eeg != "auto" and not there[choice.eeg]:
        form = {"raw": _RAW_FORM, "preprocessed": _MAT_FORM}[choice.eeg]
        raise ConfigError(
            f'[study] eeg = "{choice.eeg}": no {form} of SEED is below {root}; fetch that part of '
            'the release, or leave it at "auto"'
        )
    return choice.eeg == "raw" or (choice.eeg == "auto" and bool(raw.files))


def _other_release(raw: Named, mats: Named, is_raw: bool, facts: Facts) -> list[str]:
    if not (raw.files and mats.files):
        return []
    used, other = (raw, mats) if is_raw else (mats, raw)
    names = ("raw", "preprocessed") if is_raw else ("preprocessed", "raw")
    return [
        f"{facts.title}: {len(used.files)} {names[0]} recordings are used; {len(other.files)} "
        f'{names[1]} ones are here too: [study] eeg = "{names[1]}" takes those'
    ]
