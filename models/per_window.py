"""What a training keeps of every window beside its features: memory banks, and what is told."""

from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from models.ahead import Ahead, ahead_of
from models.job import shapes_of
from models.loading import Windows
from models.types import Batch, Method


def bytes_per_window(method: Method, config: Any, windows: Windows) -> int:
    """Return the bytes that each fold keeps per window of the study while it is trained.

    Networks are built without memory of their own, and nothing is computed.

    Parameters
    ----------
    method : Method
        What is trained.
    config : frozen dataclass
        The method's options.
    windows : Windows
        For shapes and names; a few are enough.
    """
    shapes = shapes_of(windows, method.train_modalities, 2)
    with torch.device("meta"):
        one, two = (_banks(method.build(replace(shapes, n_windows=n), config)) for n in (1, 2))
    return two - one + sum(_told(of, windows) for of in ahead_of(method, config).values())


def _banks(net: nn.Module) -> int:
    """Return the bytes of buffers that are not saved with a network."""
    saved = net.state_dict()
    return sum(of.numel() * of.element_size() for name, of in net.named_buffers()
               if name not in saved)  # fmt: skip


def _told(ahead: Ahead, windows: Windows) -> int:
    """Return the bytes that a network which is trained before tells of a window."""
    if ahead.of.n_groups:
        return 4 * len(windows.classes)
    if ahead.of.says is None:
        return 0
    shapes = shapes_of(windows, ahead.method.train_modalities, 2)
    with torch.device("meta"):
        net = ahead.method.build(shapes, ahead.config).eval()
        x = {name: torch.zeros(1, *shape) for name, shape in shapes.features.items()}
        nobody = torch.zeros(1, dtype=torch.int64)
        said = ahead.of.says(net, Batch(x, nobody, nobody, nobody))
    return sum(of.numel() * of.element_size() for of in tree_leaves(said))
