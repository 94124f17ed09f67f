"""Arrays that a pickle puts together: what it asks of NumPy, answered without calling NumPy's own.

NumPy's `__setstate__` believes offsets and sizes; here type, shape and length are compared with the
bytes that are there before an array is made of them.
"""

import re
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.foreign_leaf import REMEDY, native, sized

_TYPE = re.compile(r"[biufc]\d{1,2}|[SU]\d{1,9}|O[48]?")
_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")
_BUILTINS = ("builtins", "__builtin__")
_ADMITTED = {("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")}
_ADMITTED |= {("collections", "OrderedDict")}
_ADMITTED |= {(module, name) for module in _MULTIARRAY for name in ("_reconstruct", "scalar")}
_ADMITTED |= {(module, "_frombuffer") for module in _NUMERIC}
_ADMITTED |= {(module, name) for module in _BUILTINS for name in ("bytes", "complex")}
_NO_ARRAYS = re.compile(
    r"(pandas|datetime|decimal|fractions|uuid)\..*|collections\.(defaultdict|deque|Counter)|"
    r"(builtins|__builtin__)\.(set|frozenset|bytearray|range|xrange|slice|list|dict|tuple)|"
    r"numpy\.(matrix|matrixlib\.defmatrix\.matrix|ma\.core\..*|datetime64)"
)
"""What people pickle without any harm in mind."""


class Block(NamedTuple):
    """Bytes that are still in the file."""

    file: BinaryIO
    at: int
    n_bytes: int

    def read(self) -> bytes:
        """Return them."""
        self.file.seek(self.at)
        return self.file.read(self.n_bytes)


class Admitted(NamedTuple):
    """A name that a pickle may ask for; it is no more than the name."""

    name: str


class PickledType:
    """The type of an array, under construction."""

    __slots__ = ("dtype",)
    name = "numpy.dtype"

    def __init__(self, dtype: np.dtype) -> None:
        self.dtype = dtype


class PickledArray:
    """An array under construction: numbers or text as bytes, or a list of objects.

    Attributes
    ----------
    dtype : numpy.dtype
        Its type; "O" when `content` is a list.
    shape : tuple of int
        Dimensions; they are as many as there is content.
    """

    __slots__ = ("axes", "content", "dtype", "order", "shape")

    def __init__(self) -> None:
        self.dtype: np.dtype = np.dtype("i1")
        self.shape: tuple[int, ...] = (0,)
        self.order = "C"
        self.axes: tuple[int, ...] | None = None
        self.content: bytes | Block | list[Any] = b""

    def array(self) -> np.ndarray:
        """Return the array of numbers or text, in the byte order of this machine."""
        content = self.content
        raw = content.read() if isinstance(content, Block) else cast("bytes", content)
        flat = np.frombuffer(raw, self.dtype) if raw else np.empty(0, self.dtype)
        array = flat.reshape(self.shape, order="F" if self.order == "F" else "C")
        return native(array if self.axes is None else array.transpose(self.axes))


def admitted(module: str, name: str) -> Admitted:
    """Return a name that a pickle asks for; ReadError when it is none of those of arrays."""
    if _NO_ARRAYS.fullmatch(f"{module}.{name}"):
        raise ReadError(
            f"its pickle has a {f'{module}.{name}'[:100]}, which is not read: save arrays, dicts, "
            "lists, numbers and text alone, such as np.asarray makes"
        )
    if (module, name) not in _ADMITTED:
        raise ReadError(
            f"its pickle asks for {f'{module}.{name}'[:100]}, which may run code; {REMEDY}"
        )
    return Admitted(name)


def text_of(value: Any) -> str:
    """Return text, which Python 2 wrote as bytes."""
    if isinstance(value, Block) and value.n_bytes <= 1 << 20:
        value = value.read()
    if isinstance(value, bytes):
        return value.decode("latin1")
    if not isinstance(value, str):
        raise ReadError(f"its pickle has a {type(value).__name__} where text belongs; {REMEDY}")
    return value


