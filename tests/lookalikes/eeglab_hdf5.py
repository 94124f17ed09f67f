"""EEGLAB files in the format of MATLAB 7.3, as EEGLAB writes them, and what they must not be."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

_HEAD = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"
NAMES = ("Fp1", "Oz", "VEOG")


def write_set(
    path: Path, data: np.ndarray | str | Callable[[h5py.Group], None], n_times: int = 400,
    events: Mapping[str, Sequence] | None = None, **options,
) -> Path:  # fmt: skip
    """Write a file of three channels at 100 Hz.

    `data` is (n_channels, n_times) microvolt, the name of an .fdt, or adds what it likes; options
    are those of `h5py.Group.create_dataset`.
    """
    with h5py.File(path, "w", userblock_size=512) as file:
        eeg = file.create_group("EEG")
        eeg.attrs["MATLAB_class"] = np.bytes_("struct")
        counts = {"nbchan": 3.0, "pnts": float(n_times), "trials": 1.0, "srate": 100.0}
        for name, number in (counts | {"xmin": 0.0}).items():
            put(eeg, name, number)
        for name in ("icawinv", "icaweights", "icasphere", "epoch"):
            put(eeg, name, ())
        struct(file, eeg, "chanlocs", {"labels": NAMES, "type": ("EEG", "", "EOG")})
        struct(file, eeg, "event", events or {})
        if callable(data):
            data(eeg)
        elif isinstance(data, str):
            put(eeg, "data", data)
        else:
            at = eeg.create_dataset("data", data=data.T, **options)
            at.attrs["MATLAB_class"] = np.bytes_("double")
    content = path.read_bytes()
    path.write_bytes(_HEAD.ljust(512, b"\0") + content[512:])
    return path


def put(group: h5py.Group, name: str | None, value: object) -> h5py.Dataset:
    """Write a number, a text or nothing as MATLAB does."""
    kind, array = "double", np.atleast_2d(np.asarray(value or 0.0 if value == 0 else value))
    if isinstance(value, str) and value:
        kind, array = "char", np.array([[ord(letter)] for letter in value], np.uint16)
    if value in ((), ""):
        kind, array = "char" if value == "" else "double", np.zeros(2, np.uint64)
    data = group.create_dataset(name, data=array)
    data.attrs["MATLAB_class"] = np.bytes_(kind)
    if value in ((), ""):
        data.attrs["MATLAB_empty"] = np.uint8(1)
    return data


def struct(
    file: h5py.File, above: h5py.Group, name: str, fields: Mapping[str, Sequence]
) -> None:  # fmt: skip
    """Write a struct array: of one element its values, else what refers to them."""
    if not fields:
        put(above, name, ())
        return
    inside = file.require_group("#refs#")
    group = above.create_group(name)
    group.attrs["MATLAB_class"] = np.bytes_("struct")
    for field, values in fields.items():
        if len(values) == 1:
            put(group, field, values[0])
            continue
        refs = [put(inside, f"{name}_{field}_{i}", one).ref for i, one in enumerate(values)]
        group.create_dataset(field, data=np.array([[ref] for ref in refs], h5py.ref_dtype))
