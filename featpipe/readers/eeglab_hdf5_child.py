"""A child process: reads the head of an EEGLAB file in the format of MATLAB 7.3, which is HDF5.

`featpipe.readers.eeglab_hdf5` runs this module. HDF5 lets a file of some kilobytes declare
terabytes, refer to numbers in any other file of the machine, and to itself. So nothing is followed
that leads out of the file, what is read is compared with limits before, and the numbers of the
recording are not read at all. The process has the walls of `foreign_child`.
"""

from collections.abc import Iterator
from importlib import import_module
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from featpipe.errors import ReadError
from featpipe.readers.foreign_child import main

MOST_DECLARED = 4 << 30, 200
"""Bytes that any file may declare, and bytes for each of its own."""
MOST_CHUNK = 128 << 20
"""Bytes that have to be inflated at once, whatever is wanted of them."""

_MOST_ITEMS = 1_000_000  # events
_MOST_VALUE = 1 << 16  # bytes of a name, a type, a time
_MOST_OBJECTS = 100_000
_MOST_NESTED = 12
_CONTENTS = "#refs#"  # what cells refer to; each is looked at when it is followed
_SINGLE = ("nbchan", "pnts", "trials", "srate")
_LISTS = (("chanlocs", ("labels", "type")), ("event", ("type", "latency", "duration")))
_OBJECTS: Any = import_module("h5py.h5o")  # which its types do not know
_AGAIN = "open it in EEGLAB and save it again"


