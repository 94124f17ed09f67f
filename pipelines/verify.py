"""`featpipe verify`: every file of an output folder against its record and what it claims to be."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import pyarrow as pa

from featpipe.errors import N_SAID, ReadError, few, printable
from featpipe.publishing import Published
from featpipe.tables import read_table
from pipelines.exits import DONE, SOME_FAILED
from pipelines.file_progress import FileProgress
from pipelines.findings import Finding, finding, in_order, text_of
from pipelines.journal import Journal, read_journal
from pipelines.manifest import NAME, Manifest, read_manifest
from pipelines.marks import sha256_of
from pipelines.ownership import owner_of
from pipelines.places import with_urls
from pipelines.progress import shown
from pipelines.published import DERIVED, STUDY, TABLES, expected_now
from pipelines.summary import LAYOUT, failed_units
from pipelines.sweep import leftovers
from pipelines.table_checks import table_defects

GRID = ["trial", "window", "start_s", "stop_s"]
"""What tables of one recording have in common, row by row."""

_OURS = (NAME, "features", ".staging", ".cache/journal.jsonl")


class Looked(NamedTuple):
    """What an output folder was found to hold.

    Attributes
    ----------
    found : list of Finding
        Problems first.
    n_files, n_bytes : int
        What was read.
    """

    found: list[Finding]
    n_files: int
    n_bytes: int


def print_verify(out: Path, *, as_json: bool = False) -> int:
    """Check an output folder and print what is wrong with it.

    Returns
    -------
    int
        0 when nothing is wrong, else 3.

    Raises
    ------
    ReadError
        When the folder is none that featpipe wrote.
    """
    found, n_files, n_bytes = verify(out)
    problems = [one for one in found if not one.is_note]
    if as_json:
        about = {"out": with_urls(str(out)), "files": n_files, "bytes": n_bytes}
        about["problems"] = [one._asdict() for one in problems]
        about["notes"] = [one._asdict() for one in found if one.is_note]
        click.echo(json.dumps(about, ensure_ascii=False))
    else:
        for one in found:
            click.echo(printable(text_of(one), N_SAID))
        n, n_notes = len(problems), len(found) - len(problems)
        told = f"{n} problem{'s' * (n != 1)}" if n else "nothing wrong"
        told += f", {n_notes} note{'s' * (n_notes != 1)}" * (n_notes > 0)
        click.echo(f"{shown(out)}: {n_files} files, {n_bytes / 1e6:.1f} MB checked: {told}")
    return SOME_FAILED if problems else DONE


def verify(out: Path) -> Looked:
    """Check every published file of an output folder, and whether all is there that was asked for.

    Parameters
    ----------
    out : Path
        Output folder.

    Raises
    ------
    ReadError
        When the folder is none that featpipe wrote.
    """
    if not any((out / name).exists() for name in _OURS):
        raise ReadError(
            f"{out}: no output folder of featpipe: name the folder that `featpipe extract` wrote, "
            "with manifest.json and features in it"
        )
    manifest, journal = read_manifest(out), read_journal(out)
    files = _files(out, {*manifest.files, *journal.files})
    found = list(_of_the_whole(out, manifest, journal))
    n_bytes, sound = 0, []
    with FileProgress("verify", sum(path.stat().st_size for path in files)) as progress:
        for path in files:
            of_file = list(_of_file(path, out, manifest, journal))
            found += of_file
            if not any(not one.is_note for one in of_file):
                sound.append(path)
            n_bytes += path.stat().st_size
            progress.advance(path.stat().st_size)
    found += _of_grids(sound, out)
    found += _of_completeness(out, manifest, journal, {one.file for one in found})
    return Looked(in_order(found), len(files), n_bytes)


def _files(out: Path, recorded: Iterable[str]) -> list[Path]:
    """List every file that is recorded, or lies where tables are read from."""
    folders = {out / pattern.split("/", 1)[0] for pattern in (*TABLES, *DERIVED) if "/" in pattern}
    found = {path for folder in folders for path in folder.rglob("*") if not path.is_dir()}
    found |= {out / name for name in (*recorded, *DERIVED) if (out / name).is_file()}
    return sorted(found)


def _of_the_whole(out: Path, manifest: Manifest, journal: Journal) -> Iterator[Finding]:
    is_begun, where = bool(journal.asked), with_urls(str(out))
    if manifest.defect and not (is_begun and not (out / NAME).exists()):
        yield finding("manifest", NAME, manifest.defect)
    for record, strays in ((NAME, manifest.strays), (".cache/journal.jsonl", journal.strays)):
        for name in strays:
            yield finding("manifest", record, f"it names {name!r}, which leads out of the folder")
    owner = owner_of(out)
    if owner is not None:
        yield finding("running", where, f"{owner.text()} is at work here")
    elif is_begun:
        steps = few(list(dict.fromkeys(asked.step for asked in journal.asked)))
        yield finding("cut off", where, f"a run of {steps} was cut off before its end")
    for path, n_bytes in leftovers(out):
        name = path.relative_to(out).as_posix()
        yield finding("leftover", name, f"{n_bytes} bytes that a run left unfinished")


def _of_file(path: Path, out: Path, manifest: Manifest, journal: Journal) -> Iterator[Finding]:
    """Check one file; what is wrong with its content says more than that it changed."""
    name = path.relative_to(out).as_posix()
    noted = journal.files.get(name)
    record = noted.file if noted else manifest.files.get(name)
    try:
        differs = record and _differs(path, record)
    except OSError as error:
        yield finding("damaged", name, f"it cannot be read ({error.strerror or error})")
        return
    if name == STUDY:
        if differs:
            yield finding("edited", name, "not as `featpipe import` wrote it")
        return
    is_table = path.suffix == ".parquet"
    if record is None and not is_table:
        if name not in DERIVED:
            yield finding("foreign", name, "no file of featpipe")
        elif manifest.files:
            yield finding("unlisted", name, "the manifest does not list it")
        return
    defects = list(table_defects(path, out)) if is_table else []
    if record is None:
        yield _unlisted(name, defects)
    elif differs:
        yield finding("damaged", name, "; ".join([differs, *defects]))
    elif defects:
        kind = "schema" if "schema" in defects[0] else "damaged"
        yield finding(kind, name, "; ".join(defects))


def _differs(path: Path, record: Published) -> str:
    size = path.stat().st_size
    if size != record.bytes:
        return f"it has {size} bytes, {record.bytes} were published"
    return "" if sha256_of(path) == record.sha256 else "its content changed after it was published"


def _unlisted(name: str, defects: Sequence[str]) -> Finding:
    if not defects:
        return finding("unlisted", name, "published by a run that was cut off, and sound")
    if "not a table of featpipe" in defects[0]:
        return finding("foreign", name, "Parquet, but no table of featpipe")
    return finding("damaged", name, "; ".join(["no record knows it", *defects]))


def _of_grids(tables: Iterable[Path], out: Path) -> Iterator[Finding]:
    """Compare the windows of the tables of each recording with those of its first."""
    first: dict[str, tuple[Path, pa.Table]] = {}
    for path in tables:
        if path.relative_to(out).parts[0] != "features":
            continue
        try:
            grid = read_table(path, GRID)
        except ReadError:  # it has been told, or changes this moment
            continue
        other, expected = first.setdefault(path.name, (path, grid))
        if not _is_same(grid, expected):
            name = path.relative_to(out).as_posix()
            what = f"its windows are not those of {other.relative_to(out).as_posix()}"
            yield finding("grid", name, f"{what} ({grid.num_rows} and {expected.num_rows} rows)")


def _is_same(a: pa.Table, b: pa.Table) -> bool:
    return all(a[name].combine_chunks().equals(b[name].combine_chunks()) for name in GRID)


def _of_completeness(
    out: Path, manifest: Manifest, journal: Journal, told: set[str]
) -> Iterator[Finding]:
    """Say which outputs are not there: asked for, or recorded; and why, where a run could say."""
    n_late = 0
    missing: set[str] = set()
    for step, units in expected_now(manifest, journal).items():
        failed = failed_units(out, step)
        for unit, names in units.items():
            lacking = [name for name in names if not os.path.lexists(out / name)]
            missing |= {*lacking}
            if lacking and unit in failed:
                yield finding("failed", f"{unit} ({few(lacking)})", failed[unit].reason)
            elif journal.asked:
                n_late += len([name for name in lacking if name not in manifest.files])
            else:
                yield from (finding("missing", name, _ASKED) for name in lacking)
    if n_late:
        text = f"{n_late} outputs that were asked for are not made yet"
        yield finding("missing", with_urls(str(out)), text)
    for name in manifest.files:
        if name not in missing | told and not (out / name).exists():
            yield finding("missing", name, "it was published and is gone")
    for unit, failure in failed_units(out, LAYOUT).items():
        yield finding("defect", unit, failure.reason)


_ASKED = "it was asked for and is not there"
