"""What a network makes of a window before its logits."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from featpipe.errors import ConfigError
from models.final import train_on_all
from models.model import embed, predict
from models.registry import METHODS, make_config

QUICK = {"n_epochs": 2, "batch": 48}
HEADS = {"dnn_eeg": "encoder.out", "cmcrd_eeg": "student.out", "kd_eye": "student.out"}
"""Methods -> what makes logits of their embedding."""


@pytest.fixture(scope="module")
def study(make_windows):
    windows = make_windows()
    sizes = {name: x[0].size for name, x in windows.x.items()}
    columns = {name: tuple(f"{name}_{i}" for i in range(n)) for name, n in sizes.items()}
    return replace(windows, columns=columns)


@pytest.fixture(scope="module")
def model_of(study):
    return lambda name: train_on_all(study, name, 1, config=make_config(name, QUICK))


@pytest.mark.parametrize("name", HEADS)
def test_logits_are_a_linear_function_of_the_embedding(study, model_of, name):
    model = model_of(name)
    [modality] = METHODS[name].inputs
    hidden = {m: np.full_like(x, np.nan) for m, x in study.x.items() if m != modality}
    found = embed(model, replace(study, x={**study.x, **hidden}))
    assert found.shape == (len(study.label), 128)
    weights = next(iter(model.networks.values())).weights
    logits = found @ weights[f"{HEADS[name]}.weight"].T + weights[f"{HEADS[name]}.bias"]
    np.testing.assert_allclose(softmax(logits, axis=1), predict(model, study), atol=1e-6)


def test_a_method_without_an_embedding_is_refused_and_those_with_one_are_named(study, model_of):
    with pytest.raises(ConfigError, match=r"mlp has no embedding.*cmcrd_eye"):
        embed(model_of("mlp"), study)


def test_networks_of_encoders_all_have_one():
    has = {name for name, method in METHODS.items() if getattr(method, "embed", None)}
    backbones = {f"{name}_{modality}" for name in ("dnn", "dgcnn", "bihdm")
                 for modality in ("eeg", "eye")}  # fmt: skip
    losses = {name for name in METHODS if name.startswith(("kd_", "rkd_", "crd_", "cmcrd_"))}
    assert backbones | losses <= has
