"""What a pickle holds, read without loading it.

A pickle is a program for a machine with a stack. Here its instructions are carried out only as far
as they put arrays, numbers, text and plain containers together: nothing is imported, nothing that
the file names is called, and an instruction that is not in the tables below ends the reading. Which
functions NumPy asks for is in its own `__reduce__`; the instructions are in `pickletools`.
"""

import codecs
import io
import pickletools
import struct
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.foreign_leaf import REMEDY, Effort, joined
from featpipe.readers.pickled_arrays import (
    Admitted,
    Block,
    PickledType,
    admitted,
    build,
    made,
    text_of,
)

_INLINE = 1 << 16  # bytes; longer blocks stay in the file until somebody wants them


class _Machine(NamedTuple):
    file: BinaryIO
    n_bytes: int
    stack: list[Any]
    marks: list[int]
    memo: dict[int, Any]


_CODES = {op.code.encode("latin1"): op for op in pickletools.opcodes}
_PUSHED = set(
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 STRING BINSTRING SHORT_BINSTRING BINBYTES "
    "SHORT_BINBYTES BINBYTES8 BYTEARRAY8 UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8 FLOAT "
    "BINFLOAT".split()
)
_MADE: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False,
    "EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "EMPTY_DICT": dict,
}  # fmt: skip
_SHORT = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_WHY = {
    "EXT1": "a registered extension", "EXT2": "a registered extension",
    "EXT4": "a registered extension", "PERSID": "an object outside of the file",
    "BINPERSID": "an object outside of the file", "INST": "an object of a class",
    "OBJ": "an object of a class", "NEWOBJ": "an object of a class",
    "NEWOBJ_EX": "an object of a class", "NEXT_BUFFER": "numbers outside of the file",
    "READONLY_BUFFER": "numbers outside of the file",
    "EMPTY_SET": "a set, which is not read", "FROZENSET": "a frozenset, which is not read",
}  # fmt: skip


def read_pickle(file: BinaryIO, effort: Effort) -> Any:
    """Return what a pickle holds.

    Parameters
    ----------
    file : binary file
        At its beginning; protocols 0 to 5, also those of Python 2.
    effort : Effort
        What it may cost.

    Returns
    -------
    object
        Made of dict, list, tuple, str, int, float, complex, bool, None, NumPy numbers,
        `PickledArray`, and `bytes` or `Block`: bytes and the text of Python 2 cannot be told apart.

    Raises
    ------
    ReadError
        When it asks for anything else, or is damaged; the message does not repeat the path.
    """
    begun = file.tell()
    machine = _Machine(file, file.seek(0, io.SEEK_END), [], [], {})
    file.seek(begun)
    try:
        while True:
            code = file.read(1)
            op = _CODES.get(code)
            if op is None:
                what = f"{code!r} is no instruction of a pickle" if code else "it is truncated"
                raise ReadError(f"it is damaged ({what}); copy it again")
            if op.name == "STOP":
                return _value(machine.stack.pop())
            _step(machine, op, _argument(machine, op, effort))
    except (IndexError, KeyError, ValueError, TypeError, OverflowError, struct.error) as error:
        if isinstance(error, ReadError):
            raise
        what = str(error).splitlines()[0][:200] if str(error) else "it ends too early"
        raise ReadError(f"it is damaged ({type(error).__name__}: {what}); copy it again") from error


def _argument(machine: _Machine, op: pickletools.OpcodeInfo, effort: Effort) -> Any:
    """Read the argument of an instruction; long bytes are passed over."""
    file = machine.file
    effort.spend()
    if op.arg is None:
        return None
    if op.name in _LENGTHS:
        return _counted(machine, op.name, effort)
    begun = file.tell()
    if op.name == "STRING":
        found = _quoted(file.readline())
        effort.spend(len(found))
        return found
    found = op.arg.reader(cast("Any", file))
    effort.spend(file.tell() - begun)
    return found


_LENGTHS = {
    "BINSTRING": "<i", "SHORT_BINSTRING": "<B", "BINBYTES": "<I", "SHORT_BINBYTES": "<B",
    "BINBYTES8": "<Q", "BYTEARRAY8": "<Q", "BINUNICODE": "<I", "SHORT_BINUNICODE": "<B",
    "BINUNICODE8": "<Q", "LONG1": "<B", "LONG4": "<i",
}  # fmt: skip


def _counted(machine: _Machine, name: str, effort: Effort) -> Any:
    """Read bytes, text or an integer whose length comes first; it is compared with the file."""
    file, form = machine.file, _LENGTHS[name]
    (n_bytes,) = struct.unpack(form, file.read(struct.calcsize(form)))
    at = file.tell()
    if not 0 <= n_bytes <= machine.n_bytes - at:
        raise ReadError(
            f"it is damaged (truncated: {n_bytes} bytes are declared at byte {at}); copy it again"
        )
    is_bytes = "UNICODE" not in name and "LONG" not in name
    if is_bytes and n_bytes > _INLINE:
        file.seek(at + n_bytes)
        return Block(file, at, n_bytes)
    effort.spend(n_bytes)
    content = file.read(n_bytes)
    if is_bytes:
        return content
    if "LONG" in name:
        return int.from_bytes(content, "little", signed=True)
    return content.decode("utf-8", "surrogatepass")


