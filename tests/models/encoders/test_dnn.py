import torch
import torch.nn.functional as F  # noqa: N812

from models.encoders.dnn import Config, build

EXACT, OF_GRADIENT = {"rtol": 1e-9, "atol": 1e-11}, {"rtol": 1e-7, "atol": 1e-10}


def released(ref):
    """Return our network with the parameters of the released one."""
    net = build((20,), 3, config=Config(n_hidden=16)).double()
    blocks = [(part[i], part[i + 1]) for part in (net.first, net.second) for i in (0, 3)]
    for i, (linear, norm) in enumerate(blocks, start=1):
        linear.load_state_dict({"weight": ref[f"layer{i}_W"]})
        norm.load_state_dict(
            {
                "weight": ref[f"bn{i}_gain"],
                "bias": ref[f"bn{i}_bias"],
                # a bias in front moves the mean
                "running_mean": ref[f"bn{i}_mean"] - ref[f"layer{i}_b"],
                "running_var": ref[f"bn{i}_var"],
                "num_batches_tracked": torch.tensor(0),
            }
        )
    net.out.load_state_dict({"weight": ref["out_W"], "bias": ref["out_b"]})
    return net


def test_released_network(load_parity):
    ref = load_parity("dnn")
    net = released(ref).eval()
    found = net(ref["x"])
    torch.testing.assert_close(found.logits, ref["logits_eval"], **EXACT)
    torch.testing.assert_close(found.hidden[-1], ref["feature0_eval"], **EXACT)
    torch.testing.assert_close(found.embedding, ref["feature1_eval"], **EXACT)
    x = ref["x"].clone().requires_grad_()
    logits = net.train()(x).logits
    torch.testing.assert_close(logits, ref["logits_train"], **EXACT)
    loss = F.cross_entropy(logits, ref["labels"])
    torch.testing.assert_close(loss, ref["loss_train"], **EXACT)
    loss.backward()
    torch.testing.assert_close(x.grad, ref["grad_x"], **OF_GRADIENT)


def test_parameters_are_those_of_the_released_network_without_four_biases(counts):
    for name, shape, n_classes in (
        ("dnn_eeg310_c3", (62, 5), 3),
        ("dnn_eeg310_c5", (62, 5), 5),
        ("dnn_eye33_c3", (33,), 3),
        ("dnn_eye33_c5", (33,), 5),
    ):
        n = sum(p.numel() for p in build(shape, n_classes).parameters())
        assert n == counts[name] - 4 * 128
