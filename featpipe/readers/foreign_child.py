"""A child process: opens a foreign file and writes its arrays as .npy files into a folder.

Not imported by anything: `featpipe.readers.foreign` runs this file. scipy's MATLAB reader can end
the process that it is in, and pickles can run code; here neither can hurt anybody, and the
unpickler admits the reconstruction of arrays and plain containers only.
"""

import io
import json
import pickle
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

_MOST_NESTED = 12
_REMEDY = "copy it again; if it comes from somebody else, ask for it in another form"


class RefusedError(Exception):
    """What the parent is told."""


def _reconstruct(kind: type, shape: tuple, typecode: bytes) -> np.ndarray:
    if kind is not np.ndarray or tuple(shape) != (0,):
        raise RefusedError(f"its pickle makes something else than arrays; {_REMEDY}")
    return np.ndarray.__new__(np.ndarray, (0,), "b")


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if encoding not in ("latin1", "latin-1"):
        raise RefusedError(f"its pickle asks for the encoding {encoding!r}; {_REMEDY}")
    return text.encode("latin1")


def _scalar(dtype: np.dtype, raw: Any = b"") -> Any:
    if dtype.hasobject:
        raise RefusedError(f"its pickle makes something else than numbers; {_REMEDY}")
    raw = raw.encode("latin1") if isinstance(raw, str) else raw
    return np.frombuffer(raw, dtype, 1)[0]


_ADMITTED = {("numpy", "ndarray"): np.ndarray, ("numpy", "dtype"): np.dtype}
_ADMITTED |= {
    (f"numpy.{core}.multiarray", name): function
    for core in ("core", "_core")
    for name, function in (("_reconstruct", _reconstruct), ("scalar", _scalar))
}
_ADMITTED[("_codecs", "encode")] = _encode


