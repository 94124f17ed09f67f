"""Who is given a task for a GPU, of workers that say they have one, and of workers that do not."""

from contextlib import contextmanager

from dask.distributed import Client, LocalCluster

from pipelines.dask_tasks import DaskTasks, Known
from pipelines.dispatch import Task
from pipelines.steps.train import TRAIN, units
from pipelines.study_sections import TrainPlan
from pipelines.work import Unit


@contextmanager
def cluster(**resources):
    """Start one worker of two threads in this process."""
    options = {"n_workers": 1, "threads_per_worker": 2, "processes": False}
    with (
        LocalCluster(**options, dashboard_address=None, resources=resources) as started,
        Client(started) as client,
    ):
        yield client


def tasks_of(client, tmp_path):
    return DaskTasks(client, TRAIN, tmp_path / ".staging", lambda task: Known({}, {}), None)


def asked_for(client, tasks, *, on_gpu):
    """Submit a task that fails at once, and return what its future asks for."""
    seen = []
    real = client.submit

    def submit(*args, **how):
        seen.append(how["resources"])
        return real(*args, **how)

    client.submit = submit
    tasks.start(Task(Unit("u", {}, None, on_gpu)))
    [(_, row)] = tasks.finished(30)
    assert row.state == "failed"  # it has no payload; that it was begun is the point
    return seen


def test_any_worker_is_taken_where_none_declares_a_gpu(tmp_path):
    with cluster() as client:
        tasks = tasks_of(client, tmp_path)
        assert tasks.capacity().n_gpus == 2  # as many as there are threads
        assert asked_for(client, tasks, on_gpu=True) == [None]


def test_a_declared_gpu_is_asked_for(tmp_path):
    with cluster(GPU=1) as client:
        tasks = tasks_of(client, tmp_path)
        assert tasks.capacity().n_gpus == 1
        assert asked_for(client, tasks, on_gpu=True) == [{"GPU": 1}]
        assert asked_for(client, tasks, on_gpu=False)[-1] is None


def test_networks_want_the_gpu_of_the_plan_and_nothing_else_does(tmp_path):
    def wanting(device):
        plan = TrainPlan(methods=("majority", "svm", "mlp"), seeds=(0,), device=device)
        return [unit.keys["method"] for unit in units(plan, {}, tmp_path) if unit.on_gpu]

    assert wanting("cuda") == ["mlp"]
    assert wanting("cpu") == []
