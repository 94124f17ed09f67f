"""The export formats, one line each; `featpipe.reading` looks files up here."""

from functools import partial
from pathlib import Path

from featpipe.readers import (
    ant_cnt,
    bids_physio,
    bids_physio_files,
    brainvision,
    deap_trials,
    dreamer_mat,
    edf,
    edf_samples,
    eeglab,
    eye_csv,
    eyelink_asc,
    fif,
    gazepoint,
    mat_trials,
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
from featpipe.readers.reader import Reader


def _pair(path: Path) -> tuple[Path, ...]:
    other = sibling(path)
    return (path,) if other is None else (path, other)


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
            "mat_trials",
            "eeg",
            (".mat",),
            mat_trials.read,
            mat_trials.check,
            "Trials of SEED, SEED-IV and SEED-VII, each a variable of a MATLAB 5 file, at 200 Hz",
            by_part=True,
        ),
        Reader(
            "deap_trials",
            "eeg",
            (".dat", ".mat"),
            deap_trials.read,
            deap_trials.check,
            "DEAP as preprocessed: data and labels of a subject, pickled or in a MATLAB 5 file",
        ),
        Reader(
            "dreamer_mat",
            "eeg",
            (".mat",),
            dreamer_mat.read,
            dreamer_mat.check,
            "DREAMER.mat, all subjects in one MATLAB 5 file",
            by_part=True,
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
        Reader(
            bids_physio.NAME,
            "eye",
            bids_physio_files.EXTENSIONS,
            bids_physio.read,
            bids_physio.check,
            "BIDS eye recording *_physio.tsv.gz, one file per eye, with its JSON and physioevents",
            bids_physio_files.sources,
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
