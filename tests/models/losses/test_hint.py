import torch
from torch.func import functional_call

from models.losses.hint import FitNet

NONE = None  # the batch is not read


def test_equals_the_reference_where_statistics_are_those_of_no_row(load, as_encoded, close):
    """In eval mode nothing is seen, and features stay as they are: the reference has them so."""
    ref = load("fitnet_hint")
    loss = FitNet(8, 6).double().eval()
    loss.regressor.load_state_dict({"weight": ref["reg_W"], "bias": ref["reg_b"]})
    f = ref["reg_f_s"].requires_grad_()
    found = loss(as_encoded(f), as_encoded(ref["f_t"]), NONE)
    found.backward()
    close(found.detach(), ref["reg_loss"], rtol=1e-9, atol=0)
    close(f.grad, ref["reg_grad_f_s"])
    close(loss.regressor.weight.grad, ref["reg_grad_W"])
    close(loss.regressor.bias.grad, ref["reg_grad_b"])


def test_the_teacher_is_standardised_with_all_rows_so_far(draw, as_encoded):
    torch.manual_seed(0)
    loss, rows = FitNet(3, 4).double(), 5 + 3 * draw(50, 4)
    for part in rows.split(7):
        found = loss(as_encoded(draw(len(part), 3)), as_encoded(part), NONE)
    torch.testing.assert_close(loss.mean, rows.mean(0))
    torch.testing.assert_close(loss.squares / 50, rows.var(0, correction=0))
    assert loss.n_seen == 50
    scaled = (part - rows.mean(0)) / rows.std(0, correction=0)
    expected = (loss.regressor(draw(len(part), 3)) - scaled).square().mean()
    torch.testing.assert_close(found, expected)


def test_the_scale_of_the_teacher_does_not_matter(draw, as_encoded):
    torch.manual_seed(0)
    losses = []
    for factor, offset in ((1.0, 0.0), (1000.0, -3.0)):
        loss = FitNet(3, 4).double()
        torch.nn.init.zeros_(loss.regressor.weight)
        torch.nn.init.ones_(loss.regressor.bias)
        losses.append(loss(as_encoded(draw(9, 3)), as_encoded(offset + factor * draw(9, 4)), NONE))
    torch.testing.assert_close(losses[0], losses[1])


def test_one_row_and_constant_features_give_numbers(as_encoded):
    for n in (1, 4):
        loss = FitNet(3, 4)
        found = loss(as_encoded(torch.zeros(n, 3)), as_encoded(torch.full((n, 4), 7.0)), NONE)
        found.backward()
        assert found.isfinite()
        assert loss.regressor.bias.grad.isfinite().all()


def test_folds_at_once_equal_a_loop_and_keep_their_own_statistics(draw, as_encoded):
    torch.manual_seed(0)
    nets = [FitNet(3, 4) for _ in range(3)]
    params, buffers = torch.func.stack_module_state(nets)
    f_s, f_t = draw(3, 6, 3).float(), draw(3, 6, 4, seed=1).float()

    def one(params, buffers, f_s, f_t):
        inputs = (as_encoded(f_s), as_encoded(f_t), NONE)
        return functional_call(nets[0], (params, buffers), inputs)

    at_once = torch.vmap(one)(params, buffers, f_s, f_t)
    for i, net in enumerate(nets):
        alone = net(as_encoded(f_s[i]), as_encoded(f_t[i]), NONE)
        torch.testing.assert_close(at_once[i], alone, atol=1e-6, rtol=1e-6)
        for name, buffer in net.named_buffers():
            torch.testing.assert_close(buffers[name][i], buffer)
            assert buffer.any()
