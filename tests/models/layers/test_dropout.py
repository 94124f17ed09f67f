import pytest
import torch

from featpipe.errors import ConfigError
from models.layers.dropout import Dropout, hashed, mask

WORD = (1 << 64) - 1


def splitmix(z):
    """The finaliser in Python's own integers."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
    return z ^ (z >> 31)


def test_hash_is_splitmix64():
    values = [0, 1, -1, 1 << 62, -(1 << 63), 0x9E3779B97F4A7C15 - (1 << 64)]
    found = [int(z) & WORD for z in hashed(torch.tensor(values))]
    assert found == [splitmix(z & WORD) for z in values]
    assert splitmix(0x9E3779B97F4A7C15) == 0xE220A8397B1DCDAF  # the published first value of seed 0


@pytest.mark.parametrize("p", [0.2, 0.5, 1 / 3])
def test_share_and_mean(p):
    found = mask(torch.zeros(1001, 999), p, torch.tensor(7))
    n = found.numel()
    spread = (p * (1 - p) / n) ** 0.5
    assert abs(float((found == 0).double().mean()) - p) < 5 * spread + 1e-5
    assert sorted(set(found.flatten().tolist()))[1:] == pytest.approx([1 / (1 - p)], rel=1e-4)


def test_neighbouring_units_and_masks_are_independent():
    one, two = (mask(torch.zeros(4096, 64), 0.5, hashed(torch.tensor(k))) for k in (1, 2))
    flat = (one > 0).double().flatten() - 0.5
    limit = 5 * 0.25 / len(flat) ** 0.5
    for shift in (1, 2, 3, 4, 8, 64):
        assert abs(float((flat[shift:] * flat[:-shift]).mean())) < limit
    assert abs(float((flat * ((two > 0).double().flatten() - 0.5)).mean())) < limit


def test_only_training_silences_and_each_call_draws_anew():
    layer = Dropout(0.5)
    x = torch.ones(64, 32, requires_grad=True)
    one, two = layer(x), layer(x)
    assert not torch.equal(one, two)
    one.sum().backward()
    torch.testing.assert_close(x.grad, one.detach())  # the mask itself, as x is 1
    assert torch.equal(layer.eval()(x), x)
    assert int(layer.n_drawn) == 2


def test_a_network_draws_the_same_masks_in_any_company():
    layers = [Dropout(0.3) for _ in range(3)]
    x = torch.rand(3, 16, 10)
    keys, drawn = (
        torch.stack([getattr(layer, name) for layer in layers]) for name in ("key", "n_drawn")
    )

    def call(key, n_drawn, x):
        return torch.func.functional_call(layers[0], {"key": key, "n_drawn": n_drawn}, (x,))

    together = torch.vmap(call, randomness="error")(keys, drawn, x)
    assert drawn.tolist() == [1, 1, 1]
    for layer, found, alone in zip(layers, together, x, strict=True):
        assert torch.equal(found, layer(alone))


@pytest.mark.parametrize("p", [-0.1, 1.0])
def test_impossible_shares_are_refused(p):
    with pytest.raises(ConfigError, match=f"dropout is {p}"):
        Dropout(p)
