import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from featpipe.errors import ConfigError
from models.encoders.bihdm import EYE, Config, build

EXACT, OF_GRADIENT = {"rtol": 1e-9, "atol": 1e-11}, {"rtol": 1e-7, "atol": 1e-10}
CMCRD = Config(leave_out=("PO5", "CB1"))
EYES = ("pupil_left_mean", "pupil_right_mean", "blinks", "gaze_left_mean", "gaze_right_mean")


def released(ref, cap, **options):
    """Return our network with the parameters of the released one."""
    is_eeg = len(ref["stream_lh"]) > 1
    config = Config(**options) if is_eeg else Config(n_hidden=16, n_out=8, **options)
    shape = (62, 5) if is_eeg else (33,)
    net = build(shape, 3, cap if is_eeg else None, config).double()

    def stacked(names, what, transposed=False):
        found = torch.stack([ref[f"rnn_{name}_{what}"] for name in names])
        return found.mT if transposed else found

    state = {"places": torch.stack([ref[f"stream_{name}"] for name in ("lh", "rh", "lv", "rv")])}
    assert torch.equal(state["places"], net.places)
    for part, names in (("streams", ("lh", "rh", "lv", "rv")), ("over_pairs", ("hg", "vg"))):
        state |= {
            f"{part}.w_in": stacked(names, "Wih", transposed=True),
            f"{part}.w_hidden": stacked(names, "Whh", transposed=True),
            f"{part}.b_in": stacked(names, "bih"),
            f"{part}.b_hidden": stacked(names, "bhh"),
        }
    for name, stem in (("w_project", "pw"), ("b_project", "pb"), ("summary", "m")):
        state[name] = torch.stack([ref[f"{stem}h"], ref[f"{stem}v"]])
    net.load_state_dict(state | {"out.weight": ref["Q"], "out.bias": ref["c"]})
    return net, ref["x"] if is_eeg else ref["x"][:, 0]


def with_bias_behind(net):
    """Move the bias of the projection behind the leaky ReLU, where it is a constant."""
    with torch.no_grad():
        constant = torch.einsum("gdk,god->ok", net.b_project, net.summary).flatten()
        net.out.bias += net.out.weight @ constant
        net.b_project.zero_()
    return net, constant


@pytest.mark.parametrize("name", ["bihdm_eeg", "bihdm_eye"])
@pytest.mark.parametrize(("vertical", "case"), [("own", "fixed"), ("tied-bug", "bug")])
def test_formula(load_parity, cap, name, vertical, case):
    ref = load_parity(name)
    net, x = released(ref, cap, vertical=vertical)
    found = net(x)
    torch.testing.assert_close(found.logits, ref[f"logits_{case}_bias_inside"], **EXACT)
    torch.testing.assert_close(found.embedding, ref[f"feature_{case}_bias_inside"], **EXACT)


@pytest.mark.parametrize("name", ["bihdm_eeg", "bihdm_eye"])
@pytest.mark.parametrize(
    ("vertical", "case"), [("own", "fixed_bias_after"), ("tied-bug", "reference")]
)
def test_a_bias_behind_the_projection_is_a_constant(load_parity, cap, name, vertical, case):
    ref = load_parity(name)
    net, x = released(ref, cap, vertical=vertical)
    net, constant = with_bias_behind(net)
    found = net(x)
    torch.testing.assert_close(found.logits, ref[f"logits_{case}"], **EXACT)
    torch.testing.assert_close(found.embedding + constant, ref[f"feature_{case}"], **EXACT)


@pytest.mark.parametrize("name", ["bihdm_eeg", "bihdm_eye"])
def test_released_network_with_its_bug(load_parity, cap, name):
    ref = load_parity(name)
    net, x = released(ref, cap, vertical="tied-bug")
    net, _ = with_bias_behind(net)
    x = x.clone().requires_grad_()
    found = net(x).logits.log_softmax(-1)
    torch.testing.assert_close(found, ref["logp_reference"], **EXACT)
    loss = F.nll_loss(found, ref["labels"])
    torch.testing.assert_close(loss, ref["loss_reference"], **EXACT)
    loss.backward()
    torch.testing.assert_close(x.grad, ref["grad_x_reference"].view(x.shape), **OF_GRADIENT)
    assert not net.streams.w_in.grad[2:].any()
    assert net.streams.w_in.grad[:2].any()


