"""Which export format a file is, decided by its content first and by its suffix second."""

from pathlib import Path

from featpipe.readers import (
    bids_physio,
    bids_physio_files,
    brainvision_header,
    deap_trials,
    dreamer_mat,
    edf_header,
    eeglab,
    eyelink_asc,
    fif,
    fif_tags,
    gazepoint,
    mat_trials,
    pupil_labs,
    seed_iv_eye,
    smi_events,
    smi_samples,
    smi_statistics,
    smi_workbook,
    tobii_sdk,
    tobii_studio2,
    tobii_tsv,
)
from featpipe.readers.preflight import read_head
from featpipe.readers.text_lines import decode
from featpipe.regular_files import is_regular

_HEAD_BYTES = 1 << 16
_SUFFIXES = {
    ".cnt": "neuroscan_cnt",
    ".edf": "edf",
    ".bdf": "bdf",
    ".vhdr": "brainvision",
    ".ahdr": "brainvision",
    ".fif": "fif",
    ".set": "eeglab",
    ".asc": "eyelink_asc",
}


def sniff(path: Path) -> str | None:
    """Tell the format of a file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str or None
        A key of `featpipe.reading.READERS`; None when it is not a recording, nor named like one.
        A file that is named like a recording but is not one keeps the kind of its suffix, so that
        the reader can say what is wrong with it.
    """
    if not is_regular(path):
        return None
    head = read_head(path, _HEAD_BYTES)
    suffix = path.suffix.lower()
    kind = _binary_kind(head, suffix, path.name.lower()) or _text_kind(head)
    if kind is None and head.startswith(mat_trials.MAGIC):
        kind = _matlab_kind(path)
    if kind is None and smi_workbook.is_one(path):
        kind = "smi_workbook"
    if kind is None and bids_physio_files.is_one(path):
        kind = bids_physio.NAME
    return kind or _SUFFIXES.get(suffix)


def _binary_kind(head: bytes, suffix: str, name: str) -> str | None:
    if head[:4] in (b"RIFF", b"RF64"):
        is_ant = b"CNT " in (head[8:12], head[12:16]) or suffix == ".cnt"
        return "ant_cnt" if is_ant else None
    if head.startswith(b"Version 3") and suffix not in (".eeg", ".avg"):
        return "neuroscan_cnt"
    if head.startswith(edf_header.EDF_MAGIC):
        return "edf"
    if head.startswith(edf_header.BDF_MAGIC):
        return "bdf"
    if head.startswith(fif.FIF_MAGIC):
        return "fif"
    if head.startswith(fif_tags.GZIP_MAGIC) and name.endswith(".fif.gz"):
        return "fif"
    if head.startswith(eeglab.MAGIC) and suffix == ".set":
        return "eeglab"
    if deap_trials.is_pickle(head):
        return "deap_trials"
    return "seed_iv_eye" if seed_iv_eye.is_one(head) else None


def _matlab_kind(path: Path) -> str | None:
    """Tell recordings in MATLAB files by their variables."""
    if mat_trials.is_one(path):
        return "mat_trials"
    if dreamer_mat.is_one(path):
        return "dreamer_mat"
    return "deap_trials" if deap_trials.is_matlab(path) else None


def _text_kind(head: bytes) -> str | None:
    text = decode(head)
    if "\0" in text:
        return None
    if brainvision_header.MAGIC.match(text):
        return "brainvision"
    if pupil_labs.SIGNATURE.match(text):
        return "pupil_labs"
    if gazepoint.SIGNATURE.match(text):
        return "gazepoint"
    if tobii_tsv.SIGNATURE.match(text):
        return "tobii_tsv"
    if tobii_sdk.SIGNATURE.match(text):
        return "tobii_sdk"
    if tobii_studio2.SIGNATURE.search(text):
        return "tobii_studio2"
    if smi_samples.COLUMN_ROW.search(text):
        return "smi_samples"
    if smi_events.SIGNATURE.search(text):
        return "smi_events"
    if smi_statistics.SIGNATURE.search(text):
        return "smi_statistics"
    return "eyelink_asc" if eyelink_asc.SIGNATURE.search(text) else None
