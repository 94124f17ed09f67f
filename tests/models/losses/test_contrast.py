import math

import numpy as np
import pytest
import torch
from naive_distill import crd as naive_crd
from naive_distill import expected_crd
from torch.func import functional_call

from featpipe.errors import ConfigError
from models.layers.dropout import hashed
from models.losses.contrast import Contrast
from models.losses.draws import draw_counts
from models.losses.sides import compare, disagreement
from models.losses.unit import unit

EPS = 1e-7  # of the printed form: shifts the offset, and every negative by a constant


@pytest.fixture
def make():
    """Function that makes the loss with full banks of three classes."""

    def make(n_windows=40, seed=0, **options):
        torch.manual_seed(seed)
        loss = Contrast(5, 4, n_windows, **{"n_negatives": 9, "n_features": 8} | options).double()
        torch.manual_seed(seed)  # whether or not a key was drawn
        loss.bank_student.copy_(unit(torch.randn(n_windows, 8)))
        loss.bank_teacher.copy_(unit(torch.randn(n_windows, 8)))
        loss.row_label.copy_(torch.arange(n_windows) % 3)
        if loss.every > 1:
            loss.row_order[:n_windows] = torch.randperm(n_windows)
            loss.n_lined.fill_(n_windows)
        return loss

    return make


@pytest.fixture
def pair(draw, as_encoded):
    return as_encoded(draw(6, 5)), as_encoded(draw(6, 4, seed=1))


@pytest.fixture
def batch(as_batch):
    index = torch.tensor([3, 10, 11, 17, 24, 35])
    return as_batch(index % 3, index)


@pytest.mark.parametrize("call", [1, 2])
def test_equals_the_reference(call, load, close):
    """The negatives that the reference drew, each as often as it did."""
    ref = {name.removeprefix(f"call{call}_"): of for name, of in load("crd").items()}
    before = load("crd")
    banks = [ref[name] if call == 1 else before[f"call1_{name}_after"] for name in BANKS]
    n_data, tau = int(ref["n_data"]), ref["tau"].item()
    own, negatives = ref["neg_index"].split([1, ref["neg_index"].shape[1] - 1], dim=1)
    K = negatives.shape[1]
    weight = torch.zeros(len(own), n_data, dtype=torch.float64)
    weight.scatter_add_(1, negatives, torch.ones_like(negatives, dtype=torch.float64))
    leaves = [ref[name].clone().requires_grad_() for name in LEAVES]
    f_s, f_t, W_s, W_t, b_s, b_t = leaves
    anchors = unit(f_s @ W_s.T + b_s), unit(f_t @ W_t.T + b_t)
    total = 0.0
    for anchor, bank, name in zip(anchors, reversed(banks), "st", strict=True):
        offset = (ref[f"Z_{name}"] * (K / n_data + EPS)).log().expand(len(own))
        side = compare(anchor, bank, own[:, 0], weight, offset, tau)
        constant = K * math.log1p(EPS * n_data / K)
        total = total + (disagreement(side) + constant).mean()
    close(total.detach(), ref["loss"], rtol=1e-9, atol=0)
    for leaf, name in zip(leaves, LEAVES, strict=True):
        (slope,) = torch.autograd.grad(total, leaf, retain_graph=True)
        close(slope, ref[f"grad_{GRADS.get(name, name)}"])
    close(total.detach(), ref["loss_softplus"], rtol=1e-5, atol=0)


BANKS = ("bank_s", "bank_t")
LEAVES = ("f_s", "f_t", "embed_W_s", "embed_W_t", "embed_b_s", "embed_b_t")
GRADS = {name: name.removeprefix("embed_") for name in LEAVES}


