"""`featpipe predict`: a model folder on new recordings, without labels or another modality."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from featpipe.errors import N_SAID, ConfigError, ReadError, printable
from featpipe.eye.settings import EyeSettings
from featpipe.features.eye_table import eye_table
from featpipe.features.table import FeatureSettings
from featpipe.reading import read_eye
from featpipe.recording import Source, Trial
from featpipe.schema import KEYS
from featpipe.tables import read_table
from models.loading import Windows
from models.registry import get_method
from models.saved import Model, predict, read_model
from pipelines.exits import DONE, INPUT, SOME_FAILED
from pipelines.json_text import json_text

WHERE = ("trial", "window", "start_s", "stop_s", "good")
"""Key columns that are printed with every prediction."""


def print_predictions(folder: Path, files: Sequence[Path], *, as_json: bool) -> int:
    """Predict the windows of files and print them: CSV, or one JSON object per file.

    Parameters
    ----------
    folder : Path
        A model folder.
    files : sequence of Path
        Feature tables (.parquet) of the model's modality, or eye exports, whose whole length is
        taken as one trial.
    as_json : bool
        Print JSON.

    Returns
    -------
    int
        0; 2 where no file could be used, 3 where some could not.

    Raises
    ------
    ReadError
        When the model folder is damaged.
    """
    model, about = read_model(folder)
    n_failed = 0
    is_first = True
    for file in files:
        try:
            found = predicted(model, about, file)
        except (ReadError, ConfigError) as error:
            n_failed += 1
            named = "" if str(error).startswith(str(file)) else f"{file}: "
            click.echo(printable(f"failed: {named}{error}", N_SAID), err=True)
            continue
        if as_json:
            rows = json.loads(found.to_json(orient="records") or "[]")
            click.echo(json_text({"file": str(file), "windows": rows}))
        else:
            shown = found.assign(file=printable(str(file), N_SAID))[["file", *found.columns]]
            click.echo(shown.to_csv(index=False, header=is_first, float_format="%.6g"), nl=False)
            is_first = False
    if n_failed == len(files):
        return INPUT
    return SOME_FAILED if n_failed else DONE


def predicted(model: Model, about: dict[str, Any], file: Path) -> pd.DataFrame:
    """Return one row per window: where it is, the class, and the probability of each."""
    [modality] = get_method(model.method).inputs
    windows = (
        _of_table(file, modality, model)
        if file.suffix == ".parquet"
        else _of_recording(file, modality, model, about)
    )
    p = predict(model, windows)
    frame = windows.keys[list(WHERE)].reset_index(drop=True)
    frame["class"] = np.array(model.classes)[p.argmax(axis=1)]
    return frame.assign(**{f"p_{name}": p[:, i] for i, name in enumerate(model.classes)})


def _of_table(file: Path, modality: str, model: Model) -> Windows:
    table = read_table(file)
    columns = tuple(name for name in table.column_names if name not in KEYS)
    missing = [name for name in KEYS if name not in table.column_names]
    if missing:
        raise ReadError(f"it is no feature table: column {missing[0]} is missing")
    keys = table.select(list(KEYS)).to_pandas()
    x = np.stack([table[name].to_numpy() for name in columns], axis=1)
    return _windows(keys, x, columns, modality, model)


def _of_recording(file: Path, modality: str, model: Model, about: dict[str, Any]) -> Windows:
    """Compute the features of an eye export with the options of the training tables."""
    if modality != "eye":
        raise ConfigError(
            f"the model reads {modality}: extract the recording and give its table instead"
        )
    try:
        options = about["tables"][modality]
        settings = TypeAdapter(EyeSettings).validate_python(options["eye"])
        window = {name: options["features"][name] for name in ("window_s", "hop_s")}
        features = TypeAdapter(FeatureSettings).validate_python(window)
        sfreq = float(options["eeg"]["sfreq"])
    except (KeyError, TypeError, ValidationError) as error:
        raise ReadError(f"model.json does not say how its tables were made: {error}") from error
    if settings.light != "keep":
        raise ConfigError("the model was trained without the response to light of others: extract")
    eye = read_eye(file, settings.csv)
    time = np.asarray(eye.samples["time"] if len(eye.samples) else eye.events["onset"], float)
    if not time.size:
        raise ReadError("it holds neither samples nor events")
    trial = Trial(1, time.min(), time.max(), None)
    source = Source("new", file.stem, "1", None, file, 0.0, (trial,), model.classes)
    try:
        table = eye_table(eye, source, sfreq, settings, features)
    except ValueError as error:
        raise ReadError(str(error)) from error
    if table.keys.empty:
        raise ReadError(
            f"it is {trial.offset - trial.onset:.1f} s long and holds no window of "
            f"{features.window_s:g} s"
        )
    return _windows(table.keys, table.values["eye"], tuple(table.columns["eye"]), modality, model)


def _windows(
    keys: pd.DataFrame, x: np.ndarray, columns: tuple[str, ...], modality: str, model: Model
) -> Windows:
    x = np.asarray(x, np.float32)
    x = np.where(np.isfinite(x), x, np.float32(np.nan))
    shape = model.shapes.features[modality]
    if columns == model.columns[modality]:
        x = x.reshape(len(x), *shape)
    label = np.zeros(len(keys), np.int64)
    return Windows(keys, {modality: x}, label, model.classes, (), {}, {modality: columns}, {})
