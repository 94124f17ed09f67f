"""Raw recordings -> feature tables. One recording is one task: path in, small record out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import mne
import numpy as np
import pyarrow as pa

from featpipe.eeg.bad_channels import ChannelSurvey
from featpipe.eeg.decimation import decimate
from featpipe.eeg.filtering import design, output_band
from featpipe.eeg.samples import Samples
from featpipe.eeg.settings import EegSettings
from featpipe.eeg.spatial import apply
from featpipe.eeg.stream import in_memory
from featpipe.errors import ReadError
from featpipe.eye.clock import Clock
from featpipe.eye.fixations import dispersion_fixations
from featpipe.features.de import differential_entropy
from featpipe.features.eeg_header import refusal
from featpipe.features.eeg_table import bands_of, eeg_table
from featpipe.features.emptiness import reasons_of_eye, tell_nothing
from featpipe.features.eye_reach import tell_trials_outside
from featpipe.features.eye_table import eye_table
from featpipe.features.table import FAMILIES, FeatureTable, lay_grids
from featpipe.readers.through_mne import samples_through_mne
from featpipe.reading import read_eeg, read_samples
from featpipe.recording import Source
from featpipe.schema import PUPIL_BANDS, SCHEMA_VERSION
from featpipe.tables import windows_table
from pipelines.source_settings import eeg_settings
from pipelines.steps.eye_on_clock import read_on_eeg_clock
from pipelines.steps.pupils import read_traces, recording_files, trace_files
from pipelines.steps.trial_times import require_seconds
from pipelines.study import Study
from pipelines.work import Output, Step, Unit

VERSION = 5
"""Raised by hand when readers or the signal path give other numbers; `Family.version` when one
family does."""

Made = tuple[Output, pa.Table, dict[str, Any]]


class Payload(NamedTuple):
    """What the step's functions need of a recording and its study."""

    source: Source
    study: Study
    out: Path


def units(study: Study, sources: Iterable[Source], out: Path) -> list[Unit]:
    """Make one unit per recording."""
    return [
        Unit(
            source.name,
            {"subject": source.subject, "session": source.session},
            Payload(source, study, out),
        )
        for source in sources
    ]


def families(unit: Unit) -> list[str]:
    """Families that a recording has tables of."""
    source, study, _ = unit.payload
    eeg = list(study.features.eeg) if source.eeg is not None else []
    return eeg + ["eye"] * (study.features.eye and source.eye is not None)


def table_path(out: Path, family: str, source: Source) -> Path:
    """Return where the table of a recording and family is published."""
    return out / "features" / family / f"{source.name}.parquet"


def sources(unit: Unit) -> list[Path]:
    """Files of the recording, EEG first, and the traces that its pupil is compared with."""
    source, study, out = unit.payload
    traces = trace_files(out, source, study) if "eye" in families(unit) else []
    return recording_files(source, study) + traces


def outputs(unit: Unit, listed: list[dict[str, Any]]) -> list[Output]:
    """Name one table per family, with exactly the options and sources it depends on."""
    source, study, out = unit.payload
    n_eeg = _n_eeg_files(source, [str(file["name"]) for file in listed])
    return [
        Output(
            table_path(out, family, source),
            {
                "step": "extract",
                "family": family,
                "version": [VERSION, FAMILIES[family].version, SCHEMA_VERSION],
                "options": _options(study, family),
                "recording": _recording(source, family),
                # the eye table stands on the grid, and maybe the clock, of the EEG
                "sources": listed if family == "eye" else listed[:n_eeg],
            },
        )
        for family in families(unit)
    ]


def _n_eeg_files(source: Source, names: Sequence[str]) -> int:
    """Count the files of the EEG: all before the named eye file, which only its sibling follows."""
    if source.eeg is None:
        return 0
    if source.eye is None or source.eye.name not in names:
        return len(names)
    return len(names) - 1 - list(reversed(names)).index(source.eye.name)


def _options(study: Study, family: str) -> dict[str, Any]:
    """Options the family depends on; the same for all recordings of a study."""
    window = {"window_s": study.features.window_s, "hop_s": study.features.hop}
    if family == "eye":
        # in a file of several rates the channels decide about that of the EEG, and of the grid
        channels = {"channels": study.eeg.channels} if study.eeg.channels else {}
        return {
            "eye": asdict(study.eye),
            "clock": asdict(study.clock),
            "eeg": {"sfreq": study.eeg.sfreq} | channels,
            "features": window | {"pupil_bands": [list(band) for band in PUPIL_BANDS]},
        }
    bands = {name: list(band) for name, band in bands_of(family, study.features).items()}
    told = {"convention": study.features.convention, "bands": bands}
    return {"eeg": asdict(study.eeg), "features": window | told}


