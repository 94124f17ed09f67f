"""Two runs never write into one output folder; a dead owner is in nobody's way."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest
from lookalikes.one_worker import one_worker

from featpipe.errors import OutputError
from pipelines import ownership
from pipelines.__main__ import run
from pipelines.ownership import owned

PAUSED = """
import sys
from pipelines import workflow
from pipelines.__main__ import run

def when_told(job, settings):
    print("mine", flush=True)
    sys.stdin.readline()
    return work(job, settings)

work, workflow._extract = workflow._extract, when_told
sys.exit(run(sys.argv[1:]))
"""
"""featpipe that waits for a line of input as soon as the folder is its own."""

WITH_A_WORKER = """
import sys, time
from pathlib import Path
from pipelines.cluster import open_client
from pipelines.ownership import owned

out = Path(sys.argv[1])
with owned(out), open_client(1, None, out / ".staging") as client:
    [pid] = client.run(__import__("os").getpid).values()
    busy = client.submit(time.sleep, 600)
    print(pid, flush=True)
    sys.stdin.readline()
"""


def start(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def contents(out):
    return {path: path.read_bytes() for path in out.glob("*/**/*.parquet")}


def test_of_two_runs_started_together_one_works_and_the_other_names_it(lab):
    words = ("extract", lab.folder / "study.toml", "--workers", "1")
    both = [start(PAUSED, *words) for _ in range(2)]
    while all(one.poll() is None for one in both):  # the owner waits for us, however long
        time.sleep(0.05)
    [owner] = [one for one in both if one.poll() is None]
    [other] = [one for one in both if one is not owner]
    _, said = other.communicate()
    assert other.returncode == 4, said
    for word in (
        f"process {owner.pid} on {socket.gethostname()} since 2", "extract", "study.toml",
        "is writing into this folder; wait until it is done, stop it, or take",
    ):  # fmt: skip
        assert word in said
    assert "Traceback" not in said
    assert not list(lab.out.glob("features/*/*"))
    out, err = owner.communicate("go\n")
    assert owner.returncode == 0, err
    assert "2 made" in out
    assert not (lab.out / ".cache" / "owner.json").exists()


def test_verbs_that_write_leave_a_folder_that_is_taken(study, quick, tmp_path, capsys):
    file, out = str(study / "study.toml"), study / "out"
    before = contents(out)
    owner = start(PAUSED, "extract", file)
    try:
        assert owner.stdout.readline() == "mine\n"
        for words in (
            ["extract", file], ["run", file, *quick], ["train", file, *quick], ["plot", file],
            ["report", str(out)],
        ):  # fmt: skip
            assert run(words) == 4, words
            assert f"process {owner.pid} on" in capsys.readouterr().err
        page = str(tmp_path / "bridge.html")
        for words in (
            ["show", file], ["extract", file, "--dry-run"], ["scan", str(study / "raw")],
            ["bridge", str(out), str(out), "-o", page],
        ):  # fmt: skip
            assert run(words) == 0, words
    finally:
        owner.kill()
        owner.communicate()
    assert contents(out) == before


def test_a_killed_owner_is_in_nobodys_way(lab):
    """Its worker is busy for ten minutes more, or until it sees that it is alone."""
    assert lab.run("extract", *one_worker()) == 0
    whole = contents(lab.out)
    for path in whole:
        path.unlink()
    owner = start(WITH_A_WORKER, lab.out)
    worker = psutil.Process(int(owner.stdout.readline()))
    worker.suspend()  # it cannot even see it: still there, for as long as this test
    try:
        with pytest.raises(OutputError, match=f"process {owner.pid} on"), owned(lab.out):
            pass
        os.kill(owner.pid, signal.SIGKILL)
        owner.wait()
        assert worker.is_running()
        assert (lab.out / ".cache" / "owner.json").exists()  # nobody took the note away
        assert lab.run("extract", *one_worker()) == 0
    finally:
        worker.kill()
        owner.communicate()
    assert contents(lab.out) == whole
    assert not (lab.out / ".cache" / "owner.json").exists()


def test_an_owner_may_ask_again_and_gives_back_once(tmp_path):
    out = tmp_path / "out"
    with owned(out):
        note = json.loads((out / ".cache" / "owner.json").read_text())
        assert (note["pid"], note["host"]) == (os.getpid(), socket.gethostname())
        with owned(tmp_path / "x" / ".." / "out"):
            pass
        assert subprocess_says(out) == 4
    assert subprocess_says(out) == 0
    with pytest.raises(KeyError), owned(out):
        raise KeyError
    assert subprocess_says(out) == 0


def subprocess_says(out):
    code = (
        "import sys; from pathlib import Path\nfrom pipelines.ownership import owned\n"
        "from featpipe.errors import OutputError\n"
        "try:\n  with owned(Path(sys.argv[1])): pass\nexcept OutputError: sys.exit(4)"
    )
    return subprocess.run([sys.executable, "-c", code, str(out)], check=False).returncode


def test_two_folders_are_two_matters(tmp_path):
    with owned(tmp_path / "a"), owned(tmp_path / "b"):
        assert subprocess_says(tmp_path / "c") == 0


@pytest.mark.parametrize("content", [None, "", "[]", '{"pid": 1}', '{"pid": "x", "host": "y"}'])
def test_an_owner_without_a_sound_note_is_still_obeyed(tmp_path, monkeypatch, content):
    monkeypatch.setattr(ownership, "_PATIENCE_S", 0.1)
    owner = start(
        "import sys; from pathlib import Path\nfrom pipelines.ownership import owned\n"
        "with owned(Path(sys.argv[1])): print(1, flush=True); sys.stdin.readline()", tmp_path
    )  # fmt: skip
    owner.stdout.readline()
    note = tmp_path / ".cache" / "owner.json"
    note.unlink() if content is None else note.write_text(content)
    with pytest.raises(OutputError, match="another process, which has not said"), owned(tmp_path):
        pass
    owner.communicate("\n")


class TestWithoutLocks:
    """A file system that has none, as some network shares."""

    @pytest.fixture(autouse=True)
    def no_locks(self, monkeypatch):
        def flock(*_):
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

        monkeypatch.setattr("fcntl.flock", flock)

    def test_a_run_goes_on_with_a_warning(self, tmp_path, capsys):
        with owned(tmp_path), owned(tmp_path):
            assert (tmp_path / ".cache" / "owner.json").exists()
        said = capsys.readouterr().err
        assert said.count("this file system has no locks, so nothing keeps two runs apart") == 1

    def note(self, folder, pid, host):
        (folder / ".cache").mkdir()
        about = {"pid": pid, "host": host, "command": "featpipe\x1b[2J", "since": "2026"}
        (folder / ".cache" / "owner.json").write_text(json.dumps(about))

    def test_an_owner_that_lives_is_obeyed_by_its_note(self, tmp_path):
        self.note(tmp_path, os.getppid(), socket.gethostname())
        with pytest.raises(OutputError, match=f"process {os.getppid()} on"), owned(tmp_path):
            pass

    @pytest.mark.parametrize("pid", [0, -1, 2**40, "x", None])
    def test_an_owner_that_is_dead_is_only_named(self, tmp_path, capsys, pid):
        self.note(tmp_path, pid, socket.gethostname())
        with owned(tmp_path):
            pass
        said = capsys.readouterr().err
        assert f"the last one that wrote here was process {pid} on" in said
        assert "\x1b" not in said
