"""Parquet tables -> `Windows`: one array per modality, rows joined on the window's keys.

Only labelled windows that every modality has are kept. Nothing is scaled here.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError, few
from featpipe.schema import KEYS, WINDOW_KEYS
from featpipe.tables import read_metadata, read_table
from models.repeats import first_rows, refuse_repeats

logger = logging.getLogger(__name__)

TOLD = ("step", "family", "channels", "bands", "units")


@dataclass(frozen=True)
class Windows:
    """Windows of all recordings, sorted by dataset, subject, session, trial and window.

    Attributes
    ----------
    keys : pandas.DataFrame
        Columns `schema.KEYS`; `good` is that of the worst modality.
    x : mapping
        Modality -> float32 array; ``eeg`` (n_windows, n_channels, n_bands), ``eye``
        (n_windows, n_eye). NaN where a feature is missing.
    label : array of int64, shape (n_windows,)
        Index into `classes`.
    classes : tuple of str
        Names of the emotions.
    ch_names : tuple of str
        Channels of the modality that has bands.
    bands : mapping
        Band -> (low, high) in Hz.
    columns : mapping
        Modality -> names of its feature columns in table order.
    options : mapping
        Modality -> the options its tables were made with.
    n_dropped : int
        Windows left out because some modality lacks them.
    n_unlabelled : int
        Windows left out because they have no label.
    trials : str
        What trials are where they are not the clips that were shown; else empty.
    tables : mapping
        Modality -> what its tables say of themselves beside options: `TOLD`.
    """

    keys: pd.DataFrame
    x: Mapping[str, np.ndarray]
    label: np.ndarray
    classes: tuple[str, ...]
    ch_names: tuple[str, ...]
    bands: Mapping[str, tuple[float, float]]
    columns: Mapping[str, tuple[str, ...]]
    options: Mapping[str, Mapping[str, Any]]
    n_dropped: int = 0
    n_unlabelled: int = 0
    trials: str = ""
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class _Table(NamedTuple):
    """All files of one modality, one below the other, and what the first says of itself."""

    keys: pd.DataFrame
    x: np.ndarray
    columns: tuple[str, ...]
    ch_names: tuple[str, ...]
    bands: dict[str, tuple[float, float]]
    about: dict[str, Any]


def load_windows(tables: Mapping[str, Sequence[Path]]) -> Windows:
    """Read the feature tables of a study.

    Parameters
    ----------
    tables : mapping
        Modality -> feature files, for example ``{"eeg": [...], "eye": [...]}``; the order of the
        files does not matter.

    Returns
    -------
    Windows

    Raises
    ------
    ConfigError
        When files of a modality differ in columns, bands or classes, hold a window twice or the
        numbers of another file, when modalities disagree on a label, or when no window is left.
    ReadError
        When a file is damaged.
    """
    found = {modality: _read_modality(modality, files) for modality, files in tables.items()}
    if not found:
        raise ConfigError("load_windows: no modality given; expected {'eeg': [...], ...}")
    keys, rows = _join({modality: table.keys for modality, table in found.items()})
    has_label = np.array(keys["label"].notna())
    n_dropped = sum(len(table.keys) for table in found.values()) - len(keys) * len(found)
    keys = keys.loc[has_label].reset_index(drop=True)
    if not len(keys):
        raise ConfigError(
            f"no labelled window is in all of {', '.join(found)}: "
            f"{', '.join(f'{len(t.keys)} {m}' for m, t in found.items())} windows were read; "
            "check trials.csv for labels and extract every modality with the same window grid"
        )
    logger.info(
        "%d windows of %d subjects; %d without a partner and %d without a label left out",
        len(keys), len(keys["subject"].unique()), n_dropped, (~has_label).sum(),
    )  # fmt: skip
    banded = next((table for table in found.values() if table.ch_names), None)
    released = [table.about.get("released") or {} for table in found.values()]
    return Windows(
        keys=keys,
        x={modality: _taken(found[modality].x, rows[modality][has_label]) for modality in found},
        label=np.array(keys["label"], np.int64),
        classes=_same_classes(found),
        ch_names=banded.ch_names if banded else (),
        bands=banded.bands if banded else {},
        columns={modality: table.columns for modality, table in found.items()},
        options={modality: table.about.get("options") or {} for modality, table in found.items()},
        n_dropped=n_dropped,
        n_unlabelled=int((~has_label).sum()),
        trials=next((of["trials"] for of in released if of.get("trials")), ""),
        tables={m: {name: table.about.get(name) for name in TOLD} for m, table in found.items()},
    )


def concatenate(a: Windows, b: Windows) -> Windows:
    """Put the windows of `b` below those of `a`.

    Raises
    ------
    ConfigError
        When features or classes differ, or a window is in both.
    """
    for name in ("classes", "ch_names", "columns"):
        one, other = getattr(a, name), getattr(b, name)
        if one != other:
            raise ConfigError(
                f"cannot join two sets of windows: their {name} differ ({one} and {other}); "
                "extract both with the same options"
            )
    keys = pd.concat([a.keys, b.keys], ignore_index=True)
    _check_unique(keys, "the two sets of windows; give one of them another dataset name")
    return replace(
        a,
        keys=keys,
        x={modality: np.concatenate([a.x[modality], b.x[modality]]) for modality in a.x},
        label=np.concatenate([a.label, b.label]),
        n_dropped=a.n_dropped + b.n_dropped,
        n_unlabelled=a.n_unlabelled + b.n_unlabelled,
        trials=a.trials or b.trials,
    )


def _read_modality(modality: str, files: Sequence[Path]) -> _Table:
    """Read the files of one modality, one Arrow table in memory at a time."""
    if not files:
        raise ConfigError(f"modality {modality!r}: no feature files given; run extract first")
    files = sorted(files)
    first = read_metadata(files[0])
    keys, columns, parts = [], (), []
    for file in files:
        table = read_table(file)
        names = tuple(name for name in table.column_names if name not in KEYS)
        columns = columns or names
        _check_columns(modality, file, names, columns)
        _check_metadata(file, read_metadata(file), files[0], first)
        keys.append(table.select(list(KEYS)).to_pandas())
        x = np.empty((table.num_rows, len(names)), np.float32)
        for i_column, name in enumerate(names):
            x[:, i_column] = table[name].to_numpy()
        x[np.isinf(x)] = np.nan
        parts.append(x)
    x = np.concatenate(parts)
    frames, keys = keys, pd.concat(keys, ignore_index=True)
    _check_unique(keys, f"the {modality} tables; remove the double file")
    refuse_repeats(files, list(map(first_rows, frames, parts)))
    bands = {name: tuple(edges) for name, edges in (first.get("bands") or {}).items()}
    bands = dict(sorted(bands.items(), key=lambda band: band[1]))  # columns run low to high
    ch_names = _sites(columns, tuple(bands))
    if ch_names:
        x = x.reshape(len(x), len(ch_names), len(bands))
    else:
        bands = {}
    return _Table(keys, x, columns, ch_names, bands, first)


def _sites(columns: tuple[str, ...], bands: tuple[str, ...]) -> tuple[str, ...]:
    # channels, or pairs, of columns <stem>_<band>_<channel>, else (); where a table has several
    # stems (dasm and rasm in asm) the stem stays with the name
    if not bands or len(columns) % len(bands):
        return ()
    stems_and_sites = [name.partition(f"_{bands[0]}_")[::2] for name in columns[:: len(bands)]]
    named = tuple(f"{stem}_{band}_{site}" for stem, site in stems_and_sites for band in bands)
    if named != columns:
        return ()
    is_plain = len({stem for stem, _ in stems_and_sites}) == 1
    return tuple(site if is_plain else f"{stem}_{site}" for stem, site in stems_and_sites)


def _taken(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    # no copy where all rows lie as they are wanted
    return x if np.array_equal(rows, np.arange(len(x))) else x[rows]


def _join(frames: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Return sorted keys of the windows every modality has, and their rows in each modality."""
    modalities = list(frames)
    keys = frames[modalities[0]].assign(row_0=np.arange(len(frames[modalities[0]])))
    for i, modality in enumerate(modalities[1:], start=1):
        other = frames[modality].rename(columns={"label": "other_label", "good": "other_good"})
        other = other[[*WINDOW_KEYS, "other_label", "other_good"]]
        other = other.assign(**{f"row_{i}": np.arange(len(other))})
        keys = keys.merge(other, on=list(WINDOW_KEYS), how="inner", validate="1:1")
        _check_labels(keys, modalities[0], modality)
        keys["good"] = np.minimum(keys["good"], keys["other_good"])
        keys = keys.drop(columns=["other_label", "other_good"])
    keys = keys.sort_values(list(WINDOW_KEYS), ignore_index=True)
    rows = {name: keys[f"row_{i}"].to_numpy() for i, name in enumerate(modalities)}
    return keys.loc[:, list(KEYS)], rows


