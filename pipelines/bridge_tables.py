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
from pipelines.bridge_joins import (
    JOINED_ON,
    Whole,
    doubts,
    joined_keys,
    lay_out,
    require_one_kind,
    require_same_windows,
    unjoined,
)

EYE = "eye"
_Frame = Any  # a pandas.DataFrame; its annotations take every column for anything
_SMOOTHERS = ("", "_ma", "_lds")


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
    whole_a, whole_b : Whole
        The same with the windows that did not join: smoothing needs whole trials.
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
    whole_a: Whole
    whole_b: Whole
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
    for folder, frame in zip(folders, frames, strict=True):
        require_one_kind(folder, frame)
    require_same_windows(folders, frames)
    names = [_described(folder, frame) for folder, frame in zip(folders, frames, strict=True)]
    common = [place for place in names[0] if place in names[1]]
    if not common:
        raise ConfigError(
            f"{folders[0]} has {few([*names[0].values()], 3)}, {folders[1]} has "
            f"{few([*names[1].values()], 3)}: no band and channel in common"
        )
    keys = joined_keys(folders, frames)
    whole_a, whole_b = (
        lay_out(frame, frame[[of[place] for place in common]].to_numpy(np.float32), keys[row])
        for frame, of, row in zip(frames, names, ("row_a", "row_b"), strict=True)
    )
    places = {place: i for i, place in enumerate(names[1])}
    notes = [*unjoined(frames, keys), *_lone_columns(names, common)]
    is_simulated = any(f["dataset"].str.startswith("simulated").any() for f in frames)
    columns = pd.DataFrame(common, columns=["band", "channel"])
    order_b = [places[place] for place in common]
    warnings = doubts(frames, keys)
    keys = keys[[*JOINED_ON, "label"]]
    a_values, b_values = whole_a.values[whole_a.rows], whole_b.values[whole_b.rows]
    return Pair(
        families, keys, a_values, b_values, whole_a, whole_b, columns, order_b, notes, warnings,
        is_simulated,
    )  # fmt: skip


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


def _lone_columns(names: Sequence[dict[tuple[str, str], str]], common: list) -> list[str]:
    lone = [[name for place, name in of.items() if place not in common] for of in names]
    return [
        f"{len(some)} columns only in {side}: {few(some, 4)}"
        for side, some in zip("AB", lone, strict=True) if some
    ]  # fmt: skip
