"""Model folders: what trained networks need to predict, in safetensors and JSON and nothing else.

A folder holds ``model.safetensors`` (the tensors of all networks and their standardisation, the
networks one behind the other along the first axis), ``model.json`` (how to build them, what they
read, what each was trained on) and, for people, ``README.md``, the model card. ``model.json`` names
the checksum of the weights: a folder without it is none.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from featpipe import __version__
from featpipe.errors import ConfigError, ReadError
from featpipe.publishing import Published, publish_bytes
from featpipe.regular_files import content_of
from models.ahead import ahead_of
from models.card import card
from models.model import Model, Network
from models.registry import get_method, make_config, variant
from models.seals import (
    KEY,
    MOST_BYTES,
    MOST_DESCRIBED,
    OF_MODEL,
    OPEN,
    require_sealed,
    said_in,
    seal,
)
from models.types import Card, Scaling, Shapes

(WEIGHTS, DESCRIPTION), CARD = OF_MODEL, "README.md"

FORMAT = 2
"""Version of the folder's layout. In that of 1 the weights were `weights.safetensors`."""

_NETWORK, _SCALING = "network/", "scaling/"


def weights_file(model: Model, more: Mapping[str, Any]) -> bytes:
    """Return the content of ``model.safetensors``: equal models give equal bytes.

    Parameters
    ----------
    model : Model
        Its networks.
    more : mapping
        What else the file says of itself, as JSON can hold it.
    """
    networks = list(model.networks.values())
    tensors = {
        _NETWORK + name: np.stack([network.weights[name] for network in networks])
        for name in networks[0].weights
    }
    for name in networks[0].scaling:
        for part in ("mean", "scale"):
            arrays = [getattr(network.scaling[name], part) for network in networks]
            tensors[f"{_SCALING}{name}/{part}"] = np.stack(arrays)
    said = json.dumps({"checksum": OPEN, "format": FORMAT, **more}, ensure_ascii=False)
    return seal(save(tensors, {KEY: said}))


def description_file(model: Model, weights: bytes, more: Mapping[str, Any]) -> bytes:
    """Return the content of ``model.json``.

    Parameters
    ----------
    model : Model
        What is described.
    weights : bytes
        Content of the ``model.safetensors`` beside it.
    more : mapping
        What else the file says of itself, as JSON can hold it.
    """
    method = get_method(model.method)
    described = {
        "checksum": OPEN,
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
            "names": {name: list(names) for name, names in model.shapes.names.items()},
        },
        "classes": list(model.classes),
        **model.about,
        "before": _before(model),
        "weights": {"file": WEIGHTS, "sha256": sha256(weights).hexdigest()},
        "standardisation": {
            name: {
                "mean": f"{_SCALING}{name}/mean",
                "scale": f"{_SCALING}{name}/scale",
                "of": "the training windows of each network; a missing value becomes the mean",
            }
            for name in method.inputs
        },
        "folds": [{"name": name, **of.about} for name, of in model.networks.items()],
        "columns": {name: list(model.columns[name]) for name in method.inputs},
        **more,
    }
    return seal((json.dumps(described, indent=1, ensure_ascii=False) + "\n").encode())


def _before(model: Model) -> dict[str, dict[str, Any]]:
    """Tell which networks were trained before: teacher, judges, members."""
    found = ahead_of(get_method(model.method), model.config)
    return {
        name: {
            "method": of.method.name,
            "variant": variant(of.method.name, of.config),
            "becomes": of.of.becomes,
            "groups": of.of.n_groups,
        }
        for name, of in found.items()
    }


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
    weights = weights_file(model, {})
    description = description_file(model, weights, {})
    (folder / DESCRIPTION).unlink(missing_ok=True)  # it would be of other weights for a moment
    texts = {
        WEIGHTS: weights,
        CARD: card(json.loads(description)).encode(),
        DESCRIPTION: description,
    }
    return {
        folder / name: publish_bytes(text, folder / name, staging) for name, text in texts.items()
    }


def read_model(folder: Path) -> Model:
    """Read a model folder; nothing in it is executed.

    Parameters
    ----------
    folder : Path
        As `write_model` or `featpipe train` leaves it.

    Returns
    -------
    Model
        `about` is all that ``model.json`` says.

    Raises
    ------
    ReadError
        When a file is missing, damaged or of another format.
    """
    place = folder / DESCRIPTION
    described = _read_description(place)
    try:
        method = get_method(described["method"])
        config = make_config(
            described["method"], {k: _tuples(v) for k, v in described["config"].items()}
        )
        of = described["shapes"]
        features = {name: tuple(shape) for name, shape in of["features"].items()}
        # absent in folders of before there were networks that ask
        names = {name: tuple(found) for name, found in of.get("names", {}).items()}
        tensors = _read_weights(folder / WEIGHTS, described["weights"]["sha256"])
        return Model(
            described["method"],
            config,
            Shapes(features, of["n_classes"], of["n_subjects"], names),
            {
                fold["name"]: _network(tensors, i, method, fold)
                for i, fold in enumerate(described["folds"])
            },
            tuple(described["classes"]),
            {name: tuple(found) for name, found in described["columns"].items()},
            described,
        )
    except (KeyError, TypeError, AttributeError, IndexError, ConfigError) as error:
        raise ReadError(f"{place}: it describes no model: {error}") from error


def _network(
    tensors: Mapping[str, np.ndarray], i: int, method: Card, about: Mapping[str, Any]
) -> Network:
    """Take one network out of what all folds have in one tensor."""
    weights = {
        name.removeprefix(_NETWORK): np.asarray(array[i])  # a count is of no dimension
        for name, array in tensors.items()
        if name.startswith(_NETWORK)
    }
    scaling = {
        name: Scaling(
            tensors[f"{_SCALING}{name}/mean"][i], tensors[f"{_SCALING}{name}/scale"][i], 0
        )
        for name in method.inputs
    }
    return Network(weights, scaling, {k: v for k, v in about.items() if k != "name"})


def _read_description(path: Path) -> dict[str, Any]:
    content = content_of(path, MOST_DESCRIBED)
    described = said_in(content, path)
    found = described.get("format")
    if found != FORMAT:
        if isinstance(found, int) and found < FORMAT:
            what = "train it again with `featpipe fit`"
        else:
            what = f"install featpipe {described.get('featpipe', 'of its time')}"
        raise ReadError(f"{path}: its format is {found}, this version reads {FORMAT}: {what}")
    require_sealed(content, described, path)
    return described


def _read_weights(path: Path, digest: str) -> dict[str, np.ndarray]:
    try:
        content = content_of(path, MOST_BYTES)
        if sha256(content).hexdigest() != digest:
            raise ReadError(
                f"{path}: its content is not what model.json says: copy the folder again, or end "
                "the training that was cut off"
            )
        return load(content)
    except SafetensorError as error:
        raise ReadError(f"{path}: no weights can be read there: {error}") from error


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
