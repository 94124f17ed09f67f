"""A real file system of a few pages, to be filled up or made read-only."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, n_bytes: int) -> Iterator[Path]:
    """Mount a tmpfs; skip the test, with the reason, where that is not allowed."""
    folder.mkdir()
    done = mount("-t", "tmpfs", "-o", f"size={n_bytes},mode=0755", "none", str(folder))
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def mount(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Call `mount`."""
    try:
        return subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        return subprocess.CompletedProcess(arguments, 1, "", str(error))


@contextmanager
def somebody_else() -> Iterator[None]:
    """Give up root's rights for a while: permissions do not bind root."""
    if os.name != "posix":
        pytest.skip("permissions are another matter there")
    own = os.geteuid(), os.getegid()
    if own[0] != 0:
        yield
        return
    try:
        os.setegid(65534)
        os.seteuid(65534)
    except PermissionError as error:
        pytest.skip(f"root's rights cannot be given up here: {error}")
    try:
        yield
    finally:
        os.seteuid(own[0])
        os.setegid(own[1])
