"""Published files against their record: nothing that was altered is taken for good.

A record is what the manifest, or the journal of a run that was cut off, says of a file. Files are
hashed only where their marks are not as they were last time.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

import pyarrow.parquet as pq

from featpipe.errors import OutputError
from featpipe.publishing import Published
from featpipe.regular_files import is_regular
from pipelines.journal import Asked, Journal, Noted, close, note, read_journal
from pipelines.manifest import Manifest, read_manifest, write_manifest_file
from pipelines.marks import Seen, load_seen, marks_of, save_seen, sha256_of
from pipelines.places import with_urls
from pipelines.sending import send_all
from pipelines.table_checks import is_claiming, is_published_whole, table_defects

logger = logging.getLogger(__name__)

TABLES = ("features/*/*.parquet", "pupils/*.parquet", "predictions/**/*.parquet",
          "curves/**/*.parquet", "tuning/*.parquet", "models/*/model.safetensors",
          "models/*/model.json")  # fmt: skip
"""Where steps publish. Whatever lies there is read with the rest of its folder."""

DERIVED = ("qc/*.parquet", "scores.parquet", "failures.parquet", "report.html",
           "models/*/README.md")  # fmt: skip
"""What is derived from these tables, and made again without being asked for."""

STUDY = "study.toml"
"""A study that `import` wrote belongs to the user from then on."""

ALTERED = "its content changed after it was published"


def altered(out: Path) -> dict[Path, str]:
    """Say which tables of an output folder cannot be taken for what was published, and why.

    Parameters
    ----------
    out : Path
        Output root; need not be there.

    Returns
    -------
    dict of Path to str
        Tables whose content is not as recorded, and damaged ones without a record. What a run that
        was cut off had no time to note is neither, where it is whole: its fingerprint tells.
    """
    journal, seen = read_journal(out), load_seen(out)
    records = _records(out, journal)
    found, known = {}, dict(seen)
    for path in _matching(out, TABLES):
        name = path.relative_to(out).as_posix()
        why, now = _judge(path, records.get(name), seen.get(name), out)
        if why == ALTERED and journal.is_cut_off and is_published_whole(path, out):
            continue
        if now is not None:
            known[name] = now
        if why:
            found[path] = why
    if known != seen:
        with suppress(OutputError):  # a folder that can only be read: the next look hashes again
            save_seen(out, known)
    return found


def is_altered(path: Path, out: Path) -> bool:
    """Tell whether a file is not what its record says; one without a record is not."""
    record = recorded(out).get(path.relative_to(out).as_posix())
    if record is None or not path.exists():
        return False
    seen = load_seen(out).get(path.relative_to(out).as_posix())
    return bool(_judge(path, record, seen, out)[0])


def is_derived(name: str) -> bool:
    """Tell whether a file, by its name within the output folder, is made again without asking."""
    return any(fnmatchcase(name, pattern) for pattern in DERIVED)


def recorded(out: Path) -> Mapping[str, Published]:
    """Return what was published, by name, as the manifest and the journal say."""
    return _records(out, read_journal(out))


def update_manifest(out: Path, made: Mapping[str, Published] | None = None) -> None:
    """Bring the manifest up to date with what was asked for and published since it was written.

    Parameters
    ----------
    out : Path
        Output root.
    made : mapping of str to Published, optional
        Files that were published, by path, beside those in the journal.

    Notes
    -----
    A file that has a record and that nobody published keeps it, whatever it holds now: `verify`
    tells. One without a record has to pass for a table of ours first, and one that a run published
    which was cut off before it noted it to be whole.
    """
    note(out, made or {})
    old, journal, seen = read_manifest(out), read_journal(out), load_seen(out)
    files = {}
    for path in published_files(out, {*old.files, *journal.files}):
        name = path.relative_to(out).as_posix()
        record = journal.files[name].file if name in journal.files else old.files.get(name)
        if record is None or (name == STUDY and name in old.files):
            record = _admitted(path, out)
        elif journal.is_cut_off and _is_anew(path, record, journal.files.get(name), seen.get(name)):
            record = _described(path) if is_published_whole(path, out) else record
        if record is not None:
            files[name] = record
    write_manifest_file(Manifest(files, expected_now(old, journal)), out)
    send_all(out, files)
    known = {name: of for name, of in seen.items() if name in files}
    known |= {
        name: Seen(of.marks, of.file.sha256)
        for name, of in journal.files.items()
        if name in files and of.marks.are_fine()  # nobody else wrote to it in one tick
    }
    if known != seen:
        save_seen(out, known)
    close(out)


def record(out: Path, files: Mapping[str, Published]) -> None:
    """List files that a verb other than a run has published.

    The manifest of a run that is under way, or was cut off, is left to that run and the next one.
    """
    if not read_manifest(out).files:
        return  # a folder of something else
    note(out, files)
    if not read_journal(out).asked:
        update_manifest(out)


def expected_now(manifest: Manifest, journal: Journal) -> dict[str, dict[str, Sequence[str]]]:
    """Say what was asked for, by the manifest and what began since: step -> unit -> outputs."""
    expected = {step: dict(units) for step, units in manifest.expected.items()}
    for asked in journal.asked:
        before = {} if asked.is_whole else expected.get(asked.step, {})
        expected[asked.step] = before | dict(asked.units)
    return {step: units for step, units in expected.items() if units}


def asked_of(step: str, outputs: Mapping[str, Iterable[Path]], out: Path, whole: bool) -> Asked:
    """Name what a step is asked for, unit -> its outputs, within the output folder."""
    units = {
        unit: [path.relative_to(out).as_posix() for path in paths]
        for unit, paths in outputs.items()
    }
    return Asked(step, units, whole)


def published_files(out: Path, recorded: Iterable[str]) -> Iterator[Path]:
    """Yield the published files there are, in order of their names: of ours, and recorded ones."""
    found = {*_matching(out, (*TABLES, *DERIVED)), *(out / name for name in recorded)}
    yield from sorted(filter(is_regular, found))


def _matching(out: Path, patterns: Iterable[str]) -> Iterator[Path]:
    for pattern in patterns:
        yield from out.glob(pattern)


def differs(path: Path, record: Published) -> str:
    """Say how a file is not what was published, "" when it is."""
    size = path.stat().st_size
    if size != record.bytes:
        return f"it has {size} bytes, {record.bytes} were published"
    return "" if sha256_of(path) == record.sha256 else ALTERED


def forget(out: Path, names: Iterable[str]) -> list[str]:
    """Drop what is remembered of files whose content is wrong although their marks are as before.

    Parameters
    ----------
    out : Path
        Output root.
    names : iterable of str
        Files, by their names within it. The next run reads them and makes them anew.

    Returns
    -------
    list of str
        Those that stay remembered, because nothing can be written there.
    """
    seen = load_seen(out)
    known = [name for name in names if name in seen]
    try:
        if known:
            save_seen(out, {name: of for name, of in seen.items() if name not in known})
    except OutputError:
        return known
    return []


def _records(out: Path, journal: Journal) -> dict[str, Published]:
    return {
        **read_manifest(out).files,
        **{name: noted.file for name, noted in journal.files.items()},
    }


def _judge(
    path: Path, record: Published | None, seen: Seen | None, out: Path
) -> tuple[str, Seen | None]:
    """Say what is wrong with a file, "" if nothing; and what was seen of it, if it was read."""
    marks = marks_of(path)
    if marks is None:
        return "", None
    if not is_regular(path):
        return "it is no regular file", None
    is_seen = seen is not None and seen.marks == marks
    if seen is not None and is_seen and (record is None or seen.sha256 == record.sha256):
        return "", None
    if record is not None and marks.bytes != record.bytes:
        return ALTERED, None
    is_settled, sha256 = marks.are_settled(), sha256_of(path)
    now = Seen(marks, sha256) if is_settled else None
    if record is not None:
        return (ALTERED, None) if sha256 != record.sha256 else ("", now)
    if seen is not None and seen.sha256 != sha256:
        return ALTERED, None
    defects = list(table_defects(path, out))
    return (defects[0], None) if defects else ("", now)


def _is_anew(path: Path, record: Published, noted: Noted | None, seen: Seen | None) -> bool:
    """Tell whether a file is another one than its record is of; read where its marks are new."""
    marks = marks_of(path)
    if noted is not None and noted.marks == marks:
        return False
    if seen is not None and (seen.marks, seen.sha256) == (marks, record.sha256):
        return False
    return is_regular(path) and bool(differs(path, record))


def _admitted(path: Path, out: Path) -> Published | None:
    """Describe a file that no record knows; None, with a word, where it is no sound one of ours."""
    if is_claiming(path):
        why, _ = _judge(path, None, load_seen(out).get(path.relative_to(out).as_posix()), out)
        if why:
            logger.warning("%s; it is not listed in the manifest", with_urls(f"{path}: {why}"))
            return None
    return _described(path)


def _described(path: Path) -> Published:
    rows = pq.read_metadata(path).num_rows if path.suffix == ".parquet" else 0
    return Published(rows, path.stat().st_size, sha256_of(path))
