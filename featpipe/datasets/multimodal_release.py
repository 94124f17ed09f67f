"""What SEED, SEED-GER and SEED-FRA release alike: `<subject>_<session>.cnt`, time.txt, `.xls`."""

import re
from collections.abc import Sequence
from pathlib import Path

from featpipe.datasets.facts import Facts
from featpipe.datasets.gaps import gaps
from featpipe.datasets.layout import Defect
from featpipe.datasets.recording_names import NUMBERED, Key, Named, numbered_files
from featpipe.datasets.release_files import in_folder
from featpipe.datasets.time_lists import Bounds, read_bounds
from featpipe.errors import ReadError

RAW = re.compile(r"SEED_RAW_EEG|01-EEG-raw", re.IGNORECASE)
EYES = re.compile(r"03-Eye-tracking-excel", re.IGNORECASE)
FEATURES = re.compile(
    r"eeg_used_\d+s|02-EEG-DE-feature|04-Eye-tracking-feature|Extracted_?Features(_\d+s)?",
    re.IGNORECASE,
)
MULTIMODAL = re.compile(f"01-EEG-raw|{EYES.pattern}|{FEATURES.pattern}", re.IGNORECASE)


def raw_files(files: Sequence[Path], facts: Facts) -> Named:
    """Find the amplifier recordings.

    Parameters
    ----------
    files : sequence of Path
        All files of the data set.
    facts : Facts
        The data set.

    Returns
    -------
    Named
        Those in the folders of the release; where there is none of these, all that are called as
        they should be. Of two of one recording, that of the release of all subjects.
    """
    recordings = [path for path in files if path.suffix.lower() == ".cnt"]
    recordings.sort(key=lambda path: "multimodal" in str(path).lower())
    return numbered_files(_in_their_folder(recordings, RAW), facts)


def eye_files(files: Sequence[Path], facts: Facts) -> Named:
    """Find the workbooks of eye events, as `raw_files` does recordings."""
    books = [path for path in files if path.suffix.lower() in (".xls", ".xlsx")]
    return numbered_files(_in_their_folder(books, EYES), facts)


def _in_their_folder(files: list[Path], folder: re.Pattern[str]) -> list[Path]:
    named = [path for path in files if NUMBERED.fullmatch(path.stem)]
    return in_folder(files, folder) or named


def eye_gaps(
    facts: Facts, eyes: Named, eeg: Sequence[Key], form: str
) -> tuple[list[Defect], list[str]]:
    """Tell which eye recordings are missing, of subjects whose EEG is there.

    Parameters
    ----------
    facts : Facts
        The data set.
    eyes : Named
        Eye recordings.
    eeg : sequence of (subject, session)
        EEG recordings.
    form : str
        How an eye recording is called.

    Returns
    -------
    defects : list of Defect
    notes : list of str
    """
    if not eyes.files:
        return [], [f"{facts.title}: no eye recordings ({form}) in this folder: no eye tables"]
    subjects = {subject for subject, _ in eeg} & {*facts.eye_subjects}
    defects, notes = gaps(facts, list(eyes.files), sorted(subjects), "eye recording", form)
    # a session without EEG is missing as a whole, and told already
    return [defect for defect in defects if defect[:2] in eeg], notes


def read_time_lists(files: Sequence[Path]) -> tuple[dict[Path, Bounds], list[Defect]]:
    """Read every time.txt that lies among recordings.

    Parameters
    ----------
    files : sequence of Path
        All files of the data set.

    Returns
    -------
    bounds : dict of Path to Bounds
        Of those that can be understood.
    defects : list of Defect
        Of the others.
    """
    found, defects = {}, []
    for path in files:
        if path.name.lower() == "time.txt":
            try:
                found[path] = read_bounds(path)
            except ReadError as error:
                defects.append(Defect("", "", str(error)))
    return found, defects
