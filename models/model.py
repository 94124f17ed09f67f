"""A trained method with all that prediction needs: one network, or one per fold."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from featpipe.errors import ConfigError, few, unknown
from models.fitted import Fitted
from models.job import shapes_of, training_subjects
from models.loading import Windows
from models.made_alike import made_how, require_made_alike
from models.prediction import embed_one, loaded, predict_one
from models.presence import judged
from models.registry import METHODS, get_method
from models.runs import find_items
from models.scaling import scaled_apart
from models.selection import get_policy
from models.types import Fold, Method, Scaling, Shapes


class Network(NamedTuple):
    """The network of one fold.

    Attributes
    ----------
    weights : mapping of str to array
        Its state dict.
    scaling : mapping of str to Scaling
        Of each input modality.
    about : mapping
        The epoch whose weights these are, whom it was trained on, whom it was tested on.
    """

    weights: Mapping[str, np.ndarray]
    scaling: Mapping[str, Scaling]
    about: Mapping[str, Any]


class Model(NamedTuple):
    """A trained method and all that prediction needs.

    Attributes
    ----------
    method : str
        Registry name.
    config : frozen dataclass
        The method's options.
    shapes : Shapes
        What the networks were built for.
    networks : mapping of str to Network
        By fold; "all" is trained on everybody.
    classes : tuple of str
        Names of the emotions.
    columns : mapping of str to tuple of str
        Modality -> names of its feature columns, in the order they are read.
    about : mapping
        What people and `featpipe predict` want to know: whom it was trained on, on what terms, how
        the tables were made. Of a model that was read, all that `model.json` says.
    """

    method: str
    config: Any
    shapes: Shapes
    networks: Mapping[str, Network]
    classes: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    about: Mapping[str, Any]


def model_of(
    windows: Windows,
    folds: Sequence[Fold],
    fitted: Fitted,
    method_name: str,
    config: Any,
    seed: int,
    policy: str,
    scaling: str = "train",
) -> Model:
    """Put the networks of a training together with what it was.

    Parameters
    ----------
    windows : Windows
        All windows of the study.
    folds : sequence of Fold
        Those that were trained.
    fitted : Fitted
        What came of them.
    method_name : str
        Registry name of a network.
    config : frozen dataclass
        The method's options.
    seed : int
        With which seed.
    policy, scaling : str
        How the epoch was chosen, and with whose windows features were standardised before.

    Returns
    -------
    Model
    """
    method = get_method(method_name)
    keys = windows.keys
    trained = judged(get_policy(policy), method, windows, folds, seed)
    assert isinstance(method, Method)  # model folders hold networks
    n_subjects = training_subjects(method, config, windows, trained)
    networks = {
        fold.name: Network(
            {name: np.asarray(tensor) for name, tensor in fitted.weights[fold.name].items()},
            {name: fitted.scaling[fold.name][name] for name in method.inputs},
            _about(fold, own, keys, fitted.epochs[fold.name]),
        )
        for own, fold in zip(folds, trained, strict=True)
    }
    return Model(
        method_name,
        config,
        shapes_of(windows, method.train_modalities, n_subjects),
        networks,
        windows.classes,
        {name: windows.columns[name] for name in method.inputs},
        {
            "trained_on": _whom(keys, np.unique(np.concatenate([fold.train for fold in trained]))),
            "seed": seed,
            "policy": policy,
            "scaling": scaling,
            **_of_tables(windows, method.inputs),
        },
    )


def _of_tables(windows: Windows, modalities: Sequence[str]) -> dict[str, Any]:
    """Say how the tables of the inputs were made, so that the same can be made of a recording."""
    return {
        "channels": {m: windows.tables.get(m, {}).get("channels", []) for m in modalities},
        "bands": {m: windows.tables.get(m, {}).get("bands", {}) for m in modalities},
        "tables": {
            m: {name: windows.tables.get(m, {}).get(name) for name in ("step", "family", "units")}
            | {"options": windows.options.get(m, {})}
            for m in modalities
        },
    }


def _about(fold: Fold, before: Fold, keys: pd.DataFrame, epoch: int) -> dict[str, Any]:
    """Tell whom one network was trained and tested on, and its epoch."""
    about = {"epoch": epoch, "trained_on": _whom(keys, fold.train)}
    if before.validate is None and fold.validate is not None:
        about["epoch_chosen_on"] = _whom(keys, fold.validate)
    # the model that is given away has been tested on nobody
    is_tested = not np.isin(before.test, before.train).all()
    return about | ({"tested_on": _whom(keys, fold.test)} if is_tested else {})


def _whom(keys: pd.DataFrame, rows: np.ndarray) -> dict[str, Any]:
    found = keys.iloc[rows]
    return {
        "dataset": ", ".join(sorted(found["dataset"].unique())),
        "subjects": sorted(found["subject"].unique()),
        "sessions": sorted(found["session"].unique()),
        "trials": len(found[["dataset", "subject", "session", "trial"]].drop_duplicates()),
        "windows": len(found),
    }


def network_of(model: Model, fold: str = "") -> Network:
    """Return the network of a fold; "" takes the only one there is.

    Raises
    ------
    ConfigError
        When there is none of that name, or several and none is named.
    """
    if not fold and len(model.networks) == 1:
        return next(iter(model.networks.values()))
    if not fold:
        raise ConfigError(
            f"the model holds one network per fold: {few(list(model.networks))}: name one with "
            "--fold; `featpipe fit` makes one network of everybody"
        )
    if fold not in model.networks:
        raise ConfigError(unknown("fold", fold, list(model.networks)))
    return model.networks[fold]


def predict(model: Model, windows: Windows, fold: str = "") -> np.ndarray:
    """Predict windows from the modalities that the method may read.

    Parameters
    ----------
    model : Model
        From `models.saved.read_model` or `models.final.train_on_all`.
    windows : Windows
        With the model's input modalities; labels are not read.
    fold : str
        Whose network, where there is one per fold.

    Returns
    -------
    array, shape (n_windows, n_classes)
        Probabilities; on the CPU the same to the bit in every process, and those that the training
        gave when `windows` are the fold's test windows.

    Raises
    ------
    ConfigError
        When the columns of an input are not those of the training, or its tables were made with
        other options than those; or there is no such fold.
    """
    return _of_windows(predict_one, model, windows, fold)


def embed(model: Model, windows: Windows, fold: str = "") -> np.ndarray:
    """Return what the network makes of windows before its logits.

    Parameters
    ----------
    model, windows, fold
        As in `predict`.

    Returns
    -------
    array, shape (n_windows, n_features)
        The last features: what the logits are computed from.

    Raises
    ------
    ConfigError
        As in `predict`; or the method does not say what its last features are.
    """
    has = [name for name, method in METHODS.items() if getattr(method, "embed", None)]
    if model.method not in has:
        raise ConfigError(
            f"{model.method} has no embedding: name a model of a method that has one: "
            + ", ".join(has)
        )
    return _of_windows(embed_one, model, windows, fold)


def _of_windows(
    one: Callable[..., np.ndarray], model: Model, windows: Windows, fold: str
) -> np.ndarray:
    """Give windows to one network, once it is known that they are what it reads."""
    method = get_method(model.method)
    if not isinstance(method, Method):
        raise ConfigError(f"{model.method} is no network: it has no model folder")
    network = network_of(model, fold)
    for name in method.inputs:
        _require_columns(name, windows.columns.get(name, ()), model.columns[name])
        require_made_alike(name, made_for(model, name), made_of(windows, name))
    windows = scaled_apart(windows, model.about.get("scaling", "train"))
    run_length = method.run_length(model.config) if method.run_length else None
    items = find_items(windows.keys, run_length, whole_trials=method.whole_trials)
    x = {name: torch.from_numpy(windows.x[name].copy()) for name in method.inputs}
    weights = {name: torch.from_numpy(array.copy()) for name, array in network.weights.items()}
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            net = loaded(method, model.shapes, model.config, weights)
        rows = np.arange(len(windows.keys))
        return one(method, net, x, network.scaling, items, rows)
    finally:
        torch.set_num_threads(n_threads)


def made_for(model: Model, modality: str) -> dict[str, Any]:
    """Return how the tables of an input were made in the training (`models.made_alike`)."""
    tables = model.about.get("tables", {}).get(modality, {})
    bands = model.about.get("bands", {}).get(modality, {})
    return made_how(tables, bands, tables.get("options", {}))


def made_of(windows: Windows, modality: str) -> dict[str, Any]:
    """Return how the tables of a modality were made (`models.made_alike`)."""
    tables = windows.tables.get(modality, {})
    return made_how(tables, tables.get("bands") or {}, windows.options.get(modality, {}))


def _require_columns(name: str, found: tuple[str, ...], expected: tuple[str, ...]) -> None:
    if found != expected:
        missing = [column for column in expected if column not in found]
        raise ConfigError(
            f"the {name} columns are not those that the model was trained on: "
            + (f"{', '.join(missing[:3])} missing" if missing else "their order or number differs")
            + "; extract them with the options in model.json"
        )
