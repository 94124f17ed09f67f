"""Bring outputs up to date: what is stale is made, what is fresh is kept, failures are rows.

A step is a record of functions over units. An output's fingerprint covers the options it declares,
the step's version and the content of its sources, and stands inside the file itself; so one rename
publishes data and claim together. A unit never raises: it returns a log row.
"""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from featpipe import __version__
from featpipe.errors import ConfigError, ReadError
from featpipe.publishing import Published, publish_bytes
from featpipe.schema import SCHEMA_VERSION
from featpipe.tables import publish, with_metadata
from models.seals import OF_MODEL
from pipelines.digests import UNREAD, Digest, digest_file, known_digest, metadata_of
from pipelines.identity import differences, fingerprint
from pipelines.notes import Note, listening
from pipelines.passing import may_pass, meets_all
from pipelines.work import Content, Output, Row, Step, Unit

logger = logging.getLogger(__name__)

MODELS = "models"
NOTHING_ALTERED: Mapping[Path, str] = {}


def stale_because(output: Output, altered: Mapping[Path, str] = NOTHING_ALTERED) -> str:
    """Say why an output has to be made, or "" when it is fresh.

    Parameters
    ----------
    output : Output
        With the facts as they are now.
    altered : mapping of Path to str
        Files that are not what was published -> why (`pipelines.published.altered`).
    """
    if not output.path.exists():
        return "not made yet"
    if output.path in altered:
        return altered[output.path]
    try:
        stored = metadata_of(output.path)
    except ReadError as error:
        return str(error)
    if stored.get("fingerprint") == fingerprint(output.facts):
        return ""
    return "; ".join(differences(stored, output.facts)) or "made by an incompatible version"


def plan(
    step: Step,
    unit: Unit,
    remembered: Mapping[str, Digest],
    altered: Mapping[Path, str] = NOTHING_ALTERED,
) -> dict[Path, str] | None:
    """Say which outputs of a unit are stale without reading its sources.

    Returns
    -------
    dict or None
        Path -> reason ("" when fresh); None when a source has to be read to know.
    """
    try:
        known = _known(step.sources(unit), remembered)
    except (ReadError, OSError):
        return None
    return None if known is None else _reasons(_outputs(step, unit, known), altered)


def explain(
    step: Step,
    unit: Unit,
    remembered: Mapping[str, Digest],
    altered: Mapping[Path, str] = NOTHING_ALTERED,
) -> tuple[dict[Path, str], dict[str, Digest]]:
    """Say which outputs of a unit are stale, reading sources only where an output is there.

    Returns
    -------
    reasons : dict
        Path -> reason, "" when fresh.
    digests : dict
        Of the sources, as far as they are known now; worth remembering.

    Raises
    ------
    ReadError
        When a source is missing.
    """
    sources = list(step.sources(unit))
    known = _known(sources, remembered)
    if known is not None:
        return _reasons(_outputs(step, unit, known), altered), _by_name(known)
    unread = _outputs(step, unit, dict.fromkeys(sources, UNREAD))
    if not any(output.path.exists() for output in unread):
        return {output.path: "not made yet" for output in unread}, {}
    digests = {path: digest_file(path, remembered) for path in sources}
    return _reasons(_outputs(step, unit, digests), altered), _by_name(digests)


def update(
    step: Step,
    unit: Unit,
    remembered: Mapping[str, Digest],
    staging: Path,
    altered: Mapping[Path, str] = NOTHING_ALTERED,
) -> Row:
    """Bring one unit up to date. Never raises: the row says what happened."""
    with listening() as notes:
        return replace(_update(step, unit, remembered, staging, altered, notes), notes=tuple(notes))


