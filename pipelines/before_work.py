"""What can be refused before any work: it would fail for every recording alike."""

import json
import re
import socket
from pathlib import Path

from featpipe.errors import ClusterError, ConfigError, ReadError
from pipelines.job import Job
from pipelines.places import is_url, local
from pipelines.steps.choose import is_released

SLACK_S = 0.05
"""By how much a window may be longer than a trial: both are rounded to samples later."""

ANSWER_S = 10.0
"""How long a scheduler is waited for."""

_ADDRESS = re.compile(r"(?:(?:tcp|tls)://)?\[?(?P<host>[^/]+?)\]?:(?P<port>\d+)")


def require_windows(job: Job) -> None:
    """Refuse windows that no trial of the study holds.

    Raises
    ------
    ConfigError
        Naming the option and the longest trial.
    """
    window_s = job.study.features.window_s
    trials = [(trial, source) for source in job.sources for trial in source.trials]
    if is_released(job.study) or not trials:
        return
    longest, source = max(trials, key=lambda pair: pair[0].offset - pair[0].onset)
    longest_s = longest.offset - longest.onset
    if 0 < longest_s < window_s - SLACK_S:
        raise ConfigError(
            f"[features] window_s = {window_s:g}: no trial holds a window: the longest, trial "
            f"{longest.trial} of {source.name}, has {longest_s:g} s; choose shorter windows"
        )


def vanished(job: Job) -> str:
    """Say that the files of all recordings are gone together; empty where they are not."""
    sources, root = [*job.sources, *job.left_out], job.study.study.root
    files = [path for source in sources for path in (source.eeg, source.eye) if path is not None]
    is_here = len(sources) < 2 or is_url(str(root)) or any(path.exists() for path in files)
    if is_here:
        return ""
    folder = local(job.study.path.parent, root)
    return f"none of the {len(sources)} recordings is below {folder}: is it mounted?"


def require_recordings(job: Job) -> None:
    """Refuse to begin where the files of all recordings are gone.

    Raises
    ------
    ReadError
        With one line for all of them.
    """
    if told := vanished(job):
        raise ReadError(told)


def require_scheduler(scheduler: str | None, out: Path) -> None:
    """Ask whether anybody listens at an address, before an output folder is made for it.

    Parameters
    ----------
    scheduler : str or None
        Address, or the file of a scheduler.
    out : Path
        Output root. Where it is there nothing is asked: there may be nothing to do.

    Raises
    ------
    ClusterError
        When nobody answers.
    """
    if scheduler is None or out.exists():
        return
    try:
        found = _ADDRESS.fullmatch(_address(scheduler))
        if found:  # other kinds of addresses are Dask's business
            socket.create_connection((found["host"], int(found["port"])), ANSWER_S).close()
    except (OSError, ValueError, OverflowError) as error:
        raise no_scheduler(scheduler, error) from error


def no_scheduler(scheduler: str, error: Exception) -> ClusterError:
    """Say that no scheduler answers, and what to do."""
    return ClusterError(
        f"--scheduler {scheduler}: no Dask scheduler answers there ({error}); start one with "
        "`dask scheduler`, or leave the option out to use this machine"
    )


def _address(scheduler: str) -> str:
    if not scheduler.endswith(".json"):
        return scheduler
    about = json.loads(Path(scheduler).read_text(encoding="utf-8"))
    return str(about["address"]) if isinstance(about, dict) and "address" in about else ""
