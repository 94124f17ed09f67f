"""What a trained network makes of the windows that it was tested on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from featpipe.errors import ConfigError, ReadError, unknown
from featpipe.schema import SCHEMA_VERSION, WINDOW_KEYS
from featpipe.tables import read_metadata, read_table, with_metadata
from models.loading import Windows, load_windows
from models.model import embed, network_of
from models.saved import read_model
from models.separation import Separation, place, separation
from pipelines.engine import is_features


class Embedded(NamedTuple):
    """What a network makes of the windows of its test side.

    Attributes
    ----------
    name, method, variant : str
        Of the model folder, and whose it is.
    inputs : tuple of str
        Modalities that it reads.
    classes : tuple of str
        Names of the emotions.
    keys : pandas.DataFrame
        Columns `schema.KEYS`, one row per window.
    features : array, shape (n_windows, n_features)
        Last features before the logits.
    map : array, shape (n_windows, 2)
        The same, laid out in a plane by t-SNE.
    apart : Separation
        How well emotions lie apart in `features`.
    """

    name: str
    method: str
    variant: str
    inputs: tuple[str, ...]
    classes: tuple[str, ...]
    keys: pd.DataFrame
    features: np.ndarray
    map: np.ndarray
    apart: Separation


def embedded(out: Path, name: str, fold: str) -> Embedded:
    """Return what one model makes of the windows of a fold's test side.

    Parameters
    ----------
    out : Path
        Output root.
    name : str
        A folder below ``OUT/models``.
    fold : str
        Whose network, and whose test windows.

    Raises
    ------
    ConfigError
        When there is no such model or fold, or its method has no embedding.
    ReadError
        When a file is missing or damaged, or tables lack windows that were tested.
    """
    folders = {folder.name: folder for folder in sorted((out / "models").glob("*"))}
    if name not in folders:
        raise ConfigError(unknown("model", name, folders))
    model = read_model(folders[name])
    network_of(model, fold)
    stored = _predictions(out, name)
    windows = _windows(out, read_metadata(stored))
    rows = _tested(out, windows, stored, fold)
    # of all windows: where subjects are scaled by themselves, or runs are read, all are needed
    features = embed(model, windows, fold)[rows]
    keys = windows.keys.iloc[rows].reset_index(drop=True)
    apart = separation(features, windows.label[rows], trial_numbers(keys))
    named = (name, model.method, str(model.about["variant"]), tuple(model.columns))
    return Embedded(*named, model.classes, keys, features, place(features), apart)


def trial_numbers(keys: pd.DataFrame) -> np.ndarray:
    """Return a number for every window that tells trials of all recordings apart."""
    return keys.groupby(list(WINDOW_KEYS[:-1]), sort=False).ngroup().to_numpy()


def table_of(one: Embedded, fold: str) -> pa.Table:
    """Lay out keys, the map and all features as a table that says what it is of."""
    columns = {f"f_{i}": column for i, column in enumerate(one.features.T.astype(np.float32))}
    frame = one.keys.assign(
        fold=fold, map_x=one.map[:, 0].astype(np.float32), map_y=one.map[:, 1].astype(np.float32)
    )
    frame = pd.concat([frame, pd.DataFrame(columns, index=frame.index)], axis=1)
    about = {
        "schema_version": SCHEMA_VERSION, "family": "embedding", "model": one.name, "fold": fold,
        **{name: _number(value) for name, value in one.apart._asdict().items()},
    }  # fmt: skip
    return with_metadata(pa.Table.from_pandas(frame, preserve_index=False), about)


def _predictions(out: Path, name: str) -> Path:
    """Return the file of what a model predicted."""
    stored = out / "predictions" / f"{name}.parquet"
    if not stored.exists():
        raise ConfigError(
            f"{name} has no predictions in {stored.parent}: it was tested on nobody; name a model "
            "that `featpipe train` made"
        )
    return stored


def _windows(out: Path, about: Mapping[str, Any]) -> Windows:
    """Return all windows of a training, of all modalities: people are scaled over these.

    Parameters
    ----------
    out : Path
        Output root.
    about : mapping
        What predictions say of themselves.
    """
    tables: dict[str, list[Path]] = {}
    for source in about["sources"]:
        path = out / "features" / source["name"]
        if is_features(source) and path.exists():
            tables.setdefault("eye" if path.parent.name == "eye" else "eeg", []).append(path)
    return load_windows(tables, about["options"]["missing"])


def _tested(out: Path, windows: Windows, stored: Path, fold: str) -> np.ndarray:
    """Return the rows of the windows that the network of a fold was tested on."""
    table = read_table(stored, [*WINDOW_KEYS, "fold"]).to_pandas()
    keys = table.loc[table["fold"] == fold, list(WINDOW_KEYS)]
    if keys.empty:
        raise ConfigError(
            f"{stored.stem}: its network of fold {fold} was tested on nobody, others start from "
            "it: name another fold"
        )
    rows = windows.keys.reset_index().merge(keys, on=list(WINDOW_KEYS))["index"].to_numpy()
    if len(rows) < len(keys):
        raise ReadError(
            f"{out / 'features'}: {len(keys) - len(rows)} of the {len(keys)} windows that "
            f"{stored.stem} was tested on in fold {fold} are not there any more: train it again"
        )
    return rows


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value