def _recording(source: Source, family: str) -> dict[str, Any]:
    """Collect what the study says of this recording."""
    about = {
        "dataset": source.dataset,
        "subject": source.subject,
        "session": source.session,
        "classes": list(source.classes),
        "trials": [list(trial[: None if family == "eye" else -1]) for trial in source.trials],
    }  # which stimulus it was concerns pupils only
    about |= {"eeg_part": source.eeg_part} if source.eeg_part else {}
    about |= {"channels": list(source.channels)} if source.channels else {}
    return about | ({"eye_offset": source.eye_offset} if family == "eye" else {})


def make(unit: Unit, stale: Sequence[Output]) -> Iterator[Made]:
    """Compute the stale tables of one recording.

    What cannot be made of it is refused in the end, when all else is published.
    """
    source, study, out = unit.payload
    settings = eeg_settings(source, study)
    require_trials(source, study)
    wanted = {output.facts["family"]: output for output in stale}
    raw = None if source.eeg is None else read_eeg(source.eeg, settings, source.eeg_part)
    if raw is not None:
        require_seconds(source, study, raw)
    eeg = [name for name in wanted if FAMILIES[name].modality == "eeg"]
    impossible: dict[str, str] = {}
    if source.eeg is not None and raw is not None and eeg:
        open_samples = partial(_samples, source.eeg, raw)
        try:
            table = eeg_table(raw, source, eeg, settings, study.features, open_samples)
        except ValueError as error:
            raise ReadError(f"{source.eeg}: {error}") from error
        impossible = table.impossible
        tell_nothing(source.name, table, {})
        yield from _tables(table, {name: wanted[name] for name in table.columns}, source)
    if "eye" in wanted and source.eye is not None:
        eye, clock = read_on_eeg_clock(source.eye, raw, source, study)
        try:
            remove = study.eye.light == "remove"
            others = read_traces(trace_files(out, source, study)) if remove else None
            sfreq = grid_sfreq(raw, study)
            table = eye_table(eye, source, sfreq, study.eye, study.features, others)
        except ValueError as error:
            raise ReadError(f"{source.eye}: {error}") from error
        grids = lay_grids(source.trials, sfreq, study.features)
        outside = tell_trials_outside(eye, source, grids)
        tell_nothing(source.name, table, reasons_of_eye(eye))
        table.qc.update(_clock_row(clock) | {"eye_trials_cut_short": outside})
        yield from _tables(table, {"eye": wanted["eye"]}, source)
    if impossible:
        raise ReadError(f"{source.eeg}: {refusal(source.name, impossible)}")


def require_trials(source: Source, study: Study) -> None:
    """Refuse a recording that the study has no trials of.

    Raises
    ------
    ReadError
        Naming the file that lists the trials.
    """
    if not source.trials:
        raise ReadError(
            f"{study.study.trials}: no trial of subject {source.subject}, session "
            f"{source.session}: add its trials, or take the recording out"
        )


def _samples(path: Path, raw: mne.io.BaseRaw, ch_names: Sequence[str]) -> Samples:
    """Read stored numbers where the format has them, else volts through MNE."""
    return read_samples(path, raw, ch_names) or samples_through_mne(raw, ch_names)


def grid_sfreq(raw: mne.io.BaseRaw | None, study: Study) -> float:
    """Return the rate of the window grid, Hz: that of the EEG features, if there were any."""
    return study.eeg.sfreq if raw is None else output_band(raw.info["sfreq"], study.eeg)[0]


def _tables(table: FeatureTable, wanted: dict[str, Output], source: Source) -> Iterator[Made]:
    for family, output in wanted.items():
        more = table.facts[family] | {"classes": list(source.classes), "qc": table.qc}
        yield (
            output,
            windows_table(table.keys, table.values[family], table.columns[family], {}),
            more,
        )


def _clock_row(clock: Clock) -> dict[str, Any]:
    return {
        "clock_source": clock.source,
        "clock_offset_s": clock.intercept,
        "clock_drift_ppm": 1e6 * (clock.slope - 1),
        "clock_shared_marks": clock.n_shared,
        "clock_marks_left_out": clock.n_left_out,
        "clock_residual_ms": clock.residual_ms,
        "clock_residual_max_ms": clock.residual_max_ms,
    }


def compile_kernels() -> None:
    """Compile once, before several workers would do it at the same time.

    `tests/pipelines/test_compiling.py` finds what is missing here.
    """
    x = np.random.default_rng(0).standard_normal((2, 400))
    how = design(200.0, EegSettings())
    for number in (np.int16, np.int32, np.float32, np.float64):
        samples = in_memory(x, 200.0)
        stored = x.T.astype(number, order="C")
        decimate(replace(samples, read=lambda *_, of=stored: of), how, 0, 10)
    for method in ("stft", "bandpass"):
        differential_entropy(x, 200.0, method=method)
    ChannelSurvey(["left", "right"], 200.0, 200.0, 75.0).add(x, x)
    apply(np.eye(2), x)
    dispersion_fixations(np.arange(400) / 200, x[0], x[1], np.zeros(399, bool), 1.0, 0.05)


EXTRACT = Step("extract", sources, outputs, make)
