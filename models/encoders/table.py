"""Names of encoders -> what builds them.

``build(shape, n_classes, names, config) -> nn.Module``: the shape of one window, the number of
classes, the names along the window's first axis (channels, or columns; None where nobody told
them), and the encoder's own `Config` (None: as published for windows of that shape). The network
takes x of shape (batch, *shape) and returns `Encoded`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from featpipe.errors import ConfigError
from models.encoders import bihdm, dgcnn, dnn
from models.types import Shapes

ENCODERS: Mapping[str, Callable[..., nn.Module]] = {
    "dnn": dnn.build,
    "dgcnn": dgcnn.build,
    "bihdm": bihdm.build,
}


def encoder_of(name: str, modality: str, shapes: Shapes, config: Any = None) -> Any:
    """Return an encoder for a modality of a study.

    Parameters
    ----------
    name : str
        Key of `ENCODERS`.
    modality : str
        What it reads.
    shapes : Shapes
        Of the study.
    config : frozen dataclass, optional
        The encoder's own; as published if left out.

    Raises
    ------
    ConfigError
        When EEG comes without bands and the encoder passes through channels.
    """
    shape = shapes.features[modality]
    if modality == "eeg" and len(shape) < 2 and name != "dnn":
        raise ConfigError(
            f"{name} reads channels and bands of EEG, but a window has the shape {shape}: give "
            "it tables of one family with bands (such as de), or take dnn"
        )
    return ENCODERS[name](shape, shapes.n_classes, shapes.names.get(modality), config)
