"""What a run leaves beside its tables: quality, failures and the manifest.

All three are derived: quality from the tables' own metadata, the manifest from the files there are.
A file that would come out as it is stays untouched.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from featpipe.errors import ReadError
from featpipe.schema import SCHEMA_VERSION
from featpipe.tables import publish, read_table, with_metadata
from pipelines.digests import metadata_of
from pipelines.journal import note
from pipelines.places import with_urls
from pipelines.published import is_altered, update_manifest
from pipelines.work import Row

logger = logging.getLogger(__name__)

FAILURE_COLUMNS = ("step", "unit", "subject", "session", "error", "reason", "unmade")

LAYOUT = "layout"
"""What failures are called that the folder itself shows, before any work."""

_UNKNOWN = "unknown"


class Failure(NamedTuple):
    """Why a unit failed when it was last tried.

    Attributes
    ----------
    reason : str
        As it was told.
    unmade : str
        Fingerprints of the outputs that it costs, or "unknown".
    """

    reason: str
    unmade: str

    def concerns(self, fingerprint: str | None) -> bool:
        """Tell whether an output would fail for this reason: nothing it depends on has changed."""
        return self.unmade == _UNKNOWN or fingerprint in self.unmade.split()


def write_quality(out: Path) -> int:
    """Write `qc/recordings.parquet`, one row per recording, and return its number of rows."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for path in sorted(out.glob("features/*/*.parquet")):
        try:
            about = metadata_of(path)
            key = (about["recording"]["subject"], about["recording"]["session"])
        except (ReadError, KeyError) as error:
            logger.warning("left out of qc: %s", with_urls(str(error)))
            continue
        row = rows.setdefault(key, dict(zip(("subject", "session"), key, strict=True)))
        row.update(about["qc"])
        told = row.pop("warnings", "").splitlines()
        # behind the columns that are known so far; several tables may tell the same
        row["warnings"] = "\n".join(dict.fromkeys([*told, *about.get("warnings", ())]))
    frame = pd.DataFrame([rows[key] for key in sorted(rows)])
    path = out / "qc" / "recordings.parquet"
    if frame.empty:
        path.unlink(missing_ok=True)  # its rows would tell of tables that are gone
    else:
        _publish_frame(frame, path, out)
    return len(frame)


def write_failures(rows: Sequence[Row], step: str, out: Path, *, is_whole: bool = True) -> int:
    """Write `failures.parquet`: what failed now, and what failed before and was not tried now.

    Parameters
    ----------
    rows : sequence of Row
        What happened in this run.
    step : str
        The step that ran.
    out : Path
        Output root.
    is_whole : bool
        All units of the step were tried, so that none of its older failures still counts.

    Returns
    -------
    int
        Number of failures on record.
    """
    path = out / "failures.parquet"
    old = _read_failures(path)
    tried = {row.unit for row in rows}
    kept = [row for row in old if row["step"] != step or not (is_whole or row["unit"] in tried)]
    new = [
        {"step": r.step, "unit": r.unit, "subject": r.keys.get("subject", ""),
         "session": r.keys.get("session", ""), "error": r.error, "reason": r.reason,
         "unmade": _UNKNOWN if r.unmade is None else " ".join(r.unmade)}
        for r in rows if r.state == "failed"
    ]  # fmt: skip
    frame = pd.DataFrame([*kept, *new], columns=list(FAILURE_COLUMNS))
    _publish_frame(frame.astype("str"), path, out)
    return len(frame)


def failed_units(out: Path, step: str) -> dict[str, Failure]:
    """Name the units of a step that failed when they were last tried, and why each did."""
    rows = _read_failures(out / "failures.parquet")
    return {
        row["unit"]: Failure(row["reason"], row["unmade"]) for row in rows if row["step"] == step
    }


def _read_failures(path: Path) -> list[dict[str, str]]:
    """Read what failed before; a damaged list is given up, the next run makes it again."""
    try:
        rows = read_table(path).to_pylist() if path.exists() else []
    except ReadError as error:
        logger.warning("%s", with_urls(str(error)))
        return []
    return [{"unmade": _UNKNOWN} | row for row in rows]  # earlier versions did not know


def write_manifest(rows: Sequence[Row], out: Path) -> None:
    """Write `manifest.json`: every published file with rows, bytes and checksum."""
    update_manifest(out, {file: about for row in rows for file, about in row.files.items()})


def _publish_frame(frame: pd.DataFrame, path: Path, out: Path) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = with_metadata(table, {"schema_version": SCHEMA_VERSION})
    if is_altered(path, out) or not _holds(path, table, frame):
        note(out, {str(path): publish(table, path, out / ".staging")})


def _holds(path: Path, table: pa.Table, frame: pd.DataFrame) -> bool:
    """Tell whether a file holds this table already; as frames, since Parquet has fewer types."""
    try:
        found = read_table(path) if path.exists() else None
    except ReadError:
        return False
    if found is None or found.schema.metadata != table.schema.metadata:
        return False
    return found.to_pandas().equals(frame)
