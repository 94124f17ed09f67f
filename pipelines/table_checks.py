"""Whether an output is whole and what it claims to be: pages, place, columns, rows, fingerprint.

Files of a model folder make claims as tables do, and hold a checksum of all of their content.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from featpipe.errors import ReadError, few
from featpipe.features.measures import MEASURES
from featpipe.features.table import FAMILIES
from featpipe.schema import BANDS, EYE_FEATURES, KEYS, NULLABLE_KEYS, SCHEMA_VERSION
from featpipe.tables import is_as_written, read_metadata, read_table
from models.seals import OF_MODEL, read_said
from pipelines.identity import facts_of, fingerprint
from pipelines.work_names import terms_of

_CONSTANT = ("dataset", "subject", "session")

_FILES: dict[str, str] = {"weights": OF_MODEL[0], "model": OF_MODEL[1]}
"""Family -> name of the file."""


def table_defects(path: Path, out: Path) -> Iterator[str]:
    """Say what is wrong with a table, its record apart.

    Parameters
    ----------
    path : Path
        A Parquet file below the output folder, or one of a model folder.
    out : Path
        Output root: what a table is depends on where it lies.

    Yields
    ------
    str
        A defect each; nothing of a sound table. All pages are read, and their checksums compared.
    """
    if path.name in OF_MODEL:
        yield from _model_defects(path)
        return
    try:
        about, table = read_metadata(path), read_table(path)
    except ReadError as error:
        yield str(error).removeprefix(f"{path}: ").partition(": delete it")[0]
        return
    if about.get("schema_version") != SCHEMA_VERSION:
        yield f"its schema is {about.get('schema_version')!r}, this version writes {SCHEMA_VERSION}"
        return
    folder = path.relative_to(out).parts[0]
    if folder in ("qc", "plots", path.name):  # derived, and of no fingerprint
        return
    if about.get("fingerprint") != _fingerprint(about):
        yield "its fingerprint is not that of the options and sources it names"
    yield from _misplaced(path, folder, about)
    if folder == "features":
        yield from _column_defects(table.schema, about)
        yield from _row_defects(table, about)


def is_published_whole(path: Path, out: Path) -> bool:
    """Tell whether a file is a sound table whose every bit is known, without any record of it.

    So is what a run published and was killed before it could note.
    """
    if not is_claiming(path) or any(table_defects(path, out)):
        return False
    return path.name in OF_MODEL or is_as_written(path)


def is_claiming(path: Path) -> bool:
    """Tell whether a file says itself what it was made from, as outputs of steps do."""
    return path.suffix == ".parquet" or path.name in OF_MODEL


def _model_defects(path: Path) -> Iterator[str]:
    try:
        about = read_said(path)
    except ReadError as error:
        yield str(error).removeprefix(f"{path}: ").partition(": copy")[0]
        return
    if about.get("fingerprint") != _fingerprint(about):
        yield "its fingerprint is not that of the options and sources it names"
    if _FILES.get(str(about.get("family"))) != path.name:
        yield f"it is a file of family {about.get('family')!r}"
    options = about.get("options") or {}
    label = path.parent.name
    is_there = label.startswith(options.get("method", "")) and (
        about.get("step") == "fit"
        or label.endswith(f"_{terms_of(options)}_seed-{options.get('seed')}")
    )
    if not is_there:
        yield f"it is of {options.get('method')}, {terms_of(options)}, seed {options.get('seed')}"


def _fingerprint(about: Mapping[str, Any]) -> str:
    try:
        return fingerprint(facts_of(about))
    except (KeyError, TypeError):
        return "none can be computed"


def _misplaced(path: Path, folder: str, about: Mapping[str, Any]) -> Iterator[str]:
    """Say where a table belongs that lies under another name."""
    family = about.get("family")
    if family != (path.parent.name if folder == "features" else folder):
        yield f"it is a table of family {family!r}"
    if folder in ("predictions", "curves", "tuning"):
        options = about.get("options", {})
        method = options.get("method", "")
        end = f"_{terms_of(options)}_seed-{options.get('seed')}" + "_candidate" * (
            folder == "tuning"
        )
        if not (path.stem.startswith(method) and path.stem.endswith(end)):
            yield f"it is of {method}{end}"
    recording = about.get("recording", {})
    if folder == "features":
        name = f"sub-{recording.get('subject')}_ses-{recording.get('session')}"
        if path.stem != name:
            yield f"it is the table of {name}"


def _column_defects(schema: pa.Schema, about: Mapping[str, Any]) -> Iterator[str]:
    keys = [(f.name, str(f.type), f.nullable) for f in schema][: len(KEYS)]
    expected = [
        (name, str(pa.type_for_alias(kind)), name in NULLABLE_KEYS) for name, kind in KEYS.items()
    ]
    if keys != expected:
        wrong = [f"{a[0]} ({a[1]})" for a, b in zip(keys, expected, strict=False) if a != b]
        yield f"its key columns are not those of schema {SCHEMA_VERSION}: {few(wrong)}"
    features = list(schema)[len(KEYS) :]
    other = [f.name for f in features if f.type != pa.float32() or f.nullable]
    if other:
        yield f"its features are not all float32 without nulls: {few(other)}"
    names = [field.name for field in features]
    is_other = about.get("channels") != [] and [*about.get("bands", ())] != [*BANDS]
    if is_other or names != _feature_columns(about, names):
        yield "its columns are not those of the channels and bands it names"


def _feature_columns(about: Mapping[str, Any], names: list[str]) -> list[str]:
    """Columns that a table should have by what it says of itself."""
    family = FAMILIES.get(str(about.get("family")))
    if family is None:
        return []
    if family.modality == "eye":  # releases have no blink durations, or other gaps
        expected = [name for name in EYE_FEATURES if name in names]
        return expected if about.get("step") == "import" else list(EYE_FEATURES)
    if about.get("step") == "import" and family.measure not in ("de", "psd"):
        return names  # pairs of a release are named as they were found to be
    return MEASURES[family.measure].columns(about.get("channels", []))


def _row_defects(table: pa.Table, about: Mapping[str, Any]) -> Iterator[str]:
    if any(name not in table.column_names for name in KEYS):
        return  # told as columns
    recording = about.get("recording", {})
    for name in _CONSTANT:
        found = table[name].unique().to_pylist()
        if found not in ([], [recording.get(name)]):
            yield f"its rows are of {name} {few([str(x) for x in found])}"
    trial, window = table["trial"].to_numpy(), table["window"].to_numpy()
    step = np.where(np.diff(trial) == 0, np.diff(window), np.diff(trial))
    if (step < 0).any():
        yield "its rows are not sorted by trial and window"
    if len({*zip(trial.tolist(), window.tolist(), strict=True)}) < len(trial):
        yield "a window occurs twice in it"
