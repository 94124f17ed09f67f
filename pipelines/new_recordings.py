"""Recordings that a model has not seen -> the windows it reads, as `extract` makes them.

The step that makes tables of a study is asked for the one table that the model was trained on, with
the options that its description holds: there is no second path from a recording to features.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from featpipe.eeg.settings import EegSettings
from featpipe.errors import ConfigError, ReadError, few
from featpipe.eye.clock import ClockSettings
from featpipe.eye.coverage import recorded_span
from featpipe.eye.settings import EyeSettings
from featpipe.features.table import FeatureSettings
from featpipe.montage import standard_name
from featpipe.reading import read_eeg, read_eye
from featpipe.recording import Source, Trial
from featpipe.tables import with_metadata
from models.loading import TOLD
from models.model import Model
from pipelines.steps import extract as extraction
from pipelines.study import Study
from pipelines.study_sections import StudySettings

TRIALS = "--trials"
"""Where messages of the step look for trials."""


class Cut(NamedTuple):
    """Which parts of a recording are meant.

    Attributes
    ----------
    trials : sequence of Trial
        Onsets and offsets as in a study; none takes the whole recording as one trial, or the
        trials of an eye export whose clock begins anew in each.
    eye_offset : float or None
        Of an eye export, whose times are the tracker's: time of the trials = its time + eye_offset.
    """

    trials: Sequence[Trial] = ()
    eye_offset: float | None = None


WHOLE = Cut()


def table_of(file: Path, modality: str, model: Model, cut: Cut = WHOLE) -> pa.Table:
    """Compute the feature table of a new recording with the options of the training tables.

    Parameters
    ----------
    file : Path
        A recording that `featpipe.reading` knows.
    modality : str
        "eeg" or "eye".
    model : Model
        What its tables were made with is asked of it.
    cut : Cut
        Which parts of it.

    Returns
    -------
    pyarrow.Table
        Bit-equal to what `featpipe extract` makes of the recording and these trials, with what its
        metadata say of how it was made.

    Raises
    ------
    ReadError
        When the recording cannot be read, is too short or lacks channels.
    ConfigError
        When nothing can be extracted for this model.
    """
    study = _study(model, modality)
    is_eeg = modality == "eeg"
    trials = _of_eeg(file, study.eeg, cut) if is_eeg else _of_eye(file, study.eye, cut)
    longest = max(trial.offset - trial.onset for trial in trials)
    if longest < study.features.window_s:
        raise ReadError(
            f"it is {longest:.1f} s long and holds no window of {study.features.window_s:g} s"
        )
    eeg, eye, offset = (file, None, None) if is_eeg else (None, file, cut.eye_offset)
    source = Source("new", file.stem, "1", eeg, eye, offset, trials, model.classes)
    [unit] = extraction.units(study, [source], file.parent)
    [(output, table, told)] = extraction.make(unit, extraction.outputs(unit, []))
    _require_bands(told.get("bands", {}), model.about["bands"][modality])
    about = {**told, **output.facts}
    return with_metadata(table, {name: about.get(name) for name in (*TOLD, "options")})


def _study(model: Model, modality: str) -> Study:
    """Return the study that would make such tables as the model was trained on."""
    tables: Mapping[str, Any] = model.about.get("tables", {}).get(modality, {})
    if tables.get("step") == "import":
        raise ConfigError(
            "the model was trained on features that a data set ships, which nothing but that data "
            "set has: give feature tables (.parquet) of it"
        )
    try:
        options = tables["options"]
        windows = {name: options["features"][name] for name in ("window_s", "hop_s")}
        if modality == "eye":
            sfreq = options["eeg"]["sfreq"]
            eeg = EegSettings(sfreq=sfreq, h_freq=sfreq / 4)  # of which the grid reads the rate
            eye = _valid(EyeSettings, options["eye"])
            clock = _valid(ClockSettings, options["clock"])
            windows |= {"eeg": (), "eye": True}
        else:
            # those of the tables, also where the study took what its files had
            eeg = _valid(EegSettings, options["eeg"] | {"channels": model.about["channels"]["eeg"]})
            eye, clock = EyeSettings(), ClockSettings()
            convention = options["features"]["convention"]
            windows |= {"eeg": (tables["family"],), "eye": False, "convention": convention}
        features = _valid(FeatureSettings, windows)
    except (KeyError, TypeError, ValidationError) as error:
        raise ReadError(f"model.json does not say how its tables were made: {error}") from error
    if eye.light != "keep":
        raise ConfigError("the model was trained without the response to light of others: extract")
    about = StudySettings("new", tuple(model.classes), trials=TRIALS)
    return Study(Path(TRIALS), about, eeg, eye, clock, features)


def _require_bands(
    found: Mapping[str, Sequence[float]], of_model: Mapping[str, Sequence[float]]
) -> None:
    """Refuse a recording that is too slow for a band of the model."""
    for name, (low, high) in of_model.items():
        begin, end = found.get(name, (low, low))
        if (begin, end) != (low, high):
            raise ReadError(
                f"its rate is too low: its {name} band would be {begin:g}-{end:g} Hz, and the "
                f"model reads {low:g}-{high:g} Hz: take recordings of {2.5 * high:g} Hz or more"
            )


def _valid(record: type, options: Mapping[str, Any]) -> Any:
    return TypeAdapter(record).validate_python(dict(options))


def _of_eeg(file: Path, settings: EegSettings, cut: Cut) -> tuple[Trial, ...]:
    """Return the trials; refuse a recording that lacks channels, and name them all."""
    raw = read_eeg(file, settings)
    found = {standard_name(name) for name in raw.ch_names}
    missing = [name for name in settings.channels if standard_name(name) not in found]
    if missing:
        raise ReadError(
            f"it lacks {len(missing)} of the {len(settings.channels)} channels that the model "
            f"reads: {', '.join(missing)}; it has {few(raw.ch_names)}: rename them, or train on "
            "channels that all recordings have ([eeg] channels)"
        )
    whole = Trial(1, 0.0, raw.n_times / float(raw.info["sfreq"]), None)
    return tuple(cut.trials) or (whole,)


def _of_eye(file: Path, settings: EyeSettings, cut: Cut) -> tuple[Trial, ...]:
    """Return the trials; refuse those that lie elsewhere on the clock of the tracker."""
    eye = read_eye(file, settings.csv)
    if eye.trials:
        spans = tuple(Trial(span.trial, span.start, span.stop, None) for span in eye.trials)
        return tuple(cut.trials) or spans
    offset = cut.eye_offset or 0.0
    first, last = (time + offset for time in recorded_span(eye))
    if not cut.trials:
        return (Trial(1, first, last, None),)
    if not any(trial.onset < last and trial.offset > first for trial in cut.trials):
        onset, stop = cut.trials[0].onset, cut.trials[-1].offset
        raise ReadError(
            f"it lies at {first:.3f} to {last:.3f} s of the tracker's clock, the trials at "
            f"{onset:.3f} to {stop:.3f} s: correct the trials, or give --eye-offset: "
            f"{offset - first:.3f} if they count from its first sample; if from that of an EEG, as "
            "those of a study, the clock_offset_s of this recording in qc/recordings.parquet"
        )
    return tuple(cut.trials)
