"""What is tried again and what is not, on hands that do as they are told."""

from dataclasses import dataclass, field

import pytest

from pipelines import dispatch as dispatching
from pipelines import stopping
from pipelines.admission import Capacity
from pipelines.dispatch import Lost, dispatch
from pipelines.exits import ENVIRONMENT, INTERRUPTED
from pipelines.work import Row, Unit

MADE = Row("s", "u", {}, "made")
DISK = Row("s", "u", {}, "failed", 0.0, "OSError", "the disk is gone", is_passing=True)
BAD = Row("s", "u", {}, "failed", 0.0, "ReadError", "it is broken")
DEATH = Lost("KilledWorker", "died", is_suspect=True)
LOST = Lost("CancelledError", "the connection was lost")


@dataclass
class Hands:
    """Workers that answer from a script: name -> outcomes, the last one for ever."""

    script: dict
    n_threads: int = 2
    memory: float = 100
    largest: float = 100
    is_settled: bool = True
    queue: list = field(default_factory=list)
    started: list = field(default_factory=list)
    peaks: list = field(default_factory=list)

    def capacity(self):
        has = "the largest worker has"
        return Capacity(self.memory, self.largest, self.n_threads, has, self.is_settled)

    def absence(self):
        return "no workers yet at tcp://here"

    def start(self, task):
        self.queue.append(task)
        self.started.append(task.unit.name)
        self.peaks.append((len(self.queue), sum(t.need for t in self.queue)))

    def finished(self, timeout):
        if not self.queue:
            return []
        task = self.queue.pop(0)
        outcomes = self.script.get(task.unit.name, [MADE])
        return [(task, outcomes.pop(0) if len(outcomes) > 1 else outcomes[0])]

    def withdraw(self):
        taken, self.queue = self.queue[self.n_threads :], self.queue[: self.n_threads]
        return taken


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(dispatching, "PAUSE_S", 0.0)
    stopping.forget()
    yield
    stopping.forget()


def work(hands, n=6, need=1):
    units = [Unit(f"u{i}", {"subject": f"{i}"}, None) for i in range(n)]
    need_of = need if callable(need) else lambda unit: need
    return list(dispatch("s", units, hands, need_of))


def tries(hands, name):
    return hands.started.count(name)


def test_a_disk_that_comes_back_is_no_failure():
    hands = Hands({"u1": [DISK, DISK, MADE]})
    assert [row.state for row in work(hands)] == ["made"] * 6
    assert tries(hands, "u1") == 3


def test_a_disk_that_stays_away_is_given_up_after_three_tries():
    hands = Hands({"u1": [DISK], "u2": [BAD]})
    failed = {row.reason for row in work(hands) if row.state == "failed"}
    assert failed == {"the disk is gone (tried 3 times)", "it is broken"}
    assert (tries(hands, "u1"), tries(hands, "u2")) == (3, 1)


def test_a_lost_connection_is_tried_again():
    hands = Hands({"u1": [LOST, MADE], "u2": [LOST]})
    [row] = [row for row in work(hands) if row.state == "failed"]
    assert (row.unit, row.error) == ("u2", "CancelledError")
    assert row.reason == "the connection was lost (tried 3 times)"


def test_who_only_stood_beside_a_dying_worker_is_made():
    hands = Hands({"u1": [DEATH], "u2": [DEATH, MADE]})
    rows = work(hands)
    assert len(rows) == 6
    [row] = [row for row in rows if row.state == "failed"]
    assert (row.unit, row.error, row.keys) == ("u1", "KilledWorker", {"subject": "1"})
    assert "each of 3 workers that tried it died" in row.reason
    assert "--workers 1 --only subject=1" in row.reason
    assert (tries(hands, "u1"), tries(hands, "u2")) == (3, 2)
    alone = hands.peaks[6:]  # what was suspected was tried with nothing beside it
    assert {n for n, _ in alone} == {1}


def test_a_cluster_that_tried_often_enough_by_itself_is_not_asked_again():
    often = DEATH._replace(n_tries=4)
    hands = Hands({"u5": [often]}, n_threads=1)
    assert "each of 4 workers" in work(hands)[-1].reason
    assert tries(hands, "u5") == 1


def test_memory_and_hands_limit_what_is_in_flight():
    hands = Hands({}, memory=5)
    assert len(work(hands, 20, need=2)) == 20
    assert max(hands.peaks) == (2, 4)
    hands = Hands({})
    assert len(work(hands, 20)) == 20
    assert max(hands.peaks) == (4, 4)


def test_a_unit_larger_than_any_worker_fails_alone_and_keeps_nobody_waiting():
    hands = Hands({}, largest=50)
    needs = {"u2": 3 * 10**9}
    rows = work(hands, need=lambda unit: needs.get(unit.name, 1))
    [row] = [row for row in rows if row.state == "failed"]
    assert (row.unit, row.error, len(rows)) == ("u2", "MemoryError", 6)
    assert "needs about 3.0 GB of memory, the largest worker has" in row.reason
    assert "u2" not in hands.started


