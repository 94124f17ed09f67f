"""Model folders: what a trained network needs to predict, in safetensors and JSON and nothing else.

A folder holds ``weights.safetensors`` (the network's tensors and its standardisation),
``model.json`` (how to build it, what it reads, what it was trained on) and ``README.md``, the model
card for people. ``model.json`` names the checksum of the weights and is written last: a folder
without it is none.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load, save
from torch import nn

from featpipe import __version__
from featpipe.errors import ConfigError, ReadError
from featpipe.publishing import Published, publish_bytes
from featpipe.regular_files import content_of
from models.card import card
from models.loading import Windows
from models.registry import get_method, make_config, variant
from models.runs import find_items
from models.types import Batch, Method, Scaling, Shapes

WEIGHTS, DESCRIPTION, CARD = "weights.safetensors", "model.json", "README.md"

FORMAT = 1
"""Version of the folder's layout."""

MOST_BYTES, MOST_DESCRIBED = 4 << 30, 16 << 20
"""Larger files are no weights and no descriptions of ours."""

_NETWORK, _SCALING = "network/", "scaling/"


class Model(NamedTuple):
    """A trained network and all that prediction needs.

    Attributes
    ----------
    method : str
        Registry name.
    config : frozen dataclass
        The method's options.
    shapes : Shapes
        What the network was built for.
    network : mapping of str to array
        Its state dict.
    scaling : mapping of str to Scaling
        Of each input modality.
    classes : tuple of str
        Names of the emotions.
    columns : mapping of str to tuple of str
        Modality -> names of its feature columns, in the order they are read.
    about : mapping
        What people want to know: data set, subjects, options of the tables, scores.
    """

    method: str
    config: Any
    shapes: Shapes
    network: Mapping[str, np.ndarray]
    scaling: Mapping[str, Scaling]
    classes: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    about: Mapping[str, Any]


def write_model(model: Model, folder: Path, staging: Path) -> dict[Path, Published]:
    """Write a model folder.

    Parameters
    ----------
    model : Model
        What to write.
    folder : Path
        Its folder; files of an earlier model there are replaced.
    staging : Path
        Folder for unfinished files, on the same file system.

    Returns
    -------
    dict of Path to Published
        What was written.
    """
    tensors = {_NETWORK + name: array for name, array in model.network.items()}
    for modality, scaling in model.scaling.items():
        tensors[f"{_SCALING}{modality}/mean"] = scaling.mean
        tensors[f"{_SCALING}{modality}/scale"] = scaling.scale
    content = save({name: np.ascontiguousarray(array) for name, array in tensors.items()})
    description = _described(model, sha256(content).hexdigest())
    texts = {
        WEIGHTS: content,
        CARD: card(description).encode(),
        DESCRIPTION: (json.dumps(description, indent=2, ensure_ascii=False) + "\n").encode(),
    }
    return {
        folder / name: publish_bytes(text, folder / name, staging) for name, text in texts.items()
    }


def _described(model: Model, digest: str) -> dict[str, Any]:
    method = get_method(model.method)
    return {
        "format": FORMAT,
        "featpipe": __version__,
        "method": model.method,
        "method_version": method.version,
        "describes": method.describes,
        "reference": method.reference,
        "config": asdict(model.config),
        "variant": variant(model.method, model.config),
        "inputs": list(method.inputs),
        "trained_from": list(method.train_modalities),
        "shapes": {
            "features": {name: list(shape) for name, shape in model.shapes.features.items()},
            "n_classes": model.shapes.n_classes,
            "n_subjects": model.shapes.n_subjects,
        },
        "classes": list(model.classes),
        "columns": {name: list(model.columns[name]) for name in method.inputs},
        "weights": {"file": WEIGHTS, "sha256": digest},
        **model.about,
    }


def read_model(folder: Path) -> tuple[Model, dict[str, Any]]:
    """Read a model folder; nothing in it is executed.

    Parameters
    ----------
    folder : Path
        As `write_model` leaves it.

    Returns
    -------
    model : Model
    description : dict
        What ``model.json`` says.

    Raises
    ------
    ReadError
        When a file is missing, damaged or of a later format.
    """
    description = _read_description(folder / DESCRIPTION)
    try:
        method = get_method(description["method"])
        config = make_config(
            description["method"], {k: _tuples(v) for k, v in description["config"].items()}
        )
        of = description["shapes"]
        features = {name: tuple(shape) for name, shape in of["features"].items()}
        shapes = Shapes(features, of["n_classes"], of["n_subjects"])
        tensors = _read_weights(folder / WEIGHTS, description["weights"]["sha256"])
        scaling = {
            name: Scaling(tensors[f"{_SCALING}{name}/mean"], tensors[f"{_SCALING}{name}/scale"], 0)
            for name in method.inputs
        }
        columns = {name: tuple(found) for name, found in description["columns"].items()}
    except (KeyError, TypeError, AttributeError, ConfigError) as error:
        raise ReadError(f"{folder / DESCRIPTION}: it describes no model: {error}") from error
    network = {
        name.removeprefix(_NETWORK): array
        for name, array in tensors.items()
        if name.startswith(_NETWORK)
    }
    model = Model(
        description["method"], config, shapes, network, scaling, tuple(description["classes"]),
        columns, {},
    )  # fmt: skip
    return model, description


