"""Stored predictions -> `scores.parquet`."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from featpipe.errors import ReadError
from featpipe.schema import SCHEMA_VERSION
from featpipe.tables import publish, read_metadata, with_metadata
from models.registry import METHODS
from models.saved import WEIGHTS
from models.scores import scores
from pipelines.digests import digest_file, load_digests
from pipelines.engine import is_features, listed
from pipelines.journal import note
from pipelines.results import predictions_in
from pipelines.work_names import terms_of


class Scored(NamedTuple):
    """Scores of one file of predictions, and what its metadata say."""

    path: Path
    about: Mapping[str, Any]
    frame: pd.DataFrame


def write_scores(
    out: Path, tables: Mapping[str, Sequence[Path]], roles: Mapping[str, str] | None = None
) -> int:
    """Derive `scores.parquet` from the predictions of the tables as they are now.

    Parameters
    ----------
    out : Path
        Output root.
    tables : mapping
        Modality -> feature tables; those of another EEG family count for predictions that were
        made from it. Predictions made from other tables are not scored; those of protocol "holdout"
        test on some of the tables and train elsewhere.
    roles : mapping, optional
        Name of a training -> what it is to others ("teacher"), "" of those that are asked for. What
        was asked for once stays so. Variants of a method stand in this order, others below them.

    Returns
    -------
    int
        Number of rows.
    """
    known = _roles(out, roles or {})
    found = _scored(out, tables, known)
    if not found:
        (out / "scores.parquet").unlink(missing_ok=True)
        return 0
    found = _in_order(found, [*(roles or ())])
    frame = pd.concat([one.frame for one in found], ignore_index=True)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    names = [one.path.name for one in found]
    about = {"schema_version": SCHEMA_VERSION, "family": "scores", "predictions": names}
    about |= {"roles": known}
    path = out / "scores.parquet"
    note(out, {str(path): publish(with_metadata(table, about), path, out / ".staging")})
    return len(frame)


def _roles(out: Path, now: Mapping[str, str]) -> dict[str, str]:
    """Add to the roles that were noted with the scores before; "" stays.

    They are not noted with predictions, which are the same whoever asks for them.
    """
    before: dict[str, str] = {}
    with suppress(ReadError):  # of the first training, and of scores that are damaged
        before = read_metadata(out / "scores.parquet").get("roles", {})
    kept = {name: role if before.get(name, role) else "" for name, role in now.items()}
    found = {**before, **kept}
    return {
        name: role
        for name, role in sorted(found.items())
        if (out / "predictions" / f"{name}.parquet").exists()
    }


def _scored(
    out: Path, tables: Mapping[str, Sequence[Path]], roles: Mapping[str, str]
) -> list[Scored]:
    """Score the predictions that were made from these tables."""
    asked = {_run(name) for name, role in roles.items() if not role}
    current: dict[str, set[str]] = {}
    found = []
    for path in sorted(out.glob("predictions/*.parquet")):
        about = read_metadata(path)
        family = about["options"].get("eeg", "")
        expected = current.setdefault(family, _digests(out, tables, family))
        used = {of["digest"] for of in about["sources"] if is_features(of)}
        is_holdout = about["options"]["protocol"] == "holdout"
        if not (used <= expected if is_holdout else used == expected):
            continue
        seconds = sum(_seconds(out, path.stem).values())
        # a row is of all seeds, of which one may be asked for
        role = "" if _run(path.stem) in asked else roles.get(path.stem, "")
        found.append(Scored(path, about, scores(predictions_in(path), seconds, role)))
    return found


def _run(name: str) -> str:
    """Name a training without its seed."""
    return name.rpartition("_seed-")[0]


def _seconds(out: Path, name: str) -> dict[str, float]:
    """Return what a training took, and what those took that it starts from, each once."""
    curves = out / "curves" / f"{name}.parquet"
    if not curves.exists():
        return {name: float("nan")}
    about = read_metadata(curves)
    found = {name: about["seconds"]}
    for source in map(Path, (of["name"] for of in about["sources"])):
        if source.name == WEIGHTS:
            found |= _seconds(out, source.parent.name)
    return found


def _digests(out: Path, tables: Mapping[str, Sequence[Path]], family: str) -> set[str]:
    """Digest the tables, with those of an EEG family in the place of another one's."""
    remembered = load_digests(out)
    eeg = [path.parent.parent / family / path.name for path in tables.get("eeg", ()) if family]
    files = [path for path in (*eeg, *tables.get("eye", ())) if path.exists()]
    return {listed(path, digest_file(path, remembered))["digest"] for path in files}


def _in_order(found: Sequence[Scored], names: Sequence[str]) -> list[Scored]:
    """Sort by method, then as named; a tuned row stands below that of its own options."""
    index = {name: i for i, name in enumerate(names)}
    places: dict[tuple[str, str], int] = {}
    for one in found:
        key, at = _own(one), index.get(one.path.stem, len(index))
        places[key] = min(at, places.get(key, at))

    def place(one: Scored) -> tuple[Any, ...]:
        method, options = key = _own(one)
        kind = list(METHODS).index(method), terms_of(one.about["options"]), places[key]
        name = one.path.stem
        variant = options != "default", _natural(options), "-tuned-" in name
        variant = *variant, _natural(one.frame["variant"].iloc[0])
        return *kind, *variant, index.get(name, len(index)), _natural(name)

    return sorted(found, key=place)


def _own(one: Scored) -> tuple[str, str]:
    """Return the method, and its options without how others were searched."""
    method, variant = one.frame[["method", "variant"]].iloc[0]
    settled = [part for part in variant.split(", ") if "=" in part]
    return method, ", ".join(settled) or "default"


def _natural(text: str) -> list[str | float]:
    """Take a text apart so that its numbers sort by their values."""
    parts = re.split(r"(\d+(?:\.\d+)?(?:e[-+]?\d+)?)", text)
    return [float(part) if i % 2 else part for i, part in enumerate(parts)]