def test_banks_move_as_in_the_reference(load, close, as_encoded, as_batch):
    ref = load("crd")
    D, n_student = ref["embed_W_s"].shape
    loss = Contrast(
        n_student, ref["embed_W_t"].shape[1], len(ref["bank_s"]),
        n_negatives=9, n_features=D, tau=ref["tau"].item(), momentum=ref["momentum"].item(),
    ).double()  # fmt: skip
    loss.embed_student.load_state_dict({"weight": ref["embed_W_s"], "bias": ref["embed_b_s"]})
    loss.embed_teacher.load_state_dict({"weight": ref["embed_W_t"], "bias": ref["embed_b_t"]})
    loss.bank_student.copy_(ref["bank_s"])
    loss.bank_teacher.copy_(ref["bank_t"])
    loss.row_label.copy_(ref["row_labels"])
    for call in ("call1", "call2"):
        index = ref[f"{call}_y_index"]
        features = (as_encoded(ref[f"{call}_f_{side}"]) for side in "st")
        loss(*features, as_batch(ref["row_labels"][index], index)).backward()
        close(loss.bank_student, ref[f"{call}_bank_s_after"], rtol=1e-9)
        close(loss.bank_teacher, ref[f"{call}_bank_t_after"], rtol=1e-9)


def test_equals_the_printed_equation(make, pair, batch):
    """With the scores of all negatives it is logistic regression, but for the code's 1e-7."""
    loss, n = make(), 40
    v = unit(loss.embed_student(pair[0].embedding)).detach()
    Z = n * math.exp(loss.offset) / loss.n_negatives
    scores = (v @ loss.bank_teacher.T / loss.tau).exp() / Z
    drawn = [[j for j in range(n) if j % 3 != label][:9] for label in batch.label]
    weight = torch.zeros(6, n, dtype=torch.float64).scatter(1, torch.tensor(drawn), 1.0)
    offset = torch.full((6,), loss.offset, dtype=torch.float64)
    side = compare(v, loss.bank_teacher, batch.index, weight, offset, loss.tau)
    taken = np.stack([scores[i, [int(batch.index[i]), *drawn[i]]].numpy() for i in range(6)])
    np.testing.assert_allclose(disagreement(side).numpy(), naive_crd(taken, n), rtol=1e-5)


def test_every_window_of_another_class_is_a_negative(make, pair, batch):
    loss = make().eval()
    loss.row_label[::4] = -1
    anchors = [
        unit(layer(of.embedding)).detach().numpy()
        for layer, of in zip((loss.embed_student, loss.embed_teacher), pair, strict=True)
    ]
    facts = batch.index.numpy(), loss.row_label.numpy(), batch.label.numpy()
    expected = sum(
        expected_crd(anchor, bank.numpy(), *facts, loss.n_negatives, loss.tau).mean()
        for anchor, bank in zip(anchors, (loss.bank_teacher, loss.bank_student), strict=True)
    )
    np.testing.assert_allclose(loss(*pair, batch).item(), expected, rtol=1e-9)


def test_slopes_are_those_of_the_loss(make, batch, draw, as_encoded):
    loss = make().eval()

    def value(f_s, f_t):
        return loss(as_encoded(f_s), as_encoded(f_t), batch)

    assert torch.autograd.gradcheck(
        value, (draw(6, 5).requires_grad_(), draw(6, 4).requires_grad_())
    )


def test_all_negatives_are_the_mean_of_drawn_ones(make, pair, batch):
    whole, drawn = make().eval(), make(drawn=True).eval()
    expected = whole(*pair, batch).item()
    values = torch.stack([drawn(*pair, batch).detach() for _ in range(2000)]).numpy()
    error = values.std() / len(values) ** 0.5
    assert error < 0.01 * expected
    assert abs(values.mean() - expected) < 4 * error


