import inspect
from functools import partial

import numpy as np
import pytest
import torch
from naive_distill import kd as naive_kd
from naive_distill import nst as naive_nst
from naive_distill import pkt as naive_pkt
from naive_distill import rkd as naive_rkd
from naive_distill import sp as naive_sp

from featpipe.errors import ConfigError
from models.losses.distill import fitnet, kd, nst, pkt, relations, rkd, selectivity_of_maps, sp

LOSSES = {"kd": kd, "fitnet": fitnet, "nst": nst, "sp": sp, "rkd": rkd, "pkt": pkt}
NAIVE = {"kd": naive_kd, "nst": naive_nst, "sp": naive_sp, "rkd": naive_rkd, "pkt": naive_pkt}
NONE = None  # no loss here reads the batch


def value_and_grad(loss, x):
    x = x.detach().requires_grad_()
    value = loss(x)
    (grad,) = torch.autograd.grad(value, x)
    return value.detach(), grad


NAMES = {"kd": ("z_s", "z_t", "loss", "grad_z_s")}
NAMES |= dict.fromkeys(("sp", "rkd", "pkt"), ("f_s", "f_t", "loss", "grad_f_s"))
NAMES |= {"fitnet": NAMES["sp"], "nst": ("vec_s", "vec_t", "vec_loss", "vec_grad_s")}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", LOSSES)
def test_equals_the_reference(name, dtype, load, as_encoded, close):
    """In single precision within ten times what the reference itself loses there."""
    ref = load("fitnet_hint" if name == "fitnet" else name)
    student, teacher, loss, grad = (ref[key].to(dtype) for key in NAMES[name])
    of = partial(LOSSES[name], teacher=as_encoded(teacher, teacher), batch=NONE)
    found, slope = value_and_grad(lambda f: of(as_encoded(f, f)), student)
    if dtype == torch.float64:
        close(found, loss, rtol=1e-9, atol=0)
        close(slope, grad)
    else:
        close(found, loss, rtol=2e-6, atol=0)
        close(slope, grad, rtol=0, atol=4.5e-6 * grad.abs().max().item())


def test_the_published_temperature_of_kd_is_the_default(load):
    assert load("kd")["T"] == inspect.signature(kd).parameters["temperature"].default


def test_both_parts_of_rkd_equal_the_reference(load, as_encoded, close):
    ref = load("rkd")
    teacher = as_encoded(ref["f_t"])
    for part, weights in (("distance", (1.0, 0.0)), ("angle", (0.0, 1.0))):
        of = partial(rkd, teacher=teacher, batch=NONE)
        found, slope = value_and_grad(
            lambda f, of=of, w=weights: of(as_encoded(f), distance_weight=w[0], angle_weight=w[1]),
            ref["f_s"],
        )
        close(found, ref[f"loss_{part}"], rtol=1e-9, atol=0)
        close(slope, ref[f"grad_{part}"])


def test_nst_of_maps_equals_the_reference(load, close):
    ref = load("nst")
    found, slope = value_and_grad(lambda x: selectivity_of_maps(x, ref["map_t"]), ref["map_s"])
    close(found, ref["map_loss"], rtol=1e-9, atol=0)
    close(slope, ref["map_grad_s"])


def test_nst_of_graphs_equals_the_reference(load, as_encoded, close):
    """The last feature is the same on both sides and adds nothing."""
    ref = load("nst")
    same = ref["vec_s"]
    teacher = as_encoded(same, None, ref["graph_t"])
    found, slope = value_and_grad(
        lambda x: nst(as_encoded(same, None, x), teacher, NONE, maps=True), ref["graph_s"]
    )
    close(found, ref["graph_loss"], rtol=1e-9, atol=0)
    close(slope, ref["graph_grad_s"])


def test_pkt_of_a_window_without_length_equals_the_reference(load, as_encoded, close):
    ref = load("pkt")
    found = pkt(as_encoded(ref["zero_row_f_s"]), as_encoded(ref["f_t"]), NONE)
    close(found, ref["zero_row_loss"], rtol=1e-9, atol=0)


