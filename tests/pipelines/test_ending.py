"""Ctrl-C and SIGTERM, sent to real processes as terminals and batch systems do."""

import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import psutil
import pytest
from lookalikes.processes import (
    dask_cluster,
    ended,
    environment,
    launch,
    tables,
    wait_until,
    workers_of,
    write_study,
)

from pipelines.__main__ import run
from pipelines.stopping import GO_ON, ONCE_S

EARLY = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)

class Finder:
    def find_spec(name, path=None, target=None):
        if name == "{module}":
            os.kill(os.getpid(), {number})

sys.meta_path.insert(0, Finder)
from pipelines.__main__ import main
main()
"""
"""Runs featpipe, which is sent a signal where it looks for a module."""


class Run:
    """An extraction of four recordings with two workers, whose tasks have begun and wait."""

    def __init__(self, folder, *options):
        self.study, self.out, self.marks = folder / "study.toml", folder / "out", folder / "marks"
        write_study(folder, 4)
        self.marks.mkdir()
        self.process = launch("held", self.marks, "extract", self.study, *options)
        n_hands = 2 if "--workers" in options else 1
        wait_until(lambda: len(self.begun()) >= n_hands or self.process.poll(), "tasks")
        self.workers = workers_of(self.process.pid)

    def begun(self):
        return sorted(path.name for path in self.marks.glob("sub-*"))

    def send(self, number):
        """Signal the process and all its children, as a terminal does."""
        os.killpg(self.process.pid, number)

    def told(self, words):
        """Wait until it has told something; return what."""
        line = ""
        while words not in line:
            line = self.process.stderr.readline()
            assert line, f"it ended without a word of {words!r}"
        return line

    def go_on(self):
        (self.marks / "go").touch()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def started(tmp_path):
    runs = []

    def start(*options):
        runs.append(Run(tmp_path, *options))
        return runs[-1]

    yield start
    for one in runs:
        one.end()


def is_gone(process):
    try:
        return process.status() == psutil.STATUS_ZOMBIE  # ended, and nobody has asked how
    except psutil.NoSuchProcess:
        return True


def check_unfinished(out, begun):
    """What was begun is made and listed, nothing else is there."""
    made = {f"features/de/{name}.parquet" for name in begun}
    assert set(tables(out)) == made
    files = json.loads((out / "manifest.json").read_text())["files"]
    assert set(files) == made | {"qc/recordings.parquet", "failures.parquet"}
    assert len(pd.read_parquet(out / "qc/recordings.parquet")) == len(begun)
    assert pd.read_parquet(out / "failures.parquet").empty


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_once_finishes_what_runs_and_says_how_to_go_on(started, number, record_property):
    one = started("--workers", "2")
    assert len(one.workers) == 2
    begun = one.begun()
    one.send(number)
    told = one.told("stopping")
    assert all(name in told for name in begun)
    assert "Ctrl-C again stops at once" in told
    one.go_on()
    before = time.monotonic()
    code, out, err = ended(one.process)
    record_property("seconds", f"{time.monotonic() - before:.1f}")
    assert code == 130
    assert "2 made" in out
    assert err.endswith(
        "featpipe: interrupted; what is finished is kept, run the same command to go on\n"
    )
    assert one.begun() == begun
    check_unfinished(one.out, begun)
    wait_until(lambda: all(map(is_gone, one.workers)), "the end of the workers")
    assert run(["extract", str(one.study), "--workers", "1"]) == 0
    assert len(tables(one.out)) == 4


def test_twice_stops_at_once(started, record_property):
    one = started("--workers", "2")
    one.send(signal.SIGINT)
    one.told("stopping")
    time.sleep(ONCE_S)
    before = time.monotonic()
    one.send(signal.SIGINT)
    assert one.process.wait(timeout=60) == 130
    record_property("seconds", f"{time.monotonic() - before:.1f}")
    assert time.monotonic() - before < 10  # 0.2 s where the machine has time
    assert "run the same command to go on" in one.process.stderr.read()
    wait_until(lambda: all(map(is_gone, one.workers)), "the end of the workers")
    assert not list(one.out.rglob("*.parquet"))
    assert {path.name for path in one.out.iterdir()} <= {".staging", ".cache"}


def test_a_signal_that_comes_twice_at_a_time_is_one(started):
    """As of `timeout`, which sends it to the process and then to its group."""
    one = started("--workers", "2")
    one.process.send_signal(signal.SIGTERM)
    one.send(signal.SIGTERM)
    begun = one.begun()
    one.told("stopping")
    one.go_on()
    code, out, _ = ended(one.process)
    assert code == 130
    assert "2 made, 0 kept, 2 not begun" in out
    check_unfinished(one.out, begun)


def test_a_signal_behind_the_last_task_was_begun_is_no_interruption(started, tmp_path):
    one = started("--workers", "4")
    wait_until(lambda: len(one.begun()) == 4, "all tasks")
    one.send(signal.SIGTERM)
    one.told("stopping")
    one.go_on()
    code, out, err = ended(one.process)
    assert (code, "4 made" in out) == (0, True), err
    assert "interrupted" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_imports_ends_without_a_traceback(number, tmp_path):
    """The process signals itself where it looks for click, and for numpy."""
    study = write_study(tmp_path, 1)
    for module in ("click", "numpy"):
        code = EARLY.format(number=int(number), module=module)
        command = [sys.executable, "-c", code, "extract", study]
        done = subprocess.run(
            [str(word) for word in command], env=environment(), capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 130, done.stderr
        assert done.stderr.strip() == f"featpipe: interrupted; {GO_ON}"


def test_a_worker_that_is_started_later_leaves_signals_alone_too(started):
    """Dask starts it from the main process, which does not ignore them."""
    one = started("--workers", "2")
    victim, other = one.workers
    victim.kill()
    wait_until(lambda: set(workers_of(one.process.pid)) - {victim, other}, "another worker")
    [late] = set(workers_of(one.process.pid)) - {victim, other}
    late.send_signal(signal.SIGINT)
    late.send_signal(signal.SIGTERM)
    one.go_on()
    code, _, err = ended(one.process)
    assert code == 0, err
    assert len(tables(one.out)) == 4


def test_on_a_cluster_our_tasks_go_and_those_of_others_stay(started, tmp_path):
    from dask.distributed import Client

    with dask_cluster(tmp_path / "lab") as (address, _), Client(address) as other:
        one = started("--scheduler", address)
        theirs = other.submit(sum, [1, 2])  # waits behind ours, which hold the only worker
        one.send(signal.SIGINT)
        assert one.begun()[0] in one.told("stopping")
        one.go_on()
        assert ended(one.process)[0] == 130
        check_unfinished(one.out, one.begun())
        assert theirs.result(timeout=60) == 3
        assert len(one.begun()) == 1
