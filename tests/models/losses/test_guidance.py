import math
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from naive_distill import certainty as naive_certainty
from naive_distill import expected_crd
from torch.func import functional_call

from featpipe.errors import ConfigError
from models.losses.confusion import certainty
from models.losses.contrast import Contrast
from models.losses.guidance import (
    GUIDANCE,
    GuidedContrast,
    gate,
    logratio,
    relabelled,
    signed,
)
from models.losses.sides import compare, disagreement
from models.losses.unit import unit

N = 40
LABEL = torch.tensor([0, 1, 2, 2, 0, 2])
INDEX = torch.tensor([3, 10, 11, 17, 24, 35])


@pytest.fixture
def make():
    """Function that makes the loss with full banks of three classes, and its CRD alone."""

    def make(**options):
        torch.manual_seed(0)
        contrast = Contrast(5, 4, N, n_negatives=9, n_features=8, tau=0.2).double()
        contrast.bank_student.copy_(unit(torch.randn(N, 8)))
        contrast.bank_teacher.copy_(unit(torch.randn(N, 8)))
        contrast.row_label.copy_(torch.arange(N) % 3)
        return GuidedContrast(contrast, **options)

    return make


@pytest.fixture
def batch(as_batch):
    return as_batch(LABEL, INDEX)


@pytest.fixture
def encode(draw, as_encoded):
    """Function that makes both results: `teacher` and `student` say who predicts the label."""

    def encode(teacher, student=None, seed=0):
        def logits(is_right, seed):
            is_right = torch.as_tensor(is_right).expand(len(LABEL))
            shown = torch.where(is_right, LABEL, (LABEL + 1) % 3)
            return 3 * F.one_hot(shown, 3) + draw(6, 3, seed=seed).tanh()

        return (
            as_encoded(draw(6, 5, seed=seed), logits(teacher if student is None else student, 8)),
            as_encoded(draw(6, 4, seed=seed + 1), logits(teacher, 9)),
        )

    return encode


def slopes_of(value, net):
    found = torch.autograd.grad(value, list(net.parameters()), allow_unused=True)
    return [torch.zeros(()) if grad is None else grad for grad in found]


def test_signed_equals_the_reference(load, close):
    ref = load("cmcrd_signed")
    n, tau, n_drawn = int(ref["n_data"]), ref["tau"].item(), ref["neg_index"].shape[1] - 1
    f_s, f_t = (ref[name].requires_grad_() for name in ("f_s", "f_t"))
    right_s, right_t = (ref[name].argmax(1) == ref["labels"] for name in ("z_s", "z_t"))
    moves = gate(right_s, right_t)
    assert torch.equal(moves[0], ref["gate_s"])
    assert torch.equal(moves[1], ref["gate_t"])
    assert torch.equal(torch.where(right_t, 1.0, -1.0).double(), ref["sign_mask"].double())
    W = certainty(ref["z_t"])
    close(W * 32 / len(W), ref["weight_W"], rtol=1e-9, atol=0)  # the code divides by 32
    weight = torch.zeros(len(W), n, dtype=torch.float64)
    negatives = ref["neg_index"][:, 1:]
    weight.scatter_add_(1, negatives, torch.ones_like(negatives, dtype=torch.float64))
    sides = []
    for f, move, name, bank in zip((f_s, f_t), moves, "st", ("bank_t", "bank_s"), strict=True):
        anchor = unit(f @ ref[f"embed_W_{name}"].T + ref[f"embed_b_{name}"])
        anchor = torch.where(move[:, None], anchor, anchor.detach())
        offset = (ref[f"Z_{name}"] * (n_drawn / n + 1e-7)).log() - ref["weight_W"].log()
        sides.append(compare(anchor, ref[bank], ref["y_index"], weight, offset, tau))
    found = signed(tuple(sides), right_t, torch.ones_like(W))
    # 1e-7 in the code's logarithms adds this to every negative of both sides
    constant = 2 * n_drawn * math.log1p(1e-7 * n / n_drawn) * ref["sign_mask"].double().mean()
    close((found + constant).detach(), ref["loss"], rtol=1e-9, atol=0)
    for f, name in ((f_s, "grad_f_s"), (f_t, "grad_f_t")):
        (slope,) = torch.autograd.grad(found, f, retain_graph=True)
        close(slope, ref[name])