def _update(
    step: Step,
    unit: Unit,
    remembered: Mapping[str, Digest],
    staging: Path,
    altered: Mapping[Path, str],
    notes: list[Note],
) -> Row:
    start = time.perf_counter()
    n_kept = 0
    digests: dict[Path, Digest] = {}
    files: dict[str, Published] = {}
    stale: list[Output] = []

    def row(state: str, error: BaseException | None = None) -> Row:
        return Row(
            step.name, unit.name, unit.keys, state, time.perf_counter() - start,
            "" if error is None else type(error).__name__,
            "" if error is None else str(error).strip() or repr(error), files, _by_name(digests),
            tuple(fingerprint(o.facts) for o in stale if str(o.path) not in files),
            error is not None and may_pass(error),
            meets_all=error is not None and meets_all(error),
        )  # fmt: skip

    try:
        for path in step.sources(unit):
            digests[path] = digest_file(path, remembered)
        stale = [o for o in _outputs(step, unit, digests) if stale_because(o, altered)]
        if not stale:
            return row("kept")
        for output, content, more in step.make(unit, stale):
            _refuse_moved(digests)
            told = {"warnings": [note.text for note in notes[n_kept:]]}
            n_kept = len(notes)
            metadata = _metadata(output, {**more, **told})
            files[str(output.path)] = _publish(content, metadata, output.path, staging)
        return row("made")
    except Exception as error:  # a log row is the contract: one bad unit must not stop the others
        if not isinstance(error, ReadError | ConfigError | OSError | MemoryError):
            logger.exception("%s %s", step.name, unit.name)
        return row("failed", error)


def fingerprints(step: Step, unit: Unit, digests: Mapping[str, Digest]) -> dict[Path, str]:
    """Fingerprint every output of a unit, given the digests of its sources as `explain` does."""
    outputs = _outputs(step, unit, {Path(name): digest for name, digest in digests.items()})
    return {output.path: fingerprint(output.facts) for output in outputs}


def sources_found(step: Step, unit: Unit) -> Sequence[Path]:
    """List the files of a unit as far as that is possible; the task reports what is missing."""
    try:
        return step.sources(unit)
    except (ReadError, OSError):
        return ()


def outputs_of(step: Step, unit: Unit) -> list[Path]:
    """List the outputs of a unit; which those are no source has to be read for."""
    return [output.path for output in step.outputs(unit, [])]


def _outputs(step: Step, unit: Unit, digests: Mapping[Path, Digest]) -> list[Output]:
    return list(step.outputs(unit, [listed(path, digest) for path, digest in digests.items()]))


def _known(paths: Iterable[Path], remembered: Mapping[str, Digest]) -> dict[Path, Digest] | None:
    """Digests of files that are all as remembered, or None."""
    found = {}
    for path in paths:
        digest = known_digest(path, remembered)
        if digest is None:
            return None
        found[path] = digest
    return found


def _reasons(outputs: Sequence[Output], altered: Mapping[Path, str]) -> dict[Path, str]:
    return {output.path: stale_because(output, altered) for output in outputs}


def _by_name(digests: Mapping[Path, Digest]) -> dict[str, Digest]:
    return {str(path.absolute()): digest for path, digest in digests.items()}


def _refuse_moved(digests: Mapping[Path, Digest]) -> None:
    """Refuse what was made from a file that changed meanwhile: its claim would be wrong."""
    for path, digest in digests.items():
        is_known = known_digest(path, {str(path.absolute()): digest}) is not None
        # a backup that links it changes its state as well, and nothing in it
        if not is_known and digest_file(path, {}).digest != digest.digest:
            raise ReadError(
                f"{path}: it changed while it was being read; run again when it is done"
            )


def listed(path: Path, digest: Digest) -> dict[str, Any]:
    """Describe a source as metadata do; a table of ours by its family as well, a model by name."""
    is_ours = path.parent.parent.name == "features" or path.parent.name == "tuning"
    is_table = is_ours and path.suffix == ".parquet"
    name = f"{path.parent.name}/{path.name}" if is_table else path.name
    if path.name in OF_MODEL:
        name = f"{MODELS}/{path.parent.name}/{path.name}"
    return {"name": name, "bytes": digest.bytes, "digest": f"xxh3_128:{digest.digest}"}


def is_features(listed: Mapping[str, Any]) -> bool:
    """Tell whether a source, as metadata list it, is a feature table: no candidate, no network."""
    return not listed["name"].startswith(("tuning/", f"{MODELS}/"))


def _publish(content: Content, metadata: Mapping[str, Any], path: Path, staging: Path) -> Published:
    if isinstance(content, pa.Table):
        return publish(with_metadata(content, metadata), path, staging)
    return publish_bytes(content(metadata), path, staging)


def _metadata(output: Output, more: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **more,
        **output.facts,
        "schema_version": SCHEMA_VERSION,
        "fingerprint": fingerprint(output.facts),
        "versions": {"featpipe": __version__} | _library_versions(),
    }


@cache
def _library_versions() -> dict[str, str]:
    return {name: version(name) for name in ("numpy", "scipy", "mne", "numba", "pyarrow")}
