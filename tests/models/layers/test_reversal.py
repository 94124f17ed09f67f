import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from models.layers.reversal import reversal_strength, reverse_gradient


def load(parity):
    with np.load(parity / "grl.npz", allow_pickle=False) as stored:
        return {name: torch.from_numpy(np.asarray(stored[name])) for name in stored.files}


def test_schedule(parity):
    ref = load(parity)
    for p, expected in (
        (ref["p_grid"], ref["lambda_grid"]),
        (torch.arange(51, dtype=torch.float64) / ref["epochs"], ref["lambda_epoch"]),
        (ref["step_p"], ref["step_lambda"]),
    ):
        torch.testing.assert_close(reversal_strength(p), expected, atol=1e-12, rtol=0)


def test_forward_is_identity_and_backward_is_reversed(parity):
    ref = load(parity)
    x = ref["unit_x"].clone().requires_grad_()
    out = reverse_gradient(x, ref["unit_alpha"])
    torch.testing.assert_close(out.detach(), ref["unit_out"], atol=1e-15, rtol=1e-15)
    (ref["unit_w"] * out**2).sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad, ref["unit_grad"], atol=1e-12, rtol=1e-9)


def test_two_reversals_in_one_network(parity):
    """The layout of CSCM: modality classifier early, subject classifier late."""
    ref = load(parity)
    names = ("Es", "Ed", "Ce", "Md", "Sd")
    w = {name: ref[f"W_{name}"].clone().requires_grad_() for name in names}
    shallow = torch.tanh(ref["x"] @ w["Es"].T)
    deep = torch.tanh(shallow @ w["Ed"].T)
    parts = torch.stack(
        [
            F.cross_entropy(deep @ w["Ce"].T, ref["y_emotion"]),
            F.cross_entropy(reverse_gradient(shallow, ref["lam"]) @ w["Md"].T, ref["y_modality"]),
            F.cross_entropy(reverse_gradient(deep, ref["lam"]) @ w["Sd"].T, ref["y_subject"]),
        ]
    )
    loss = (ref["coef"] * parts).sum()
    loss.backward()
    torch.testing.assert_close(parts.detach(), ref["loss_parts"], atol=0, rtol=1e-9)
    torch.testing.assert_close(loss.detach(), ref["loss"], atol=0, rtol=1e-9)
    for name in names:
        grad = w[name].grad
        assert grad is not None
        torch.testing.assert_close(grad, ref[f"grad_{name}"], atol=1e-12, rtol=1e-9)
