import pytest
import torch

from featpipe.errors import ConfigError
from models.losses.distillers import DISTILLERS, weight_of

# the table of the method card: CMCRD's weight, RepDistiller's
WEIGHTS = {
    "kd": (10, 0.9),
    "fitnet": (1, 100),
    "nst": (10, 50),
    "sp": (100, 3000),
    "rkd": (1, 1),
    "pkt": (1000, 30000),
    "crd": (0.02, 0.8),
    "cmcrd": (0.02, None),
}


def test_weights_are_those_of_the_publications():
    for name, (published, repdistiller) in WEIGHTS.items():
        assert weight_of(name) == published
        if repdistiller is not None:
            assert weight_of(name, "repdistiller") == repdistiller
    assert DISTILLERS.keys() == WEIGHTS.keys()


@pytest.mark.parametrize("name", DISTILLERS)
def test_every_loss_is_made_and_called_alike(name, draw, as_encoded, as_batch):
    torch.manual_seed(0)
    loss = DISTILLERS[name].build(5, 4, 20)
    f = draw(6, 5).float().requires_grad_()
    for _ in range(2):  # banks are empty at first
        label = torch.arange(6) % 3
        found = loss(as_encoded(f), as_encoded(draw(6, 4, seed=1).float()), as_batch(label))
        (slope,) = torch.autograd.grad(found, f)
        assert found.shape == ()
        assert found > 0
    assert slope.any()
    learns = isinstance(loss, torch.nn.Module)
    assert learns == (name in ("fitnet", "crd", "cmcrd"))


def test_cmcrd_has_the_momentum_of_its_code():
    assert DISTILLERS["cmcrd"].build(5, 4, 20).contrast.momentum == 0.05
    assert DISTILLERS["crd"].build(5, 4, 20).momentum == 0.5


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="did you mean 'crd'"):
        weight_of("crdd")
    with pytest.raises(ConfigError, match="unknown preset of cmcrd 'repdistiller': Known: pub"):
        weight_of("cmcrd", "repdistiller")
