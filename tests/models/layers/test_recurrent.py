"""The written-out recurrence against torch's own."""

import pytest
import torch
from torch import nn

from models.layers.recurrent import Elman

N_STEPS, N_GROUPS, BATCH, N_IN, N_HIDDEN = 27, 4, 6, 5, 32


def twin(elman, i):
    """Return torch's network with the weights of one group."""
    rnn = nn.RNN(N_IN, N_HIDDEN)
    rnn.load_state_dict(
        {
            "weight_ih_l0": elman.w_in[i].T,
            "weight_hh_l0": elman.w_hidden[i].T,
            "bias_ih_l0": elman.b_in[i],
            "bias_hh_l0": elman.b_hidden[i],
        }
    )
    return rnn


@pytest.fixture
def elman():
    torch.manual_seed(0)
    return Elman(N_GROUPS, N_IN, N_HIDDEN)


@pytest.fixture
def x():
    return torch.randn(N_GROUPS, N_STEPS, BATCH, N_IN, generator=torch.Generator().manual_seed(1))


def test_each_group_is_torchs_network(elman, x):
    found = elman(x)
    assert found.shape == (N_GROUPS, N_STEPS, BATCH, N_HIDDEN)
    weight = torch.randn(found.shape, generator=torch.Generator().manual_seed(2))
    (weight * found).mean().backward()
    for i in range(N_GROUPS):
        rnn = twin(elman, i)
        expected, _ = rnn(x[i])
        torch.testing.assert_close(found[i], expected, atol=1e-6, rtol=0)
        ((weight[i] * expected).mean() / N_GROUPS).backward()
        for own, theirs in (
            (elman.w_in.grad[i].T, rnn.weight_ih_l0.grad),
            (elman.w_hidden.grad[i].T, rnn.weight_hh_l0.grad),
            (elman.b_in.grad[i], rnn.bias_ih_l0.grad),
            (elman.b_hidden.grad[i], rnn.bias_hh_l0.grad),
        ):
            torch.testing.assert_close(own, theirs, atol=1e-6, rtol=0)


def test_weights_are_drawn_as_those_of_linear_layers_of_each_group(elman):
    """Xavier: the bound of a stack of all groups would be another."""
    for weight, n_in in ((elman.w_in, N_IN), (elman.w_hidden, N_HIDDEN)):
        bound = (6 / (n_in + N_HIDDEN)) ** 0.5
        for group in weight.detach().abs().amax((1, 2)):
            assert 0.9 * bound < group < bound
