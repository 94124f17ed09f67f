"""Tasks start only while their memory fits and there are hands for them."""

import pytest

from pipelines.admission import (
    AHEAD,
    SHARE,
    WORKER,
    Capacity,
    Verdict,
    admit,
    affordable_workers,
    local_capacity,
    refusal,
)
from pipelines.memory import free_memory

GB = 10**9


def test_what_is_in_flight_fits_into_the_memory():
    two = Capacity(4 * GB, 5 * GB, 2, "this machine has")
    assert admit(2 * GB, [], two) is Verdict.NOW
    assert admit(2 * GB, [2 * GB], two) is Verdict.NOW
    assert admit(2 * GB, [2 * GB, 1], two) is Verdict.LATER


def test_a_task_that_fills_the_machine_runs_alone_and_one_that_exceeds_it_never():
    two = Capacity(4 * GB, 5 * GB, 2, "this machine has")
    assert admit(5 * GB, [], two) is Verdict.NOW
    assert admit(5 * GB, [1], two) is Verdict.LATER
    assert admit(5 * GB + 1, [], two) is Verdict.NEVER
    told = refusal(6 * GB, two)
    assert "needs about 6.0 GB of memory, this machine has 5.0 GB for it" in told
    assert "leave it out" in told


def test_few_tasks_are_in_flight_and_none_without_workers():
    many = Capacity(4 * GB, 5 * GB, 3, "this machine has")
    assert admit(1, [1] * (3 * AHEAD - 1), many) is Verdict.NOW
    assert admit(1, [1] * (3 * AHEAD), many) is Verdict.LATER
    assert admit(9 * GB, [], Capacity(0, 0, 0, "the largest worker has")) is Verdict.LATER


def test_what_exceeds_all_workers_waits_while_others_may_come():
    early = Capacity(4 * GB, 5 * GB, 2, "the largest worker has", is_settled=False)
    assert admit(6 * GB, [], early) is Verdict.NOT_HERE
    assert admit(5 * GB, [], early) is Verdict.NOW


def test_workers_take_memory_before_any_task_does():
    found = local_capacity(4 * GB, 2)
    assert found.largest == 4 * GB - 2 * WORKER
    assert found.memory == SHARE * found.largest
    assert affordable_workers(64 * GB, 8) == 8
    assert affordable_workers(2 * GB, 64) == int(SHARE * 2 * GB / WORKER)
    assert affordable_workers(0, 64) == 1
    assert local_capacity(0, 1).largest == 0


@pytest.fixture
def groups(tmp_path):
    """A process in a job of 2 GB, of which 1.5 GB are taken and 0.3 GB of that are files."""

    def write(version):
        job = tmp_path / version / ("slurm/job" if version == "2" else "memory/slurm/job")
        job.mkdir(parents=True)
        limit, used, files = {
            "1": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
            "2": ("memory.max", "memory.current", "inactive_file"),
        }[version]
        (job / limit).write_text("2000000000\n")
        (job / used).write_text("1500000000\n")
        (job / "memory.stat").write_text(f"anon 1\n{files} 300000000\n")
        (job.parent / limit).write_text("max\n" if version == "2" else "9223372036854771712\n")
        (job.parent / used).write_text("1600000000\n")
        line = "0::/slurm/job/task" if version == "2" else "4:memory:/slurm/job/task"
        (tmp_path / f"of-{version}").write_text(f"9:cpuset:/\n{line}\n")
        return tmp_path / version, tmp_path / f"of-{version}"

    return write


@pytest.mark.parametrize("version", ["1", "2"])
def test_the_limit_of_a_batch_job_is_respected(groups, version):
    assert free_memory(*groups(version)) == 800_000_000


def test_without_control_groups_the_machine_decides(tmp_path):
    assert free_memory(tmp_path, tmp_path / "none") > 10**8
