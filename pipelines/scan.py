"""Print what `featpipe scan` finds."""

import dataclasses
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from featpipe.contents import Contents, contents
from featpipe.datasets.copies import copied
from featpipe.errors import N_SAID, ConfigError, ReadError, few, printable
from featpipe.readers import eye_csv
from featpipe.readers.bids_names import bids_name
from featpipe.readers.eye_csv_settings import EyeCsv
from featpipe.scanning import Finding, advice, passed_over, scan
from pipelines.exits import DONE, INPUT, SOME_FAILED
from pipelines.json_text import json_text
from pipelines.recognising import Recognised, counted, named, recognise, told
from pipelines.shipped import Shipped, as_features, shipped
from pipelines.shipped import told as told_of_features
from pipelines.study_sections import StudySettings

COLUMNS = (
    "status",
    "format",
    "subject",
    "session",
    "rate",
    "channels",
    "length",
    "triggers",
    "start or clock",
    "file",
)


N_MARKS = 20
"""Most triggers or messages that are told apart of one recording."""


def print_scan(
    paths: Sequence[Path], as_json: bool, csv: EyeCsv | None = None, *, is_detailed: bool = False
) -> int:
    """Print one line per recording as it is found.

    Parameters
    ----------
    paths : sequence of Path
        Files and folders.
    as_json : bool
        One object per line, instead of a table.
    csv : EyeCsv or None
        How tables of eye samples of no known format are to be read.
    is_detailed : bool
        Tell channels and triggers of recordings in folders as well, not of files named only.

    Returns
    -------
    int
        0 when every recording, or file of features that a data set ships, can be used; 3 when some
        cannot, or are the same; 2 when none can.
    """
    for path in paths:
        if not path.exists():
            raise ReadError(f"{path}: no such file or folder")
    folders = list(filter(Path.is_dir, paths))
    found: list[Finding] = []
    with _quiet():
        known = [one for folder in folders for one in recognise(folder)]
        features = [one for folder in folders for one in shipped(folder)]
        for sighted in scan(paths, csv):
            finding = named(sighted, known)
            finding = as_features(finding) if finding.path in paths else finding
            if not found and not as_json:
                click.echo(_line(COLUMNS))
            found.append(finding)
            inside = _contents(finding, csv) if is_detailed or finding.path in paths else None
            click.echo(_json(finding, inside) if as_json else _text(finding, inside))
    if not as_json:
        click.echo(_summary(found, features), err=True)
    copies = copied(found)
    for text in (*map(_of_copies, copies), *_told(folders, found, known, features, csv)):
        click.echo(printable(text, N_SAID), err=True)
    return _code(found, features) or (SOME_FAILED if copies else DONE)


def _summary(found: Sequence[Finding], features: Sequence[Shipped]) -> str:
    if not found and features:
        return "no recordings, but features that a data set ships"
    n_bad = sum(finding.status != "ok" for finding in found)
    return f"{counted(len(found), 'file')}, {n_bad} not sound"


def _told(
    folders: Sequence[Path],
    found: Sequence[Finding],
    known: Sequence[Recognised],
    features: Sequence[Shipped],
    csv: EyeCsv | None,
) -> Iterator[str]:
    """Tell what the folders are, and of the files in them that are no recordings."""
    taken = {file for one in features for file in one.files}
    for folder in folders:
        others = [file for file in passed_over(folder, found) if file not in taken]
        yield from (f"{folder}: {text}" for text in _of_others(folder, others, csv))
    names = {(one.folder, one.name) for one in features}
    for one in known:
        if found or one.found or (one.folder, one.layout.name) not in names:
            yield from (f"{one.folder}: {text}" for text in told(one))
    for one in features:
        yield from (f"{one.folder}: {text}" for text in told_of_features(one))


def _of_copies(group: Sequence[Path]) -> str:
    return (
        f"{few([str(path) for path in group])} hold the same recording: it would be trained on and "
        "tested on, and a study uses none of them; find out which name is the true one, and take "
        "the others away or fetch them again"
    )


def _code(found: Sequence[Finding], features: Sequence[Shipped]) -> int:
    n_lost = sum(
        one.status in ("truncated", "corrupt") or (one.format is None and one.status != "ok")
        for one in found
    )
    n_lost += sum(len(one.damaged) for one in features)
    n_sound = len(found) + sum(len(one.files) for one in features) - n_lost
    return INPUT if n_sound <= 0 else SOME_FAILED if n_lost else DONE


