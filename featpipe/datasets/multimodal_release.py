"""What SEED, SEED-GER and SEED-FRA release alike: `<subject>_<session>.cnt`, time.txt, `.xls`."""

import re
from collections.abc import Sequence
from pathlib import Path

from featpipe.datasets.facts import Facts
from featpipe.datasets.recording_names import NUMBERED, Named, numbered_files
from featpipe.datasets.release_files import in_folder, with_suffix

RAW = re.compile(r"SEED_RAW_EEG|01_EEG_raw", re.IGNORECASE)
EYES = re.compile(r"03_Eye_tracking_excel", re.IGNORECASE)
FEATURES = re.compile(
    r"eeg_used_\d+s|02_EEG_DE_feature|04_Eye_tracking_feature|Extracted_?Features(_\d+s)?",
    re.IGNORECASE,
)
MULTIMODAL = re.compile(f"01_EEG_raw|{EYES.pattern}|{FEATURES.pattern}", re.IGNORECASE)


def raw_files(root: Path, files: Sequence[Path], facts: Facts) -> Named:
    """Find the amplifier recordings.

    Parameters
    ----------
    root : Path
        Where the search began.
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
    recordings = with_suffix(files, ".cnt")
    recordings.sort(key=lambda path: "multimodal" in str(path).lower())
    return numbered_files(_in_their_folder(root, recordings, RAW), facts)


def eye_files(root: Path, files: Sequence[Path], facts: Facts) -> Named:
    """Find the workbooks of eye events, as `raw_files` does recordings."""
    return numbered_files(_in_their_folder(root, with_suffix(files, ".xls", ".xlsx"), EYES), facts)


def _in_their_folder(root: Path, files: list[Path], folder: re.Pattern[str]) -> list[Path]:
    named = [path for path in files if NUMBERED.fullmatch(path.stem)]
    return in_folder(files, folder, root) or named