Node = Any
"""A group or dataset: what h5py declares of either does not tell them apart."""


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return the head of a file.

    Parameters
    ----------
    request : dict
        "path".

    Returns
    -------
    dict
        The numbers of `_SINGLE` and the lists of `_LISTS` by name, what is not there None; "data",
        the name of their file or a dict of "path", "shape", "type" and "chunk". Or "refused" with
        the reason.
    """
    path = Path(request["path"])
    try:
        with h5py.File(path, "r") as opened:
            file: Node = opened
            _require_own(file, path.stat().st_size)
            top = file["EEG"] if isinstance(file.get("EEG"), h5py.Group) else file
            found: dict[str, Any] = {name: _number(top, name) for name in _SINGLE}
            for name, fields in _LISTS:
                found[name] = _listed(file, top, name, fields)
            return found | {"data": _data(top)}
    except ReadError as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": f"its head asks for more memory than is allowed; {_AGAIN}"}
    except Exception as error:  # damaged files fail in as many ways as there are parsers
        what = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        return {"refused": f"it is damaged ({what}); copy it again"}


def _require_own(file: Node, n_file: int) -> None:
    """Walk all that has a name: nothing of other files, no more than a recording may have."""
    most, declared = max(MOST_DECLARED[0], MOST_DECLARED[1] * n_file), 0
    for at, found in _objects(file):
        if not isinstance(found, h5py.Dataset):
            continue
        _require_inside(found, at)
        declared += _n_bytes(found)
        if declared > most:
            raise ReadError(
                f"up to {at} it declares {declared} bytes, over {most} for a file of {n_file}, as "
                f"no recording does; {_AGAIN}"
            )


def _objects(file: Node) -> Iterator[tuple[str, Any]]:
    waiting, groups, n_objects = [("", file, 0)], set(), 0
    while waiting:
        above, group, depth = waiting.pop()
        place = _OBJECTS.get_info(group.id).addr
        if place in groups or depth > _MOST_NESTED:
            raise ReadError(f"{above}: its groups contain each other; {_AGAIN}")
        groups.add(place)
        for name in group:
            at = f"{above}/{name}"
            n_objects += 1
            if n_objects > _MOST_OBJECTS:
                raise ReadError(f"it has over {_MOST_OBJECTS} named arrays; {_AGAIN}")
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                where = f" to {link.filename}" if isinstance(link, h5py.ExternalLink) else ""
                raise ReadError(
                    f"{at} is a link{where}, which no program of ours follows: put the numbers "
                    f"themselves into the file; {_AGAIN}"
                )
            if at == f"/{_CONTENTS}":
                continue
            found = group[name]
            yield at, found
            if isinstance(found, h5py.Group):
                waiting.append((at, found, depth + 1))


def _require_inside(data: Node, at: str) -> None:
    """Refuse an array whose numbers lie in other files."""
    how = data.id.get_create_plist()
    if how.get_external_count():
        others = how.get_external(0)[0].decode("utf-8", "replace")
        raise ReadError(f"{at}: its numbers lie in another file, {others}; {_AGAIN}")
    if how.get_layout() == h5py.h5d.VIRTUAL:
        raise ReadError(f"{at} is put together from other files (virtual); {_AGAIN}")


def _n_bytes(data: Node) -> int:
    return prod(data.shape or ()) * data.dtype.itemsize


def _small(data: Node, at: str) -> np.ndarray | str:
    """Read a number or a text; an empty array of what is empty."""
    if not isinstance(data, h5py.Dataset):
        raise ReadError(f"{at} is no number and no text; {_AGAIN}")
    _require_inside(data, at)
    if _n_bytes(data) > _MOST_VALUE:
        raise ReadError(f"{at} has {_n_bytes(data)} bytes, as no number and no name; {_AGAIN}")
    if "MATLAB_empty" in data.attrs:
        return np.empty(0)
    if data.dtype.kind not in "biuf":
        raise ReadError(f"{at} is no number and no text; {_AGAIN}")
    values = np.asarray(data[()]).ravel()
    if _class_of(data) == "char":
        return values.astype("<u2").tobytes().decode("utf-16-le", "replace")
    return values


def _class_of(data: Node) -> str:
    if "MATLAB_class" not in data.attrs:
        return ""
    if data.attrs.get_id("MATLAB_class").get_storage_size() > _MOST_VALUE:
        raise ReadError(f"{data.name} has a class of no sensible length; {_AGAIN}")
    name = data.attrs["MATLAB_class"]
    return name.decode("ascii", "replace") if isinstance(name, bytes) else str(name)


def _value(data: Node, at: str) -> float | str | None:
    found = _small(data, at)
    if isinstance(found, str):
        return found
    return float(found[0]) if found.size == 1 else None


def _number(top: Node, name: str) -> float | None:
    value = _value(top[name], f"{top.name}/{name}") if name in top else None
    if isinstance(value, str):
        raise ReadError(f"{name} = {value[:40]!r}, expected a number; {_AGAIN}")
    return value


def _listed(
    file: Node, top: Node, name: str, fields: tuple[str, ...]
) -> dict[str, list[float | str | None]]:  # fmt: skip
    """Read fields of a struct array; no fields where there is none."""
    group = top.get(name)
    if not isinstance(group, h5py.Group):
        return {}
    found = {}
    for field in fields:
        if field not in group:
            continue
        data, at = group[field], f"{group.name}/{field}"
        if not isinstance(data, h5py.Dataset) or not h5py.check_ref_dtype(data.dtype):
            found[field] = [_value(data, at)]  # of a struct of one element
            continue
        _require_inside(data, at)
        n_items = prod(data.shape or ())
        if n_items > _MOST_ITEMS:
            raise ReadError(f"{at} has {n_items} items, over {_MOST_ITEMS}; {_AGAIN}")
        items = np.asarray(data[()]).ravel()
        found[field] = [_value(file[item], f"{at}[{i}]") for i, item in enumerate(items)]
    if len({len(items) for items in found.values()}) > 1:
        raise ReadError(f"fields of {group.name} have different numbers of items; {_AGAIN}")
    return found


def _data(top: Node) -> dict[str, Any] | str:
    """Return the file of the numbers, or where in this one they are and how they lie there."""
    if "data" not in top or not isinstance(top["data"], h5py.Dataset):
        raise ReadError(f"it holds no data; {_AGAIN}")
    data = top["data"]
    if _class_of(data) == "char":
        return str(_value(data, data.name))
    if data.dtype.kind not in "iuf" or "MATLAB_empty" in data.attrs:
        raise ReadError(f"{data.name} are no numbers; {_AGAIN}")
    if _n_bytes(data) and not data.id.get_storage_size():
        raise ReadError(f"{data.name} declares {_n_bytes(data)} bytes, and none of them is there")
    chunk = prod(data.chunks) * data.dtype.itemsize if data.chunks else 0
    if chunk > MOST_CHUNK:
        raise ReadError(f"{data.name} lies in pieces of {chunk} bytes, over {MOST_CHUNK}; {_AGAIN}")
    return {
        "path": data.name, "shape": list(data.shape), "type": data.dtype.str,
        "chunk": list(data.chunks or ()),
    }  # fmt: skip


if __name__ == "__main__":
    main(answer)
