import copy

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from featpipe.errors import ConfigError
from models.stacked import FoldStack, clip_per_fold
from models.stages import adam, train_step
from models.types import Batch, Losses, Objective

N_FOLDS, N = 3, 16


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(5, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU())
        self.head = nn.Linear(8, 3)


def loss(net, batch, progress):
    logits = net.head(net.encoder(batch.x["eye"]))
    return Losses({"emotion": F.cross_entropy(logits, batch.label)}, {"progress": progress})


@pytest.fixture
def nets():
    torch.manual_seed(0)
    return [Net() for _ in range(N_FOLDS)]


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    label = torch.randint(3, (N_FOLDS, N), generator=generator)
    x = torch.randn(N_FOLDS, N, 5, generator=generator) + label[..., None]
    return Batch({"eye": x}, label, label, label)


@pytest.mark.parametrize("vmapped", [True, False])
@pytest.mark.parametrize("decoupled", [False, True], ids=["Adam", "AdamW"])
def test_equals_separate_networks_and_optimisers(nets, batch, vmapped, decoupled):
    separate = copy.deepcopy(nets)
    stack = FoldStack(nets, vmapped=vmapped)
    decay = 1.0 if decoupled else 0.01
    objective = Objective(loss, weight_decay=decay, decoupled=decoupled)
    stack.train_only(objective.trains)
    optimiser = adam(stack, objective)
    for _ in range(5):
        train_step(stack, objective, optimiser, batch, torch.tensor(0.0))
    for i, net in enumerate(separate):
        kind = torch.optim.AdamW if decoupled else torch.optim.Adam
        own = kind(net.parameters(), lr=1e-3, weight_decay=decay)
        for _ in range(5):
            own.zero_grad()
            F.cross_entropy(net.head(net.encoder(batch.x["eye"][i])), batch.label[i]).backward()
            own.step()
        state = stack.state(i)
        assert state.keys() == net.state_dict().keys()
        for name, tensor in net.state_dict().items():
            torch.testing.assert_close(state[name], tensor, atol=1e-6, rtol=1e-5)


def test_what_rests_keeps_weights_and_statistics(nets, batch):
    stack = FoldStack(nets)
    before = stack.state(0)
    objective = Objective(loss, trains=("head",))
    stack.train_only(objective.trains)
    learning = {name for name, tensor in stack.params.items() if tensor.requires_grad}
    assert learning == {"net.head.weight", "net.head.bias"}
    train_step(stack, objective, adam(stack, objective), batch, torch.tensor(0.0))
    after = stack.state(0)
    for name, tensor in before.items():
        assert torch.equal(tensor, after[name]) == name.startswith("encoder"), name


def test_named_selects_by_module(nets):
    stack = FoldStack(nets)
    assert set(stack.named(["head"])) == {"net.head.weight", "net.head.bias"}
    assert len(stack.named([""])) == len(list(nets[0].parameters()))
    with pytest.raises(ConfigError, match="trains names 'hea', which has no parameter"):
        stack.named(["hea"])


def test_evaluating_leaves_modes_and_gradients_as_they_were(nets, batch):
    stack = FoldStack(nets)
    stack.train_only(["head"])
    modes = [module.training for module in stack.base.modules()]
    assert len(set(modes)) == 2
    before = stack.copy()
    with stack.evaluating():
        assert not any(module.training for module in stack.base.modules())
        found = stack.each(lambda net, batch: net.head(net.encoder(batch.x["eye"])), batch)
        assert not found.requires_grad
    assert [module.training for module in stack.base.modules()] == modes
    assert {n for n, p in stack.params.items() if p.requires_grad} == set(stack.named(["head"]))
    assert all(torch.equal(tensor, before[name]) for name, tensor in stack.copy().items())


def test_copies_are_taken_and_given_back_fold_by_fold(nets, batch):
    stack = FoldStack(nets)
    objective = Objective(loss)
    stack.train_only(objective.trains)
    optimiser = adam(stack, objective)
    states, copy = [], stack.copy()
    for first_kept in (True, False):
        train_step(stack, objective, optimiser, batch, torch.tensor(0.0))
        states.append([stack.state(i) for i in range(N_FOLDS)])
        copy = stack.copy(torch.tensor([first_kept, True, not first_kept]), copy)
    stack.load(copy)
    for i, step in enumerate((0, 1, 1)):
        kept, passed = stack.state(i), states[1 - step][i]
        for name, tensor in states[step][i].items():  # statistics of the normalisation included
            assert torch.equal(kept[name], tensor)
            assert not torch.equal(kept[name], passed[name]), name


def test_what_is_for_training_alone_is_copied_and_not_saved(nets):
    for i, net in enumerate(nets):
        net.register_buffer("bank", torch.full((2,), float(i)), persistent=False)
    stack = FoldStack(nets)
    assert stack.copy()["net.bank"].tolist() == [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]
    predicting = stack.copy(persistent=True)
    assert predicting.keys() == stack.copy().keys() - {"net.bank"}
    stack.load({name: torch.zeros_like(tensor) for name, tensor in predicting.items()})
    assert stack.copy()["net.bank"].tolist() == [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]
    assert not any(tensor.any() for tensor in stack.copy(persistent=True).values())
    assert stack.state(1).keys() == nets[1].state_dict().keys()
    nets[1].load_state_dict(stack.state(1))


def test_clipping_is_per_fold():
    grads = [torch.tensor([[3.0, 4.0], [0.3, 0.4]]), None, torch.tensor([[[12.0]], [[0.0]]])]
    one, none, three = clip_per_fold(grads, 2.0)
    assert none is None
    assert one is not None
    assert three is not None
    torch.testing.assert_close(one, torch.tensor([[6 / 13, 8 / 13], [0.3, 0.4]]))
    torch.testing.assert_close(three, torch.tensor([[[24 / 13]], [[0.0]]]))
    (zero,) = clip_per_fold([torch.zeros(2, 3)], 1.0)
    assert zero is not None
    assert not zero.any()
