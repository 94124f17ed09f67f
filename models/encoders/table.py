"""Names of encoders -> what builds them.

``build(shape, n_classes, names, config) -> nn.Module``: the shape of one window, the number of
classes, the names along the window's first axis (channels, or columns; None where nobody told
them), and the encoder's own `Config` (None: as published for windows of that shape). The network
takes x of shape (batch, *shape) and returns `Encoded`.
"""

from collections.abc import Callable, Mapping

from torch import nn

from models.encoders import bihdm, dgcnn, dnn

ENCODERS: Mapping[str, Callable[..., nn.Module]] = {
    "dnn": dnn.build,
    "dgcnn": dgcnn.build,
    "bihdm": bihdm.build,
}
