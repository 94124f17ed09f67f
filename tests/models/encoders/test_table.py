"""What every encoder promises, on EEG and on eyes."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from featpipe.montage import CAP62
from models.encoders import bihdm, dgcnn
from models.encoders.encoded import Encoded
from models.encoders.table import ENCODERS
from models.stacked import FoldStack
from models.types import Batch

EEG, EYE, N_FOLDS, N = (62, 5), (33,), 3, 32
EYES = tuple(f"{what}_{side}_mean" for what in "abc" for side in ("left", "right"))
CASES = {
    **{f"{name}_eeg": (name, EEG, CAP62, None) for name in ENCODERS},
    **{f"{name}_eye": (name, EYE, None, None) for name in ENCODERS},
    "dgcnn_k4": ("dgcnn", EEG, None, dgcnn.Config(order=4)),
    "dgcnn_eye_node": ("dgcnn", EYE, None, dgcnn.Config(norm="node")),
    "bihdm_division": ("bihdm", EEG, CAP62, bihdm.Config(pairwise="division")),
    "bihdm_inner": ("bihdm", EEG, CAP62, bihdm.Config(pairwise="inner-product")),
    "bihdm_tied": ("bihdm", EEG, CAP62, bihdm.Config(vertical="tied-bug")),
    "bihdm_eye_sides": ("bihdm", (6,), EYES, bihdm.Config(eye="sides")),
}
DEAD = {("bihdm_eye", f"{part}.w_hidden") for part in ("streams", "over_pairs")}
"""One step has no step before it."""


@pytest.fixture(params=CASES)
def case(request):
    return request.param


@pytest.fixture
def make(case):
    """Function that draws a network of the case."""
    name, shape, names, config = CASES[case]
    return lambda: ENCODERS[name](shape, 3, names, config)


@pytest.fixture
def x(case):
    shape = CASES[case][1]
    return torch.randn(N_FOLDS, N, *shape, generator=torch.Generator().manual_seed(1))


def objective(encoded, label):
    """Return a scalar that all outputs have a part in."""
    features = (encoded.embedding, *encoded.hidden)
    return F.cross_entropy(encoded.logits, label) + sum(f.square().mean() for f in features)


def test_shapes(make, x):
    found = make()(x[0])
    assert isinstance(found, Encoded)
    assert found.logits.shape == (N, 3)
    assert found.embedding.ndim == 2
    assert found.hidden
    assert {len(feature) for feature in (found.embedding, *found.hidden)} == {N}


def test_logits_are_linear_in_the_embedding(make, x):
    net = make()
    found = net(x[0])
    torch.testing.assert_close(found.logits, net.out(found.embedding))


@pytest.mark.parametrize("is_training", [True, False], ids=["train", "eval"])
def test_a_stack_is_its_networks(make, x, is_training):
    torch.manual_seed(0)
    nets = [make() for _ in range(N_FOLDS)]
    stack = FoldStack(nets)
    label = torch.arange(N).expand(N_FOLDS, N) % 3
    batch = Batch({"x": x.clone().requires_grad_()}, label, label, label)
    for module in (stack.base, *nets):
        module.train(is_training)

    def run(net, batch):
        encoded = net(batch.x["x"])
        return encoded, objective(encoded, batch.label)

    encoded, loss = stack.each(run, batch)
    grads = torch.autograd.grad(loss.sum(), [batch.x["x"], *stack.params.values()])
    assert isinstance(encoded, Encoded)
    for i, net in enumerate(nets):
        own = x[i].clone().requires_grad_()
        one, loss_of_one = run(net, Batch({"x": own}, label[i], label[i], label[i]))
        loss_of_one.backward()
        for stacked, alone in zip(
            (encoded.logits, encoded.embedding, *encoded.hidden),
            (one.logits, one.embedding, *one.hidden),
            strict=True,
        ):
            torch.testing.assert_close(stacked[i], alone, atol=1e-5, rtol=1e-5)
        for stacked, alone in zip(grads, (own, *net.parameters()), strict=True):
            torch.testing.assert_close(stacked[i], alone.grad, atol=1e-5, rtol=1e-5)
        for name, tensor in net.state_dict().items():
            torch.testing.assert_close(stack.state(i)[name], tensor, atol=1e-5, rtol=1e-5)


def test_gradients_reach_every_parameter(case, make, x):
    torch.manual_seed(0)
    net = make()
    F.cross_entropy(net(x[0]).logits, torch.arange(N) % 3).backward()
    unmoved = {(case, name) for name, p in net.named_parameters() if not p.grad.any()}
    assert unmoved == {(of, name) for of, name in DEAD if of == case}


def test_one_window_alone_in_eval(make, x):
    net = make()
    net(x[0])
    net.eval()
    found = net(x[1])
    for i in (0, N - 1):
        alone = net(x[1, i : i + 1])
        assert torch.isfinite(alone.logits).all()
        torch.testing.assert_close(alone.logits, found.logits[i : i + 1], atol=1e-5, rtol=1e-5)


def test_a_state_dict_goes_into_another_network(make, x):
    net, other = make().eval(), make().eval()
    assert not torch.equal(net(x[0]).logits, other(x[0]).logits)
    other.load_state_dict(net.state_dict())
    assert torch.equal(net(x[0]).logits, other(x[0]).logits)
