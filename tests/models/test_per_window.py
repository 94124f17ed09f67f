"""What is kept of every window, told before anything is trained."""

from dataclasses import replace

import pytest
import torch
from torch.utils._pytree import tree_leaves

from models.ahead import ahead_of
from models.folds import loso
from models.job import shapes_of
from models.lanes import lanes_of
from models.per_window import bytes_per_window
from models.registry import METHODS, make_config
from models.say import networks_of, say
from models.train import fit

QUICK = {"teacher_epochs": 1, "n_epochs": 1}


@pytest.mark.parametrize("backbone", ["dnn", "dgcnn", "bihdm"])
@pytest.mark.parametrize("name", ["kd_eeg", "nst_eye", "sp_eeg", "crd_eye", "cmcrd_eeg"])
def test_it_is_what_networks_say_and_keep(windows, name, backbone):
    config = make_config(name, QUICK | {"backbone": backbone})
    folds = list(loso(windows.keys))[:1]
    lanes = lanes_of(folds, [0])
    of = ahead_of(METHODS[name], config)["teacher"]
    networks = networks_of(fit(of.method, of.config, windows, folds, 0))
    said = say(of, of.of.says, networks, windows, lanes, "cpu")
    n = len(windows.keys)
    shapes = replace(shapes_of(windows, ("eeg", "eye"), 3), n_windows=n)
    net = METHODS[name].build(shapes, config)
    banks = [of for key, of in net.named_buffers() if "bank" in key or "row_label" in key]
    per_window = sum(x[0, 0].numel() * 4 for x in tree_leaves(said))
    per_window += sum(bank.numel() * bank.element_size() for bank in banks) // n
    assert bytes_per_window(METHODS[name], config, windows) == per_window
    assert bool(banks) == ("crd" in name)


def test_what_keeps_nothing_and_tells_nothing(windows):
    for name in ("cscm", "mlp", "dgcnn_eeg", "max_fusion"):
        assert bytes_per_window(METHODS[name], make_config(name, {}), windows) == 0


def test_whoever_judges_tells_of_each_class(windows):
    options = {"teacher_pred": "out-of-fold"}
    own, judged = (make_config("cmcrd_eeg", of) for of in ({}, options))
    of = METHODS["cmcrd_eeg"]
    more = bytes_per_window(of, judged, windows) - bytes_per_window(of, own, windows)
    assert more == torch.zeros(3).nbytes