def _read_description(path: Path) -> dict[str, Any]:
    try:
        description = json.loads(content_of(path, MOST_DESCRIBED))
    except (ValueError, RecursionError) as error:
        raise ReadError(f"{path}: no model can be read there: {error}") from error
    if not isinstance(description, dict) or "format" not in description:
        raise ReadError(f"{path}: it describes no model: expected an object with a format")
    if description["format"] != FORMAT:
        raise ReadError(
            f"{path}: its format is {description['format']}, this version reads {FORMAT}: install "
            f"featpipe {description.get('featpipe', 'of its time')}"
        )
    return description


def _read_weights(path: Path, digest: str) -> dict[str, np.ndarray]:
    try:
        content = content_of(path, MOST_BYTES)
        if sha256(content).hexdigest() != digest:
            raise ReadError(f"{path}: its content is not what model.json says: copy it again")
        return load(content)
    except SafetensorError as error:
        raise ReadError(f"{path}: no weights can be read there: {error}") from error


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def predict(model: Model, windows: Windows) -> np.ndarray:
    """Predict windows from the modalities that the method may read.

    Parameters
    ----------
    model : Model
        From `read_model` or `model_of`.
    windows : Windows
        With the model's input modalities; labels are not read.

    Returns
    -------
    array, shape (n_windows, n_classes)
        Probabilities; on the CPU the same to the bit in every process.

    Raises
    ------
    ConfigError
        When the columns of an input are not those of the training.
    """
    method = get_method(model.method)
    if not isinstance(method, Method):
        raise ConfigError(f"{model.method} is no network: it has no model folder")
    for name in method.inputs:
        _require_columns(name, windows.columns.get(name, ()), model.columns[name])
    net = method.build(model.shapes, model.config)
    weights = {name: torch.from_numpy(a.copy()) for name, a in model.network.items()}
    try:
        net.load_state_dict(weights)
    except RuntimeError as error:  # torch's for tensors of other names and shapes
        reason = " ".join(str(error).split())
        raise ConfigError(f"the weights are not of the network described: {reason}") from error
    net.eval()
    run_length = method.run_length(model.config) if method.run_length else None
    items = find_items(windows.keys, run_length, whole_trials=method.whole_trials)
    x = {name: _scaled(windows.x[name], model.scaling[name]) for name in method.inputs}
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        logits = _logits(method, net, x, items.test)
    finally:
        torch.set_num_threads(n_threads)
    return logits.double().softmax(-1).numpy()[items.read]


def _logits(
    method: Method, net: nn.Module, x: Mapping[str, torch.Tensor], reads: np.ndarray
) -> torch.Tensor:
    parts = []
    with torch.no_grad():
        for part in torch.from_numpy(reads).split(1024):
            mask = part >= 0 if method.whole_trials else None
            rows = part.clamp(min=0)
            found = {name: values[rows] for name, values in x.items()}
            if mask is not None:
                found = {
                    n: v * mask.view(*mask.shape, *[1] * (v.ndim - 2)) for n, v in found.items()
                }
            hidden = torch.full((len(part),), -1)
            parts.append(method.predict(net, Batch(found, hidden, hidden, hidden, mask=mask)))
    return torch.cat(parts)


def _scaled(x: np.ndarray, scaling: Scaling) -> torch.Tensor:
    mean, scale = (torch.from_numpy(array.copy()) for array in (scaling.mean, scaling.scale))
    return ((torch.from_numpy(x.copy()) - mean) / scale).nan_to_num(nan=0.0)


def _require_columns(name: str, found: tuple[str, ...], expected: tuple[str, ...]) -> None:
    if found != expected:
        missing = [column for column in expected if column not in found]
        raise ConfigError(
            f"the {name} columns are not those that the model was trained on: "
            + (f"{', '.join(missing[:3])} missing" if missing else "their order or number differs")
            + "; extract them with the options in model.json"
        )
