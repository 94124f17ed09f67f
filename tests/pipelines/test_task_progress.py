"""How far a task is, as it arrives from a worker, and what is shown of it."""

import io
import time

import pytest
from lookalikes.killed_training import unit_of, write_tables
from lookalikes.one_worker import one_worker
from rich.console import Console

from pipelines import progress, task_progress
from pipelines.progress import Progress
from pipelines.running import RunSettings, run_step
from pipelines.steps.train import TRAIN
from pipelines.task_progress import GOES_ON, Report, reporter
from pipelines.work import Row


@pytest.fixture
def clock(monkeypatch):
    """The time, which tests set."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def row(unit, state="made"):
    return Row("train", unit, {}, state, 1.0)


def test_lines_come_now_and_then_and_tell_the_time_left(clock, capsys):
    with Progress("train", 3) as shown:
        for done in range(1, 41):
            clock[0] += 1
            shown.hear(Report("a", done, 40, "epochs"))
        lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "train a: 10 of 40 epochs, about 30 s left",
        "train a: 20 of 40 epochs, about 20 s left",
        "train a: 30 of 40 epochs, about 10 s left",
        "train a: 40 of 40 epochs",
    ]


def test_the_time_left_does_not_count_what_was_done_before(clock, capsys):
    with Progress("train", 3) as shown:
        shown.hear(Report("a", 30, 40, "epochs"))
        clock[0] += 10
        shown.hear(Report("a", 32, 40, "epochs"))
        assert capsys.readouterr().err == "train a: 32 of 40 epochs, about 40 s left\n"
        clock[0] += 10
        shown.hear(Report("a", 1, 40, "epochs"))  # its worker died
        assert capsys.readouterr().err == "train a: 1 of 40 epochs\n"


def test_units_take_turns_and_finished_ones_are_silent(clock, capsys):
    with Progress("train", 3) as shown:
        for _ in range(4):
            clock[0] += 6
            for name in ("a", "b"):
                shown.hear(Report(name, 1, 4, "folds"))
        assert capsys.readouterr().err.splitlines() == [
            "train a: 1 of 4 folds", "train b: 1 of 4 folds",
        ]  # fmt: skip
        shown.advance(row("a"))
        clock[0] += 60
        shown.hear(Report("a", 2, 4, "folds"))
        assert "1 of 4" not in capsys.readouterr().err
        assert "2 of 4" not in capsys.readouterr().err


def test_a_sign_of_life_comes_where_nothing_else_is_told(clock, capsys):
    with Progress("extract", 16) as shown:
        for _ in range(65):
            clock[0] += 1
            shown.beat(2)
        assert capsys.readouterr().err.splitlines() == [
            "extract 0/16, 2 in work, 30 s", "extract 0/16, 2 in work, 60 s",
        ]  # fmt: skip
        shown.advance(row("a"))
        capsys.readouterr()
        clock[0] += 29
        shown.beat(2)
        assert capsys.readouterr().err == ""


def test_a_training_that_goes_on_says_where_at_once(clock, capsys, monkeypatch, tmp_path):
    said = []
    monkeypatch.setattr(task_progress, "_say", lambda topic, report: said.append(report))
    reporter(tmp_path, "a")(278, 600, GOES_ON)
    with Progress("train", 1) as shown:
        shown.hear(said[0])
        assert capsys.readouterr().err == "a goes on at epoch 278\n"
        assert not shown.under_way


def test_a_terminal_has_a_bar_per_unit_under_way(clock, monkeypatch):
    monkeypatch.setattr(progress, "console", progress.Console(force_terminal=True, quiet=True))
    with Progress("train", 3) as shown:
        shown.hear(Report("a", 1, 4, "folds"))
        shown.hear(Report("a", 2, 4, "folds"))
        shown.hear(Report("b", 5, 9, "epochs"))
        bars = [(task.description.strip(), task.completed, task.total) for task in shown.bar.tasks]
        assert bars == [("train", 0, 3), ("a", 2, 4), ("b", 5, 9)]
        clock[0] += 1
        shown.advance(row("a"))
        assert [task.description.strip() for task in shown.bar.tasks] == ["train", "b"]


def test_a_task_does_not_chatter(clock, monkeypatch, tmp_path):
    said = []
    monkeypatch.setattr(task_progress, "_say", lambda topic, report: said.append(report.done))
    report = reporter(tmp_path, "a")
    for done in range(100):
        clock[0] += 0.125
        report(done, 100, "epochs")
    assert said == [7, 15, 23, 31, 39, 47, 55, 63, 71, 79, 87, 95]


def test_epochs_are_heard_from_a_worker_and_change_nothing(tmp_path, monkeypatch):
    heard = []
    monkeypatch.setattr(Progress, "hear", lambda self, report: heard.append(report))
    write_tables(tmp_path)
    unit = unit_of(tmp_path, "mlp", n_epochs=600)  # some seconds
    _, address = one_worker()
    [made] = run_step(TRAIN, [unit], tmp_path, RunSettings(scheduler=address))
    assert (made.state, made.reason) == ("made", "")
    assert heard
    assert {(report.unit, report.total, report.what) for report in heard} == {
        (unit.name, 600, "epochs")
    }
    done = [report.done for report in heard]
    assert done == sorted(set(done))
    assert done[-1] <= 600


def test_a_reason_is_shown_on_a_terminal_as_it_is(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(progress, "console", Console(file=screen, force_terminal=True, width=200))
    reason = "write [study] eye_columns, not [/x]\x07"
    with Progress("extract", 1) as shown:
        shown.advance(Row("extract", "sub-1", {}, "failed", reason=reason))
    assert "sub-1: write [study] eye_columns, not [/x]\\x07" in screen.getvalue()