def made(called: Any, arguments: Any) -> Any:
    """Return what a call in a pickle amounts to.

    Parameters
    ----------
    called, arguments : object
        From its stack.

    Returns
    -------
    PickledArray, PickledType, dict, bytes, complex or numpy.generic

    Raises
    ------
    ReadError
        When anything else than a name is called, or the arguments are not those of NumPy.
    """
    if not isinstance(called, Admitted) or type(arguments) is not tuple:
        raise ReadError(f"its pickle calls a {type(called).__name__}; {REMEDY}")
    match called.name, arguments:
        case "_reconstruct", (Admitted("ndarray"), (0,), _):
            return PickledArray()
        case "dtype", (code, _, _):
            return _type(text_of(code))
        case "scalar", (PickledType() as kind, raw):
            return _scalar(kind.dtype, raw)
        case "_frombuffer", (content, PickledType() as kind, shape, order, *axes):
            return _array(kind.dtype, shape, text_of(order), content, axes[0] if axes else None)
        case "encode", (str(text), str("latin1" | "latin-1")):
            return text.encode("latin1")
        case "OrderedDict", ():
            return {}
        case "bytes", ():
            return b""
        case "complex", (float(real), float(imaginary)):
            return complex(real, imaginary)
    raise ReadError(f"its pickle calls {called.name} in another way than NumPy does; {REMEDY}")


def build(made_before: Any, state: Any) -> None:
    """Give an array or a type its state.

    Parameters
    ----------
    made_before : object
        What lies on the stack; nothing but `PickledArray` and `PickledType` has a state.
    state : object
        As the pickle has it.

    Raises
    ------
    ReadError
        When it is not as NumPy writes it, or does not agree with the bytes that are there.
    """
    match made_before, state:
        case PickledArray(), (int(), shape, PickledType() as kind, order, content):
            full = _array(kind.dtype, shape, "F" if order else "C", content, None)
            made_before.dtype, made_before.shape = full.dtype, full.shape
            made_before.order, made_before.content = full.order, full.content
        case PickledType(), (int(), order, None, None, None, *_):
            if text_of(order) not in ("<", ">", "=", "|"):
                raise ReadError(f"its pickle has a byte order {text_of(order)[:9]!r}; {REMEDY}")
            made_before.dtype = made_before.dtype.newbyteorder(cast("Any", text_of(order)))
        case PickledType(), _:
            raise ReadError(f"its pickle has an array of records; {REMEDY}")
        case _:
            what = type(made_before).__name__
            raise ReadError(f"its pickle sets the state of a {what}; {REMEDY}")


def _type(code: str) -> PickledType:
    if not _TYPE.fullmatch(code):
        raise ReadError(f"its pickle has an array of type {code[:20]!r}; {REMEDY}")
    try:
        return PickledType(np.dtype(code[:1] if code[0] == "O" else code))
    except TypeError as error:
        raise ReadError(f"its pickle has an array of type {code!r}; {REMEDY}") from error


def _scalar(dtype: np.dtype, raw: Any) -> np.generic:
    if dtype.hasobject or not isinstance(raw, bytes) or len(raw) != dtype.itemsize or not raw:
        raise ReadError(f"its pickle has a number of type {dtype} that is none; {REMEDY}")
    return native(np.frombuffer(raw, dtype))[0]


def _array(dtype: np.dtype, shape: Any, order: str, content: Any, axes: Any) -> PickledArray:
    """Put an array together, of as many numbers as there are bytes."""
    array = PickledArray()
    if dtype.hasobject:
        if type(content) is not list:
            raise ReadError(f"its pickle has objects that are in no list; {REMEDY}")
        sized(shape, np.dtype("i1"), len(content))
    elif isinstance(content, bytes | Block):
        n_bytes = content.n_bytes if isinstance(content, Block) else len(content)
        sized(shape, dtype, n_bytes)
    else:
        raise ReadError(f"its pickle has numbers in a {type(content).__name__}; {REMEDY}")
    if order not in ("C", "F", "K") or (order == "K" and axes is None):
        raise ReadError(f"its pickle has an array in order {order[:9]!r}; {REMEDY}")
    if axes is not None:
        if type(axes) is not tuple or sorted(axes) != list(range(len(shape))):
            raise ReadError(f"its pickle has an array with axes {str(axes)[:40]}; {REMEDY}")
        array.axes = axes if order == "K" else None
    array.dtype, array.shape, array.order, array.content = dtype, shape, order, content
    return array
