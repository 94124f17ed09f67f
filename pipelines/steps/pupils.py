"""Raw recordings -> traces of the pupil, from which the response to light is learnt.

Done before `extract`, and only where the study takes that response out. One recording is one task.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from glob import escape
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from featpipe.errors import ReadError
from featpipe.features.pupil_traces import pupil_traces
from featpipe.features.table import FAMILIES
from featpipe.reading import read_eeg, source_files
from featpipe.recording import Source
from featpipe.tables import read_table
from pipelines.source_settings import eeg_settings
from pipelines.steps.eye_on_clock import read_on_eeg_clock
from pipelines.study import Study
from pipelines.work import Output, Step, Unit


def recording_files(source: Source, study: Study) -> list[Path]:
    """List every file of a recording, those of the EEG first."""
    named = [path for path in (source.eeg, source.eye) if path is not None]
    return [file for path in named for file in source_files(path, study.eye.csv)]


def trace_path(out: Path, source: Source) -> Path:
    """Return where the traces of a recording are published."""
    return out / "pupils" / f"{source.name}.parquet"


def trace_files(out: Path, source: Source, study: Study) -> list[Path]:
    """List the traces that a recording's response to light is learnt from, as far as they are made.

    Parameters
    ----------
    out : Path
        Output root.
    source : Source
        The recording; its own traces are not among them.
    study : Study
        Names the subjects.

    Returns
    -------
    list of Path
    """
    if study.eye.light != "remove":
        return []
    found = sorted((out / "pupils").glob(f"sub-*_ses-{escape(source.session)}.parquet"))
    wanted = {f"sub-{name}_ses-{source.session}" for name in study.eye.light_subjects}
    return [
        path for path in found if path.stem != source.name and (not wanted or path.stem in wanted)
    ]


def read_traces(files: Sequence[Path]) -> dict[str, pd.DataFrame]:
    """Read traces; subject -> columns trial, stimulus, label, x, y."""
    return {path.stem.partition("_ses-")[0]: read_table(path).to_pandas() for path in files}


def sources(unit: Unit) -> list[Path]:
    """Files of the recording; those of the EEG for their marks."""
    source, study, _ = unit.payload
    return recording_files(source, study)


def outputs(unit: Unit, listed: list[dict[str, Any]]) -> list[Output]:
    """Name the one table of a recording that has an eye file."""
    source, study, out = unit.payload
    if source.eye is None:
        return []
    options = {
        # who is learnt from does not change what there is to learn
        "eye": asdict(replace(study.eye, light_subjects=())),
        "clock": asdict(study.clock),
    }
    recording = {"trials": [list(trial) for trial in source.trials], "offset": source.eye_offset}
    recording |= {"eeg_part": source.eeg_part} if source.eeg_part else {}
    facts = {
        "step": "pupils",
        "family": "pupils",
        "version": [3, FAMILIES["eye"].version],
        "options": options,
        "recording": recording,
        "sources": listed,
    }
    return [Output(trace_path(out, source), facts)]


def make(unit: Unit, stale: Sequence[Output]) -> Iterator[tuple[Output, pa.Table, dict[str, Any]]]:
    """Compute the traces of one recording."""
    source, study, _ = unit.payload
    settings = eeg_settings(source, study)
    raw = None if source.eeg is None else read_eeg(source.eeg, settings, source.eeg_part)
    eye, _ = read_on_eeg_clock(source.eye, raw, source, study)
    try:
        traces = pupil_traces(eye, source, study.eye)
    except ValueError as error:
        raise ReadError(f"{source.eye}: {error}") from error
    for output in stale:
        yield output, pa.Table.from_pandas(traces, preserve_index=False), {}


PUPILS = Step("pupils", sources, outputs, make)
