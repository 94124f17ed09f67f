"""Files that say what they are and hold the checksum of all of their own content.

Of a model folder `model.json` is such text as a whole, and `model.safetensors` has it in its
header, under the key `featpipe`. Both are read here without torch or safetensors, by whoever wants
to know what a file was made from.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from featpipe.errors import ReadError
from featpipe.regular_files import content_of

OPEN = "0" * 64
"""Stands where the checksum goes while it is computed."""

KEY = "featpipe"
"""Of the header of a safetensors file."""

TENSORS = ".safetensors"

OF_MODEL = ("model.safetensors", "model.json")
"""The files of a model folder that say what they are."""

MOST_BYTES, MOST_DESCRIBED = 4 << 30, 16 << 20
"""Larger files are no weights and no descriptions of ours."""


def seal(content: bytes) -> bytes:
    """Put the checksum of a content where `OPEN` stands in it for the first time."""
    return content.replace(OPEN.encode(), sha256(content).hexdigest().encode(), 1)


def require_sealed(content: bytes, said: dict[str, Any], path: Path) -> None:
    """Refuse a content that is not, to the last bit, what was sealed.

    Parameters
    ----------
    content : bytes
        All of the file.
    said : dict
        What it says of itself, from `said_in`.
    path : Path
        For the message.

    Raises
    ------
    ReadError
        When a bit differs, or it was never sealed.
    """
    checksum = str(said.get("checksum", "")).encode()
    as_open = content.replace(checksum, OPEN.encode(), 1) if len(checksum) == len(OPEN) else b""
    if sha256(as_open).hexdigest().encode() != checksum:
        raise ReadError(
            f"{path}: its content is not as it was written: copy the folder again, or train again"
        )


def said_in(content: bytes, path: Path) -> dict[str, Any]:
    """Return what a file of a model folder says of itself, whether or not that is true.

    Parameters
    ----------
    content : bytes
        All of the file.
    path : Path
        Its name tells how to read it.

    Raises
    ------
    ReadError
        When nothing of ours is there.
    """
    try:
        text: Any = content
        if path.suffix == TENSORS:
            n_header = int.from_bytes(content[:8], "little")
            text = json.loads(content[8 : 8 + n_header])["__metadata__"][KEY]
        said = json.loads(text)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReadError(f"{path}: no model can be read there: {error}") from error
    if not isinstance(said, dict):
        raise ReadError(f"{path}: it describes no model: expected an object with a format")
    return said


def read_said(path: Path) -> dict[str, Any]:
    """Read what a whole file of a model folder says of itself.

    Raises
    ------
    ReadError
        When it cannot be read, or a bit of it is not as it was written.
    """
    content = content_of(path, MOST_BYTES if path.suffix == TENSORS else MOST_DESCRIBED)
    said = said_in(content, path)
    require_sealed(content, said, path)
    return said
