"""What runs have asked for and published since the manifest was written, line by line.

A run that is killed leaves it behind: the next one knows by it what was finished, and `verify` that
a run was cut off. It is part of the next manifest, and gone with it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from featpipe.publishing import Published, refused
from featpipe.regular_files import content_of, is_regular
from pipelines.inner_names import kept_within, leads_out
from pipelines.marks import MOST_BYTES, Marks, marks_of
from pipelines.sending import send


class Asked(NamedTuple):
    """What a run asked a step for.

    Attributes
    ----------
    step : str
    units : mapping
        Unit -> names of its outputs.
    is_whole : bool
        That is all the step is asked for; else what was asked for before still counts.
    """

    step: str
    units: Mapping[str, Sequence[str]]
    is_whole: bool


class Noted(NamedTuple):
    """A file that was published, and the marks by which it is known to be untouched."""

    file: Published
    marks: Marks


class Journal(NamedTuple):
    """What happened since the manifest was written.

    Attributes
    ----------
    asked : tuple of Asked
        In the order of the runs.
    files : mapping of str to Noted
        By name within the output folder.
    strays : tuple of str
        Names that lead out of it: they count for nothing.
    is_cut_off : bool
        Another process than this one asked, and wrote no manifest: it was cut off, or is at work.
        It may have published what it had no time to note.
    """

    asked: tuple[Asked, ...] = ()
    files: Mapping[str, Noted] = {}
    strays: tuple[str, ...] = ()
    is_cut_off: bool = False


_RUN = uuid4().hex
"""Tells what this process asks for from what another one did."""


def begin(out: Path, asked: Asked) -> None:
    """Note what a step is asked for, before any of it is done."""
    _append(out, {"asked": asked, "run": _RUN})


def note(out: Path, files: Mapping[str, Published]) -> None:
    """Note files that were published, and send them where the folder is of a store.

    Those outside the folder are nobody's business.

    Parameters
    ----------
    out : Path
        Output root.
    files : mapping of str to Published
        By path.
    """
    for name, about in files.items():
        path = Path(name)
        marks = marks_of(path)
        inner = path.relative_to(out).as_posix() if path.is_relative_to(out) else ""
        if marks is not None and not leads_out(inner):
            _append(out, {"name": inner, "file": about, "marks": marks})
            send(out, {path: about})


def read_journal(out: Path) -> Journal:
    """Read what was noted; a line that a kill cut short says nothing."""
    asked, files, strays, is_cut_off = [], {}, [], False
    for line in _lines(out):
        try:
            if "asked" in line:
                step, units, is_whole = line["asked"]
                strays += [name for names in units.values() for name in names if leads_out(name)]
                within = {
                    unit: [name for name in names if not leads_out(name)]
                    for unit, names in units.items()
                }
                asked.append(Asked(str(step), within, bool(is_whole)))
                is_cut_off |= line.get("run") != _RUN
            else:
                files[line["name"]] = Noted(Published(*line["file"]), Marks(*line["marks"]))
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
    files, strays = kept_within(files, strays)
    return Journal(tuple(asked), files, strays, is_cut_off)


def is_begun(out: Path) -> bool:
    """Tell whether a run has begun whose work no manifest lists yet."""
    return _place(out).exists()


def close(out: Path) -> None:
    """Forget what was noted: the manifest says it now."""
    _place(out).unlink(missing_ok=True)


def _append(out: Path, line: Mapping[str, Any]) -> None:
    text = "\n" + json.dumps(line) + "\n"  # what stands before may have been cut short
    try:
        _place(out).parent.mkdir(parents=True, exist_ok=True)
        if _place(out).is_symlink() or not (_place(out).is_dir() or is_regular(_place(out))):
            _place(out).unlink(missing_ok=True)  # a link or pipe is not written through
        with _place(out).open("a", encoding="ascii") as stream:
            stream.write(text)
    except OSError as error:
        raise refused(error, _place(out), len(text)) from error


def _lines(out: Path) -> Iterator[dict[str, Any]]:
    try:
        text = content_of(_place(out), MOST_BYTES).decode("ascii")
    except (OSError, ValueError):
        return
    for row in text.splitlines():
        try:
            line = json.loads(row)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict):
            yield line


def _place(out: Path) -> Path:
    return out / ".cache" / "journal.jsonl"