def test_relabelled_equals_the_reference(load, close):
    ref = load("cmcrd_relabel")
    v_s, v_t = (ref[name].requires_grad_() for name in ("v_s", "v_t"))
    contrast = Contrast(
        3, 3, 32, n_negatives=int(ref["K"]), n_features=9, tau=ref["tau"].item()
    ).double()
    assert contrast.offset == pytest.approx(ref["offset_b"].item(), rel=1e-12)
    contrast.row_label.copy_(ref["row_labels"])
    own = ref["y_index"]
    weight = contrast.weigh_negatives(ref["row_labels"][own])
    offset = ref["offset_b"].expand(len(own))
    sides = (
        compare(v_s, ref["bank_t"], own, weight, offset, contrast.tau),
        compare(v_t, ref["bank_s"], own, weight, offset, contrast.tau),
    )
    found = relabelled(sides, ref["teacher_right"] > 0, ref["weight_W"])
    close(found.detach(), ref["loss"], rtol=1e-9, atol=0)
    for v, name in ((v_s, "grad_v_s"), (v_t, "grad_v_t")):
        (slope,) = torch.autograd.grad(found, v, retain_graph=True)
        close(slope, ref[name])


def sides_of(net, encoded, sign=None):
    """The two sides' losses per window, from the printed equation."""
    contrast = net.contrast
    layers = (contrast.embed_student, contrast.embed_teacher)
    anchors = [
        unit(layer(of.embedding)).detach().numpy()
        for layer, of in zip(layers, encoded, strict=True)
    ]
    facts = INDEX.numpy(), contrast.row_label.numpy(), LABEL.numpy()
    return sum(
        expected_crd(anchor, bank.numpy(), *facts, 9, 0.2, sign)
        for anchor, bank in zip(
            anchors, (contrast.bank_teacher, contrast.bank_student), strict=True
        )
    )


@pytest.mark.parametrize("iew", ["loss", "none"])
@pytest.mark.parametrize("guidance", GUIDANCE)
def test_equals_the_printed_equation(guidance, iew, make, encode, batch):
    right = np.array([1, -1, 1, 1, -1, 1])
    encoded = encode(torch.tensor(right > 0))
    net = make(guidance=guidance, iew=iew).eval()
    W = naive_certainty(encoded[1].logits.numpy()) if iew == "loss" else np.ones(6)
    plain, relabel = sides_of(net, encoded), sides_of(net, encoded, right)
    likelihood = np.exp(-W * plain)
    expected = {
        "none": (W * plain).sum() / W.sum(),
        "relabel": (W * relabel).sum() / W.sum(),
        "signed": (W * right * plain).mean(),
        "logratio": np.log(likelihood[right < 0].sum()) - np.log(likelihood[right > 0].sum()),
    }
    np.testing.assert_allclose(net(*encoded, batch).item(), expected[guidance], rtol=1e-9)


def test_certainty_in_the_critic_is_added_to_every_logit(make, encode, batch):
    encoded = encode(True)
    net = make(guidance="none", iew="critic").eval()
    shift = certainty(encoded[1].logits).log()
    sides = net.contrast.sides(*encoded, batch, shift=shift)
    plain = net.contrast.sides(*encoded, batch)
    for side, before in zip(sides, plain, strict=True):
        torch.testing.assert_close(side.own, before.own + shift)
        assert torch.equal(side.others > before.others, shift > 0)
    torch.testing.assert_close(
        net(*encoded, batch), GUIDANCE["none"](sides, LABEL >= 0, torch.ones(6))
    )


