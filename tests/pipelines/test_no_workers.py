"""Workers of this machine that are gone for good: Dask would wait for ever."""

import pytest
from dask.distributed import Client, LocalCluster

from pipelines import dask_tasks, stopping
from pipelines.admission import local_capacity
from pipelines.dask_tasks import DaskTasks, Known
from pipelines.exits import ENVIRONMENT
from pipelines.steps.train import TRAIN


@pytest.mark.parametrize("n_workers", [0, 1])
def test_a_run_ends_where_no_worker_is_left(n_workers, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_tasks, "GONE_S", 0.0)
    local = local_capacity(1e10, 1)
    options = {"n_workers": n_workers, "processes": False, "dashboard_address": None}
    with LocalCluster(**options) as started, Client(started) as client, stopping.in_order():
        tasks = DaskTasks(client, TRAIN, tmp_path, lambda task: Known({}, {}), local)
        stopping.forget()
        capacity, asked = tasks.capacity(), stopping.asked()
        stopping.forget()
    if n_workers:
        assert capacity == local
        assert not asked
    else:
        assert capacity.n_threads == 0
        assert asked.code == ENVIRONMENT
        assert "no worker is left" in asked.message
