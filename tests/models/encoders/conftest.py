"""What the tests of the three encoders share."""

import numpy as np
import pytest
import torch

from featpipe.montage import CAP62


@pytest.fixture
def cap():
    """Names of the 62 channels, in the order of the data sets."""
    return CAP62


@pytest.fixture
def load_parity(parity):
    """Function that reads a file of reference numbers: floats become float64 tensors."""

    def load(name):
        with np.load(parity / f"{name}.npz", allow_pickle=False) as stored:
            return {key: torch.from_numpy(np.asarray(stored[key])) for key in stored.files}

    return load


@pytest.fixture
def counts(parity):
    """Numbers of parameters of the reference modules, by name."""
    with np.load(parity / "parameter_counts.npz", allow_pickle=False) as stored:
        return dict(zip(stored["name"].tolist(), stored["count"].tolist(), strict=True))