@pytest.mark.parametrize("name", NAIVE)
@pytest.mark.parametrize("sizes", [(2, 3, 3), (5, 4, 4), (9, 3, 6)])
def test_equals_the_printed_equation(name, sizes, draw, as_encoded):
    n, n_student, n_teacher = sizes
    f_s, f_t = draw(n, n_student), draw(n, n_teacher, seed=1)
    found = LOSSES[name](as_encoded(f_s), as_encoded(f_t), NONE)
    arrays = [f[:, :3] if name == "kd" else f for f in (f_s, f_t)]
    expected = NAIVE[name](*(array.numpy() for array in arrays))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_a_student_like_its_teacher_is_at_a_minimum_of_zero(name, draw, as_encoded):
    f = draw(8, 6)
    found, slope = value_and_grad(lambda x: LOSSES[name](as_encoded(x), as_encoded(f), NONE), f)
    torch.testing.assert_close(found, torch.zeros_like(found), atol=1e-12, rtol=0)
    torch.testing.assert_close(slope, torch.zeros_like(slope), atol=1e-8, rtol=0)
    for seed in range(1, 20):
        other = as_encoded(f + 0.1 * draw(8, 6, seed=seed))
        assert LOSSES[name](other, as_encoded(f), NONE) > 0


def rotated(f):
    generator = torch.Generator().manual_seed(3)
    square = torch.randn(f.shape[1], f.shape[1], generator=generator, dtype=f.dtype)
    return f @ torch.linalg.qr(square).Q


def by_window(f):
    return f * torch.arange(1.0, len(f) + 1, dtype=f.dtype)[:, None]


def by_feature(f):
    signs = torch.tensor([-1.0, 1.0], dtype=f.dtype).repeat(f.shape[1])[: f.shape[1]]
    return f * signs * torch.arange(1.0, f.shape[1] + 1, dtype=f.dtype)