def _check_labels(keys: pd.DataFrame, first: str, other: str) -> None:
    one, two = (
        keys[name].to_numpy(np.float64, na_value=np.nan) for name in ("label", "other_label")
    )
    differ = (one != two) & ~np.isnan(one) & ~np.isnan(two)
    if differ.any():
        row = keys.iloc[int(np.argmax(differ))]
        where = ", ".join(f"{name} {row[name]}" for name in WINDOW_KEYS)
        raise ConfigError(
            f"{differ.sum()} windows have another label in {first} than in {other}, "
            f"the first at {where}: extract both again from the same trials.csv"
        )


def _check_columns(
    modality: str, file: Path, names: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    if names == expected:
        return
    missing = [name for name in expected if name not in names]
    extra = [name for name in names if name not in expected]
    differences = [
        f"{text} {few(some)}" for text, some in (("lacks", missing), ("adds", extra)) if some
    ]
    raise ConfigError(
        f"{file}: columns of {modality} differ from the first file: "
        f"{' and '.join(differences) or 'the same names in another order'}. "
        "Name the channels that all recordings have in [eeg] channels and extract again"
    )


def _check_metadata(file: Path, found: dict, first_file: Path, first: dict) -> None:
    for name in ("bands", "classes"):
        if (found.get(name) or None) != (first.get(name) or None):
            raise ConfigError(
                f"{file}: {name} are {found.get(name)}, but {first.get(name)} in {first_file}; "
                "tables of one study must be extracted with the same options"
            )
    if found.get("units") != first.get("units"):
        logger.warning(
            "%s: its columns are in %s, those of %s in %s: numbers of different units are trained "
            "on as if they were one; train on recordings of one tracker and setup",
            file, _units(found), first_file, _units(first),
        )  # fmt: skip
    if found.get("options") != first.get("options"):
        logger.warning("%s: options differ from those of %s", file, first_file)


def _units(about: dict) -> str:
    return ", ".join(f"{name} {unit}" for name, unit in (about.get("units") or {}).items())


def _check_unique(keys: pd.DataFrame, where: str) -> None:
    is_double = np.array(keys.duplicated(list(WINDOW_KEYS)))
    if is_double.any():
        row = keys.iloc[int(np.argmax(is_double))]
        what = ", ".join(f"{name} {row[name]}" for name in WINDOW_KEYS)
        raise ConfigError(f"window {what} is twice in {where}")


def _same_classes(tables: Mapping[str, _Table]) -> tuple[str, ...]:
    classes = {m: tuple(names) for m, of in tables.items() if (names := of.about.get("classes"))}
    if len(set(classes.values())) != 1:
        raise ConfigError(
            f"the modalities must name the same classes, found {classes or 'none'}: "
            "extract them from one study file"
        )
    return next(iter(classes.values()))
