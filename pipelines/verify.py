"""`featpipe verify`: every file of an output folder against its record and what it claims to be."""

import os
import shlex
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import pyarrow as pa

from featpipe.errors import N_SAID, ReadError, few, printable
from featpipe.regular_files import is_regular
from featpipe.tables import read_table
from pipelines.exits import DONE, SOME_FAILED
from pipelines.file_progress import FileProgress
from pipelines.findings import WHOLE, Finding, finding, in_order, text_of
from pipelines.journal import Journal, read_journal
from pipelines.json_text import json_text
from pipelines.manifest import NAME, Manifest, read_manifest
from pipelines.ownership import owner_of
from pipelines.places import with_urls
from pipelines.progress import shown
from pipelines.published import (
    DERIVED,
    STUDY,
    TABLES,
    differs,
    expected_now,
    forget,
    is_derived,
)
from pipelines.summary import LAYOUT, failed_units
from pipelines.sweep import leftovers
from pipelines.table_checks import is_claiming, is_published_whole, table_defects

GRID = ["trial", "window", "start_s", "stop_s"]
"""What tables of one recording have in common, row by row."""

_OURS = (NAME, "features", ".staging", ".cache/journal.jsonl")

_MEMORIES = tuple(f".cache/{name}" for name in ("digests.json", "journal.jsonl", "published.json"))

_VERBS = {"pupils": "extract", "judge": "tune"}
"""Step that has no verb of its own -> the one that does it."""