class _Unpickler(pickle.Unpickler):
    """Admits what arrays of numbers and text are made of."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise RefusedError(
                f"its pickle asks for {module}.{name}, which may run code; {_REMEDY}"
            )
        return _ADMITTED[module, name]


def unpickled(content: bytes) -> Any:
    """Load a pickle that holds arrays, numbers, text and plain containers only."""
    return _Unpickler(io.BytesIO(content), encoding="latin1").load()


class _Skipping:
    """A file of which blocks beyond a length are passed over: zeros stand for them.

    A pickle of 100 MB may hold an array of a kilobyte that is all that is wanted.
    """

    def __init__(self, file: BinaryIO, longest: int) -> None:
        self.file, self.longest, self.n_bytes = file, longest, file.seek(0, io.SEEK_END)
        file.seek(0)

    def readline(self) -> bytes:
        return self.file.readline()

    def read(self, n: int = -1) -> bytes:
        if n <= self.longest or self.file.tell() + n > self.n_bytes:
            return self.file.read(n)
        self.file.seek(n, io.SEEK_CUR)
        return bytes(n)

    def readinto(self, buffer: memoryview) -> int:
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)


def _pickled(path: Path, n_bytes: int) -> Any:
    """Load a pickle; arrays of more than n_bytes, which nobody will be given, may be zeros."""
    with path.open("rb") as file:
        try:
            # in text an array takes up to twice its bytes
            return _Unpickler(_Skipping(file, 4 * n_bytes), encoding="latin1").load()
        except RefusedError:
            raise
        except Exception:  # of text, how many bytes it has cannot be told without reading it
            file.seek(0)
            return _Unpickler(file, encoding="latin1").load()


def _matlab(path: Path, is_wanted: Callable[[str], Any]) -> dict[str, Any]:
    """Load a MATLAB 5 file; of numbers that are not wanted the shape alone."""
    from scipy.io import loadmat, whosmat  # a third of a second, which pickles do not need

    listed = whosmat(path)
    containers = ("cell", "struct", "object", "opaque", "unknown")
    names = [name for name, _, kind in listed if kind in containers or is_wanted(name)]
    found = loadmat(path, variable_names=names) if names else {}
    return {name: found.get(name, np.broadcast_to(np.zeros(1), shape)) for name, shape, _ in listed}


def opened(path: Path, is_wanted: Callable[[str], Any], n_bytes: int) -> dict[str, Any]:
    """Return the top-level content of a file by name."""
    with path.open("rb") as file:
        head = file.read(128)
    if head.startswith(b"MATLAB 7.3") or head.startswith(b"\x89HDF"):
        raise RefusedError("MATLAB 7.3 is not read; save it with -v7 in MATLAB")
    if head.startswith(b"MATLAB 5.0"):
        return _matlab(path, is_wanted)
    if head.startswith(b"PK"):
        with np.load(path, allow_pickle=False) as parts:
            return {name: _member(parts, name) for name in parts.files}
    if head.startswith(b"\x93NUMPY"):
        return {"": np.load(path, allow_pickle=False)}
    content = _pickled(path, n_bytes)
    return content if isinstance(content, dict) else {"": content}


def _member(parts: Any, name: str) -> Any:
    try:
        return parts[name]
    except ValueError:  # an array of objects is a pickle behind a header
        content = parts.zip.read(f"{name}.npy")
        stream = io.BytesIO(content)
        version = np.lib.format.read_magic(stream)
        reader = np.lib.format.read_array_header_1_0
        (reader if version == (1, 0) else np.lib.format.read_array_header_2_0)(stream)
        return _Unpickler(stream, encoding="latin1").load()


def flat(value: Any, name: str, depth: int = 0) -> Iterator[tuple[str, np.ndarray]]:
    """Yield name and array of every leaf."""
    if depth > _MOST_NESTED:
        raise RefusedError(f"it is nested deeper than {_MOST_NESTED}; {_REMEDY}")
    if isinstance(value, np.ndarray) and value.dtype.kind == "S" and value.ndim == 0:
        value = value.item()
    if isinstance(value, bytes) and value[:1] == b"\x80":
        value = unpickled(value)
    if isinstance(value, np.ndarray) and value.dtype.names:
        items = list(value.ravel())
        for i, item in enumerate(items):
            for field in value.dtype.names:
                inner = f"{name}/{field}" if len(items) == 1 else f"{name}/{i}/{field}"
                yield from flat(item[field], inner, depth + 1)
    elif isinstance(value, np.ndarray) and value.dtype == object:
        if value.ndim == 0:
            yield from flat(value.item(), name, depth + 1)
            return
        for i, item in enumerate(value.ravel()):
            yield from flat(item, f"{name}/{i}", depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from flat(item, f"{name}/{key}" if name else str(key), depth + 1)
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from flat(item, f"{name}/{i}" if name else str(i), depth + 1)
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biufcU":
        yield name, value
    elif isinstance(value, bool | int | float | str | np.generic):
        yield name, np.asarray(value)
    elif isinstance(value, bytes):
        yield name, np.asarray(value.decode("latin1"))


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Write the arrays that are wanted; return their names, or why not; and shapes."""
    wanted, shaped = re.compile(request["wanted"]), re.compile(request["shaped"])
    names, shapes, n_bytes = [], {}, 0
    try:
        content = opened(Path(request["path"]), wanted.fullmatch, request["n_bytes"])
        for top, value in content.items():
            for name, array in flat(value, top):
                if shaped.fullmatch(name):
                    shapes[name] = array.shape
                if not wanted.fullmatch(name):
                    continue
                n_bytes += array.nbytes
                if n_bytes > request["n_bytes"]:
                    raise RefusedError(
                        f"its arrays have over {request['n_bytes']} bytes; {_REMEDY}"
                    )
                target = Path(request["folder"], f"{len(names)}.npy")
                np.save(target, array, allow_pickle=False)
                names.append(name)
    except RefusedError as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": f"it asks for more memory than is allowed; {_REMEDY}"}
    except Exception as error:  # damaged files fail in as many ways as there are parsers
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        return {"refused": f"it is damaged ({what}); copy it again"}
    return {"names": names, "shapes": shapes}


def _limit_memory(n_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: only the time limit of the parent holds
        return
    resource.setrlimit(resource.RLIMIT_AS, (n_bytes, n_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    _limit_memory(asked["memory"])
    json.dump(answer(asked), sys.stdout)