CHANGES = {
    "rotation": rotated,
    "translation": lambda f: f + 0.7,
    "factor": lambda f: 3 * f,
    "sign": lambda f: -f,
    "factor per window": by_window,
    "factor per feature": by_feature,
    "order of features": lambda f: f.flip(1),
}
FREE = {
    "sp": {"rotation", "factor", "sign", "order of features"},
    "rkd": {"rotation", "translation", "factor", "sign", "order of features"},
    "pkt": {"rotation", "factor", "sign", "factor per window", "order of features"},
    "nst": {"factor", "sign", "factor per feature", "order of features"},
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", FREE)
def test_is_free_of_what_theory_says_and_of_nothing_else(name, change, draw, as_encoded):
    f, teacher = draw(8, 6), as_encoded(draw(8, 4, seed=1))
    before = LOSSES[name](as_encoded(f), teacher, NONE)
    after = LOSSES[name](as_encoded(CHANGES[change](f)), teacher, NONE)
    is_free = torch.isclose(after, before, rtol=1e-5, atol=0).item()
    assert is_free == (change in FREE[name])


def test_kd_is_free_of_a_constant_per_window(draw, as_encoded):
    z, teacher = draw(8, 3), as_encoded(draw(8, 3, seed=1))
    before, after = (kd(as_encoded(x), teacher, NONE) for x in (z, z + draw(8, 1, seed=2)))
    torch.testing.assert_close(after, before)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.parametrize("kind", ["zero", "equal", "one zero", "ordinary", "far off"])
def test_degenerate_features_give_numbers(name, n, kind, draw, as_encoded):
    f = draw(n, 4).float()
    f = {
        "zero": torch.zeros_like(f),
        "equal": f[:1].expand(n, 4).clone(),
        "one zero": torch.where(torch.arange(n)[:, None] == 0, 0.0, f),
        "ordinary": f,
        "far off": f + 1e4,
    }[kind]
    teacher = as_encoded(draw(n, 4, seed=1).float())
    for other in (teacher, as_encoded(f)):
        found, slope = value_and_grad(
            lambda x, other=other: LOSSES[name](as_encoded(x), other, NONE), f
        )
        assert found.isfinite()
        assert slope.isfinite().all()
        assert slope.abs().max() < 1e6


@pytest.mark.parametrize("offset", [0.0, 1e-4, 1e-7])
def test_equal_windows_have_no_angle_and_do_not_blow_up_the_gradient(offset, draw, as_encoded):
    f = draw(8, 6).float()
    f[5] = f[2] + offset * f[3]
    _, cosine = relations(f)
    assert not cosine[5, 2].any()
    assert not cosine[2, :, 5].any()
    teacher = as_encoded(draw(8, 6, seed=1).float())
    _, slope = value_and_grad(lambda x: rkd(as_encoded(x), teacher, NONE), f)
    assert slope.abs().max() < 100


def test_angles_survive_a_large_offset(draw):
    """In single precision a Gram matrix of features around 1000 has no digit of them left."""
    f = draw(8, 6)
    for near, far in zip(relations(f), relations(f.float() + 1000), strict=True):
        torch.testing.assert_close(far.double(), near, atol=2e-3, rtol=0)


@pytest.mark.parametrize("name", LOSSES)
def test_folds_at_once_equal_a_loop(name, draw, as_encoded):
    f_s, f_t = draw(3, 6, 4).float(), draw(3, 6, 4, seed=1).float()

    def loss(f_s, f_t):
        return LOSSES[name](as_encoded(f_s), as_encoded(f_t), NONE)

    at_once, slopes = value_and_grad(lambda x: torch.vmap(loss)(x, f_t).sum(), f_s)
    parts = [value_and_grad(lambda x, t=t: loss(x, t), s) for s, t in zip(f_s, f_t, strict=True)]
    torch.testing.assert_close(at_once, sum(v for v, _ in parts), atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(slopes, torch.stack([g for _, g in parts]), atol=1e-6, rtol=1e-5)


def test_maps_of_folds_at_once_equal_a_loop(draw):
    student, teacher = draw(3, 4, 5, 9).float(), draw(3, 4, 5, 6, seed=1).float()
    at_once, slopes = value_and_grad(
        lambda x: torch.vmap(selectivity_of_maps)(x, teacher).sum(), student
    )
    parts = [
        value_and_grad(lambda x, t=t: selectivity_of_maps(x, t), s)
        for s, t in zip(student, teacher, strict=True)
    ]
    torch.testing.assert_close(at_once, sum(v for v, _ in parts), atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(slopes, torch.stack([g for _, g in parts]), atol=1e-6, rtol=1e-5)


def test_sp_reads_the_feature_before_the_last(draw, as_encoded):
    last, before = draw(6, 4), draw(6, 5, seed=1)
    teacher = as_encoded(last, None, draw(6, 2, seed=3), before)
    assert sp(as_encoded(last + draw(6, 4, seed=2), None, before), teacher, NONE) == 0
    assert sp(as_encoded(last, None, before.flip(0)), teacher, NONE) > 0


def test_nst_sums_over_all_features(draw, as_encoded):
    a, b, c, d = (draw(6, 4, seed=seed) for seed in range(4))
    both = nst(as_encoded(a, None, b), as_encoded(c, None, d), NONE)
    parts = [nst(as_encoded(x), as_encoded(y), NONE) for x, y in ((a, c), (b, d))]
    torch.testing.assert_close(both, parts[0] + parts[1])


def test_fitnet_says_what_to_do_about_widths(draw, as_encoded):
    with pytest.raises(
        ConfigError, match=r"\(6, 4\) \(student\) and \(6, 3\) .*losses.hint.FitNet"
    ):
        fitnet(as_encoded(draw(6, 4)), as_encoded(draw(6, 3)), NONE)