N_NAMED = 3
"""Most outputs not made yet that are named one by one."""


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

    What is remembered of damaged files is dropped, so that the next run makes them anew even where
    their marks are as they were.

    Parameters
    ----------
    out : Path
        As it was typed.
    as_json : bool
        Print JSON.

    Returns
    -------
    int
        0 when nothing is wrong, else 3.

    Raises
    ------
    ReadError
        When the folder is none that featpipe wrote.
    """
    found, n_files, n_bytes = verify(out.absolute())
    kept = forget(out.absolute(), [one.file for one in found if one.kind == "damaged"])
    typed = shlex.quote(with_urls(str(out)))
    found = [
        one._replace(next=f"{'delete it, then ' * (one.file in kept)}{one.next_in(typed)}")
        for one in found
    ]
    problems = [one for one in found if not one.is_note]
    if as_json:
        about = {"out": with_urls(str(out.absolute())), "files": n_files, "bytes": n_bytes}
        about["problems"] = [one._asdict() for one in problems]
        about["notes"] = [one._asdict() for one in found if one.is_note]
        click.echo(json_text(about))
    else:
        for one in found:
            click.echo(printable(text_of(one), N_SAID))
        n, n_notes = len(problems), len(found) - len(problems)
        told = f"{n} problem{'s' * (n != 1)}" if n else "nothing wrong"
        told += f", {n_notes} note{'s' * (n_notes != 1)}" * (n_notes > 0)
        folder = shown(out.absolute())
        click.echo(f"{folder}: {n_files} files, {n_bytes / 1e6:.1f} MB checked: {told}")
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
    sizes = {path: path.stat().st_size if is_regular(path) else 0 for path in files}
    of_files, sound = [], []
    with FileProgress("verify", sum(sizes.values())) as progress:
        for path in files:
            of_file = list(_of_file(path, out, manifest, journal))
            of_files += of_file
            if not any(not one.is_note for one in of_file):
                sound.append(path)
            progress.advance(sizes[path])
    found = list(_of_the_whole(out, manifest, journal, of_files))
    if any(one.kind == "manifest" for one in found):  # which has said how many they are
        of_files = [one for one in of_files if one.kind != "unlisted"]
    found += of_files
    if not journal.is_cut_off:  # else some tables are of the options before
        found += _of_grids(sound, out)
    found += _of_completeness(out, manifest, journal, {one.file for one in found})
    return Looked(in_order(found), len(files), sum(sizes.values()))


def _files(out: Path, recorded: Iterable[str]) -> list[Path]:
    """List every file that is recorded, or lies where tables are read from."""
    folders = {out / pattern.split("/", 1)[0] for pattern in (*TABLES, *DERIVED) if "/" in pattern}
    found = {
        path for folder in folders for path in folder.rglob("*")
        if not path.is_dir() or path.suffix == ".parquet"
    }  # fmt: skip
    found |= {path for name in (*recorded, *DERIVED) if os.path.lexists(path := out / name)}
    return sorted(found)


def _odd(path: Path) -> str:
    """Say what stands where a file belongs and is none."""
    if is_regular(path):
        return ""
    try:
        mode = path.stat().st_mode
    except OSError:
        return "a link that leads nowhere" if path.is_symlink() else "nothing that can be opened"
    return "a folder" if stat.S_ISDIR(mode) else "a device or pipe"


def _of_the_whole(
    out: Path, manifest: Manifest, journal: Journal, of_files: Sequence[Finding]
) -> Iterator[Finding]:
    is_begun = bool(journal.asked)
    if manifest.defect and not (is_begun and not os.path.lexists(out / NAME)):
        n_sound = sum(one.kind == "unlisted" for one in of_files)
        told = f"; of the files it would list {n_sound} are sound" * (n_sound > 0)
        yield finding("manifest", NAME, manifest.defect + told)
    for record, strays in ((NAME, manifest.strays), (".cache/journal.jsonl", journal.strays)):
        for name in strays:
            yield finding("manifest", record, f"it names {name!r}, which leads out of the folder")
    for name in _MEMORIES:
        if os.path.lexists(out / name) and (odd := _odd(out / name)):
            yield finding("foreign", name, f"{odd}, expected a file", "delete it")
    owner = owner_of(out)
    if owner is not None:
        yield finding("running", WHOLE, f"{owner.text()} is at work here")
    elif is_begun:
        verbs = [_VERBS.get(asked.step, asked.step) for asked in journal.asked]
        told = few(list(dict.fromkeys(verbs)))
        yield finding("cut off", WHOLE, f"a run of {told} was cut off before its end")
    for path, n_bytes in leftovers(out):
        name = path.relative_to(out).as_posix()
        yield finding("leftover", name, f"{n_bytes} bytes that a run left unfinished")


def _of_file(path: Path, out: Path, manifest: Manifest, journal: Journal) -> Iterator[Finding]:
    """Check one file; what is wrong with its content says more than that it changed."""
    name = path.relative_to(out).as_posix()
    noted = journal.files.get(name)
    record = noted.file if noted else manifest.files.get(name)
    if odd := _odd(path):
        is_replaced = odd != "a folder" and (record is not None or is_derived(name))
        kind = "damaged" if is_replaced else "foreign"
        yield finding(kind, name, f"{odd}, expected a file")
        return
    try:
        differs_by = record and differs(path, record)
    except (OSError, ReadError) as error:
        why = error.strerror if isinstance(error, OSError) else None
        yield finding("damaged", name, f"it cannot be read ({why or error})")
        return
    if name == STUDY:
        if differs_by:
            yield finding("edited", name, "not as `featpipe import` wrote it")
        return
    is_table = is_claiming(path)
    if record is None and not is_table:
        if not is_derived(name):
            yield finding("foreign", name, "no file of featpipe")
        elif manifest.files:
            yield finding("unlisted", name, "the manifest does not list it")
        return
    defects = list(table_defects(path, out)) if is_table else []
    is_cut_off = journal.is_cut_off and not defects
    if record is None or (differs_by and is_cut_off and is_published_whole(path, out)):
        yield _unlisted(name, defects)
    elif differs_by:
        yield finding("damaged", name, "; ".join([differs_by, *defects]))
    elif defects:
        kind = "schema" if "schema" in defects[0] else "damaged"
        yield finding(kind, name, "; ".join(defects))


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
    unmade: list[str] = []
    missing: set[str] = set()
    for step, units in expected_now(manifest, journal).items():
        failed = failed_units(out, step)
        for unit, names in units.items():
            lacking = [name for name in names if not os.path.lexists(out / name)]
            missing |= {*lacking}
            if lacking and unit in failed:
                yield finding("failed", f"{unit} ({few(lacking)})", failed[unit].reason)
                continue
            unmade += [name for name in lacking if name not in manifest.files]
            if not journal.asked:
                yield from (finding("missing", n, _ASKED) for n in lacking if n in manifest.files)
    if unmade and (journal.asked or len(unmade) > N_NAMED):
        text = f"{len(unmade)} outputs that were asked for are not made yet"
        yield finding("missing", WHOLE, text, "run the same command again")
    else:
        yield from (finding("missing", name, _ASKED) for name in unmade)
    for name in manifest.files:
        if name not in missing | told and not os.path.lexists(out / name):
            yield finding("missing", name, "it was published and is gone")
    for unit, failure in failed_units(out, LAYOUT).items():
        yield finding("defect", unit, failure.reason)


_ASKED = "it was asked for and is not there"
