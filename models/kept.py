"""What a training may need again, as a file: whole, or not believed.

A file holds one row per array. It makes a claim of what it was made from, and a file that claims
anything else, or whose content is not to the last bit what was written, counts as not there. So
nothing that is found here has to be trusted, and deleting it costs time only.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from featpipe.errors import ReadError
from featpipe.tables import publish, read_metadata, read_table, with_metadata
from models.parts import Kept

_FACTS = "facts"
_JSON = "json"


def write_kept(kept: Kept, path: Path, claim: Mapping[str, Any], staging: Path) -> None:
    """Publish arrays and facts; the file that was there before is replaced.

    Parameters
    ----------
    kept : Kept
        What to write.
    path : Path
        Where.
    claim : mapping
        All it depends on, as JSON can hold it.
    staging : Path
        Folder for the unfinished file, on the file system of `path`.
    """
    arrays = {name: np.asarray(array, order="C") for name, array in kept.arrays.items()}
    rows = [(name, a.dtype.str, json.dumps(a.shape), a.tobytes()) for name, a in arrays.items()]
    rows.append((_FACTS, _JSON, "null", json.dumps(kept.facts).encode()))
    names, kinds, shapes, data = zip(*rows, strict=True)
    table = pa.table(
        {"name": names, "dtype": kinds, "shape": shapes, "data": pa.array(data, pa.large_binary())}
    )
    publish(with_metadata(table, {**claim, "content": _digest(rows)}), path, staging)


def read_kept(path: Path, claim: Mapping[str, Any]) -> Kept | None:
    """Read what `write_kept` wrote.

    Parameters
    ----------
    path : Path
        Where.
    claim : mapping
        What it has to have been made from.

    Returns
    -------
    Kept or None
        The same to the last bit. None where the file is absent, damaged, or claims something else.
    """
    try:
        stored = read_metadata(path)
        columns = read_table(path).to_pydict()
        rows = list(zip(*(columns[c] for c in ("name", "dtype", "shape", "data")), strict=True))
        if stored != json.loads(json.dumps({**claim, "content": _digest(rows)})):
            return None
        *arrays, (_, _, _, facts) = rows
        return Kept(
            {
                name: np.frombuffer(data, kind).reshape(json.loads(shape))
                for name, kind, shape, data in arrays
            },
            json.loads(facts),
        )
    except (ReadError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # whatever a damaged file makes of itself, it is of no use


def _digest(rows: list[tuple[str, str, str, bytes]]) -> str:
    """Cover everything: checksums of Parquet's pages leave the footer out."""
    state = hashlib.sha256()
    for name, kind, shape, data in rows:
        state.update(json.dumps([name, kind, shape, len(data)]).encode())
        state.update(data)
    return state.hexdigest()
