"""What a network makes of a window before its logits."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from featpipe.errors import ConfigError
from models.final import train_on_all
from models.model import embed, predict
from models.registry import METHODS, make_config
from models.types import Method

QUICK = {"n_epochs": 2, "batch": 48}
HEADS = {
    "dnn_eeg": "encoder.out", "cmcrd_eeg": "student.out", "kd_eye": "student.out",
    "cscm": "emotion",
}  # fmt: skip
"""Methods -> what makes logits of their embedding."""


@pytest.fixture(scope="module")
def study(make_windows):
    windows = make_windows()
    sizes = {name: x[0].size for name, x in windows.x.items()}
    columns = {name: tuple(f"{name}_{i}" for i in range(n)) for name, n in sizes.items()}
    return replace(windows, columns=columns)


@pytest.mark.parametrize("name", HEADS)
def test_logits_are_a_linear_function_of_the_embedding(study, name):
    model = train_on_all(study, name, 1, config=make_config(name, QUICK))
    [modality] = METHODS[name].inputs
    hidden = {m: np.full_like(x, np.nan) for m, x in study.x.items() if m != modality}
    found = embed(model, replace(study, x={**study.x, **hidden}))
    assert found.shape[0] == len(study.label)
    weights = next(iter(model.networks.values())).weights
    logits = found @ weights[f"{HEADS[name]}.weight"].T + weights[f"{HEADS[name]}.bias"]
    np.testing.assert_allclose(softmax(logits, axis=1), predict(model, study), atol=1e-6)


def test_a_method_without_an_embedding_is_refused_and_those_with_one_are_named(study, monkeypatch):
    model = train_on_all(study, "mlp", 1, config=make_config("mlp", QUICK))
    monkeypatch.setitem(METHODS, "mlp", replace(METHODS["mlp"], embed=None))
    with pytest.raises(ConfigError, match=r"mlp has no embedding.*cmcrd_eye"):
        embed(model, study)


def test_every_network_on_one_modality_has_one():
    networks = {name: method for name, method in METHODS.items() if isinstance(method, Method)}
    without = [method for method in networks.values() if method.embed is None]
    assert all(len(method.inputs) > 1 for method in without)