@pytest.mark.parametrize("guidance", ["relabel", "signed", "none"])
@pytest.mark.parametrize("us_gate", [True, False])
def test_is_crd_where_the_teacher_is_always_right(guidance, us_gate, make, encode, batch):
    """The gate keeps no student, and no teacher where the student is right, too."""
    encoded = encode(True)
    net = make(guidance=guidance, us_gate=us_gate, iew="none").eval()
    found, expected = net(*encoded, batch), net.contrast(*encoded, batch)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)
    for one, other in zip(slopes_of(found, net), slopes_of(expected, net), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_switched_off_it_is_crd_whoever_is_right(make, encode, batch):
    encoded = encode(torch.tensor([True, False] * 3), torch.tensor([False] * 5 + [True]))
    net = make(guidance="none", us_gate=False, iew="none").eval()
    found, expected = net(*encoded, batch), net.contrast(*encoded, batch)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)
    for one, other in zip(slopes_of(found, net), slopes_of(expected, net), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_who_moves_by_who_is_right():
    student = torch.tensor([True, True, False, False])
    teacher = torch.tensor([True, False, True, False])
    moves_student, moves_teacher = gate(student, teacher)
    assert moves_student.tolist() == [True, False, True, True]
    assert moves_teacher.tolist() == [True, True, False, True]
    for rests in gate(student[3:], teacher[3:]):
        assert rests.tolist() == [False]


def test_what_rests_gets_no_gradient(make, draw, as_encoded, batch):
    student = torch.tensor([True, True, False, False, True, True])
    teacher = torch.tensor([True, False, True, False, True, True])
    shown = [torch.where(of, LABEL, (LABEL + 1) % 3) for of in (student, teacher)]
    features = [draw(6, 5).requires_grad_(), draw(6, 4, seed=1).requires_grad_()]
    encoded = [
        as_encoded(f, F.one_hot(of, 3).double()) for f, of in zip(features, shown, strict=True)
    ]
    for us_gate in (True, False):
        found = make(us_gate=us_gate)(*encoded, batch)
        for f, rests in zip(features, (1, 2), strict=True):
            (slope,) = torch.autograd.grad(found, f, retain_graph=True)
            is_still = [us_gate and i == rests for i in range(6)]
            assert (slope.abs().sum(1) == 0).tolist() == is_still


def test_nobody_moves_where_nobody_is_right(make, encode, batch):
    net = make()
    found = net(*encode(False), batch)
    assert all(not slope.any() for slope in slopes_of(found, net))


@pytest.mark.parametrize("n", [1, 6])
@pytest.mark.parametrize("guidance", GUIDANCE)
@pytest.mark.parametrize("iew", ["loss", "critic", "none"])
def test_empty_sets_and_zero_embeddings_give_numbers(n, guidance, iew, make, encode, as_batch):
    for teacher, student, is_zero, seen in product(*[(True, False)] * 4):
        net = make(guidance=guidance, iew=iew)
        if not seen:
            net.contrast.row_label.fill_(-1)
        if is_zero:
            for parameter in net.parameters():
                torch.nn.init.zeros_(parameter)
        one, other = encode(teacher, student)
        encoded = [
            of._replace(logits=of.logits[:n], embedding=of.embedding[:n]) for of in (one, other)
        ]
        found = net(*encoded, as_batch(LABEL[:n], INDEX[:n]))
        assert found.isfinite()
        assert all(slope.isfinite().all() for slope in slopes_of(found, net))


def test_a_wrong_teacher_is_left_where_it_is_near_and_not_where_it_is_far(draw):
    """Of the relabelled loss; the signed one pushes hardest where the pair is apart already."""
    bank = unit(draw(20, 8))
    wrong, W = torch.tensor([False]), torch.ones(1, dtype=torch.float64)
    none = torch.zeros(1, 20, dtype=torch.float64)
    offset = torch.full((1,), 7.0, dtype=torch.float64)
    pushes = {}
    for loss in (relabelled, signed):
        for name, anchor in (("near", bank[:1]), ("far", -bank[:1])):
            v = anchor.clone().requires_grad_()
            side = compare(v, bank, torch.tensor([0]), none, offset, 0.07)
            pushes[loss, name] = torch.autograd.grad(loss((side, side), wrong, W), v)[0].norm()
    assert pushes[relabelled, "near"] > 1e5 * pushes[relabelled, "far"]
    assert pushes[signed, "far"] > 1e2 * pushes[signed, "near"]


def test_only_the_signed_loss_and_the_ratio_can_be_negative(make, encode, batch):
    encoded = encode(torch.tensor([True, False, False, False, False, False]))
    values = {name: make(guidance=name)(*encoded, batch).item() for name in GUIDANCE}
    assert values["relabel"] > 0
    assert values["none"] > 0
    assert values["signed"] < 0
    assert make(guidance="logratio")(*encode(torch.zeros(6, dtype=torch.bool)), batch) < 0


def test_a_ratio_without_one_of_its_sums_is_the_other(make, encode, batch):
    encoded = encode(True)
    sides = make().contrast.sides(*encoded, batch)
    W = torch.ones(6, dtype=torch.float64)
    likelihood = -sum(disagreement(side) for side in sides)
    found = [logratio(sides, torch.full((6,), is_right), W) for is_right in (True, False)]
    expected = likelihood.logsumexp(0)
    torch.testing.assert_close(torch.stack(found), torch.stack([-expected, expected]))


@pytest.mark.parametrize("iew", ["loss", "critic"])
@pytest.mark.parametrize("guidance", GUIDANCE)
def test_folds_at_once_equal_a_loop(guidance, iew, make, encode, as_batch):
    nets = [make(guidance=guidance, iew=iew).float() for _ in range(3)]
    for i, net in enumerate(nets):
        net.contrast.row_label[torch.arange(0, N, i + 2)] = -1
    right = [torch.tensor([True] * 6), torch.tensor([True, False] * 3), torch.tensor([False] * 6)]
    pairs = [encode(of, right[1], seed=3 * i) for i, of in enumerate(right)]
    pairs = [
        [of._replace(logits=of.logits.float(), embedding=of.embedding.float()) for of in pair]
        for pair in pairs
    ]
    params, buffers = torch.func.stack_module_state(nets)
    stacked = [
        type(first)(*(torch.stack(parts) for parts in list(zip(*of, strict=True))[:2]))
        for first, of in zip(pairs[0], zip(*pairs, strict=True), strict=True)
    ]

    def one(params, buffers, student, teacher):
        inputs = (student, teacher, as_batch(LABEL, INDEX))
        return functional_call(nets[0], (params, buffers), inputs)

    at_once = torch.vmap(one)(params, buffers, *stacked)
    slopes = torch.autograd.grad(at_once.sum(), list(params.values()))
    for i, (net, pair) in enumerate(zip(nets, pairs, strict=True)):
        alone = net(*pair, as_batch(LABEL, INDEX))
        torch.testing.assert_close(at_once[i], alone, atol=1e-6, rtol=1e-6)
        for found, expected in zip(slopes, slopes_of(alone, net), strict=True):
            torch.testing.assert_close(found[i], expected, atol=1e-5, rtol=1e-5)
        for name, buffer in net.named_buffers():
            torch.testing.assert_close(buffers[name][i], buffer, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("options", [{"guidance": "relabeled"}, {"iew": "los"}])
def test_unknown_modes_are_refused_with_the_nearest(options):
    contrast = Contrast(3, 3, 0)
    meant = {"guidance": "relabel", "iew": "loss"}
    (name,) = options
    with pytest.raises(ConfigError, match=f"unknown {name} .*did you mean '{meant[name]}'"):
        GuidedContrast(contrast, **options)
