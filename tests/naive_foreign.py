"""Foreign files as people have them, and the same with a few bytes changed.

Run as a script, it reads hundreds of changed files in one process with the limits of the child.
"""

import faulthandler
import io
import json
import pickle
import random
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from featpipe.readers.foreign_child import answer, limit_memory, refuse_harm

RAW = np.arange(24.0).reshape(2, 3, 4)
LABELS = np.array([[1.5, 2.5], [3.5, 4.5]])


def python_2(content: dict[str, np.ndarray]) -> bytes:
    """A dict of arrays as Python 2 and NumPy 1 pickled it (protocol 2, text as bytes)."""
    items = b"".join(_short(name.encode()) + _array_2(array) for name, array in content.items())
    return b"\x80\x02}q\x01(" + items + b"u."


def _short(text: bytes) -> bytes:
    return b"U" + bytes([len(text)]) + text


def _array_2(array: np.ndarray) -> bytes:
    sizes = b"(" + b"".join(b"J" + struct.pack("<i", size) for size in array.shape) + b"t"
    dtype = b"cnumpy\ndtype\n" + _short(array.dtype.str[1:].encode()) + b"K\x00K\x01\x87R"
    dtype += b"(K\x03" + _short(b"<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    raw = array.tobytes()
    blank = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    return blank + b"(K\x01" + sizes + dtype + b"\x89T" + struct.pack("<i", len(raw)) + raw + b"tb"


def sound(form: str) -> bytes:
    """A small file of each format, as the public data sets have them."""
    stream = io.BytesIO()
    cells = np.empty((3, 1), object)
    cells[:, 0] = [np.ones((4, 2)), np.empty((0, 0)), np.ones((1, 2))]
    matlab = {"ww_eeg1": RAW[0], "Eye_Pupil": cells, "about": {"name": "µV", "n": [1, 2]}}
    bands = {0: RAW, 1: RAW[:1], "label": LABELS}
    if form in ("mat", "mat_compressed"):
        from scipy.io import savemat  # half a second

        savemat(stream, matlab | {"z": RAW * 1j}, do_compression=form == "mat_compressed")
    elif form == "npz":
        np.savez(stream, data=pickle.dumps(bands), label=LABELS, more=np.array(bands, object))
    elif form == "pickle":
        stream.write(pickle.dumps({"train_data_eye": RAW[0], "test_data_eye": RAW[1], "n": [1, 2]}))
    elif form == "dat":
        stream.write(python_2({"labels": LABELS, "data": RAW}))
    else:
        np.save(stream, RAW)
    return stream.getvalue()


def changed(content: bytes, n_files: int, seed: int = 0) -> Iterator[bytes]:
    """Yield a file cut, flipped, overwritten, lengthened or with huge sizes, mostly at its head."""
    chance = random.Random(seed)
    blocks = [b"\xff" * 8, bytes(16), b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80", bytes(64)]
    for i in range(n_files):
        at = chance.randrange(min(len(content), 700) if chance.random() < 0.6 else len(content))
        other = bytearray(content)
        if i % 5 == 0:
            del other[at:]
        elif i % 5 == 1:
            other[at] ^= 1 << chance.randrange(8)
        elif i % 5 == 2:
            for _ in range(4):
                other[chance.randrange(len(other))] = chance.randrange(256)
        elif i % 5 == 3:
            block = chance.choice(blocks)
            other[at : at + len(block)] = block
        else:
            start = chance.randrange(len(other))
            other[at:at] = other[start : start + chance.randrange(1, 40)]
        yield bytes(other)


def read_changed(form: str, folder: Path, n_files: int, memory: int) -> dict[str, int]:
    """Read changed files one after the other; a file that takes 10 s ends the process."""
    asked = {
        "memory": memory, "n_bytes": 1 << 20, "wanted": ".*", "shaped": ".*", "flags": [0, 0],
    }  # fmt: skip
    limit_memory(memory, 1 << 20)
    refuse_harm(folder)
    n_read = n_refused = 0
    for i, content in enumerate(changed(sound(form), n_files)):
        path = folder / f"changed_{i}"  # a new name: overwriting waits for the disk
        path.write_bytes(content)
        faulthandler.dump_traceback_later(10, exit=True)
        found = answer(asked | {"path": str(path), "target": str(folder / f"{i}.arrays")})
        n_read, n_refused = n_read + ("arrays" in found), n_refused + ("refused" in found)
    return {"n_read": n_read, "n_refused": n_refused}


if __name__ == "__main__":
    faulthandler.enable()
    found = read_changed(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), 1 << 30)
    sys.stdout.write(json.dumps(found))