def _of_others(folder: Path, others: Sequence[Path], csv: EyeCsv | None) -> Iterator[str]:
    """Tell of the files that were passed over, and why those were that look like recordings."""
    if not others:
        return
    names = [str(file.relative_to(folder)) for file in others]
    yield (
        f"{counted(len(others), 'file')} of no known format passed over: {few(names)}; "
        "`featpipe list readers` shows the formats"
    )
    yield from (f"{file.relative_to(folder)}: {text}" for file in others if (text := advice(file)))
    for file in others if csv is not None else ():
        if csv is not None and eye_csv.is_nearly_described(file, csv):
            reason = eye_csv.check(file, csv).reason
            yield f"{file.relative_to(folder)} is nearly as [eye.csv] says: {reason}"
    texts = [name for name, file in zip(names, others, strict=True) if _is_text_table(file)]
    if csv is None and texts:
        yield (
            f"{few(texts)}: if these are tables of eye samples, describe their columns in "
            "[eye.csv] of a study and scan with --study"
        )


def _is_text_table(file: Path) -> bool:
    is_listed = file.name in (StudySettings.recordings, StudySettings.trials, "participants.tsv")
    is_listed |= (
        bids_name(file) is not None or file.stem.lower() == "readme"
    )  # events.tsv and the like
    return file.suffix.lower() in (".csv", ".tsv", ".txt") and not is_listed


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence warnings of readers: the reasons stand in the table."""
    logger = logging.getLogger("featpipe")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _cells(finding: Finding) -> tuple[str, ...]:
    def known(value: object, text: str) -> str:
        return "-" if value is None else text

    return (
        finding.status,
        finding.format or "-",
        finding.subject or "-",
        finding.session or "-",
        known(finding.sfreq, f"{finding.sfreq or 0:.5g} Hz"),
        known(finding.n_channels, str(finding.n_channels)),
        known(finding.duration_s, f"{finding.duration_s or 0:.1f} s"),
        known(finding.n_triggers, str(finding.n_triggers)),
        _start(finding),
        str(finding.path),
    )


def _start(finding: Finding) -> str:
    """Show when a recording began, or from when to when the clock of an eye tracker ran."""
    if finding.first_s is not None:
        return f"{finding.first_s:.3f} to {finding.last_s:.3f} s"
    return f"{finding.start:%Y-%m-%d %H:%M:%S}" if finding.start else "-"


def _line(cells: Sequence[str]) -> str:
    widths = (10, 14, 8, 8, 9, 8, 10, 8, 24, 0)
    return " ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _contents(finding: Finding, csv: EyeCsv | None) -> Contents | None:
    """Read what a recording holds; nothing where it cannot be read, which its reason tells."""
    if finding.modality is None or finding.status in ("truncated", "corrupt"):
        return None
    try:
        return contents(finding.path, finding.modality, csv)
    except (ReadError, ConfigError):
        return None


def _text(finding: Finding, inside: Contents | None) -> str:
    rows = [finding.reason] if finding.reason else []
    if inside is not None:
        rows += [
            f"{kind}, {len(names)}: {', '.join(names)}" for kind, names in inside.channels.items()
        ]
        rows += list(_mark_rows(inside, "message" if finding.modality == "eye" else "trigger"))
    rows = [_line(_cells(finding)), *(f"{'':11}{row}" for row in rows)]
    return "\n".join(printable(row, N_SAID) for row in rows)


def _mark_rows(inside: Contents, noun: str) -> Iterator[str]:
    shown = inside.marks[:N_MARKS]
    width = max((len(mark.text) for mark in shown), default=0)
    for mark in shown:
        span = f"at {mark.first_s:.3f} s"
        if mark.n > 1:
            span = f"from {mark.first_s:.3f} to {mark.last_s:.3f} s"
        yield f"{noun} {mark.text:{min(width, 40)}}  {mark.n:4} x, {span}"
    if n_more := len(inside.marks) - len(shown):
        yield f"and {counted(n_more, f'more {noun}')}, in --json"


def _json(finding: Finding, inside: Contents | None) -> str:
    about = dataclasses.asdict(finding)
    if inside is not None:
        marks = [mark._asdict() for mark in inside.marks]
        about |= {"channels": inside.channels, "marks": marks}
    return json_text(about)
