"""The two types every reader ends in: `mne.io.Raw` for EEG, `EyeRecording` for eyes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import pandas as pd

from featpipe.schema import EYE_EVENT_KINDS, EYE_EVENTS, EYE_MESSAGES, EYE_SAMPLES

SAME_S = 1e-6
"""The finest step of any eye tracker's clock, s: times that differ by less are equal."""


class TrialSpan(NamedTuple):
    """Where one trial lies on the clock of an eye recording.

    Attributes
    ----------
    trial : int
        Number, from 1, as the export counts.
    start, stop : float
        Seconds.
    """

    trial: int
    start: float
    stop: float


@dataclass(frozen=True)
class EyeRecording:
    """One export of an eye tracker, on the tracker's own clock in seconds.

    Attributes
    ----------
    samples : pandas.DataFrame
        Columns `schema.EYE_SAMPLES`; no rows when the export holds events only.
    events : pandas.DataFrame
        Columns `schema.EYE_EVENTS`, ordered by onset; no rows when the export holds samples only.
    messages : pandas.DataFrame
        Columns `schema.EYE_MESSAGES`.
    units : mapping
        Unit of "gaze", "pupil" and "dispersion" as the tracker wrote them ("px", "mm", "au").
    sfreq : float or None
        Sampling rate in Hz as declared, else measured from time stamps, else None.
    format : str
        Name of the export format, for messages and metadata.
    px_per_degree : float or None
        Units of gaze in one degree at the eye, where the export tells the geometry.
    events_from : str
        "export" for those of the tracker's software, else the detector.
    event_kinds : tuple of str
        Of which kinds (`schema.EYE_EVENT_KINDS`) the events are all that there were. Of a kind that
        is not among them nothing is known, so that having none of it does not mean 0.
    onsets : str
        "recorded", or "estimated" where the export has the order of events and their durations,
        but no times (`featpipe.readers.trial_tables`).
    trials : tuple of TrialSpan
        Where the export has a clock of its own in every trial: the trials, one laid after the
        other. Outside of them nothing was recorded. Empty where one clock goes through.
    """

    samples: pd.DataFrame
    events: pd.DataFrame
    messages: pd.DataFrame
    units: Mapping[str, str]
    sfreq: float | None
    format: str
    px_per_degree: float | None = None
    events_from: str = "export"
    event_kinds: tuple[str, ...] = EYE_EVENT_KINDS
    onsets: str = "recorded"
    trials: tuple[TrialSpan, ...] = ()


def empty_samples() -> pd.DataFrame:
    """Return a samples frame without rows."""
    columns = {name: pd.Series(dtype="float64") for name in EYE_SAMPLES}
    columns |= {name: pd.Series(dtype="bool") for name in ("valid_left", "valid_right")}
    return pd.DataFrame(columns)


def empty_events() -> pd.DataFrame:
    """Return an events frame without rows."""
    text = ("kind", "eye")
    return pd.DataFrame({n: pd.Series(dtype="str" if n in text else "float64") for n in EYE_EVENTS})


def empty_messages() -> pd.DataFrame:
    """Return a messages frame without rows."""
    return pd.DataFrame(
        {n: pd.Series(dtype="str" if n == "text" else "float64") for n in EYE_MESSAGES}
    )


class Trial(NamedTuple):
    """One trial of a recording.

    Attributes
    ----------
    trial : int
        Number, from 1.
    onset, offset : float
        Seconds of the EEG recording.
    label : int or None
        Index into the study's classes; None when unknown.
    stimulus : str
        Name of the clip that was shown, the same in all recordings; empty when unknown.
    """

    trial: int
    onset: float
    offset: float
    label: int | None
    stimulus: str = ""


class Released(NamedTuple):
    """What the files of a recording are, where a data set ships features instead of signals.

    Attributes
    ----------
    window_s : float
        Length of their windows, which do not overlap, s.
    eeg_form, eye_form : str
        How the numbers lie in the file: a key of `featpipe.readers.feature_files.FORMS`.
    families : tuple of str
        EEG families that the release has.
    first_trial : int
        Number that the first trial of the session has in the file.
    codes : tuple of int
        Number that the release writes for each class.
    labels : Path or None
        File that lists the label of each trial; None where there is none, or the features' own
        file has them.
    order : {"channel", "band"} or None
        What runs slower in flat columns, as documented; None where that is in dispute.
    axes, eye_axes : tuple of str
        Documented order of the axes of one trial's array, where trials are stored apart.
    eye_order : str
        Documented order of the eye columns: a key of `featpipe.datasets.eye_columns.ORDERS`.
    eye_documented : bool
        Take the eye columns as documented also where the numbers do not bear them out.
    n_train : int
        Trials of the run for training, where the file has two runs; 0 where that is not known.
    de_unit : str
        What DE is, where a recipe is published.
    witnesses : tuple of (str, Path)
        Session and EEG of the subject in files that are numbered as the eyes' are, where the EEG
        is dated: their DE tells whether numbers and dates go together.
    """

    window_s: float
    eeg_form: str = ""
    eye_form: str = ""
    families: tuple[str, ...] = ()
    first_trial: int = 1
    codes: tuple[int, ...] = ()
    labels: Path | None = None
    order: Literal["channel", "band"] | None = None
    axes: tuple[str, ...] = ("channel", "window", "band")
    eye_axes: tuple[str, ...] = ("window", "column")
    eye_order: str = ""
    eye_documented: bool = False
    n_train: int = 0
    de_unit: str = ""
    witnesses: tuple[tuple[str, Path], ...] = ()


@dataclass(frozen=True)
class Source:
    """Where one recording of a study lies and what happened in it.

    Attributes
    ----------
    dataset, subject, session : str
        As the study names them.
    eeg, eye : Path or None
        The files; either may be missing, not both.
    eye_offset : float or None
        EEG time = time in the eye file + eye_offset; None aligns on shared triggers.
    trials : tuple of Trial
        In order.
    classes : tuple of str
        Names of the labels.
    eeg_part : str
        Which recording, where the EEG file holds several (a file of all subjects); else empty.
    released : Released or None
        Where the files hold features: of which kind. Trials then begin at 0 on clocks of their
        own, and one that nobody knows the length of ends at 0, too.
    channels : tuple of str
        EEG channels that all recordings of the data set have, where their files differ in the order
        of them; a study may name others. Empty takes those of the file.
    """

    dataset: str
    subject: str
    session: str
    eeg: Path | None
    eye: Path | None
    eye_offset: float | None
    trials: tuple[Trial, ...]
    classes: tuple[str, ...]
    eeg_part: str = ""
    released: Released | None = None
    channels: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """File name of the recording's tables, without suffix."""
        return f"sub-{self.subject}_ses-{self.session}"
