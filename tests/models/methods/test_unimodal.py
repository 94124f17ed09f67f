from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from featpipe.errors import ConfigError
from featpipe.montage import CAP62
from models.encoders.table import ENCODERS
from models.evaluate import fit_folds
from models.folds import loso
from models.methods.unimodal import UNIMODAL, loss
from models.registry import METHODS, make_config
from models.types import Batch, Shapes

NAMES = [f"{encoder}_{modality}" for encoder in ENCODERS for modality in ("eeg", "eye")]
SHAPES = Shapes({"eeg": (62, 5), "eye": (33,)}, 3, 4, {"eeg": CAP62})


def test_every_encoder_is_there_on_both_modalities():
    assert [method.name for method in UNIMODAL.values()] == NAMES
    assert [name for name in METHODS if name in NAMES] == NAMES
    for method in UNIMODAL.values():
        assert method.inputs == method.train_modalities == (method.name.split("_")[1],)


@pytest.mark.parametrize("name", NAMES)
def test_default_network_is_the_encoder_as_published_for_its_modality(name):
    encoder, modality = name.split("_")
    method = METHODS[name]
    found = method.build(SHAPES, method.config)
    shape, names = SHAPES.features[modality], SHAPES.names.get(modality)
    published = ENCODERS[encoder](shape, 3, names)
    assert {key: t.shape for key, t in found.encoder.state_dict().items()} == {
        key: t.shape for key, t in published.state_dict().items()
    }


def test_loss_is_the_cross_entropy_of_the_encoder():
    method = METHODS["dgcnn_eye"]
    net = method.build(SHAPES, method.config)
    index = torch.arange(12)
    batch = Batch({"eye": torch.randn(12, 33)}, index % 3, index // 6, index)
    found = loss(net, batch, torch.tensor(0.5))
    logits = net.encoder(batch.x["eye"]).logits
    assert found.terms == {"emotion": F.cross_entropy(logits, batch.label)}
    assert found.diagnostics == {
        "emotion_accuracy": (logits.argmax(1) == batch.label).float().mean()
    }


@pytest.mark.parametrize("name", NAMES)
def test_recipe_is_that_of_the_card(name):
    method = METHODS[name]
    (stage,) = method.stages(method.config)
    (objective,) = stage.objectives
    assert (stage.n_epochs, stage.batch) == (40, 32)
    assert (objective.lr, objective.weight_decay, objective.decoupled) == (1e-3, 1e-3, True)
    factors = [objective.schedule(epoch / 40) for epoch in (0, 5, 10, 25, 40)]
    assert factors == pytest.approx([0, 0.5, 1, 0.5, 0])
    (stage,) = method.stages(replace(method.config, warm_up=0.0))
    assert stage.objectives[0].schedule(0.0) == 1


@pytest.mark.parametrize("share", [-0.1, 1.0, 10.0])
def test_a_warm_up_that_is_no_share_is_refused(share):
    config = replace(METHODS["dnn_eye"].config, warm_up=share)
    with pytest.raises(ConfigError, match=r"warm_up is .*: expected a share"):
        METHODS["dnn_eye"].stages(config)


@pytest.mark.parametrize("name", ["dgcnn_eeg", "bihdm_eeg"])
def test_eeg_without_bands_is_refused_where_channels_matter(name):
    """Otherwise it would be taken for features of eyes."""
    flat, backbone = replace(SHAPES, features={"eeg": (310,)}), name.removesuffix("_eeg")
    with pytest.raises(ConfigError, match=rf"{backbone} reads channels and bands.* shape \(310,\)"):
        METHODS[name].build(flat, METHODS[name].config)
    METHODS["dnn_eeg"].build(flat, METHODS["dnn_eeg"].config)


def test_options_of_the_encoder_are_options_of_the_method():
    config = make_config("bihdm_eeg", {"leave_out": ["PO5", "CB1"], "vertical": "tied-bug"})
    net = METHODS["bihdm_eeg"].build(SHAPES, config)
    assert net.encoder.places.shape == (4, 25)
    with pytest.raises(ConfigError, match="option 'norm' of dgcnn_eye is 'nodes'"):
        make_config("dgcnn_eye", {"norm": "nodes"})


@pytest.mark.parametrize("standardise", ["channel", "band"])
def test_bihdm_compares_channels_as_they_are_where_bands_are_standardised(windows, standardise):
    config = make_config("bihdm_eeg", {"n_epochs": 1, "batch": 48, "standardise": standardise})
    [fold, *_] = loso(windows.keys)
    scaling = fit_folds(windows, "bihdm_eeg", [fold], 0, config=config).scaling[fold.name]["eeg"]
    known = windows.x["eeg"][fold.train]
    axes = 0 if standardise == "channel" else (0, 1)
    expected = np.broadcast_to(known.mean(axes), known.shape[1:])
    np.testing.assert_allclose(scaling.mean, expected, rtol=1e-5)
    with pytest.raises(ConfigError, match="standardise"):  # eyes have no bands
        make_config("bihdm_eye", {"standardise": standardise})