@pytest.mark.parametrize("n_windows", [40, 42, 45])
def test_rows_in_turn_sum_up_to_all_of_them(n_windows, make, pair, batch):
    """Each row is compared with once in n steps, also where classes are unequal."""
    whole, turns = make(n_windows).eval(), make(n_windows, every=7).eval()
    for loss in (whole, turns):
        loss.row_label[n_windows // 2 :] = 1
        loss.row_label[batch.index] = batch.label
    expected, found = whole(*pair, batch).item(), []
    for step in range(7):
        turns.n_steps.fill_(step)
        found.append(turns(*pair, batch).item())
    assert np.std(found) > 0
    assert np.mean(found) == pytest.approx(expected, rel=1e-12)


def test_rows_line_up_as_they_are_first_drawn(make, as_encoded, as_batch, draw):
    loss = make(every=3)
    loss.row_label.fill_(-1)
    loss.n_lined.fill_(0)
    for rows in ([9, 4, 9, 30], [4, 2, 30, 7], [2, 2, 2, 2]):
        index = torch.tensor(rows)
        loss(as_encoded(draw(4, 5)), as_encoded(draw(4, 4)), as_batch(index % 3, index))
    assert int(loss.n_lined) == 5
    assert loss.row_order[:5].tolist() == [9, 4, 30, 2, 7]
    taken = []
    for step in range(3):
        loss.n_steps.fill_(step)
        at, is_row = loss._rows()
        taken += at[is_row].tolist()
    assert sorted(taken) == [2, 4, 7, 9, 30]


def test_the_next_step_takes_the_next_rows(make, pair, batch):
    loss = make(every=7).train()
    assert int(loss.n_steps) == 0
    first = loss(*pair, batch).item()
    assert int(loss.n_steps) == 1
    assert "n_steps" not in loss.state_dict()
    again = make(every=7).train()
    again.n_steps.fill_(1)
    assert again(*pair, batch).item() != first


def test_all_negatives_are_drawn_where_k_is_their_number(make, pair, batch):
    n_others = [int((torch.arange(39) % 3 != label).sum()) for label in range(3)]
    assert n_others == [26, 26, 26]
    whole, drawn = (make(39, n_negatives=26, drawn=is_drawn).eval() for is_drawn in (False, True))
    torch.testing.assert_close(drawn(*pair, batch), whole(*pair, batch), rtol=1e-12, atol=0)


def test_draws_are_without_replacement_while_there_are_enough():
    is_other = torch.arange(30) % torch.tensor([[2], [3], [30], [31]]) == 0
    counts = draw_counts(is_other, 10, torch.tensor(0))  # of 15, 10, 1 and (0 only) 1
    assert counts.sum(1).tolist() == [10, 10, 10, 10]
    assert counts[:2].max() == 1
    assert not counts[~is_other].any()
    assert not draw_counts(torch.zeros(2, 5, dtype=torch.bool), 3, torch.tensor(0)).any()
    assert draw_counts(torch.ones(1, 4, dtype=torch.bool), 9, torch.tensor(0)).sum() == 9
    starts = hashed(torch.arange(2000))
    mean = torch.stack([draw_counts(is_other, 10, start)[0] for start in starts]).mean(0)
    torch.testing.assert_close(mean[::2], torch.full((15,), 10 / 15), atol=0.05, rtol=0)


def test_rows_take_part_from_the_step_after_they_were_drawn(make, pair, batch, as_batch):
    loss = make()
    loss.row_label.fill_(-1)
    banks = loss.bank_student.clone(), loss.bank_teacher.clone()
    assert not loss.weigh_negatives(batch.label).any()
    loss(*pair, batch)
    seen = torch.zeros(40, dtype=torch.bool)
    seen[batch.index] = True
    for before, after in zip(banks, (loss.bank_student, loss.bank_teacher), strict=True):
        assert torch.equal((before != after).any(1), seen)
    weight = loss.weigh_negatives(batch.label)
    assert torch.equal((weight > 0).any(0), seen)
    torch.testing.assert_close(weight.sum(1), torch.full((6,), 9.0, dtype=torch.float64))
    assert not weight[:, batch.index][batch.label[:, None] == batch.label].any()


def test_rows_never_drawn_change_nothing(make, pair, batch):
    losses = []
    for factor in (1.0, 7.0):
        loss = make(seed=2)
        held_out = torch.arange(0, 40, 5)
        held_out = held_out[~torch.isin(held_out, batch.index)]
        loss.row_label[held_out] = -1
        for bank in (loss.bank_student, loss.bank_teacher):
            bank[held_out] *= factor
        value = loss(*pair, batch)
        value.backward()
        losses.append((value.detach(), loss.embed_student.weight.grad))
    for one, other in zip(*losses, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=0)


def test_nothing_is_remembered_outside_training(make, pair, batch):
    loss = make().eval()
    before = {name: of.clone() for name, of in loss.named_buffers()}
    loss(*pair, batch)
    assert all(torch.equal(of, before[name]) for name, of in loss.named_buffers())


@pytest.mark.parametrize("n", [1, 6])
def test_degenerate_batches_give_numbers(n, make, as_encoded, as_batch):
    for label in (None, 0, -1):
        loss = make()
        if label is not None:
            loss.row_label.fill_(label)  # one class, or nothing seen: no negatives
        for parameter in loss.parameters():
            torch.nn.init.zeros_(parameter)  # embeddings without direction
        zero = torch.zeros(n, 5, dtype=torch.float64), torch.zeros(n, 4, dtype=torch.float64)
        found = loss(*map(as_encoded, zero), as_batch(torch.zeros(n, dtype=torch.int64)))
        found.backward()
        assert found.isfinite()
        assert all(p.grad.isfinite().all() for p in loss.parameters())
        assert loss.bank_student.isfinite().all()


def test_turning_embeddings_and_bank_together_changes_nothing(draw):
    anchor, bank = unit(draw(6, 8)), unit(draw(20, 8, seed=1))
    turn = torch.linalg.qr(draw(8, 8, seed=2)).Q
    rest = (torch.arange(6), torch.ones_like(anchor @ bank.T), torch.zeros_like(anchor[:, 0]), 0.07)
    one, other = compare(anchor, bank, *rest), compare(anchor @ turn, bank @ turn, *rest)
    torch.testing.assert_close(disagreement(one), disagreement(other))


@pytest.mark.parametrize(("drawn", "every"), [(False, 1), (True, 1), (False, 4)])
def test_folds_at_once_equal_a_loop(drawn, every, make, draw, as_encoded, as_batch):
    """Folds of other rows; each draws its own negatives."""
    nets = [make(39, seed=i, drawn=drawn, every=every, n_negatives=9).float() for i in range(3)]
    index = torch.stack([torch.randperm(39)[:6] for _ in nets])
    for i, net in enumerate(nets):
        never = torch.randperm(39)[: 5 * i]
        net.row_label[never] = -1
        if every > 1:
            seen = (net.row_label >= 0).nonzero().ravel()
            net.row_order[: len(seen)] = seen
            net.n_lined.fill_(len(seen))
    params, buffers = torch.func.stack_module_state(nets)
    f_s, f_t = draw(3, 6, 5).float(), draw(3, 6, 4, seed=1).float()

    def one(params, buffers, f_s, f_t, index):
        inputs = (as_encoded(f_s), as_encoded(f_t), as_batch(index % 3, index))
        return functional_call(nets[0], (params, buffers), inputs)

    for _ in range(2):  # the second step reads what the first remembered
        at_once = torch.vmap(one, randomness="different")(params, buffers, f_s, f_t, index)
        slopes = torch.autograd.grad(at_once.sum(), list(params.values()))
        for i, net in enumerate(nets):
            rows = as_batch(index[i] % 3, index[i])
            alone = net(as_encoded(f_s[i]), as_encoded(f_t[i]), rows)
            torch.testing.assert_close(at_once[i], alone, atol=1e-6, rtol=1e-6)
            expected = torch.autograd.grad(alone, list(net.parameters()))
            for found, grad in zip(slopes, expected, strict=True):
                torch.testing.assert_close(found[i], grad, atol=1e-5, rtol=1e-5)
            for name, buffer in net.named_buffers():
                torch.testing.assert_close(buffers[name][i], buffer, atol=1e-6, rtol=1e-6)


def test_banks_are_no_part_of_what_is_saved(make):
    assert set(make().state_dict()) == {
        f"embed_{side}.{of}" for side in ("student", "teacher") for of in ("weight", "bias")
    }


def test_the_offset_is_that_of_random_vectors(draw):
    """The mean of exp(sim / tau) over vectors without relation, in closed form."""
    loss = Contrast(3, 3, 0, n_negatives=50)
    mean = (unit(draw(400, 128)) @ unit(draw(4000, 128, seed=1)).T / loss.tau).exp().mean()
    assert abs(math.log(50 * mean.item()) - loss.offset) < 0.02


@pytest.mark.parametrize("options", [{"n_negatives": 0}, {"tau": 0.0}, {"momentum": 1.0}])
def test_impossible_options_are_refused(options):
    (name,) = options
    with pytest.raises(ConfigError, match=f"{name}.* {options[name]}"):
        Contrast(3, 3, 10, **options)
