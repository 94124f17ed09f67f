"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[1] / ".." / "shared" / "samples"
PARITY = Path(__file__).parents[1] / ".." / "shared" / "parity"


def _folder(path: Path) -> Path:
    """Return the folder, or skip; FEATPIPE_SAMPLES=required turns the skip into a failure."""
    if path.is_dir():
        return path.resolve()
    if os.environ.get("FEATPIPE_SAMPLES") == "required":
        pytest.fail(f"FEATPIPE_SAMPLES=required but {path} is not there")
    pytest.skip(f"{path} is not there")


@pytest.fixture(scope="session")
def samples() -> Path:
    """Folder of real recordings that nobody on this project wrote."""
    return _folder(SAMPLES)


@pytest.fixture(scope="session")
def parity() -> Path:
    """Folder of reference numbers."""
    return _folder(PARITY)
