"""`featpipe verify --gc`: remove what runs that were cut off left unfinished, and nothing else."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import click

from featpipe.errors import ConfigError
from pipelines.journal import Journal, read_journal
from pipelines.progress import shown

_OF_WORKERS = "dask-scratch-space"
"""Where Dask's workers have their folders, beside two locks that stay."""


def leftovers(out: Path) -> Iterator[tuple[Path, int]]:
    """Yield unfinished files and folders of workers, with the bytes they take."""
    staging = out / ".staging"
    if is_running(read_journal(out)) or not staging.is_dir():
        return
    for path in sorted([*staging.iterdir(), *staging.glob(f"{_OF_WORKERS}/*/")]):
        if path.name != _OF_WORKERS:
            yield path, _bytes_of(path)


def is_running(journal: Journal) -> bool:
    """Tell whether the run that began last is at work still, as far as can be seen from here."""
    if journal.writer is None or not journal.asked:
        return False
    host, pid = journal.writer
    if host != socket.gethostname():
        return True  # nobody here can tell
    if pid == os.getpid():
        return False  # it is this process, which verifies now
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


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
    ConfigError
        While a run is at work there.
    """
    journal = read_journal(out)
    if is_running(journal) and journal.writer is not None:
        host, pid = journal.writer
        raise ConfigError(
            f"{out}: a run is at work there (process {pid} on {host}), whose unfinished files they "
            "are: wait until it is done; if it is not running any more, run the study again first"
        )
    total = 0
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
