"""Reference numbers, and encoders' results to try losses on."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from models.encoders.encoded import Encoded
from models.types import Batch


@pytest.fixture(name="load")
def load_fixture(parity) -> Callable[[str], dict[str, Tensor]]:
    """Function that reads the reference numbers of one loss."""

    def load(name: str) -> dict[str, Tensor]:
        with np.load(parity / f"{name}.npz", allow_pickle=False) as stored:
            return {key: torch.from_numpy(np.asarray(stored[key])) for key in stored.files}

    return load


def as_encoded(embedding: Tensor, logits: Tensor | None = None, *hidden: Tensor) -> Encoded:
    return Encoded(embedding[..., :3] if logits is None else logits, embedding, hidden)


def as_batch(label: Tensor, index: Tensor | None = None) -> Batch:
    return Batch({}, label, label, torch.arange(len(label)) if index is None else index)


@pytest.fixture(name="as_encoded")
def as_encoded_fixture() -> Callable[..., Encoded]:
    return as_encoded


@pytest.fixture(name="as_batch")
def as_batch_fixture() -> Callable[..., Batch]:
    return as_batch


@pytest.fixture(name="draw")
def draw_fixture() -> Callable[..., Tensor]:
    """Function that draws the same normal numbers for the same seed, in double precision."""

    def draw(*shape: int, seed: int = 0) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return draw


@pytest.fixture(name="close")
def close_fixture() -> Callable[[Tensor, Tensor], None]:
    """Function that compares with the tolerance of the reference numbers."""

    def close(found: Tensor, expected: Tensor, *, rtol: float = 1e-7, atol: float = 1e-10) -> None:
        torch.testing.assert_close(found, expected.to(found.dtype), rtol=rtol, atol=atol)

    return close
