"""Parquet tables -> `Windows`: one array per modality, rows joined on the window's keys.

Only labelled windows are kept, and unless asked otherwise those that every modality has. Nothing is
scaled here.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError
from featpipe.schema import KEYS
from featpipe.tables import read_metadata, read_table
from models.joining import check_unique, join, join_any
from models.one_modality import check_columns, check_metadata, shared_units
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
    weight : array of float64, shape (n_windows,), optional
        How much a window counts in training, see `models.weights`; None: all alike.
    present : mapping, optional
        Modality -> array of bool, shape (n_windows,), which windows have it; None where every
        modality counts as there, with the training mean in the place of what is missing.
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
    weight: np.ndarray | None = None
    present: Mapping[str, np.ndarray] | None = None


class _Table(NamedTuple):
    """All files of one modality, one below the other, and what they say of themselves."""

    keys: pd.DataFrame
    x: np.ndarray
    columns: tuple[str, ...]
    ch_names: tuple[str, ...]
    bands: dict[str, tuple[float, float]]
    about: dict[str, Any]


def load_windows(tables: Mapping[str, Sequence[Path]], missing: str = "drop") -> Windows:
    """Read the feature tables of a study.

    Parameters
    ----------
    tables : mapping
        Modality -> feature files, for example ``{"eeg": [...], "eye": [...]}``; the order of the
        files does not matter.
    missing : {"drop", "keep"}
        What becomes of windows that lack a modality: one has no row of it, or nothing but NaN.
        "keep" leaves NaN in its place, says so in `present`, and takes `good` of what is there.

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
    frames = {modality: table.keys for modality, table in found.items()}
    keys, rows = join(frames) if missing == "drop" else join_any(frames)
    has_label = np.array(keys["label"].notna())
    n_dropped = sum(len(table.keys) for table in found.values()) - sum(
        int((of >= 0).sum()) for of in rows.values()
    )
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
    windows = Windows(
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
    if missing == "drop":
        return windows
    good = {name: found[name].keys["good"].to_numpy()[of[has_label]] for name, of in rows.items()}
    return _with_presence(windows, good)


def _with_presence(windows: Windows, good: Mapping[str, np.ndarray]) -> Windows:
    """Say which windows have which modality, and leave out those that have none."""
    present: dict[str, np.ndarray] = {}
    for name, x in windows.x.items():
        present[name] = np.asarray(~np.isnan(x.reshape(len(x), -1)).all(axis=1))
    has_any = np.stack(list(present.values())).any(axis=0)
    worst = np.minimum.reduce([np.where(present[name], good[name], np.inf) for name in present])
    keys = windows.keys.assign(good=worst.astype(np.float32))
    return replace(
        windows,
        keys=keys.loc[has_any].reset_index(drop=True),
        x={name: x[has_any] for name, x in windows.x.items()},
        label=windows.label[has_any],
        n_dropped=windows.n_dropped + int((~has_any).sum()),
        present={name: of[has_any] for name, of in present.items()},
    )


def _taken(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return rows of an array, NaN where the row is -1."""
    if np.array_equal(rows, np.arange(len(x))):
        return x  # no copy where all rows lie as they are wanted
    found = x[rows]
    found[rows < 0] = np.nan
    return found


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
    check_unique(keys, "the two sets of windows; give one of them another dataset name")
    return replace(
        a,
        keys=keys,
        x={modality: np.concatenate([a.x[modality], b.x[modality]]) for modality in a.x},
        label=np.concatenate([a.label, b.label]),
        n_dropped=a.n_dropped + b.n_dropped,
        n_unlabelled=a.n_unlabelled + b.n_unlabelled,
        trials=a.trials or b.trials,
        weight=None if a.weight is None or b.weight is None else np.append(a.weight, b.weight),
        present=_joined_presence(a, b),
    )


def _joined_presence(a: Windows, b: Windows) -> dict[str, np.ndarray] | None:
    if a.present is None and b.present is None:
        return None
    whole = [of.present or {m: np.ones(len(of.label), bool) for m in of.x} for of in (a, b)]
    return {name: np.append(whole[0][name], whole[1][name]) for name in a.x}


def _read_modality(modality: str, files: Sequence[Path]) -> _Table:
    """Read the files of one modality, one Arrow table in memory at a time."""
    if not files:
        raise ConfigError(f"modality {modality!r}: no feature files given; run extract first")
    files = sorted(files)
    first = read_metadata(files[0])
    keys, columns, parts, abouts = [], (), [], []
    for file in files:
        table = read_table(file)
        names = tuple(name for name in table.column_names if name not in KEYS)
        columns = columns or names
        check_columns(modality, file, names, columns)
        abouts.append(read_metadata(file))
        check_metadata(file, abouts[-1], files[0], first)
        keys.append(table.select(list(KEYS)).to_pandas())
        x = np.empty((table.num_rows, len(names)), np.float32)
        for i_column, name in enumerate(names):
            x[:, i_column] = table[name].to_numpy()
        x[np.isinf(x)] = np.nan
        parts.append(x)
    x = np.concatenate(parts)
    frames, keys = keys, pd.concat(keys, ignore_index=True)
    check_unique(keys, f"the {modality} tables; remove the double file")
    refuse_repeats(files, list(map(first_rows, frames, parts)))
    bands = {name: tuple(edges) for name, edges in (first.get("bands") or {}).items()}
    bands = dict(sorted(bands.items(), key=lambda band: band[1]))  # columns run low to high
    ch_names = _sites(columns, tuple(bands))
    if ch_names:
        x = x.reshape(len(x), len(ch_names), len(bands))
    else:
        bands = {}
    about = first | {"units": shared_units(abouts)}
    return _Table(keys, x, columns, ch_names, bands, about)


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


def _same_classes(tables: Mapping[str, _Table]) -> tuple[str, ...]:
    classes = {m: tuple(names) for m, of in tables.items() if (names := of.about.get("classes"))}
    if len(set(classes.values())) != 1:
        raise ConfigError(
            f"the modalities must name the same classes, found {classes or 'none'}: "
            "extract them from one study file"
        )
    return next(iter(classes.values()))
