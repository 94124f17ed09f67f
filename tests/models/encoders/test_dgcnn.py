import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from featpipe.errors import ConfigError
from models.encoders.dgcnn import Config, build, scaled_laplacian

EXACT, OF_GRADIENT = {"rtol": 1e-9, "atol": 1e-11}, {"rtol": 1e-7, "atol": 1e-10}


def released(ref):
    """Return our network with the parameters of the released one."""
    order, n_bands, n_out = ref["theta"].shape
    n_nodes = len(ref["adjacency_A"])
    shape = (n_nodes, n_bands) if n_bands > 1 else (n_nodes,)
    net = build(shape, len(ref["fc_b"]), config=Config(n_out=n_out, order=order)).double()
    net.load_state_dict(
        {
            "adjacency": ref["adjacency_A"],
            "theta": ref["theta"],
            "norm.weight": ref["bn_weight"],
            "norm.bias": ref["bn_bias"],
            "norm.running_mean": ref["bn_running_mean"],
            "norm.running_var": ref["bn_running_var"],
            "norm.num_batches_tracked": torch.tensor(0),
            "out.weight": ref["fc_W"],
            "out.bias": ref["fc_b"],
        }
    )
    return net


@pytest.mark.parametrize("name", ["dgcnn_k2", "dgcnn_k3_small", "dgcnn_eye"])
def test_released_network(load_parity, name):
    ref = load_parity(name)
    net = released(ref).eval()
    x = ref["x"] if name != "dgcnn_eye" else ref["x"][..., 0]
    torch.testing.assert_close(scaled_laplacian(net.adjacency), ref["support_Lt"], **EXACT)
    found = net(x)
    torch.testing.assert_close(found.logits, ref["logits_eval"], **EXACT)
    torch.testing.assert_close(found.embedding, ref["feature_eval"], **EXACT)
    torch.testing.assert_close(found.hidden[-1].flatten(1), ref["feature_eval"], **EXACT)
    x = x.clone().requires_grad_()
    logits = net.train()(x).logits
    torch.testing.assert_close(logits, ref["logits_train"], **EXACT)
    loss = F.cross_entropy(logits, ref["labels"])
    torch.testing.assert_close(loss, ref["loss_train"], **EXACT)
    loss.backward()
    for own, expected in (
        (x.grad, ref["grad_x"].view(x.shape)),
        (net.adjacency.grad, ref["grad_A"]),
        (net.theta.grad[0], ref["grad_theta0"]),
        (net.theta.grad[-1], ref["grad_theta_last"]),
        (net.out.weight.grad, ref["grad_fc_W"]),
        (net.norm.running_mean, ref["bn_running_mean_after"]),
        (net.norm.running_var, ref["bn_running_var_after"]),
    ):
        torch.testing.assert_close(own, expected, **OF_GRADIENT)


def test_parameters_are_as_many_as_those_of_the_released_network(counts):
    for name, shape, n_classes, order in (
        ("dgcnn_62x5_k2_o16_c3", (62, 5), 3, 2),
        ("dgcnn_62x5_k2_o16_c5", (62, 5), 5, 2),
        ("dgcnn_62x5_k3_o16_c3", (62, 5), 3, 3),
        ("dgcnn_eye33x1_k2_o16_c3", (33,), 3, 2),
        ("dgcnn_eye33x1_k2_o16_c5", (33,), 5, 2),
        ("dgcnn_eye31x1_k2_o16_c4", (31,), 4, 2),
    ):
        net = build(shape, n_classes, config=Config(order=order))
        assert sum(p.numel() for p in net.parameters()) == counts[name]


@pytest.mark.parametrize("norm", ["band", "node"])
def test_channels_in_another_order_are_the_graph_in_another_order(norm):
    torch.manual_seed(0)
    config = Config(order=3, norm=norm)
    net, other = (build((9, 5), 3, config=config).double() for _ in range(2))
    order = torch.randperm(9)
    state = net.state_dict()
    state["adjacency"] = state["adjacency"][order][:, order]
    state["out.weight"] = state["out.weight"].view(3, 9, -1)[:, order].flatten(1)
    other.load_state_dict(state)
    x = torch.randn(16, 9, 5, dtype=torch.float64)
    torch.testing.assert_close(other(x[:, order]).logits, net(x).logits)


def test_only_norm_node_takes_each_eye_feature_by_itself():
    """Published, a feature of another unit or level is another feature; by node it is the same."""
    torch.manual_seed(0)
    x = torch.randn(64, 33)
    other = x * torch.logspace(0, 2, 33) + torch.arange(33)
    differ = {}
    for norm in ("band", "node"):
        net = build((33,), 3, config=Config(norm=norm))
        differ[norm] = (net(other).logits - net(x).logits).abs().max()
    assert differ["node"] < 1e-3
    assert differ["band"] > 0.1


def test_a_node_without_edges_stays_by_itself():
    net = build((4, 5), 3)
    with torch.no_grad():
        net.adjacency[2], net.adjacency[:, 2] = -1.0, 0.0
    x = torch.randn(8, 4, 5)
    net(x).logits.sum().backward()
    laplacian = scaled_laplacian(net.adjacency)
    assert not laplacian[2].any()
    assert not laplacian[:, 2].any()
    assert torch.isfinite(net.adjacency.grad).all()


def test_an_order_without_graph_is_refused():
    with pytest.raises(ConfigError, match=r"order is 1.*expected 2 or more"):
        build((4, 5), 3, config=Config(order=1))
