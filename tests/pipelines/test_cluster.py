"""What a worker finds: one thread, a folder of its own for kernels, the main process's code."""

import os
from pathlib import Path

import numpy as np
import pytest
from dask import config
from lookalikes.processes import dask_cluster

from featpipe.errors import ConfigError
from pipelines.cluster import CALM, ONE_THREAD, import_early, open_client, share_kernels


@pytest.fixture
def staging(tmp_path):
    (tmp_path / "staging").mkdir()
    return tmp_path / "staging"


def on_all(client, function, *arguments):
    """Run a function as a task on every worker at the same time."""
    workers = list(client.scheduler_info(n_workers=-1)["workers"])
    futures = [client.submit(function, *arguments, workers=[w], pure=False) for w in workers]
    return client.gather(futures)


def call(n):
    """Return a task that calls the kernel, and says from where its code came."""

    def task():
        import hot
        import numpy as np

        values = [float(hot.power(np.arange(n, dtype=kind))) for kind in ("f8", "f4", "i2")]
        stats = hot.power.stats
        return values, sum(stats.cache_misses.values()), stats.cache_path

    return task


def threads():
    """Return a task that tells how many threads the libraries in a worker would use."""

    def task():
        import os

        import numba
        import numpy as np
        import scipy.linalg  # noqa: F401  brings its own BLAS
        from threadpoolctl import threadpool_info

        np.ones((50, 50)) @ np.ones((50, 50))
        pools = {pool["internal_api"]: pool["num_threads"] for pool in threadpool_info()}
        settings = {k: v for k, v in os.environ.items() if k.endswith("_NUM_THREADS")}
        return pools, numba.config.NUMBA_NUM_THREADS, settings

    return task


def thread_settings():
    return {k: v for k, v in os.environ.items() if "THREADS" in k or k == "PYTHONHASHSEED"}


def test_workers_have_one_thread_and_this_process_keeps_its_own(staging, monkeypatch):
    pytest.importorskip("threadpoolctl")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")  # as batch systems do
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    before = thread_settings()
    with open_client(2, None, staging) as client:
        assert thread_settings() == before
        for pools, n_numba, settings in on_all(client, threads()):
            assert pools
            assert set(pools.values()) == {1}
            assert n_numba == 1
            assert set(settings.values()) == {"1"}
            assert set(settings) >= set(ONE_THREAD) - {"VECLIB_MAXIMUM_THREADS"}
    assert thread_settings() == before


def test_workers_take_over_what_is_compiled_here(staging, hot):
    for kind in ("f8", "f4", "i2"):
        hot.power(np.arange(5, dtype=kind))
    with open_client(2, None, staging) as client:
        share_kernels(client)
        found = on_all(client, call(5))
        assert [values for values, _, _ in found] == [[30.0] * 3] * 2
        assert [n_compiled for _, n_compiled, _ in found] == [0, 0]
        folders = {folder for _, _, folder in found}
        assert len(folders) == 2
        assert all(Path(folder).is_relative_to(staging) for folder in folders)
        client.restart()  # nannies start new workers, in new folders
        again = on_all(client, call(5))
        assert [n_compiled for _, n_compiled, _ in again] == [0, 0]
        assert not folders & {folder for _, _, folder in again}


def test_workers_that_compile_at_the_same_time_do_not_meet(staging, hot, tmp_path):
    with open_client(2, None, staging) as client:
        share_kernels(client)
        found = on_all(client, call(100))
    assert [values for values, _, _ in found] == [[328350.0] * 3] * 2
    assert [n_compiled for _, n_compiled, _ in found] == [3, 3]
    assert not (tmp_path / "user").exists()


def test_dask_does_little_beside_the_work(staging):
    def found():
        from dask import config

        return {name: config.get(name) for name in CALM}

    with open_client(1, None, staging) as client:
        assert on_all(client, found) == [CALM]
        assert client.run_on_scheduler(found) == CALM
    assert config.get("distributed.worker.profile.enabled")  # of others nothing is changed


def test_an_early_import_that_fails_is_left_to_the_task(staging, hot):
    with open_client(1, None, staging) as client:
        import_early(client, "hot")
        import_early(client, "no_such_module")
        assert on_all(client, lambda: "hot" in __import__("sys").modules) == [True]


@pytest.fixture
def foreign(tmp_path):
    """Start a scheduler and one worker as a lab does, on the command line."""
    with dask_cluster(tmp_path) as (address, _):
        yield address


def test_workers_of_others_have_folders_of_their_own_and_one_thread(staging, hot, foreign):
    pytest.importorskip("threadpoolctl")
    hot.power(np.arange(5.0))
    with open_client(1, foreign, staging) as client:
        share_kernels(client)  # before the worker is there: it is given the plugin when it comes
        client.wait_for_workers(1, timeout=60)
        [(values, n_compiled, folder)] = on_all(client, call(5))
        assert (values, n_compiled) == ([30.0] * 3, 2)  # float64 was there
        assert Path(folder).is_relative_to(staging.parent / "workers")
        [(pools, _, _)] = on_all(client, threads())
        assert set(pools.values()) == {1}


def test_workers_without_featpipe_are_named_as_the_trouble(staging, hot, foreign):
    (staging.parent / "pipelines.py").write_text("raise ModuleNotFoundError('not installed')")
    with open_client(1, foreign, staging) as client:
        client.wait_for_workers(1, timeout=60)
        with pytest.raises(ConfigError, match=r"cannot run featpipe .*not installed"):
            share_kernels(client)
