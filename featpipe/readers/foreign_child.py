"""A child process: opens foreign files and writes their arrays, end to end, into a folder.

`featpipe.readers.foreign` runs this module. The readers that it uses call nothing that a file asks
for and believe nothing that it declares; the process is the second wall: it has limits of memory
and time, and starts, connects to and writes nothing beside its folder.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.foreign_kinds import (
    ANSWERS,
    BEGUN,
    HEAD_BYTES,
    NOTHING,
    foreign_kind,
    text_beginning,
)
from featpipe.readers.foreign_leaf import REMEDY, Effort, Leaf, Terms
from featpipe.readers.foreign_tree import tree_leaves
from featpipe.readers.foreign_walls import (
    end_with_parent,
    limit_memory,
    limit_time,
    refuse_harm,
)
from featpipe.readers.mat5_content import mat5_leaves
from featpipe.readers.npy_content import npy_leaves, npz_leaves
from featpipe.readers.pickle_content import read_pickle
from featpipe.regular_files import open_file


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Write the arrays of a file that are wanted.

    Parameters
    ----------
    request : dict
        "path"; "wanted" and "shaped", regular expressions for whole flat names, with their
        "flags"; "n_bytes", the most that the wanted may take, and "memory", that of the process;
        "target", the file to write their numbers into, one array behind the other.

    Returns
    -------
    dict
        "arrays", in that order, each as name, place in bytes, type, shape and whether columns come
        first; and "shapes" by name. Or "refused" with the reason.
    """
    try:
        return _written(request)
    except ReadError as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": f"it asks for more memory than is allowed; {REMEDY}"}
    except Exception as error:  # damaged files fail in as many ways as there are parsers
        what = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        return {"refused": f"it is damaged ({what}); copy it again"}


def _written(request: dict[str, Any]) -> dict[str, Any]:
    wanted, shaped = (
        re.compile(request[what], flags)
        for what, flags in zip(("wanted", "shaped"), request["flags"], strict=True)
    )
    can_be = [could_begin(wanted), could_begin(shaped)]
    is_of_use = lambda name: any(could(name) for could in can_be)  # noqa: E731
    terms = Terms(Effort(), request["memory"] * 2 // 3, is_of_use)
    arrays, given, n_bytes, at = [], {}, 0, 0
    written: dict[Callable[[], np.ndarray], tuple] = {}  # what a pickle refers to again, once
    with Path(request["target"]).open("wb") as target:
        for leaf in leaves(Path(request["path"]), terms):
            is_wanted, is_shaped = wanted.fullmatch(leaf.name), shaped.fullmatch(leaf.name)
            if not (is_wanted or is_shaped):
                continue
            if leaf.name in given:
                raise ReadError(f"two arrays in it are called {leaf.name!r}; {REMEDY}")
            given[leaf.name] = leaf.shape if is_shaped else None
            if is_wanted and leaf.make not in written:
                n_bytes += leaf.n_bytes
                if n_bytes > request["n_bytes"]:
                    raise ReadError(f"its arrays have over {request['n_bytes']} bytes; {REMEDY}")
                array = leaf.make()
                written[leaf.make] = (at, *_write(array, target))
                at += array.nbytes
            if is_wanted:
                arrays.append((leaf.name, *written[leaf.make]))
    shapes = {name: shape for name, shape in given.items() if shape is not None}
    return {"arrays": arrays, "shapes": shapes}


def _write(array: np.ndarray, target: BinaryIO) -> tuple[str, tuple[int, ...], bool]:
    """Append the numbers of an array to a file."""
    by_column = array.flags.f_contiguous and not array.flags.c_contiguous
    try:
        (array.T if by_column else np.ascontiguousarray(array)).tofile(target)
    except OSError as error:
        raise ReadError(
            f"its arrays cannot be written to {target.name} ({error.strerror or error}); make room "
            "there, or name another folder in TMPDIR"
        ) from error
    return array.dtype.str, array.shape, by_column


def leaves(path: Path, terms: Terms) -> Iterator[Leaf]:
    """Yield the arrays of a file, whatever it is called.

    Parameters
    ----------
    path : Path
        A MATLAB 5, .npz, .npy or pickle file.
    terms : Terms
        What it may cost.

    Yields
    ------
    Leaf

    Raises
    ------
    ReadError
        When it is something else or damaged; the message does not repeat the path.
    """
    with open_file(path) as file:
        head = file.read(HEAD_BYTES)
        kind = foreign_kind(head)
        if kind == "mat5":
            yield from mat5_leaves(path, terms)
        elif kind == "npz":
            yield from npz_leaves(path, terms)
        elif kind == "npy":
            yield from npy_leaves(path, terms)
        else:
            file.seek(0)
            try:
                content = read_pickle(file, terms.effort)
            except ReadError as error:
                if text := text_beginning(head):
                    raise ReadError(
                        f"it is text that begins {text!r}, no array in it ({error})"
                    ) from error
                raise
            yield from tree_leaves(content, "", terms)


def could_begin(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    """Return a test of names: whether what matches could have that name or begin with it.

    Parameters
    ----------
    pattern : re.Pattern
        For whole flat names.

    Returns
    -------
    callable
        (name) -> bool. What is before the first "/" of the pattern tells, unless something in it
        could match a "/" too or stands on one side of a "|": then every name could.
    """
    first = pattern.pattern.split("/")[0]
    plain = re.sub(r"\\[dws.]|\[[\w\-]+\]|\(\?:|[\w\- ]|[(){}?*+,]", "", first)
    if pattern.pattern == NOTHING:
        return lambda name: False
    if plain or "|" in pattern.pattern:
        return lambda name: True
    try:
        test = re.compile(first, pattern.flags)
    except re.error:
        return lambda name: True
    return lambda name: test.fullmatch(name.split("/")[0]) is not None


def main(answer: Callable[[dict[str, Any]], dict[str, Any]] = answer) -> None:
    """Answer the request that comes in by standard input into the folder that it names.

    Parameters
    ----------
    answer : callable
        What is done for each file of the request.
    """
    with open(0, "rb", buffering=0, closefd=False) as pipe:  # nothing may be read ahead of need
        asked = json.loads(_line(pipe))
        folder = Path(asked["folder"])
        limit_memory(asked["memory"], asked["n_bytes"])
        limit_time(asked["seconds"])
        refuse_harm(folder)
        end_with_parent(pipe, folder)
        Path(folder, BEGUN).touch()
        answers = [answer(asked | request) for request in asked["files"]]
        Path(folder, ANSWERS).write_text(json.dumps(answers), encoding="ascii")


def _line(pipe: BinaryIO) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        part = pipe.read(1 << 16)
        if not part:
            raise EOFError("the request ends before its line does")
        line += part
    return line


if __name__ == "__main__":
    main()
