"""Keep tables that no longer say what the study says out of the folders that people read.

A folder of tables is read as a whole: one table made with other options, or of a recording that
is broken now, would spoil it silently. Such tables are moved to `OUT/outdated`, where the second of
one name becomes `name.2.parquet`: none replaces another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from featpipe.errors import ReadError
from pipelines.digests import Digest, load_digests, metadata_of
from pipelines.engine import explain, listed, outputs_of, stale_because
from pipelines.work import Row, Step, Unit


def set_aside(step: Step, units: Sequence[Unit], rows: Sequence[Row], out: Path) -> list[Row]:
    """Move the tables that recordings which failed now left from earlier runs.

    Only those that options, trials or sources contradict: where a recording fails and nothing has
    changed, its tables stay. And only where others of the same folder are as they should be, so
    that there would be two kinds: options that every recording fails with move nothing.

    Parameters
    ----------
    step : Step
        The step that ran.
    units : sequence of Unit
        Its units.
    rows : sequence of Row
        What happened to them.
    out : Path
        Output root.

    Returns
    -------
    list of Row
        The rows; the reason of a failure says which tables were moved, and which stay.
    """
    by_name = {unit.name: unit for unit in units}
    current = {
        path.parent
        for row in rows
        for path in (
            map(Path, row.files) if row.state == "failed" else outputs_of(step, by_name[row.unit])
        )
    }
    told = []
    for row in rows:
        if row.state == "failed":
            old = contradicted(step, by_name[row.unit], row.digests)
            moved = [_move(path, out) for path in old if path.parent in current]
            row = _told(row, moved, "no longer fits and lies in", out)
            kept = [path for path in old if path.parent not in current]
            row = _told(row, kept, "was made otherwise and stays, as nothing took its place:", out)
        told.append(row)
    return told


def _told(row: Row, tables: Sequence[Path], what: str, out: Path) -> Row:
    if not tables:
        return row
    names = ", ".join(path.relative_to(out).as_posix() for path in tables)
    text = f"{row.reason.rstrip('.')}; what earlier runs made of it {what} {names}"
    return replace(row, reason=text)


def set_aside_strangers(expected: Iterable[Path], out: Path) -> list[Path]:
    """Move the tables of recordings that the study no longer lists.

    Parameters
    ----------
    expected : iterable of Path
        Every table of the study; other folders than theirs are left alone.
    out : Path
        Output root.

    Returns
    -------
    list of Path
        Where the tables lie now.
    """
    wanted = set(expected)
    found = {
        path for folder in {path.parent for path in wanted} for path in folder.glob("*.parquet")
    }
    return [_move(path, out) for path in sorted(found - wanted) if _is_ours(path)]


def set_aside_stale(step: Step, units: Sequence[Unit], out: Path, folder: str = "") -> list[Path]:
    """Move outputs that are not asked for any more, where options contradict them.

    Parameters
    ----------
    step : Step
        The step that would make them.
    units : sequence of Unit
        What it would make them of.
    out : Path
        Output root.
    folder : str
        Below which of its folders; "" is anywhere.

    Returns
    -------
    list of Path
        Where the tables lie now. Tables that the study would make just so stay.
    """
    remembered = load_digests(out)
    stale = []
    for unit in units:
        try:
            reasons, _ = explain(step, unit, remembered)
        except ReadError:  # a source that is gone contradicts nothing
            continue
        stale += [
            path for path, reason in reasons.items()
            if reason and path.exists() and path.is_relative_to(out / folder)
        ]  # fmt: skip
    return [_move(path, out) for path in stale if _is_ours(path)]


def contradicted(
    step: Step, unit: Unit, digests: Mapping[str, Digest] | None = None
) -> dict[Path, str]:
    """Say which tables of a recording the options, its trials or its sources contradict.

    Parameters
    ----------
    step : Step
        The step that makes them.
    unit : Unit
        The recording.
    digests : mapping, optional
        Of its sources, as far as they were read: one that cannot be read any more, or that nobody
        looked at, contradicts nothing.

    Returns
    -------
    dict of Path to str
        Table -> what differs.
    """
    read = [listed(Path(name), digest) for name, digest in (digests or {}).items()]
    found = {}
    for path in (output.path for output in step.outputs(unit, [])):
        if path.exists() and _is_ours(path):
            stored = metadata_of(path)["sources"]
            claims = {o.path: o for o in step.outputs(unit, read or stored)}
            found[path] = stale_because(claims[path])
    return {path: why for path, why in found.items() if why}


def _is_ours(path: Path) -> bool:
    try:
        return "fingerprint" in metadata_of(path)
    except ReadError:
        return False


def _move(path: Path, out: Path) -> Path:
    target = out / "outdated" / path.relative_to(out)
    target.parent.mkdir(parents=True, exist_ok=True)
    names = (f"{path.stem}.{i}{path.suffix}" for i in count(2))
    while target.exists():
        target = target.with_name(next(names))
    return path.replace(target)
