"""kill -9 of the main process at random moments; its orphaned workers are left to themselves.

Half of the moments lie anywhere in a run, from the start of Python on; the other half within
50 ms of the beginning of a recording, where something is being computed or written. Of each half
every second run is the first in its folder; the other one makes all tables of a finished output
anew, with another option.
"""

import io
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from tempfile import mkdtemp
from typing import NamedTuple

import psutil
from lookalikes.one_worker import one_worker
from lookalikes.processes import launch, wait_until, write_study

from chaos.row import Row, count
from chaos.telling import told
from pipelines.__main__ import run
from pipelines.findings import WHOLE
from pipelines.verify import verify

N, N_QUICK, SEED = 200, 20, 6
N_RECORDINGS, N_WORKERS = 6, 2
FAMILIES = ("de", "de_lds", "psd")
N_TABLES = N_RECORDINGS * len(FAMILIES)
OPTIONS = ("--set", f"features.eeg={','.join(FAMILIES)}")
EARLIER = ("--set", "features.window_s=2")
"""What the output was made with that half of the runs make anew."""
LATEST_S = 0.05
"""Longest wait behind the beginning of a recording: about what one takes."""


NOTHING: Mapping[str, bytes] = {}


class Moment(NamedTuple):
    """When to kill: a while behind the start, or behind the beginning of a recording.

    Attributes
    ----------
    n_begun : int
        How many recordings have to be begun.
    delay_s : float
        And how long after that.
    """

    n_begun: int
    delay_s: float

    @classmethod
    def drawn(cls, chance: random.Random, seconds: float, *, is_late: bool) -> "Moment":
        """Draw a moment of a run that takes so many seconds."""
        if is_late:
            return cls(chance.randint(1, N_RECORDINGS), chance.uniform(0, LATEST_S))
        return cls(0, chance.uniform(0, seconds))


