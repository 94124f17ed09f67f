"""`featpipe predict`: a model folder on new recordings, without labels or what it does not read."""

import json
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import pandas as pd

from featpipe.datasets.lab_table import trials_of_one
from featpipe.errors import N_SAID, ConfigError, ReadError, printable
from featpipe.schema import KEYS
from featpipe.tables import read_table, said_by
from models.loading import TOLD, Windows
from models.model import Model, made_for, made_of, network_of, predict
from models.registry import get_method
from models.saved import read_model
from pipelines.exits import DONE, INPUT, SOME_FAILED
from pipelines.json_text import json_text
from pipelines.new_recordings import WHOLE, Cut, table_of
from pipelines.several_inputs import TABLE, joined, require_one_clock, together

WHERE = ("trial", "window", "start_s", "stop_s", "good")
"""Key columns that are printed with every prediction."""

_ASSUMED = (
    "--eye-offset {:.3f}: taken from end to end of each recording, no drift is assumed; clocks "
    "that differ by 80 ppm are 0.3 s apart an hour away from where the offset was taken"
)


def print_predictions(
    folder: Path,
    files: Sequence[Path],
    fold: str = "",
    trials: Path | None = None,
    eye_offset: float | None = None,
    *,
    as_json: bool = False,
) -> int:
    """Predict the windows of files and print them: CSV, or one JSON object per file.

    Parameters
    ----------
    folder : Path
        A model folder.
    files : sequence of Path
        Feature tables (.parquet) of the model's modality, or recordings. Of a model that reads
        several, a file of each, one recording after the other.
    fold : str
        Whose network, where the folder holds one per fold.
    trials : Path or None
        CSV of the trials of every recording; None takes each whole recording as one.
    eye_offset : float or None
        Of eye exports: time of the trials = time of the tracker + eye_offset, s.
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
    ConfigError
        When there is no such fold, the trials cannot be understood, or files are missing.
    """
    model = read_model(folder)
    network_of(model, fold)  # refuse a misspelt one once, not file by file
    cut = Cut(trials_of_one(trials) if trials else (), eye_offset)
    if eye_offset is not None:
        click.echo(_ASSUMED.format(eye_offset), err=True)
    recordings = together(files, get_method(model.method).inputs, model.method)
    n_failed = 0
    is_first = True
    for recording in recordings:
        file = " + ".join(map(str, recording))
        try:
            found = predicted(model, recording, fold, cut)
        except (ReadError, ConfigError) as error:
            n_failed += 1
            named = "" if str(error).startswith(tuple(map(str, recording))) else f"{file}: "
            click.echo(printable(f"failed: {named}{error}", N_SAID), err=True)
            continue
        if as_json:
            rows = json.loads(found.to_json(orient="records", double_precision=15) or "[]")
            click.echo(json_text({"file": file, "windows": rows}))
        else:
            shown = found.assign(file=printable(file, N_SAID))[["file", *found.columns]]
            click.echo(shown.to_csv(index=False, header=is_first, float_format="%.6g"), nl=False)
            is_first = False
    if n_failed == len(recordings):
        return INPUT
    return SOME_FAILED if n_failed else DONE


def predicted(
    model: Model, files: Sequence[Path], fold: str = "", cut: Cut = WHOLE
) -> pd.DataFrame:
    """Return one row per window: where it is, the class, and the probability of each.

    Parameters
    ----------
    model : Model
        From `models.saved.read_model`.
    files : sequence of Path
        Of one recording: a feature table or recording of each modality that the model reads.
    fold : str
        Whose network, where there is one per fold.
    cut : Cut
        Which parts of a recording.
    """
    windows = _windows(model, files, cut)
    p = predict(model, windows, fold)
    frame = windows.keys[list(WHERE)].reset_index(drop=True)
    frame["class"] = np.array(model.classes)[p.argmax(axis=1)]
    return frame.assign(**{f"p_{name}": p[:, i] for i, name in enumerate(model.classes)})


def _windows(model: Model, files: Sequence[Path], cut: Cut) -> Windows:
    """Return the windows of a recording that have all that the model reads."""
    inputs = get_method(model.method).inputs
    if len(inputs) > 1:
        require_one_clock(files, cut)
    parts = {}
    for modality, file in zip(inputs, files, strict=True):
        parts[modality] = windows_of(model, file, cut, modality)
        _tell_if_unknown(model, parts[modality], file)
    return joined(parts, files) if len(inputs) > 1 else next(iter(parts.values()))


def windows_of(model: Model, file: Path, cut: Cut = WHOLE, modality: str = "") -> Windows:
    """Return the windows of a feature table or recording, as the model reads them.

    Parameters
    ----------
    model : Model
        As in `predicted`.
    file : Path
        A feature table or a recording.
    cut : Cut
        Which parts of a recording.
    modality : str
        That the file is of; "" where the model reads one.
    """
    modality = modality or next(iter(get_method(model.method).inputs))
    if file.suffix == TABLE:
        if cut != WHOLE:
            raise ConfigError("it is a table, cut already: leave --trials and --eye-offset out")
        table = read_table(file)
    else:
        table = table_of(file, modality, model, cut)
    missing = [name for name in KEYS if name not in table.column_names]
    if missing:
        raise ReadError(f"it is no feature table: column {missing[0]} is missing")
    columns = tuple(name for name in table.column_names if name not in KEYS)
    x = np.stack([table[name].to_numpy() for name in columns], axis=1).astype(np.float32)
    x = np.where(np.isfinite(x), x, np.float32(np.nan))
    if columns == model.columns[modality]:
        x = x.reshape(len(x), *model.shapes.features[modality])
    keys = table.select(list(KEYS)).to_pandas()
    label = np.zeros(len(keys), np.int64)
    about = said_by(table)
    options = about.get("options")
    return Windows(
        keys, {modality: x}, label, model.classes, (), {}, {modality: columns},
        {modality: options if isinstance(options, dict) else {}},
        tables={modality: {name: about.get(name) for name in TOLD}},
    )  # fmt: skip


def _tell_if_unknown(model: Model, windows: Windows, file: Path) -> None:
    """Warn where nothing tells whether a table was made as those of the training."""
    [modality] = windows.x
    silent = {
        "it": not made_of(windows, modality),
        "the model": not made_for(model, modality),
    }
    if who := [name for name, is_silent in silent.items() if is_silent]:
        text = (
            f"{file}: {' and '.join(who)} does not say how tables were made, so that nothing was "
            "compared: its windows, bands and units have to be those of the training"
        )
        click.echo(printable(text, N_SAID), err=True)
