"""Which raw files of SEED-VII lie in a folder: EEG, eyes and triggers of each recording."""

import re
from collections.abc import Sequence
from pathlib import Path

from featpipe.datasets.facts import Facts
from featpipe.datasets.layout import Defect
from featpipe.datasets.recording_names import Named, date_of, numbered_files
from featpipe.datasets.release_files import plain_name, with_suffix

FORM = "<subject>_<YYYYMMDD>_<session>"
_STEM = re.compile(r"(?P<subject>[1-9]\d*)_(?P<date>\d{8})_(?P<session>\d)")
_TRIGGERS = re.compile(rf"{_STEM.pattern}_trigger_info", re.IGNORECASE)
_EYE_FOLDER = re.compile(r"eye_?raw", re.IGNORECASE)


def has_raw(files: Sequence[Path]) -> bool:
    """Tell whether EEG or eyes of SEED-VII are among files, by their names."""
    return any(_STEM.fullmatch(file.stem) for file in with_suffix(files, ".cnt", ".tsv"))


def raw_files(files: Sequence[Path], of: Facts) -> tuple[Named, Named, Named]:
    """Return EEG, eyes and triggers by subject and session.

    Parameters
    ----------
    files : sequence of Path
        All files of the download.
    of : Facts
        Of SEED-VII.

    Returns
    -------
    tuple of Named
        Eyes and triggers whose date is not that of the EEG beside them are defects.
    """
    of_eyes = [
        file for file in with_suffix(files, ".tsv")
        if _STEM.fullmatch(file.stem) or _EYE_FOLDER.fullmatch(plain_name(file.parent.name))
    ]  # fmt: skip
    of_triggers = [file for file in with_suffix(files, ".csv") if _TRIGGERS.fullmatch(file.stem)]
    eeg = numbered_files(with_suffix(files, ".cnt"), of, _STEM, FORM)
    eyes = numbered_files(of_eyes, of, _STEM, FORM)
    triggers = numbered_files(of_triggers, of, _TRIGGERS, f"{FORM}_trigger_info")
    return eeg, _of_one_date(eyes, eeg), _of_one_date(triggers, eeg)


def _of_one_date(others: Named, eeg: Named) -> Named:
    """Leave out files whose date is not that of the EEG beside them."""
    kept, defects = {}, [*others.defects]
    for key, path in others.files.items():
        if key not in eeg.files or date_of(path) == date_of(eeg.files[key]):
            kept[key] = path
            continue
        what = (
            f"{path}: its date is not that of {eeg.files[key].name}, so that it is of another "
            "recording; it is not read: give it the name that it had in the release"
        )
        defects.append(Defect(*key, what))
    return others._replace(files=kept, defects=defects)
