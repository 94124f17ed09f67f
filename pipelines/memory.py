"""How much memory this machine has left, limits of containers and batch systems respected."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import psutil

GROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def free_memory(groups: Path = GROUPS, membership: Path = MEMBERSHIP) -> int:
    """Return what new processes can take before the machine, or a limit, is exhausted.

    Parameters
    ----------
    groups : Path
        Where Linux shows control groups, of version 1 or 2.
    membership : Path
        The file that names those of this process.

    Returns
    -------
    int
        Bytes. What the system holds of files only to be fast counts as free.
    """
    return max(0, min([psutil.virtual_memory().available, *_left(groups, membership)]))


def _left(groups: Path, membership: Path) -> Iterator[int]:
    """Yield what each control group that this process is in has left."""
    for folder in _folders(groups, membership):
        for limit, used, files in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            most, taken = _number(folder / limit), _number(folder / used)
            if most is not None and taken is not None:
                yield most - taken + _stat(folder / "memory.stat", files)


def _folders(groups: Path, membership: Path) -> Iterator[Path]:
    """Yield the folders of the groups of this process and of all that they lie in."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return
    for line in lines:
        _, kinds, name = line.split(":", 2)
        if kinds and "memory" not in kinds.split(","):
            continue
        root, path = groups / "memory" if kinds else groups, PurePosixPath(name)
        for part in (path, *path.parents):
            yield root / part.relative_to("/")


def _number(path: Path) -> int | None:
    """Return the number in a file; None where there is none, or "max"."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _stat(path: Path, name: str) -> int:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.split()[0] == name), 0)
