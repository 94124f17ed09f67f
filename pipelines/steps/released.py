"""Features that a data set ships -> feature tables. One recording is one task, as in extraction."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from featpipe.errors import ReadError
from featpipe.features.eeg_header import refusal
from featpipe.features.released_eeg import ReleasedEeg, read_released_eeg
from featpipe.features.released_eye import read_released_eye
from featpipe.features.released_table import eeg_tables, eye_table_of
from featpipe.features.table import FAMILIES, FeatureTable
from featpipe.recording import Source
from featpipe.schema import SCHEMA_VERSION
from featpipe.tables import windows_table
from pipelines.steps.extract import Made, families, table_path
from pipelines.work import Output, Step, Unit

VERSION = 2
"""Raised by hand when the same files give other numbers."""


def sources(unit: Unit) -> list[Path]:
    """Files of the recording, each once: of EEG, labels and eyes, and what tells the session."""
    source, released = unit.payload.source, unit.payload.source.released
    labels, witnesses = (released.labels, released.witnesses) if released else (None, ())
    paths = source.eeg, labels, source.eye, *(path for _, path in witnesses)
    return list(dict.fromkeys(filter(None, paths)))


def outputs(unit: Unit, listed: list[dict[str, Any]]) -> list[Output]:
    """Name one table per family, with exactly the options and sources it depends on."""
    source, study, out = unit.payload
    window = {"window_s": study.features.window_s, "hop_s": study.features.window_s}
    options = {"tables": "released", "layout": study.study.layout, "features": window}
    scope = {"eye": {"event_scope": "trial", "columns": study.study.eye_columns}}
    return [
        Output(
            table_path(out, family, source),
            {
                "step": "import",
                "family": family,
                "version": [VERSION, SCHEMA_VERSION],
                "options": options | (scope if family == "eye" else {}),
                "recording": _recording(source),
                # the lengths of an eye's trials are those of the EEG where nobody else tells them
                "sources": listed if family == "eye" else listed[: _n_eeg(source)],
            },
        )
        for family in families(unit)
    ]


def _n_eeg(source: Source) -> int:
    labels = source.released.labels if source.released else None
    return len(dict.fromkeys(filter(None, (source.eeg, labels))))


def _recording(source: Source) -> dict[str, Any]:
    """Collect what study, facts and layout say of this recording."""
    about = asdict(source) | {"released": source.released._asdict() if source.released else {}}
    about["trials"] = [list(trial) for trial in source.trials]
    about["released"].pop("labels", None)  # its content counts, as a source
    about["released"].pop("witnesses", None)  # as well
    about["released"].pop("eye_documented", None)  # an option, of eye tables only
    for name in ("eeg", "eye", "eye_offset"):
        about.pop(name)
    return about


def make(unit: Unit, stale: Sequence[Output]) -> Iterator[Made]:
    """Bring the stale tables of one recording into their form.

    What its file does not have is refused in the end, when all else is published; a broken file of
    EEG costs no eye features whose trials have lengths of their own.
    """
    source, _, _ = unit.payload
    wanted = {output.facts["family"]: output for output in stale}
    names = [name for name in wanted if FAMILIES[name].modality == "eeg"]
    trials, eeg = source.trials, None
    is_timed = bool(trials) and all(trial.offset > 0 for trial in trials)
    is_needed = "eye" in wanted and not is_timed
    broken: ReadError | None = None
    if source.eeg is not None and (names or is_needed):
        try:
            eeg = read_released_eeg(source, names)
        except ReadError as error:
            if is_needed or "eye" not in wanted:
                raise
            broken = error
    if eeg is not None:
        trials = eeg.trials
        for family, table in eeg_tables(source, eeg):
            yield _made(wanted[family], table, source)
    if "eye" in wanted and source.eye is not None:
        eye = read_released_eye(source, trials, are_agreed=eeg is not None)
        if eeg is not None and "trials" in eeg.evidence:
            eye.evidence["trials"] = eeg.evidence["trials"]
        yield _made(wanted["eye"], eye_table_of(source, eye), source)
    if broken is not None:
        raise broken
    _refuse(source, eeg)


def _refuse(source: Source, eeg: ReleasedEeg | None) -> None:
    if eeg is not None and eeg.impossible:
        raise ReadError(f"{source.eeg}: {refusal(source.name, eeg.impossible)}")


def _made(output: Output, table: FeatureTable, source: Source) -> Made:
    ((name, values),) = table.values.items()
    more = table.facts[name] | {"classes": list(source.classes), "qc": table.qc}
    return output, windows_table(table.keys, values, table.columns[name], {}), more


IMPORT = Step("import", sources, outputs, make)
