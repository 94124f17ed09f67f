"""`featpipe verify --gc`: remove what runs that were cut off left unfinished, and nothing else."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import click

from pipelines.ownership import owned, owner_of
from pipelines.progress import shown

_OF_WORKERS = "dask-scratch-space"
"""Where Dask's workers have their folders, beside two locks that stay."""


def leftovers(out: Path) -> Iterator[tuple[Path, int]]:
    """Yield unfinished files and folders of workers, with the bytes they take."""
    staging = out / ".staging"
    if not staging.is_dir() or owner_of(out) is not None:
        return
    for path in sorted([*staging.iterdir(), *staging.glob(f"{_OF_WORKERS}/*/")]):
        if path.name != _OF_WORKERS:
            yield path, _bytes_of(path)


def sweep(out: Path) -> int:
    """Remove leftovers, and say what and how many bytes.

    Parameters
    ----------
    out : Path
        Output folder.

    Returns
    -------
    int
        Bytes that were freed.

    Raises
    ------
    OutputError
        While a run is at work there, whose unfinished files they are.
    """
    total = 0
    with owned(out):
        for path, n_bytes in leftovers(out):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
            click.echo(f"removed {shown(path)}, {n_bytes} bytes", err=True)
            total += n_bytes
    click.echo(f"{total} bytes of leftovers removed", err=True)
    return total


def _bytes_of(path: Path) -> int:
    files = [path] if not path.is_dir() or path.is_symlink() else path.rglob("*")
    return sum(file.lstat().st_size for file in files if not file.is_dir())