def test_parameters_are_as_many_as_those_of_the_released_network(counts, cap):
    for name, shape, n_classes, config in (
        ("bihdm_62x5_27pairs_c3", (62, 5), 3, None),
        ("bihdm_62x5_25pairs_c3", (62, 5), 3, CMCRD),
        ("bihdm_62x5_27pairs_c5", (62, 5), 5, None),
        ("bihdm_62x5_25pairs_c5", (62, 5), 5, CMCRD),
        ("bihdm_eye33_c3", (33,), 3, None),
        ("bihdm_eye33_c5", (33,), 5, None),
    ):
        net = build(shape, n_classes, cap, config)
        assert sum(p.numel() for p in net.parameters()) == counts[name]


def test_channels_in_another_order_change_nothing(cap):
    """And electrodes of the midline may hold anything."""
    torch.manual_seed(0)
    order = torch.randperm(62)
    net, other = build((62, 5), 3, cap), build((62, 5), 3, [cap[i].lower() for i in order])
    state = net.state_dict()
    other.load_state_dict(state | {"places": other.places})
    x = torch.randn(8, 62, 5)
    x[:, [i for i, name in enumerate(cap) if name.endswith("Z")]] = torch.nan
    assert torch.equal(other(x[:, order]).logits, net(x).logits)
    assert torch.isfinite(net(x).logits).all()


@pytest.mark.parametrize("pairwise", ["subtraction", "division", "inner-product"])
def test_pairwise_operations(cap, pairwise):
    torch.manual_seed(0)
    config = Config(pairwise=pairwise)
    net = build((62, 5), 3, cap, config)
    x = torch.randn(6, 62, 5)
    sides = net.streams(x[:, net.places].permute(1, 2, 0, 3))
    row_left, row_right, column_left, column_right = sides
    by_hand = []
    for left, right in ((row_left, row_right), (column_left, column_right)):
        for a, b in zip(left.flatten(0, 1), right.flatten(0, 1), strict=True):
            if pairwise == "subtraction":
                by_hand.append(a - b)
            elif pairwise == "division":
                by_hand.append(a / torch.where(b.abs() < 0.01, b.sign() * 0.01, b))
            else:
                by_hand.append(torch.dot(a, b)[None])
    found = torch.stack(by_hand).view(2, *row_left.shape[:2], -1)
    g = net.over_pairs(found)
    summary = torch.zeros(())
    for i in (0, 1):
        projected = torch.einsum("tbd,tk->bdk", g[i], net.w_project[i]) + net.b_project[i]
        summary = summary + net.summary[i] @ F.leaky_relu(projected, 0.01)
    torch.testing.assert_close(net(x).embedding, summary.flatten(1), atol=1e-5, rtol=1e-4)


def test_division_by_nothing_is_finite(cap):
    net = build((62, 5), 3, cap, Config(pairwise="division"))
    with torch.no_grad():
        for parameter in net.streams.parameters():
            parameter[1::2] = 0.0  # the right side says 0
    found = net(torch.randn(4, 62, 5)).logits
    found.sum().backward()
    assert torch.isfinite(found).all()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters())


def test_columns_of_two_eyes_are_pairs_and_others_are_left_out():
    net = build((5,), 3, EYES, Config(eye="sides"))
    assert net.places.tolist() == [[0, 3], [1, 4]] * 2
    x = torch.randn(6, 5)
    x[:, 2] = torch.nan
    assert torch.isfinite(net(x).logits).all()


def test_whole_eyes_need_no_names():
    torch.manual_seed(0)
    net = build((33,), 3)
    assert net.config == EYE
    net(torch.randn(4, 33)).logits.sum().backward()
    for recurrence in (net.streams, net.over_pairs):
        assert not recurrence.w_hidden.grad.any()  # one step only: dead, as published


@pytest.mark.parametrize(
    ("shape", "names", "config", "told"),
    [
        ((3, 5), ("CZ", "F3", "PZ"), None, r"no electrode has its mirror image.*CZ, F3, PZ"),
        ((3, 5), None, None, "the names of the channels are not known"),
        ((2, 5), ("F3", "F4"), Config(leave_out=("F4",)), "no electrode has its mirror image"),
        ((2,), ("a", "b"), Config(eye="sides"), r'among a, b: set eye = "whole"'),
        ((2,), None, Config(eye="sides"), "among columns without names"),
    ],
)
def test_no_pair_is_an_error_that_names_what_there_is(shape, names, config, told):
    with pytest.raises(ConfigError, match=told):
        build(shape, 3, names, config)
