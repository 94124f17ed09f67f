"""SEED as it is released: preprocessed trials, amplifier recordings, workbooks of eye events.

Known are the older release (`Preprocessed_EEG`), the current one (`SEED_EEG/Preprocessed_EEG`,
`SEED_EEG/SEED_RAW_EEG`) and its multimodal part (`SEED_Multimodal/Chinese`), whole or in part,
under whatever folder.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets import facts as published
from featpipe.datasets.facts import Facts
from featpipe.datasets.found_trials import Eeg, require_classes, sources, trials_within
from featpipe.datasets.gaps import gaps, wrong_in_unused
from featpipe.datasets.layout import Choice, Defect, Found
from featpipe.datasets.mat_recordings import mat_recordings
from featpipe.datasets.multimodal_release import (
    MULTIMODAL,
    eye_files,
    raw_files,
)
from featpipe.datasets.raw_recordings import raw_recordings
from featpipe.datasets.recording_names import DATED, Key, Named, dated_files, has_published
from featpipe.datasets.release_files import (
    OWN,
    below,
    in_folder,
    language_of,
    packed,
    with_suffix,
)
from featpipe.datasets.time_lists import bounds_of_sessions
from featpipe.errors import ConfigError, few
from featpipe.readers.mat_trials import is_one
from featpipe.recording import Trial

NAME = "seed"
_MAT = re.compile(r"Preprocessed_?EEG", re.IGNORECASE)
_NO_RECORDING = "label.mat"
_RAW_FORM, _MAT_FORM, _EYE_FORM = (
    "<subject>_<session>.cnt", "<subject>_<YYYYMMDD>.mat", "<subject>_<session>.xls"
)  # fmt: skip
_BY_DATE = (
    "SEED: eyes named <subject>_<session> are joined to dated EEG as if sessions were numbered by "
    "date, which nobody has published: raw recordings, which are numbered too, need no such guess"
)


class _Release(NamedTuple):
    """One kind of EEG: its files, what can be used of them, what is wrong or good to know."""

    named: Named
    form: str
    recordings: dict[Key, Eeg]
    defects: list[Defect]
    notes: list[str]
    trials_of: Callable[[str], tuple[Trial, ...]]


def is_here(root: Path) -> bool:
    """Tell whether files of SEED are below a folder, by their dates or the names of folders."""
    try:
        files = below(root, NAME)
    except (OSError, ConfigError):
        return False
    multimodal = in_folder(files, MULTIMODAL, root)
    if in_folder(files, OWN, root) or any(language_of(root, p) == NAME for p in multimodal):
        return True
    return has_published(files, published.facts_of(NAME))


def find(root: Path, choice: Choice) -> Found:
    """List the recordings of SEED below a folder.

    Parameters
    ----------
    root : Path
        Folder.
    choice : Choice
        Which EEG is wanted; "auto" is that of which more recordings can be used, raw on a tie.

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
    _require_recordings(root, choice, raw, mats, eyes)
    used, others = _used(files, raw, mats, choice, facts)
    lost, notes = gaps(facts, used.named, eyes, (used.form, _EYE_FORM))
    notes += [_BY_DATE] * (used.named is mats and bool(mats.files) and bool(eyes.files))
    return Found(
        sources(choice, used.recordings, eyes.files, used.trials_of),
        [*used.named.defects, *used.defects, *eyes.defects, *lost],
        [*others, *used.named.notes, *used.notes, *notes],
    )


def _used(
    files: Sequence[Path], raw: Named, mats: Named, choice: Choice, facts: Facts
) -> tuple[_Release, list[str]]:
    """Return the EEG that is used, and what is said of the other: of two that with more of it."""
    if choice.eeg == "raw":
        used, other = _amplifier(files, raw, facts), None
    elif choice.eeg == "preprocessed":
        used, other = _stored(mats, facts), None
    else:
        used, other = _amplifier(files, raw, facts), _stored(mats, facts)
        if not raw.files or len(other.recordings) > len(used.recordings):
            used, other = other, used
    name, other_name = ("raw", "preprocessed") if used.named is raw else ("preprocessed", "raw")
    wrong = wrong_in_unused(
        facts, other_name, (*other.named.defects, *other.defects) if other else ()
    )
    there = (mats if used.named is raw else raw).files
    if not there:
        return used, wrong
    can_be = f" ({len(other.recordings)} of them can be used)" if other else ""
    only = [f"subject {a} session {b}" for a, b in there if (a, b) not in used.recordings]
    left_out = f"; of {few(only)} there are only these, and they are left out" * bool(only)
    return used, [
        f"{facts.title}: {len(used.recordings)} {name} recordings are used; {len(there)} "
        f'{other_name} ones are here too{can_be}{left_out}: [study] eeg = "{other_name}" takes '
        "those",
        *wrong,
    ]


def _amplifier(files: Sequence[Path], raw: Named, facts: Facts) -> _Release:
    bounds, flaws = bounds_of_sessions(files, "time.txt", facts)
    trials = {k: trials_within(facts.session(k), of) for k, of in bounds.items()}
    # nobody has told whether these are numbered by date, and all have the same trials
    recordings, defects, notes = raw_recordings(raw.files, trials.__getitem__, facts, is_sure=False)
    return _Release(raw, _RAW_FORM, recordings, [*defects, *flaws], notes, trials.__getitem__)


def _stored(mats: Named, facts: Facts) -> _Release:
    recordings, defects, trials_of = mat_recordings(mats.files, facts)
    return _Release(mats, _MAT_FORM, recordings, defects, [], trials_of)


def _preprocessed(root: Path, files: Sequence[Path]) -> list[Path]:
    """List what lies where preprocessed recordings lie, or has their name and their content."""
    mats = [path for path in with_suffix(files, ".mat") if path.name.lower() != _NO_RECORDING]
    dated = [path for path in mats if DATED.fullmatch(path.stem)]
    return in_folder(mats, _MAT, root) or [path for path in dated if is_one(path)]


def _require_recordings(root: Path, choice: Choice, raw: Named, mats: Named, eyes: Named) -> None:
    """Refuse a folder without recordings, or without those that are asked for."""
    if not (raw.files or mats.files or eyes.files):
        strange = [defect.what for defect in (*raw.defects, *mats.defects, *eyes.defects)]
        hint = f"; {strange[0]}" if strange else ""
        tree = language_of(root, root / "file")
        if tree not in (None, NAME):
            hint += f'; it is in the tree of another language: [study] layout = "{tree}" takes that'
        raise ConfigError(
            f"{root}: no recording of SEED is here; expected Preprocessed_EEG/{_MAT_FORM}, "
            f"SEED_RAW_EEG/{_RAW_FORM} or 03-Eye-tracking-excel/{_EYE_FORM} below it; correct "
            f"[study] root{hint}{packed(root)}"
        )
    there = {"raw": raw.files, "preprocessed": mats.files}
    if choice.eeg != "auto" and not there[choice.eeg]:
        form = {"raw": _RAW_FORM, "preprocessed": _MAT_FORM}[choice.eeg]
        raise ConfigError(
            f'[study] eeg = "{choice.eeg}": no {form} of SEED is below {root}; fetch that part of '
            'the release, or leave it at "auto"'
        )
