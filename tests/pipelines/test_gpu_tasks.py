"""Tasks for a GPU: which workers are given them, and what is said where this machine has none."""

from contextlib import contextmanager

import pytest
from dask.distributed import Client, LocalCluster

from pipelines.__main__ import run
from pipelines.dask_tasks import DaskTasks, Known
from pipelines.dispatch import Task
from pipelines.job import open_job
from pipelines.planning import require_training
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


LACKING = ("--device", "cuda:99")


@pytest.mark.parametrize("verb", ["train", "run", "fit", "tune"])
def test_a_device_that_is_not_here_is_refused_once_before_any_work(study, tmp_path, capsys, verb):
    words = [verb, str(study / "study.toml"), "-o", str(tmp_path / "new"), *LACKING]
    assert run(words) == 4
    [told] = capsys.readouterr().err.splitlines()
    assert told.startswith("featpipe: [train] device = 'cuda:99': PyTorch ")
    assert "take --device cpu, which always works" in told
    assert not (tmp_path / "new").exists()


def test_workers_elsewhere_may_have_a_device_that_is_not_here(study, tmp_path, capsys):
    words = ["run", str(study / "study.toml"), "-o", str(tmp_path / "new"), *LACKING]
    assert run([*words, "--scheduler", "tcp://127.0.0.1:1"]) == 4
    told = capsys.readouterr().err
    assert "no Dask scheduler answers" in told
    assert "cuda:99" not in told


def test_methods_that_are_no_networks_need_no_device(study):
    said = ["train.device=cuda:99", "train.methods=svm,svm_eeg"]
    require_training(open_job(study / "study.toml", None, said))
