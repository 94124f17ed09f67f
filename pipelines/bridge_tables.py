"""Two outputs side by side: families that can be compared, windows that both have."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError, ReadError, few, unknown
from featpipe.features.measures import MEASURES
from featpipe.schema import BANDS, KEYS
from featpipe.tables import read_features, read_metadata

EYE = "eye"
JOINED_ON = ["subject", "session", "trial", "window"]
"""Data sets may be called differently."""

_Frame = Any  # a pandas.DataFrame; its annotations take every column for anything
_SMOOTHERS = ("", "_ma", "_lds")
_SAME_S = 1e-3  # windows whose beginnings differ by less are the same


class Pair(NamedTuple):
    """The windows of one family of A and one of B that belong together.

    Attributes
    ----------
    families : tuple of str
        Of A and of B.
    keys : pandas.DataFrame
        `subject`, `session`, `trial`, `window`, `label` (-1 if unknown); one row per joined window,
        in order.
    a, b : array, shape (n_windows, n_columns)
        Values, float32.
    columns : pandas.DataFrame
        `band` (empty for eyes) and `channel` of each column, in the order of A.
    order_b : list of int
        Place of each column in the table of B.
    notes : list of str
        What did not join, and why.
    warnings : list of str
        What makes the comparison doubtful.
    is_simulated : bool
        Nobody was recorded for one of them.
    """

    families: tuple[str, str]
    keys: pd.DataFrame
    a: np.ndarray
    b: np.ndarray
    columns: pd.DataFrame
    order_b: list[int]
    notes: list[str]
    warnings: list[str]
    is_simulated: bool


def families_in(out: Path) -> list[str]:
    """Name the families an output folder has tables of.

    Raises
    ------
    ReadError
        When it has none.
    """
    found = sorted({path.parent.name for path in out.glob("features/*/*.parquet")})
    if not found:
        raise ReadError(
            f"{out}: no feature tables there: name a folder that `featpipe extract` or `import` "
            "wrote, the one that holds features/"
        )
    return found


def measure_of(family: str) -> str:
    """Name what a family measures, smoothed or not.

    Examples
    --------
    >>> measure_of("de_lds"), measure_of("eye")
    ('de', 'eye')
    """
    for ending in _SMOOTHERS[1:]:
        if family.endswith(ending) and family.removesuffix(ending) in MEASURES:
            return family.removesuffix(ending)
    return family


def choose_families(a: Path, b: Path, asked: Sequence[str]) -> list[tuple[str, str]]:
    """Pair the families of two outputs.

    Parameters
    ----------
    a, b : Path
        The outputs.
    asked : sequence of str
        "de", or "de=de_lds": of A and of B. Empty: families that both have, and what A has
        unsmoothed with what B has smoothed; where a measure has neither, all its pairs.

    Returns
    -------
    list of (str, str)

    Raises
    ------
    ConfigError
        When an output lacks a family, or the two have none in common.
    """
    in_a, in_b = families_in(a), families_in(b)
    if asked:
        pairs = [(one, other or one) for one, _, other in (text.partition("=") for text in asked)]
        for one, other in pairs:
            for out, name, known in ((a, one, in_a), (b, other, in_b)):
                if name not in known:
                    raise ConfigError(f"--family: {out} has {unknown('family', name, known)}")
        return pairs
    alike = [(x, y) for x in in_a for y in in_b if measure_of(x) == measure_of(y)]
    plain = [(x, y) for x, y in alike if x == y or x == measure_of(x)]
    paired = {measure_of(x) for x, _ in plain}
    pairs = [(x, y) for x, y in alike if (x, y) in plain or measure_of(x) not in paired]
    if not pairs:
        raise ConfigError(
            f"{a} has {few(in_a)}, {b} has {few(in_b)}: nothing in common; name what to compare "
            f"with --family {in_a[0]}={in_b[0]}, or extract the family that is missing"
        )
    return pairs


def join(a: Path, b: Path, families: tuple[str, str]) -> Pair:
    """Read one family of each output and keep the windows and columns that both have.

    Parameters
    ----------
    a, b : Path
        The outputs.
    families : tuple of str
        Of A and of B.

    Returns
    -------
    Pair

    Raises
    ------
    ConfigError
        When the windows differ in length or distance, or no window or column is in both.
    """
    folders = [out / "features" / name for out, name in zip((a, b), families, strict=True)]
    frames: list[_Frame] = [read_features(folder) for folder in folders]
    _require_same_windows(folders, frames)
    names = [_described(folder, frame) for folder, frame in zip(folders, frames, strict=True)]
    common = [place for place in names[0] if place in names[1]]
    if not common:
        raise ConfigError(
            f"{folders[0]} has {few([*names[0].values()], 3)}, {folders[1]} has "
            f"{few([*names[1].values()], 3)}: no band and channel in common"
        )
    keys = _joined_keys(folders, frames)
    a_values, b_values = (
        frame[[of[place] for place in common]].to_numpy(np.float32)[keys[row]]
        for frame, of, row in zip(frames, names, ("row_a", "row_b"), strict=True)
    )
    places = {place: i for i, place in enumerate(names[1])}
    notes = [*_unjoined(frames, keys), *_lone_columns(names, common)]
    is_simulated = any(f["dataset"].str.startswith("simulated").any() for f in frames)
    columns = pd.DataFrame(common, columns=["band", "channel"])
    order_b = [places[place] for place in common]
    doubts = _doubts(frames, keys)
    keys = keys[[*JOINED_ON, "label"]]
    return Pair(families, keys, a_values, b_values, columns, order_b, notes, doubts, is_simulated)


def _described(folder: Path, frame: _Frame) -> dict[tuple[str, str], str]:
    """Return (band, channel) -> column; band is empty where columns have none."""
    about = read_metadata(min(folder.glob("*.parquet")))
    bands = list(about.get("bands") or BANDS)
    names = [str(name) for name in frame.columns if name not in KEYS]
    found, stems = {}, set()
    for name in names:
        band = next((band for band in bands if f"_{band}_" in name), "")
        stem, _, channel = name.partition(f"_{band}_") if band else ("", "", name)
        stems.add(stem)
        found[name] = (band, stem, channel)
    # asm has dasm and rasm of the same pairs: there the stem is part of the name
    return {
        (band, f"{stem}_{channel}" if len(stems) > 1 and stem else channel): name
        for name, (band, stem, channel) in found.items()
    }


def _require_same_windows(folders: Sequence[Path], frames: Sequence[_Frame]) -> None:
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


def _joined_keys(folders: Sequence[Path], frames: Sequence[_Frame]) -> _Frame:
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


def _unjoined(frames: Sequence[_Frame], keys: _Frame) -> list[str]:
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
        if len(lone):
            trials = ["/".join(map(str, unit)) for unit in
                      lone[JOINED_ON[:3]].drop_duplicates().itertuples(index=False)]  # fmt: skip
            notes.append(
                f"{len(lone)} windows only in {side}: trials are shorter in {other}, {few(trials)}"
            )
    return notes


def _lone_columns(names: Sequence[dict[tuple[str, str], str]], common: list) -> list[str]:
    lone = [[name for place, name in of.items() if place not in common] for of in names]
    return [
        f"{len(some)} columns only in {side}: {few(some, 4)}"
        for side, some in zip("AB", lone, strict=True) if some
    ]  # fmt: skip


def _share_names(keys: _Frame) -> bool:
    names = [set(keys[f"label_name_{side}"].dropna()) for side in "ab"]
    return bool(names[0] & names[1])


def _doubts(frames: Sequence[_Frame], keys: _Frame) -> list[str]:
    """Tell what makes it doubtful that joined windows are the same stretch of a recording."""
    doubts = []
    shift = (keys["start_s_a"] - keys["start_s_b"]).abs()
    if shift.max() > _SAME_S:
        doubts.append(
            f"{(shift > _SAME_S).sum()} joined windows begin up to {shift.max():g} s apart: "
            "trials are cut otherwise"
        )
    # one may write 0, 1, 2 for what the other calls -1, 0, 1: names count where both know them
    kind = "label_name" if _share_names(keys) else "label"
    one, other = keys[f"{kind}_a"], keys[f"{kind}_b"]
    differ = (one != other) & one.notna() & other.notna()
    if differ.any():
        row = keys[differ].iloc[0]
        doubts.append(
            f"labels differ in {differ.sum()} of {len(keys)} joined windows, first at subject "
            f"{row['subject']}, session {row['session']}, trial {row['trial']} ({row[f'{kind}_a']} "
            f"in A, {row[f'{kind}_b']} in B): sessions may be exchanged, or lists of labels; "
            "numbers below compare windows that may not belong together"
        )
    return doubts
