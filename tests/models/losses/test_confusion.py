import numpy as np
import pytest
import torch
from naive_distill import certainty as naive_certainty

from models.losses.confusion import certainty, class_confusion


@pytest.mark.parametrize("case", ["a", "b", "c"])
def test_equals_the_reference(case, load, close):
    ref = load("mcc")
    logits, temperature = ref[f"{case}_logits"].requires_grad_(), ref[f"{case}_T"].item()
    found = class_confusion(logits, temperature)
    (slope,) = torch.autograd.grad(found, logits)
    close(found.detach(), ref[f"{case}_loss"], rtol=1e-9, atol=0)
    close(slope, ref[f"{case}_grad"])
    close(certainty(logits, temperature), ref[f"{case}_weight"], rtol=1e-9, atol=0)


def test_the_published_temperature_is_the_default(load):
    ref = load("mcc")
    torch.testing.assert_close(class_confusion(ref["a_logits"]), ref["a_loss"])


def test_nothing_is_confused_where_all_is_certain_and_all_where_nothing_is(draw):
    sure = 1e3 * torch.eye(4)
    torch.testing.assert_close(class_confusion(sure), torch.tensor(0.0))
    torch.testing.assert_close(class_confusion(torch.zeros(5, 4)), torch.tensor(0.75))


@pytest.mark.parametrize("n", [1, 3])
def test_an_absent_class_adds_nothing(n):
    logits = torch.zeros(n, 3)
    logits[:, 0] = 1e4  # the others underflow
    logits.requires_grad_()
    found = class_confusion(logits)
    (slope,) = torch.autograd.grad(found, logits)
    assert found == 0
    assert slope.isfinite().all()


def test_certainty_has_mean_one_and_no_gradient(draw):
    logits = (3 * draw(7, 4)).requires_grad_()
    weight = certainty(logits)
    torch.testing.assert_close(weight.mean().item(), 1.0)
    assert not weight.requires_grad
    np.testing.assert_allclose(weight.numpy(), naive_certainty(logits.detach().numpy()))
    assert weight.max() / weight.min() < 2


def test_folds_at_once_equal_a_loop(draw):
    logits = draw(3, 6, 4).float().requires_grad_()
    at_once = torch.vmap(class_confusion)(logits)
    alone = torch.stack([class_confusion(z) for z in logits])
    torch.testing.assert_close(at_once, alone, atol=1e-6, rtol=1e-6)
    slopes = [torch.autograd.grad(loss.sum(), logits)[0] for loss in (at_once, alone)]
    torch.testing.assert_close(*slopes, atol=1e-6, rtol=1e-6)
