"""`manifest.json`: every published file with its checksum, and what the last runs asked for.

The file is its content in one spelling, and holds the checksum of that: flip a bit of it, and it is
either another content or another spelling.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from featpipe import __version__
from featpipe.errors import ReadError
from featpipe.publishing import Published, write_text
from featpipe.regular_files import content_of
from featpipe.schema import SCHEMA_VERSION
from pipelines.inner_names import kept_within, leads_out
from pipelines.marks import MOST_BYTES

NAME = "manifest.json"

_EARLIER = {"featpipe", "files", "schema_version"}
"""What the manifest of earlier versions held: files alone, and no checksum of its own."""

Expected = Mapping[str, Mapping[str, Sequence[str]]]
"""Step -> unit -> names of its outputs, as they were asked for."""


class Manifest(NamedTuple):
    """What an output folder holds and was asked for. Names are relative to the folder.

    Attributes
    ----------
    files : mapping of str to Published
        Every published file.
    expected : mapping
        Which outputs the last run of each step asked for, unit by unit.
    defect : str
        Why it cannot be relied on, or "".
    strays : tuple of str
        Names in it that lead out of the folder: they count for nothing.
    """

    files: Mapping[str, Published]
    expected: Expected
    defect: str = ""
    strays: tuple[str, ...] = ()


def read_manifest(out: Path) -> Manifest:
    """Read the manifest of an output folder; once per process while the file is untouched."""
    path = out / NAME
    try:
        found = path.stat()
    except OSError:
        return Manifest({}, {}, "it is not there")
    return _read(path, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def write_manifest_file(manifest: Manifest, out: Path) -> None:
    """Write the manifest, unless the file says the same already."""
    content = {
        "expected": manifest.expected,
        "featpipe": __version__,
        "files": {name: about._asdict() for name, about in manifest.files.items()},
        "schema_version": SCHEMA_VERSION,
    }
    text = _spell(content | {"checksum": _checksum(content)})
    try:
        if content_of(out / NAME, MOST_BYTES) == text.encode():
            return
    except (OSError, ReadError):
        pass  # not there yet, or no file
    write_text(text, out / NAME, out / ".staging")


@lru_cache(maxsize=8)
def _read(path: Path, *_: int) -> Manifest:
    try:
        text = content_of(path, MOST_BYTES).decode("ascii")
        content = json.loads(text)
        files = {name: _published(**about) for name, about in content["files"].items()}
        files, strays = kept_within(files, _names_asked(content.get("expected", {})))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        why = str(error).removeprefix(f"{path}: ") or type(error).__name__
        return Manifest({}, {}, f"it cannot be read ({why})")
    if content.keys() == _EARLIER:
        why = "it is of an earlier version, which had no checksum of its own"
        return Manifest(files, {}, why, strays)
    rest = {key: value for key, value in content.items() if key != "checksum"}
    if content.get("checksum") != _checksum(rest) or text != _spell(content):
        return Manifest({}, {}, "it was changed after it was written")
    return Manifest(files, _within(content["expected"]), strays=strays)


def _published(rows: Any, bytes: Any, sha256: Any) -> Published:
    if not (isinstance(rows, int) and isinstance(bytes, int) and isinstance(sha256, str)):
        raise TypeError("rows, bytes and sha256 of a file are no numbers and text")
    return Published(rows, bytes, sha256)


def _names_asked(expected: Any) -> Iterator[Any]:
    for units in expected.values():
        for names in units.values():
            if not isinstance(names, list):
                raise TypeError("the names of what was asked for are no list")
            yield from names


def _within(expected: Expected) -> Expected:
    return {
        step: {unit: [n for n in names if not leads_out(n)] for unit, names in units.items()}
        for step, units in expected.items()
    }


def _checksum(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(_spell(content).encode()).hexdigest()


def _spell(content: Mapping[str, Any]) -> str:
    """Write JSON in the one way that counts: sorted, a file or unit per line."""
    return _lines(content, 3) + "\n"


def _lines(value: Any, depth: int) -> str:
    is_record = isinstance(value, dict) and not any(
        isinstance(x, dict | list) for x in value.values()
    )
    if depth == 0 or not isinstance(value, dict) or not value or (is_record and depth < 3):
        return json.dumps(value, sort_keys=True)  # ASCII: any other byte is damage
    rows = (f"{json.dumps(key)}: {_lines(value[key], depth - 1)}" for key in sorted(value))
    return "{\n" + ",\n".join(rows) + "\n}"