def _quoted(line: bytes) -> bytes:
    """Return the text of Python 2 between quotation marks, as it was escaped."""
    text = line.strip()
    if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in (b"'", b'"'):
        raise ReadError("it is damaged (a text without quotation marks); copy it again")
    return cast("tuple[bytes, int]", codecs.escape_decode(text[1:-1]))[0]  # pyright: ignore


def _step(machine: _Machine, op: pickletools.OpcodeInfo, argument: Any) -> None:
    """Carry out one instruction."""
    stack, marks, memo = machine.stack, machine.marks, machine.memo
    name = op.name
    if name in _PUSHED:
        stack.append(argument)
    elif name in _MADE:
        stack.append(_MADE[name]())
    elif name in _SHORT:
        n_items = _SHORT[name]
        stack.append(tuple(_popped(stack, n_items)))
    elif name == "MARK":
        marks.append(len(stack))
    elif name in ("GET", "BINGET", "LONG_BINGET"):
        stack.append(memo[argument])
    elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
        memo[argument] = stack[-1]
    elif name == "MEMOIZE":
        memo[len(memo)] = stack[-1]
    elif name in _CONTAINING:
        _CONTAINING[name](machine)
    elif name in ("GLOBAL", "STACK_GLOBAL"):
        module, wanted = argument.split(" ", 1) if argument else _popped(stack, 2)
        stack.append(admitted(text_of(module), text_of(wanted)))
    elif name == "REDUCE":
        called, arguments = _popped(stack, 2)
        stack.append(made(called, arguments))
    elif name == "BUILD":
        state = stack.pop()
        build(stack[-1], state)
    elif name not in ("PROTO", "FRAME"):
        raise ReadError(f"its pickle asks for {_WHY.get(name, name.lower())} ({name}); {REMEDY}")


def _popped(stack: list[Any], n_items: int) -> list[Any]:
    if n_items > len(stack):
        raise IndexError("its stack is empty")
    found = stack[len(stack) - n_items :]
    del stack[len(stack) - n_items :]
    return found


def _since_mark(machine: _Machine) -> list[Any]:
    """Take off the stack what was put there since the last mark."""
    return _popped(machine.stack, max(0, len(machine.stack) - machine.marks.pop()))


def _append(stack: list[Any], items: list[Any]) -> None:
    if type(stack[-1]) is not list:
        raise ReadError(f"its pickle appends to a {type(stack[-1]).__name__}; {REMEDY}")
    stack[-1] += map(_value, items)


def _set_items(stack: list[Any], items: list[Any]) -> None:
    if type(stack[-1]) is not dict:
        raise ReadError(f"its pickle sets items of a {type(stack[-1]).__name__}; {REMEDY}")
    if len(items) % 2:
        raise ReadError("it is damaged (a key without a value); copy it again")
    for key, value in zip(items[::2], items[1::2], strict=True):
        plain = text_of(key) if isinstance(key, bytes) else key
        if not isinstance(plain, str | int | float | np.generic):
            raise ReadError(f"a key in its pickle is a {type(key).__name__}; {REMEDY}")
        name = joined("", plain)  # as text: hashes of numbers can be made to collide
        if name in stack[-1]:
            raise ReadError(f"two keys of a dict in its pickle are called {name!r}; {REMEDY}")
        stack[-1][name] = _value(value)


def _value(value: Any) -> Any:
    """Return what may stand in a container: a function of NumPy that was not called may not."""
    if isinstance(value, Admitted | PickledType):
        raise ReadError(f"its pickle holds {value.name} itself, not an array; {REMEDY}")
    return value


_CONTAINING: dict[str, Callable[[_Machine], Any]] = {
    "POP": lambda machine: machine.stack.pop(),
    "DUP": lambda machine: machine.stack.append(machine.stack[-1]),
    "POP_MARK": _since_mark,
    "LIST": lambda machine: machine.stack.append([*map(_value, _since_mark(machine))]),
    "TUPLE": lambda machine: machine.stack.append(tuple(_since_mark(machine))),
    "DICT": lambda machine: _new_dict(machine),
    "APPEND": lambda machine: _append(machine.stack, _popped(machine.stack, 1)),
    "APPENDS": lambda machine: _append(machine.stack, _since_mark(machine)),
    "SETITEM": lambda machine: _set_items(machine.stack, _popped(machine.stack, 2)),
    "SETITEMS": lambda machine: _set_items(machine.stack, _since_mark(machine)),
}


def _new_dict(machine: _Machine) -> None:
    items = _since_mark(machine)
    machine.stack.append({})
    _set_items(machine.stack, items)
