"""Print what `featpipe scan` finds."""

import dataclasses
import json
import logging
from collections.abc import Sequence
from pathlib import Path

import click

from featpipe.errors import ReadError
from featpipe.readers.eye_csv_settings import EyeCsv
from featpipe.scanning import Finding, scan
from pipelines.exits import DONE, INPUT, SOME_FAILED

COLUMNS = (
    "status",
    "format",
    "subject",
    "session",
    "rate",
    "channels",
    "length",
    "triggers",
    "file",
)


def print_scan(paths: Sequence[Path], as_json: bool, csv: EyeCsv | None = None) -> int:
    """Print one line per recording as it is found.

    Parameters
    ----------
    paths : sequence of Path
        Files and folders.
    as_json : bool
        One object per line, instead of a table.
    csv : EyeCsv or None
        How tables of eye samples of no known format are to be read.

    Returns
    -------
    int
        0 when every recording can be used, 3 when some cannot, 2 when none can.
    """
    for path in paths:
        if not path.exists():
            raise ReadError(f"{path}: no such file or folder")
    logging.getLogger("featpipe").setLevel(logging.ERROR)  # the reasons stand in the table
    n_found, n_bad, n_lost = 0, 0, 0
    if not as_json:
        click.echo(_line(COLUMNS))
    for finding in scan(paths, csv):
        n_found += 1
        n_bad += finding.status != "ok"
        n_lost += finding.status in ("truncated", "corrupt")
        click.echo(_json(finding) if as_json else _line(_cells(finding)))
        if finding.reason and not as_json:
            click.echo(f"{'':11}{finding.reason}")
    if not as_json:
        click.echo(f"{n_found} recordings, {n_bad} not sound", err=True)
        if not n_found:
            click.echo("no file of a known format; `featpipe list readers` shows them", err=True)
    if n_found == n_lost:
        return INPUT
    return SOME_FAILED if n_lost else DONE


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
        str(finding.path),
    )


def _line(cells: Sequence[str]) -> str:
    widths = (10, 14, 8, 8, 9, 8, 10, 8, 0)
    return " ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _json(finding: Finding) -> str:
    return json.dumps(dataclasses.asdict(finding), default=str, ensure_ascii=False)
