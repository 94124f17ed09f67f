"""Which windows of two outputs belong together, what joins with nothing, what is doubtful."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from featpipe.datasets.facts import NAMES
from featpipe.errors import ConfigError, few
from featpipe.features.agreement import smoothed
from featpipe.tables import read_metadata

JOINED_ON = ["subject", "session", "trial", "window"]
"""Data sets may be called differently."""

_MOST_GAPS = 4  # windows laid out per window that is there; beyond, numbers do not count windows

_Frame = Any  # a pandas.DataFrame; its annotations take every column for anything
_SAME_S = 1e-3  # windows whose beginnings differ by less are the same


class Whole(NamedTuple):
    """All windows of one side, those that do not join as well.

    Attributes
    ----------
    values : array, shape (n_rows, n_columns)
        Windows of a trial together and in order, NaN where one is missing between two others.
    trial : array of int, shape (n_rows,)
        Number of each row's trial.
    rows : array of int, shape (n_windows,)
        The rows that are joined.
    """

    values: np.ndarray
    trial: np.ndarray
    rows: np.ndarray


def smoothed_windows(whole: Whole, how: str, columns: Any = slice(None)) -> np.ndarray:
    """Smooth whole trials, return the joined windows, shape (n_windows, n_columns)."""
    return smoothed(whole.values[:, columns], whole.trial, how)[whole.rows]


def lay_out(frame: _Frame, values: np.ndarray, rows: np.ndarray) -> Whole:
    """Lay the windows of one side out trial by trial, missing ones between them as NaN.

    Parameters
    ----------
    frame : pandas.DataFrame
        Keys of all its windows.
    values : array, shape (len(frame), n_columns)
        Their features.
    rows : array of int
        Rows of `frame` that are joined.

    Returns
    -------
    Whole
    """
    groups = frame.groupby(JOINED_ON[:3], sort=False)
    trial, window = groups.ngroup().to_numpy(), frame["window"].to_numpy()
    first = groups["window"].transform("min").to_numpy()
    span = (groups["window"].max() - groups["window"].min() + 1).to_numpy()
    if span.sum() > _MOST_GAPS * len(frame):
        span, window = groups.size().to_numpy(), groups["window"].rank("first").to_numpy(int)
        first = 1
    place = (np.cumsum(span) - span)[trial] + window - first
    laid = np.full((span.sum(), values.shape[1]), np.nan, values.dtype)
    laid[place] = values
    return Whole(laid, np.repeat(np.arange(len(span)), span), place[rows])


def require_one_kind(folder: Path, frame: _Frame) -> None:
    """Refuse a family whose files differ in unit, step, bands, smoothing or windows.

    Parameters
    ----------
    folder : Path
        Of the family.
    frame : pandas.DataFrame
        Its windows.

    Raises
    ------
    ConfigError
        When they do: one scale, one smoothing and one grid could not be said of them.
    """
    files = sorted(folder.glob("*.parquet"))
    kinds = [(path.name, _kind(path)) for path in files]
    for unit, mine in frame.groupby(["subject", "session"], sort=False):
        kinds.append(("/".join(map(str, unit)), _grid(mine)))
    first: dict[str, tuple[str, Any]] = {}
    for name, kind in kinds:
        for what, value in kind.items():
            other, expected = first.setdefault(what, (name, value))
            if value != expected:
                raise ConfigError(
                    f"{folder} holds tables of two kinds: {what} {_plain(expected)} in {other}, "
                    f"{_plain(value)} in {name}; make each kind in an output of its own (-o) and "
                    "compare those"
                )


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(one)}" for name, one in value.items())
    return "-".join(f"{x:g}" for x in value) if isinstance(value, list) else f"{value}"


def _kind(path: Path) -> dict[str, Any]:
    about = read_metadata(path)
    return {
        "made from": "released features" if about.get("step") == "import" else "recordings",
        "units are": about.get("units"),
        "bands are": about.get("bands"),
        "smoothing is": (about.get("released") or {}).get("smoothing"),
    }


def _grid(frame: _Frame) -> dict[str, Any]:
    length = (frame["stop_s"] - frame["start_s"]).median()
    return {"s of a window are": round(float(length), 3), "s apart are": round(_hop(frame), 3)}


def require_same_windows(folders: Sequence[Path], frames: Sequence[_Frame]) -> None:
    """Refuse two families whose windows differ in length or distance."""
    length = [float((frame["stop_s"] - frame["start_s"]).median()) for frame in frames]
    hop = [_hop(frame) for frame in frames]
    for what, (one, other) in (("s long", length), ("s apart", hop)):
        if abs(one - other) > _SAME_S:
            raise ConfigError(
                f"windows of {folders[0]} are {one:g} {what}, of {folders[1]} {other:g}: windows "
                "can only be compared with their like; extract A again as B is, with --set "
                f"features.window_s={length[1]:g} --set features.hop_s={hop[1]:g} -o OTHER_OUT"
            )


def _hop(frame: _Frame) -> float:
    """Seconds from one window to the next; the length where every trial has one window."""
    step = frame["start_s"].diff()[frame["window"].diff() == 1]
    return float(step.median() if len(step) else (frame["stop_s"] - frame["start_s"]).median())


def joined_keys(folders: Sequence[Path], frames: Sequence[_Frame]) -> _Frame:
    """Return the keys of the windows that both have, in the order of A, and their rows in both."""
    columns = [*JOINED_ON, "start_s", "label", "label_name"]
    one, other = (frame[columns].assign(row=np.arange(len(frame))) for frame in frames)
    for folder, keys in zip(folders, (one, other), strict=True):
        if keys.duplicated(JOINED_ON).any():
            raise ConfigError(f"{folder}: a window is there twice: does it hold two data sets?")
    keys = one.merge(other, on=JOINED_ON, suffixes=("_a", "_b"))
    if keys.empty:
        names = [few(sorted({f"{s}/{n}" for s, n in zip(f["subject"], f["session"], strict=True)}))
                 for f in frames]  # fmt: skip
        raise ConfigError(
            f"no window is in both {folders[0]} and {folders[1]}: subjects and sessions are "
            f"{names[0]} there and {names[1]} here; give both the same names"
        )
    order = keys["row_a"].argsort(kind="stable")
    keys = keys.iloc[order].reset_index(drop=True)
    first, second = (keys[f"label_{side}"].astype("Int64") for side in "ab")
    return keys.assign(label=first.fillna(second).fillna(-1).astype(int))


def unjoined(frames: Sequence[_Frame], keys: _Frame) -> list[str]:
    """Say which windows only one side has, by the coarsest thing that the other side lacks."""
    notes = []
    for side, other, frame, of in (("A", "B", *frames), ("B", "A", *frames[::-1])):
        lone = frame[JOINED_ON].merge(keys[JOINED_ON], how="left", indicator=True)
        lone = lone[lone["_merge"] == "left_only"]
        for what, by in (("recordings", JOINED_ON[:2]), ("trials", JOINED_ON[:3])):
            known = pd.MultiIndex.from_frame(of[by].drop_duplicates())
            mine = pd.MultiIndex.from_frame(lone[by])
            missing = ~mine.isin(known)
            if missing.any():
                units = ["/".join(map(str, unit)) for unit in dict.fromkeys(mine[missing])]
                notes.append(
                    f"{missing.sum()} windows only in {side}: {other} lacks the {what} {few(units)}"
                )
            lone = lone[~missing]
        notes += [f"{n} windows only in {side}: {why} {other}, {few(trials)}"
                  for why, n, trials in _missing_in_trials(lone, of)]  # fmt: skip
    return notes


def _missing_in_trials(lone: _Frame, of: _Frame) -> list[tuple[str, int, list[str]]]:
    """Say where in trials that both have the other lacks windows, of how many, of which trials."""
    ends = of.groupby(JOINED_ON[:3])["window"].agg(["min", "max"]).reset_index()
    lone = lone.drop(columns="_merge").merge(ends, on=JOINED_ON[:3], how="left")
    begins, stops = lone["window"] < lone["min"], lone["window"] > lone["max"]
    places = (
        ("trials are shorter in", stops),
        ("trials begin later in", begins),
        ("windows inside trials are missing in", ~begins & ~stops),
    )
    found = []
    for why, rows in places:
        units = lone.loc[rows, JOINED_ON[:3]].drop_duplicates().itertuples(index=False)
        found.append((why, int(rows.sum()), ["/".join(map(str, unit)) for unit in units]))
    return [one for one in found if one[1]]


def _public(name: str) -> str:
    """Spell a name as public data sets are, "SEED_IV" like "seed-iv"."""
    return name.lower().replace("_", "-")


def _share_names(keys: _Frame) -> bool:
    names = [set(keys[f"label_name_{side}"].dropna()) for side in "ab"]
    return bool(names[0] & names[1])


def doubts(frames: Sequence[_Frame], keys: _Frame) -> list[str]:
    """Tell what makes it doubtful that joined windows are the same stretch of a recording."""
    found = []
    sets = [{_public(name) for name in frame["dataset"].unique()} & {*NAMES} for frame in frames]
    if all(sets) and not sets[0] & sets[1]:
        found.append(
            f"A is of {few(sorted(sets[0]))}, B of {few(sorted(sets[1]))}: their subjects are "
            "other people, and what is joined by number does not belong together"
        )
    shift = (keys["start_s_a"] - keys["start_s_b"]).abs()
    if shift.max() > _SAME_S:
        found.append(
            f"{(shift > _SAME_S).sum()} joined windows begin up to {shift.max():g} s apart: "
            "trials are cut otherwise"
        )
    # one may write 0, 1, 2 for what the other calls -1, 0, 1: names count where both know them
    kind = "label_name" if _share_names(keys) else "label"
    one, other = keys[f"{kind}_a"], keys[f"{kind}_b"]
    differ = (one != other) & one.notna() & other.notna()
    if differ.any():
        row = keys[differ].iloc[0]
        found.append(
            f"labels differ in {differ.sum()} of {len(keys)} joined windows, first at subject "
            f"{row['subject']}, session {row['session']}, trial {row['trial']} ({row[f'{kind}_a']} "
            f"in A, {row[f'{kind}_b']} in B): sessions may be exchanged, or lists of labels; "
            "numbers below compare windows that may not belong together"
        )
    return found