class Killed(NamedTuple):
    """What came of one kill.

    Attributes
    ----------
    n_published : int
        Tables that were there, of this run.
    n_wrong : int
        Published files that `verify` found something wrong with, or that differ from those of
        an undisturbed run, and from those that the run found there.
    code : int
        How the next run ended.
    is_equal : bool
        What it left is what an undisturbed run leaves, byte for byte, and nothing is wrong.
    n_again : int
        Recordings that had been begun and were made again.
    n_touched : int
        Finished tables that were written again.
    n_left : int
        Workers that outlived the kill by two minutes.
    """

    n_published: int
    n_wrong: int
    code: int
    is_equal: bool
    n_again: int
    n_touched: int
    n_left: int


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Kill, look, go on; many times."""
    n = N_QUICK if is_quick else N
    found = list(killed_runs(folder, n))
    n_published = sum(one.n_published for one in found)
    n_between = sum(0 < one.n_published < N_TABLES for one in found)
    n_wrong = sum(one.n_wrong for one in found)
    most = max(one.n_again for one in found)
    n_equal = sum(one.is_equal and one.code == 0 for one in found)
    what = "kill -9 of the main process"
    return [
        count(
            f"{what} ({n_between} times between the first table and the last)", n, n_wrong,
            f"unreadable or wrong of {n_published} published tables",
        ),
        Row("... the next run", n, f"{n_equal} byte-identical outputs", str(n), n_equal == n),
        Row(
            "... recordings begun and made again", n, f"{most} at most",
            f"{N_WORKERS}, the workers", most <= N_WORKERS,
        ),
        count("...", n, sum(one.n_touched for one in found), "finished tables written again"),
        count("...", n, sum(one.n_left for one in found), "workers left two minutes later"),
    ]  # fmt: skip


def killed_runs(folder: Path, n: int) -> Iterator[Killed]:
    """Kill `n` runs of a study of six short recordings, each in a folder of its own."""
    study = write_study(folder / "study", N_RECORDINGS)
    begin = time.monotonic()
    with started(study, folder / "whole") as process:
        assert process.wait(timeout=300) == 0
    seconds = time.monotonic() - begin
    whole = outputs(folder / "whole/out")
    with started(study, folder / "earlier", *EARLIER) as process:
        assert process.wait(timeout=300) == 0
    chance = random.Random(SEED)
    for i in told("kill", range(n)):
        found = None
        while found is None:  # else it had ended before
            place = Path(mkdtemp(dir=folder))
            if i // 2 % 2:  # a run with another option
                shutil.copytree(folder / "earlier/out", place / "out")
            found = one_kill(
                study, place, whole, Moment.drawn(chance, seconds, is_late=bool(i % 2))
            )
            shutil.rmtree(place)
        yield found


def started(study: Path, place: Path, *options: str) -> "Popen[str]":
    """Extract with two workers; each recording that is begun leaves a mark."""
    (place / "begun").mkdir(parents=True)
    (place / "begun/go").touch()  # nothing waits
    words = ("extract", study, "-o", place / "out", "--workers", N_WORKERS, *OPTIONS, *options)
    return launch("held", place / "begun", *words)


def one_kill(study: Path, place: Path, whole: dict[str, bytes], moment: Moment) -> Killed | None:
    """Start a run, kill it, and look; None where it ended before."""
    earlier = outputs(place / "out")
    with started(study, place) as process:
        while process.poll() is None and n_begun(place) < moment.n_begun:
            time.sleep(0.001)
        try:
            process.wait(timeout=moment.delay_s)
        except TimeoutExpired:
            process.kill()
        if process.wait() == 0:
            return None
        assert process.returncode == -signal.SIGKILL
        return looked_at(study, place, whole, of_session(process.pid), earlier)


def n_begun(place: Path) -> int:
    """Count the recordings that workers have begun."""
    return len([*(place / "begun").glob("sub-*")])


def of_session(leader: int) -> list[psutil.Process]:
    """List the processes of a session, but for its leader."""
    found = []
    for other in psutil.process_iter():
        try:
            if other.pid != leader and os.getsid(other.pid) == leader:
                found.append(other)
        except ProcessLookupError:
            continue
    return found


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process runs; one that ended may wait for somebody to ask how."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def looked_at(
    study: Path,
    place: Path,
    whole: dict[str, bytes],
    orphans: list[psutil.Process],
    earlier: Mapping[str, bytes] = NOTHING,
) -> Killed:
    """Verify what a killed run left, go on at once, and compare."""
    out = place / "out"
    begun = {path.name for path in (place / "begun").glob("sub-*")}
    found = {  # tables of this run
        name: content for name, content in outputs(out).items()
        if name in whole and name.startswith("features/") and content != earlier.get(name)
    }  # fmt: skip
    n_published = len(found)
    wrong = wrong_files(out) | {name for name in found if found[name] != whole[name]}
    before = {name: of for name, of in marks(out).items() if name in found}
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        code = run(["extract", str(study), "-o", str(out), *OPTIONS, *one_worker()])
    after = marks(out)
    kept = {name for name in before if before[name] == after.get(name)}
    is_equal = outputs(out) == whole and not wrong_files(out)
    with suppress(TimeoutError):  # two minutes
        wait_until(lambda: not any(map(is_alive, orphans)), "the end of the workers")
    n_of = Counter(Path(name).stem for name in kept)
    n_again = sum(n_of[name] < len(FAMILIES) for name in begun)
    n_touched = len(before) - len(kept)
    return Killed(
        n_published, len(wrong), code, is_equal, n_again, n_touched, sum(map(is_alive, orphans))
    )


def outputs(out: Path) -> dict[str, bytes]:
    """Return what is published: everything but the folders that are featpipe's own."""
    files = [path for path in sorted(out.rglob("*")) if path.is_file()]
    names = {path.relative_to(out).as_posix(): path for path in files}
    return {n: path.read_bytes() for n, path in names.items() if not n.startswith(".")}


def marks(out: Path) -> dict[str, tuple[int, int]]:
    """Name the tables that are there, with marks that any writing would change."""
    found = {path.relative_to(out).as_posix(): path.stat() for path in out.glob("features/*/*")}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found.items()}


def wrong_files(out: Path) -> set[str]:
    """Name the files that `verify` finds something wrong with, not the folder: it is unfinished."""
    if not (out / ".cache").is_dir():  # killed before it had begun: there is no output folder
        return set()
    with redirect_stderr(io.StringIO()):
        found = verify(out).found if (out / ".cache/journal.jsonl").exists() or outputs(out) else []
    return {one.file for one in found if not one.is_note and one.file != WHOLE}
