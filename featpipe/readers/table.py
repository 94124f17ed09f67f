"""The export formats, one line each; `featpipe.reading` looks files up here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from mne.io import BaseRaw

from featpipe.eeg.samples import Samples
from featpipe.readers import (
    ant_cnt,
    brainvision,
    edf,
    edf_samples,
    eeglab,
    eye_csv,
    eyelink_asc,
    fif,
    gazepoint,
    neuroscan_cnt,
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
from featpipe.readers.eye_csv_settings import EyeCsv
from featpipe.readers.eye_pairs import sibling
from featpipe.readers.preflight import Check


def _alone(path: Path) -> tuple[Path, ...]:
    return (path,)


def _pair(path: Path) -> tuple[Path, ...]:
    other = sibling(path)
    return (path,) if other is None else (path, other)


@dataclass(frozen=True)
class Reader:
    """One export format.

    Attributes
    ----------
    name : str
        Its key in `READERS`.
    modality : {"eeg", "eye"}
        What it holds.
    suffixes : tuple of str
        Usual suffixes; the content decides.
    read : callable
        Path -> mne.io.BaseRaw or EyeRecording. With `by_settings` it takes EegSettings too.
    check : callable
        Path -> Check, from the header and the size of the file.
    describes : str
        One line for a list.
    sources : callable
        Path -> the files whose content matters, the named one first.
    is_pair : bool
        Samples and events are two recordings of one clock, each read by its own reader.
    samples : callable or None
        (path, raw that `read` gave, names of channels of that raw) -> the numbers as the file
        stores them, or None for a file that stores them in another way. None for a format that
        is read through MNE alone.
    by_settings : bool
        Which signals of a file are read depends on what channels are wanted.
    """

    name: str
    modality: Literal["eeg", "eye"]
    suffixes: tuple[str, ...]
    read: Callable[..., Any]
    check: Callable[[Path], Check]
    describes: str
    sources: Callable[[Path], tuple[Path, ...]] = _alone
    is_pair: bool = False
    samples: Callable[[Path, BaseRaw, Sequence[str]], Samples | None] | None = None
    by_settings: bool = False


READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        Reader(
            "neuroscan_cnt",
            "eeg",
            (".cnt",),
            neuroscan_cnt.read,
            neuroscan_cnt.check,
            "Neuroscan continuous recording, 16 or 32 bit",
            samples=neuroscan_cnt.samples,
        ),
        Reader(
            "ant_cnt",
            "eeg",
            (".cnt",),
            ant_cnt.read,
            ant_cnt.check,
            "ANT Neuro (EEProbe) continuous recording",
        ),
        Reader(
            "edf",
            "eeg",
            (".edf",),
            edf.read,
            edf.check,
            "EDF and EDF+",
            samples=edf_samples.samples,
            by_settings=True,
        ),
        Reader(
            "bdf",
            "eeg",
            (".bdf",),
            edf.read,
            edf.check,
            "BioSemi BDF and BDF+",
            samples=edf_samples.samples,
            by_settings=True,
        ),
        Reader(
            "brainvision",
            "eeg",
            (".vhdr", ".ahdr"),
            brainvision.read,
            brainvision.check,
            "BrainVision header with its data and marker files",
            brainvision.sources,
            samples=brainvision.samples,
        ),
        Reader("fif", "eeg", (".fif", ".fif.gz"), fif.read, fif.check, "FIF of MNE", fif.sources),
        Reader(
            "eeglab",
            "eeg",
            (".set",),
            eeglab.read,
            eeglab.check,
            "EEGLAB dataset, continuous, with or without .fdt",
            eeglab.sources,
        ),
        Reader(
            "smi_samples",
            "eye",
            (".txt",),
            smi_samples.read,
            smi_samples.check,
            "SMI raw samples of iView X and BeGaze; reads the events beside them too",
            _pair,
            is_pair=True,
        ),
        Reader(
            "smi_events",
            "eye",
            (".txt",),
            smi_events.read,
            smi_events.check,
            "SMI events of iView X and BeGaze; reads the samples beside them too",
            _pair,
            is_pair=True,
        ),
        Reader(
            "smi_statistics",
            "eye",
            (".txt", ".csv"),
            smi_statistics.read,
            smi_statistics.check,
            "SMI BeGaze event statistics: tables of fixations, saccades, blinks",
        ),
        Reader(
            "smi_workbook",
            "eye",
            (".xls", ".xlsx"),
            smi_workbook.read,
            smi_workbook.check,
            "SMI BeGaze events in a workbook, one trial per sheet, as SEED and SEED-V ship them",
        ),
        Reader(
            "seed_iv_eye",
            "eye",
            (".mat",),
            seed_iv_eye.read,
            seed_iv_eye.check,
            "SEED-IV eye_raw_data: *_fixation.mat, and pupil, saccade, blink, event beside it",
            seed_iv_eye.sources,
        ),
        Reader(
            "eyelink_asc",
            "eye",
            (".asc",),
            eyelink_asc.read,
            eyelink_asc.check,
            "EyeLink text of edf2asc: samples, events or both",
            _pair,
            is_pair=True,
        ),
        Reader(
            "pupil_labs",
            "eye",
            (".csv",),
            pupil_labs.read,
            pupil_labs.check,
            "Pupil Labs Core export: gaze_positions.csv, and pupils, fixations, blinks beside it",
            pupil_labs.sources,
        ),
        Reader(
            "tobii_tsv",
            "eye",
            (".tsv", ".txt", ".csv"),
            tobii_tsv.read,
            tobii_tsv.check,
            "Tobii Pro Lab and Studio 3 data export, one recording per file",
        ),
        Reader(
            "tobii_studio2",
            "eye",
            (".tsv",),
            tobii_studio2.read,
            tobii_studio2.check,
            "Tobii Studio 2 All-Data, Fixation-Data and Event-Data, those beside it too",
            tobii_studio2.sources,
        ),
        Reader(
            "tobii_sdk",
            "eye",
            (".csv", ".tsv"),
            tobii_sdk.read,
            tobii_sdk.check,
            "Gaze data of the Tobii Research SDK, saved by a script, or events found in them",
        ),
        Reader(
            "gazepoint",
            "eye",
            (".csv", ".tsv", ".txt"),
            gazepoint.read,
            gazepoint.check,
            "Gazepoint Analysis *_all_gaze.csv, and logs of the Open Gaze API",
        ),
    )
}
"""Export formats by name, in the order in which they are listed."""


def described(csv: EyeCsv) -> Reader:
    """Return the reader of the tables that a study describes, which no signature can tell.

    Parameters
    ----------
    csv : EyeCsv
        The description.

    Returns
    -------
    Reader
    """
    return Reader(
        eye_csv.NAME,
        "eye",
        (".csv", ".tsv", ".txt"),
        partial(eye_csv.read, csv=csv),
        partial(eye_csv.check, csv=csv),
        eye_csv.DESCRIBES,
    )
