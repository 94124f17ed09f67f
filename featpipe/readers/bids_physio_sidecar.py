"""What the sidecar of an eye recording of BIDS says: columns, units, which eye, when it began."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featpipe.errors import ReadError, few, printable
from featpipe.readers.bids_names import bids_name, metadata
from featpipe.readers.gzipped import first_lines
from featpipe.readers.sample_rate import PER_SECOND

_MAX_COLUMNS = 256
_MAX_HZ = 100_000.0
_ROLES = {
    "time": re.compile(r"(eye_)?timestamps?|time"),
    "x": re.compile(r"x_coordinate|gaze_x|x"),
    "y": re.compile(r"y_coordinate|gaze_y|y"),
    "pupil": re.compile(r"pupil(_size|_area|_diameter)?"),
}
_EYE = re.compile(r"(eye1|eye2|left|right)_(.+)")  # columns of the draft: eye1_x_coordinate
_SIDES = {"eye1": "left", "eye2": "right", "left": "left", "right": "right"}
_TIME = {
    "s": "s", "sec": "s", "second": "s", "ms": "ms", "msec": "ms", "millisecond": "ms",
    "us": "us", "µs": "us", "μs": "us", "microsecond": "us", "ns": "ns", "nanosecond": "ns",
}  # fmt: skip
_GAZE = {
    "px": ("px", 1.0), "pixel": ("px", 1.0),
    "deg": ("deg", 1.0), "degree": ("deg", 1.0), "°": ("deg", 1.0), "visual degree": ("deg", 1.0),
    "degrees of visual angle": ("deg", 1.0), "rad": ("deg", math.degrees(1)),
    "radian": ("deg", math.degrees(1)),
    "mm": ("mm", 1.0), "cm": ("mm", 10.0), "m": ("mm", 1000.0),
    "normalized": ("norm", 1.0), "norm": ("norm", 1.0),
}  # fmt: skip
_PUPIL = {
    "mm": ("mm", 1.0), "millimeter": ("mm", 1.0), "m": ("mm", 1000.0), "um": ("mm", 0.001),
    "au": ("au", 1.0), "a.u.": ("au", 1.0), "arbitrary": ("au", 1.0), "n/a": ("au", 1.0),
    "arbitrary unit": ("au", 1.0), "px": ("px", 1.0), "pixel": ("px", 1.0), "": ("au", 1.0),
}  # fmt: skip


@dataclass(frozen=True)
class EyeTable:
    """How the table of an eye is to be read.

    Attributes
    ----------
    path : Path
        The table.
    columns : tuple of str
        All of them, in order.
    time : str
        Column of the time stamps; empty where there is none.
    sides : mapping
        "left", "right" -> column of "x", "y", "pupil", empty where there is none.
    is_cyclopean : bool
        It is of neither eye, and stands for both.
    time_unit : str
        Key of `PER_SECOND`: of the time stamps.
    gaze_unit, pupil_unit : str
        As `EyeRecording.units` has them.
    gaze_factor, pupil_factor : float
        From the numbers of the file to these units.
    sfreq, start : float or None
        `SamplingFrequency`, Hz, and `StartTime`, s; None where they are not told.
    flaws : tuple of str
        What is left open or is not as it should be.
    """

    path: Path
    columns: tuple[str, ...]
    time: str
    sides: Mapping[str, Mapping[str, str]]
    is_cyclopean: bool
    time_unit: str
    gaze_unit: str
    pupil_unit: str
    gaze_factor: float
    pupil_factor: float
    sfreq: float | None
    start: float | None
    flaws: tuple[str, ...]

    @property
    def per_second(self) -> int:
        """Time stamps in a second."""
        return PER_SECOND[self.time_unit]

    def wanted(self) -> list[str]:
        """Return the columns that are read."""
        used = [self.time, *(name for side in self.sides.values() for name in side.values())]
        return list(dict.fromkeys(name for name in used if name))


def is_eyetrack(path: Path) -> bool:
    """Tell from its sidecar whether a recording is of an eye, not of heart or breath.

    Raises
    ------
    ReadError
        When a sidecar cannot be read.
    """
    about = metadata(path)
    if "PhysioType" in about:
        return about["PhysioType"] == "eyetrack"
    roles = {_role(name)[1] for name in _texts(about.get("Columns"))}
    return {"x", "y"} <= roles or "pupil" in roles


def eye_table(path: Path) -> EyeTable:
    """Read the sidecars of the table of an eye.

    Parameters
    ----------
    path : Path
        The table.

    Returns
    -------
    EyeTable

    Raises
    ------
    ReadError
        When there is no sidecar, or it does not say what the columns are; the message names it.
    """
    about = metadata(path)
    columns = _columns(path, about)
    flaws: list[str] = []
    sides, is_cyclopean = _sides(path, columns, about, flaws)
    of_side = next(iter(sides.values()))
    gaze_unit, gaze_factor = _unit(about, of_side["x"] or of_side["y"], _GAZE, flaws, "gaze")
    pupil_unit, pupil_factor = _unit(about, of_side["pupil"], _PUPIL, flaws, "pupil")
    sfreq, start = number_of(about, "SamplingFrequency"), number_of(about, "StartTime")
    time = next((name for name in columns if _role(name) == ("", "time")), "")
    if sfreq is not None and not 0 < sfreq <= _MAX_HZ:
        raise ReadError(f"{path}: SamplingFrequency = {sfreq:g}: correct it in the sidecar")
    return EyeTable(
        path, columns, time, sides, is_cyclopean, _time_unit(about, time, flaws),
        gaze_unit, _area(about, of_side["pupil"], pupil_unit), gaze_factor, pupil_factor,
        sfreq, start, tuple(flaws),
    )  # fmt: skip


def _columns(path: Path, about: Mapping[str, Any]) -> tuple[str, ...]:
    columns = _texts(about.get("Columns"))
    if not columns and path.suffix == ".tsv":  # of the draft, with a header
        header = first_lines(path)[0].decode("utf-8", "replace")
        columns = [name.strip() for name in header.split("\t")]
    roles = [_role(name)[1] for name in columns]
    if not 0 < len(columns) <= _MAX_COLUMNS or len({*columns}) < len(columns):
        raise ReadError(
            f"{path}: Columns = {few(columns)} in its sidecar: expected the different names of its "
            "columns, for example timestamp, x_coordinate, y_coordinate, pupil_size"
        )
    if not {"x", "y"} <= {*roles} and "pupil" not in roles:
        raise ReadError(
            f"{path}: Columns = {few(columns)} in its sidecar: neither x_coordinate and "
            "y_coordinate nor pupil_size is among them; correct them"
        )
    return tuple(columns)


def _role(column: str) -> tuple[str, str]:
    """Return the eye ("eye1" ..., or none) and the meaning of a column, none where it is other."""
    name = column.strip().lower()
    found = _EYE.fullmatch(name)
    eye, rest = (found[1], found[2]) if found else ("", name)
    return eye, next((role for role, of in _ROLES.items() if of.fullmatch(rest)), "")


def _sides(
    path: Path, columns: tuple[str, ...], about: Mapping[str, Any], flaws: list[str]
) -> tuple[dict[str, dict[str, str]], bool]:
    """Return the columns of each eye, and whether they are of neither."""
    by_eye: dict[str, dict[str, str]] = {}
    for column in columns:
        eye, role = _role(column)
        if role in ("x", "y", "pupil"):
            by_eye.setdefault(eye, dict.fromkeys(("x", "y", "pupil"), ""))[role] = column
    if "" not in by_eye:
        return {_SIDES[eye]: of for eye, of in by_eye.items()}, False
    told = str(about.get("RecordedEye", "")).lower()
    if told == "cyclopean":
        return {"left": by_eye[""], "right": by_eye[""]}, True
    if told not in ("left", "right"):
        name = bids_name(path)
        label = name.entities.get("recording", "") if name else ""
        told = _SIDES.get(label.lower(), "left")
        flaws.append(f"RecordedEye is not told: taken for the {told} eye; add it to the sidecar")
    return {told: by_eye[""]}, False


def _unit(
    about: Mapping[str, Any],
    column: str,
    known: Mapping[str, tuple[str, float]],
    flaws: list[str],
    what: str,
) -> tuple[str, float]:
    text = _of_column(about, column, "Units")
    if what == "gaze":  # of the draft, one for all
        text = text or str(about.get("SampleCoordinateUnits", ""))
    unit = text.strip().lower()
    for spelling in (unit, unit.removesuffix("s"), unit.removesuffix("els")):
        if spelling in known:
            return known[spelling]
    if column:
        flaws.append(
            f"Units of {column} = '{printable(text)}': not known, numbers are kept as they are"
        )
    return (unit or "px", 1.0) if what == "gaze" else (unit, 1.0)


def _time_unit(about: Mapping[str, Any], column: str, flaws: list[str]) -> str:
    if not column:
        return "s"
    text = _of_column(about, column, "Units").strip().lower()
    unit = _TIME.get(text) or _TIME.get(text.removesuffix("s"))
    if unit is None:
        flaws.append(
            f"Units of {column} = '{printable(text)}': taken for ms; add them to the sidecar"
        )
    return unit or "ms"


def _area(about: Mapping[str, Any], column: str, unit: str) -> str:
    """Say of arbitrary units whether they are those of an area or a diameter, where it is told."""
    text = _of_column(about, column, "Description").lower() + column.lower()
    is_told = [word for word in ("area", "diameter") if word in text]
    return f"au ({is_told[0]})" if unit == "au" and len(is_told) == 1 else unit


def _of_column(about: Mapping[str, Any], column: str, what: str) -> str:
    of = about.get(column, {})
    return str(of.get(what, "")) if isinstance(of, dict) else ""


def _texts(value: object) -> list[str]:
    is_list = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return [str(name) for name in value] if is_list and isinstance(value, list) else []


def number_of(about: Mapping[str, Any], key: str) -> float | None:
    """Return a number of a sidecar; None where there is none, or none that is finite."""
    value = about.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # a whole number of hundreds of digits
        return None


def screen_scale(path: Path) -> float | None:
    """Return the pixels of the screen in one degree at the eye, mean of both axes.

    Parameters
    ----------
    path : Path
        The table of an eye; `StimulusPresentation` stands in the sidecar of the events.

    Returns
    -------
    float or None
        None where the geometry is not told.
    """
    about = metadata(path, "events").get("StimulusPresentation", {})
    told = metadata(path) | (about if isinstance(about, dict) else {})
    distance = number_of(told, "ScreenDistance")
    size, pixels = (_pair(told.get(key)) for key in ("ScreenSize", "ScreenResolution"))
    if distance is None or not distance > 0 or size is None or pixels is None:
        return None
    # metres, or centimetres as in the draft: their ratio is what counts
    degree = 2 * distance * math.tan(math.radians(0.5))
    scale = degree * sum(n / length for n, length in zip(pixels, size, strict=True)) / 2
    return scale if 1 < scale < 10_000 else None


def _pair(value: object) -> list[float] | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    found = [number_of({"of": part}, "of") for part in value]
    numbers = [part for part in found if part is not None and part > 0]
    return numbers if len(numbers) == 2 else None
