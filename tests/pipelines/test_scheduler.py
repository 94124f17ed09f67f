"""`--scheduler`: clusters that are started with `dask scheduler` and `dask worker`."""

import psutil
import pytest
from dask.distributed import Client
from lookalikes.processes import (
    add_worker,
    address_of,
    dask_cluster,
    ended,
    launch,
    tables,
    wait_until,
    workers_of,
    write_study,
)

N = 4


@pytest.fixture
def study(tmp_path):
    return write_study(tmp_path / "study", N)


def extract(how, folder, study, address):
    return launch(how, folder, "extract", study, "-o", folder / "out", "--scheduler", address)


def test_nobody_there_is_told_and_workers_may_come_late(study, tmp_path):
    with dask_cluster(tmp_path / "lab", 0) as (address, workers):
        process = extract("plain", tmp_path, study, tmp_path / "lab/scheduler.json")
        scheduler = tmp_path / "lab/scheduler.json"
        assert process.stderr.readline() == f"extract: {N} recordings, {scheduler}, 0 fresh\n"
        line = process.stderr.readline()
        assert line.startswith(f"no workers yet at {address}: waiting for them")
        assert f"dask worker {address}" in line
        workers.append(add_worker(tmp_path / "lab"))
        workers.append(add_worker(tmp_path / "lab"))
        code, told, err = ended(process)
    assert code == 0, err
    assert f"{N} made" in told
    assert len(tables(tmp_path / "out")) == N


def test_a_worker_that_is_lost_while_it_works_costs_nothing(study, tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    with dask_cluster(tmp_path / "lab", 2) as (address, workers):
        process = extract("held", marks, study, address)
        wait_until(lambda: len(list(marks.glob("sub-*"))) >= 2 or process.poll(), "tasks")
        [victim] = workers_of(workers[0].pid)
        victim.kill()  # its nanny starts another
        (marks / "go").touch()
        code, _, err = ended(process)
    assert code == 0, err
    assert len(tables(marks / "out")) == N


def test_a_task_whose_worker_was_the_only_able_one_is_done_by_its_successor(tmp_path):
    """A nanny starts a worker again under another address; the small one has not the memory."""
    study, marks = write_study(tmp_path / "one", 1), tmp_path / "marks"
    marks.mkdir()
    with dask_cluster(tmp_path / "lab", 1, "--memory-limit", "360MB") as (address, workers):
        workers.append(add_worker(tmp_path / "lab", "--memory-limit", "2GB"))
        process = extract("held", marks, study, address)
        wait_until(lambda: list(marks.glob("sub-*")) or process.poll(), "a task")
        [victim] = workers_of(workers[1].pid)
        victim.kill()
        (marks / "go").touch()
        code, _, err = ended(process)
    assert code == 0, err
    assert err.count("a worker died; sub-01_ses-1 is tried again") == 1
    assert len(tables(marks / "out")) == 1


def test_a_recording_larger_than_any_worker_fails_with_the_figures(study, tmp_path):
    with dask_cluster(tmp_path / "lab", 1, "--memory-limit", "360MB") as (address, _):
        code, _, err = ended(extract("hasty", tmp_path, study, address))
    assert code == 4, err
    assert "waiting whether a larger one joins" in err
    assert "needs about 60 MB of memory" in err
    assert "the largest worker has 10 MB for it: use a machine or workers with more" in err


def test_a_scheduler_that_goes_away_ends_the_run_in_order(study, tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    with dask_cluster(tmp_path / "lab", 1) as (address, workers):
        process = extract("held", marks, study, address)
        wait_until(lambda: list(marks.glob("sub-*")) or process.poll(), "a task")
        workers[-1].terminate()
        workers[-1].wait()
        assert process.poll() is None
        assert address_of(tmp_path / "lab") == address
    # the scheduler is gone as well
    code, _, err = ended(process)
    assert code == 4, err
    assert f"the Dask scheduler at {address} is gone" in err
    assert "run the same command to go on" in err
    assert (marks / "out/manifest.json").exists()


def test_a_scheduler_that_does_not_answer_is_told_and_waited_for(study, tmp_path):
    with dask_cluster(tmp_path / "lab", 0) as (address, workers):
        [scheduler] = [
            child for child in psutil.Process().children() if "scheduler" in child.cmdline()
        ]
        process = extract("hasty", tmp_path, study, address)
        assert process.stderr is not None
        while "no workers yet" not in process.stderr.readline():
            assert process.poll() is None
        scheduler.suspend()
        try:
            told = process.stderr.readline()
        finally:
            scheduler.resume()
        assert told == f"the Dask scheduler at {address} does not answer: trying for a while\n"
        workers.append(add_worker(tmp_path / "lab"))
        code, _, err = ended(process)
    assert code == 0, err


def test_an_address_of_nobody_leaves_no_output_folder(study, tmp_path):
    (tmp_path / "scheduler.json").write_text('{"address": "tcp://127.0.0.1:9"}')
    for address in ("tcp://127.0.0.1:9", tmp_path / "scheduler.json", tmp_path / "none.json"):
        code, _, err = ended(extract("plain", tmp_path, study, address))
        assert code == 4
        assert err.startswith(f"featpipe: --scheduler {address}: no Dask scheduler answers there")
        assert err.count("\n") == 1
        assert not (tmp_path / "out").exists()


def test_workers_of_another_version_are_refused(study, tmp_path, monkeypatch):
    (tmp_path / "old").mkdir()
    (tmp_path / "old/sitecustomize.py").write_text("import featpipe; featpipe.__version__ = '0.0'")
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path / "old"))
        cluster = dask_cluster(tmp_path / "lab", 1)
        address, _ = cluster.__enter__()
    try:
        with Client(address) as client:
            client.wait_for_workers(1, timeout=60)
        code, _, err = ended(extract("plain", tmp_path, study, address))
    finally:
        cluster.__exit__(None, None, None)
    assert code == 1
    assert "the workers of the cluster cannot run featpipe (featpipe 0.0 there, " in err
    assert "install the same version there" in err
