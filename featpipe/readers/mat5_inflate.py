"""A MATLAB 5 file with its compressed variables inflated, within limits and checked.

The walk does not enter what is compressed, and scipy inflates whatever it is given. Here the size
that a variable declares is compared with the limit first, and no more than that is inflated.
"""

import struct
import zlib
from pathlib import Path

from featpipe.errors import ReadError
from featpipe.readers.mat5_walk import COMPRESSED, HEAD_BYTES, byte_order, variables


def inflated(path: Path, max_bytes: int) -> bytes:
    """Return a MATLAB 5 file without compression, sound in every size and type.

    Parameters
    ----------
    path : Path
        The file.
    max_bytes : int
        Most bytes, before and after.

    Returns
    -------
    bytes
        Fit for `scipy.io.loadmat`.

    Raises
    ------
    ReadError
        When it is larger than that, or broken; the message does not repeat the path.
    """
    if path.stat().st_size > max_bytes:
        raise ReadError(f"{path.stat().st_size} bytes: no table of eye events is that large")
    content = path.read_bytes()
    order, parts, room = byte_order(content), [content[:HEAD_BYTES]], max_bytes
    for variable in variables(content):
        part = content[variable.start : variable.stop]
        if variable.kind == COMPRESSED:
            part = _inflate(part, order, room)
        else:
            part = struct.pack(f"{order}II", variable.kind, len(part)) + part
        parts.append(part.ljust(-(-len(part) // 8) * 8, b"\0"))
        room -= len(part)
    whole = b"".join(parts)
    for _ in variables(whole):
        pass
    return whole


def _inflate(packed: bytes, order: str, room: int) -> bytes:
    """Inflate one variable; its first 8 bytes say how many follow."""
    stream = zlib.decompressobj()
    try:
        tag = stream.decompress(packed, 8)
        n_bytes = struct.unpack(f"{order}II", tag)[1] if len(tag) == 8 else 0
        if n_bytes > room:
            raise ReadError(
                f"a variable would inflate to {n_bytes} bytes: eye events are far fewer"
            )
        rest = stream.decompress(stream.unconsumed_tail, n_bytes + 1)
    except zlib.error as error:
        raise ReadError(f"a compressed variable is damaged ({error}); copy it again") from error
    if len(rest) != n_bytes or not stream.eof:
        raise ReadError("a compressed variable is not as long as it says; copy the file again")
    return tag + rest