def test_a_unit_as_large_as_the_machine_runs_with_nothing_beside_it():
    hands = Hands({}, memory=10)
    needs = {"u2": 50}
    assert len(work(hands, need=lambda unit: needs.get(unit.name, 1))) == 6
    beside = [n for name, (n, _) in zip(hands.started, hands.peaks, strict=True) if name == "u2"]
    assert beside == [1]


def test_after_a_signal_what_runs_is_finished_and_nothing_begun(capsys):
    class Interrupted(Hands):
        def finished(self, timeout):
            if len(self.started) == 4:
                stopping.ask(stopping.Ending("interrupted", INTERRUPTED))
            return super().finished(timeout)

    hands = Interrupted({})
    rows = work(hands)
    assert [row.state for row in rows] == ["made"] * 3  # one as the signal came, two that ran
    assert len(hands.started) == 4
    told = capsys.readouterr().err
    assert "stopping: u1, u2 will be finished first" in told
    assert told.endswith("Ctrl-C again stops at once\n")


def test_a_training_says_what_stopping_at_once_costs(capsys):
    dispatching._tell_end([dispatching.Task(Unit("u1", {}, None))], "train")
    told = capsys.readouterr().err
    assert told.endswith("Ctrl-C again stops at once and costs at most 30 s of a training\n")


def test_nobody_there_is_told_and_waited_for(capsys, monkeypatch):
    monkeypatch.setattr(dispatching, "PATIENCE_S", 0.0)
    hands = Hands({}, n_threads=0)
    looks = []

    def late():
        looks.append(1)
        hands.n_threads = 2 * (len(looks) > 3)
        return Capacity(100, 100, hands.n_threads, "")

    hands.capacity = late
    assert len(work(hands)) == 6
    assert capsys.readouterr().err == "no workers yet at tcp://here\n"


def test_nobody_there_is_told_again_every_minute(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(dispatching.time, "monotonic", lambda: now[0])
    hands = Hands({}, n_threads=0)

    def finished(timeout):
        now[0] += 1
        hands.n_threads = 2 * (now[0] > 130)
        return Hands.finished(hands, timeout)

    hands.finished = finished
    assert len(work(hands)) == 6
    assert capsys.readouterr().err == "no workers yet at tcp://here\n" * 3  # after 4, 64, 124 s


def test_a_large_unit_waits_for_workers_that_may_join_and_small_ones_go_first(capsys, monkeypatch):
    monkeypatch.setattr(dispatching, "JOINING_S", 0.01)
    hands = Hands({}, largest=50, is_settled=False)
    needs = {"u0": 70, "u3": 90}

    def finished(timeout):
        if not hands.queue:  # the small ones are done
            hands.largest, hands.is_settled = 80, hands.largest == 80
        return Hands.finished(hands, timeout)

    hands.finished = finished
    rows = work(hands, need=lambda unit: needs.get(unit.name, 1))
    assert hands.started == ["u1", "u2", "u4", "u5", "u0"]
    [row] = [row for row in rows if row.state == "failed"]
    assert (row.unit, row.error, len(rows)) == ("u3", "MemoryError", 6)
    told = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in told] == ["u0", "u3"]  # each is told of once
    assert told[0].endswith("waiting whether a larger one joins")


def test_each_death_is_told_once(capsys):
    first, second = DEATH._replace(where="tcp://1"), DEATH._replace(where="tcp://2")
    hands = Hands({"u1": [first, MADE], "u2": [first, second, MADE]})
    assert [row.state for row in work(hands)] == ["made"] * 6
    told = capsys.readouterr().err.splitlines()
    assert told == ["a worker died; u1 is tried again", "a worker died; u2 is tried again"]


def test_a_full_disk_ends_the_run_in_order():
    full = Row("s", "u", {}, "failed", 0.0, "OutputError", "the disk is full", meets_all=True)
    hands = Hands({"u1": [full]})
    rows = work(hands, 20)
    assert stopping.asked() == dispatching.NO_ROOM
    assert stopping.asked().code == ENVIRONMENT
    # u0 before; of the five that were in flight then the two that ran
    assert [row.state for row in rows] == ["made", "failed", "made", "made"]


def test_one_task_at_a_time_is_on_a_gpu_and_others_go_past_it():
    """Of two hands one is for the GPU; tasks behind the second one for the GPU do not wait."""
    units = [Unit(f"u{i}", {}, None, on_gpu=i % 3 != 2) for i in range(9)]
    hands = Hands({}, n_threads=2)
    together = []

    def finished(timeout):
        together.append(sorted(task.unit.on_gpu for task in hands.queue))
        return Hands.finished(hands, timeout)

    hands.finished = finished
    rows = list(dispatch("s", units, hands, lambda unit: 1))
    assert [row.state for row in rows] == ["made"] * 9
    assert max(sum(of) for of in together) == 1
    assert [False, True] in together
