"""What is tried again and what is not, on hands that do as they are told."""

from dataclasses import dataclass, field

import pytest

from pipelines import dispatch as dispatching
from pipelines import stopping
from pipelines.admission import Capacity
from pipelines.dispatch import Lost, dispatch
from pipelines.exits import INTERRUPTED
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
    queue: list = field(default_factory=list)
    started: list = field(default_factory=list)
    peaks: list = field(default_factory=list)

    def capacity(self):
        return Capacity(self.memory, self.largest, self.n_threads, "the largest worker has")

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
    assert "Ctrl-C again stops at once" in told


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
