"""What a worker finishes when its run is dead is not published into a folder of another run."""

from typing import Any

import pytest
from lookalikes.killed_training import unit_of, write_tables
from lookalikes.processes import dask_cluster, ended, launch, wait_until, write_study

from featpipe import __version__
from featpipe.tables import read_metadata
from pipelines import kept_folds, running
from pipelines.dask_tasks import Known, attempt
from pipelines.engine import update
from pipelines.owner import this_process
from pipelines.ownership import owned, publishing_for, token_of
from pipelines.steps import train

DE = "features/de/sub-01_ses-1.parquet"


def window_s(out):
    return read_metadata(out / DE)["options"]["features"]["window_s"]


def hand_over(out):
    """Another run takes the folder."""
    other = this_process()._replace(pid=4711)
    (out / ".cache").mkdir(exist_ok=True)
    (out / ".cache" / "owner.json").write_text(other.note())
    return other


def begun(lab, monkeypatch, before):
    """Rows of an extraction whose tasks begin after `before` was done."""
    seen = []

    def run_here(step, work, out, settings, remembered, spoilt_before, spoilt, n_fresh=0):
        token = token_of(out)
        before(out)
        for unit in work:
            row = attempt(__version__, step, unit, Known({}, {}), out / ".staging", token)
            seen.append(row)
            yield row

    monkeypatch.setattr(running, "_run", run_here)
    return lab.extract("--set", 'features.eeg=["de"]'), seen


def test_a_worker_of_a_killed_run_does_not_replace_newer_tables(tmp_path):
    study = write_study(tmp_path / "study", 1)
    out, flags = tmp_path / "out", tmp_path / "flags"
    flags.mkdir()

    def extract(how, address, seconds):
        words = ("extract", study, "-o", out, "--scheduler", address)
        options = ("--set", 'features.eeg=["de"]', "--set", f"features.window_s={seconds}")
        return launch(how, flags, *words, *options)

    with dask_cluster(tmp_path / "dask", 2) as (address, _):
        first = extract("held", address, 1.0)
        wait_until(lambda: list(flags.glob("sub*")), "a task that has begun")
        first.kill()
        ended(first)
        code, _, err = ended(extract("plain", address, 2.0))
        assert code == 0, err
        before = (out / DE).read_bytes()
        assert window_s(out) == 2.0
        (flags / "go").touch()
        # the worker is done with the old task when it has done another one behind it
        wait_until(lambda: _idle(address), "idle workers")
    assert (out / DE).read_bytes() == before
    assert not list((out / ".staging").glob(".*"))


def _idle(address):
    from dask.distributed import Client

    with Client(address) as client:
        found: Any = client.run(lambda dask_worker: list(dask_worker.state.executing))
        return not any(found.values())


@pytest.mark.parametrize("is_taken", [True, False], ids=["taken", "nobody's"])
def test_a_task_gives_up_where_its_run_owns_the_folder_no_more(lab, monkeypatch, is_taken):
    others = []

    def lose(out):
        others.append(hand_over(out))
        if not is_taken:
            (out / ".cache" / "owner.json").unlink()

    code, rows = begun(lab, monkeypatch, lose)
    assert code == 4
    assert not list(lab.out.glob("features/*/*"))
    assert not list((lab.out / ".staging").glob(".*"))
    for row in rows:
        assert (row.state, row.error, row.files) == ("failed", "OutputError", {})
        has = others[0].text() if is_taken else "nobody has it now"
        assert f"{lab.out}: the run that asked for this owns the folder no more" in row.reason
        assert has in row.reason


def test_a_task_publishes_while_its_run_owns_the_folder(lab, monkeypatch):
    code, rows = begun(lab, monkeypatch, lambda out: None)
    assert code == 0
    assert [row.state for row in rows] == ["made", "made"]


def test_each_run_has_a_token_of_its_own(tmp_path):
    assert token_of(tmp_path) == ""
    tokens = set()
    for _ in range(2):
        with owned(tmp_path):
            tokens.add(token_of(tmp_path))
    assert len(tokens) == 2
    assert token_of(tmp_path) == ""


def test_a_training_that_lost_its_folder_writes_and_removes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_folds, "WORTH_S", 0.0)
    monkeypatch.setattr(kept_folds, "EVERY_S", 0.0)
    write_tables(tmp_path)
    unit = unit_of(tmp_path, "mlp")
    of_another = tmp_path / ".cache" / "folds" / unit.name / "other" / "folds.parquet"
    of_another.parent.mkdir(parents=True)
    of_another.touch()
    hand_over(tmp_path)
    with publishing_for(tmp_path, "mine"):
        row = update(train.TRAIN, unit, {}, tmp_path / ".staging")
    assert (row.state, row.error) == ("failed", "OutputError")
    assert of_another.exists()


@pytest.mark.parametrize("method", ["mlp", "svm"])
def test_a_training_that_loses_its_folder_stops_where_it_would_write(tmp_path, monkeypatch, method):
    """The folder is taken while it trains: after the first epoch, or the first fold."""
    monkeypatch.setattr(kept_folds, "WORTH_S", 0.0)
    monkeypatch.setattr(kept_folds, "EVERY_S", 0.0)
    write_tables(tmp_path)
    done = []

    def reporter(out, unit):
        def report(at, total, what):
            hand_over(out)
            done.append((at, sorted((out / ".cache" / "folds").rglob("*.parquet"))))

        return report

    monkeypatch.setattr(train, "reporter", reporter)
    unit = unit_of(tmp_path, method)
    mine = this_process()
    (tmp_path / ".cache").mkdir(exist_ok=True)
    (tmp_path / ".cache" / "owner.json").write_text(mine.note())
    with publishing_for(tmp_path, mine.token):
        row = update(train.TRAIN, unit, {}, tmp_path / ".staging")
    assert (row.state, row.error) == ("failed", "OutputError")
    at, kept = done[-1]
    assert at == 1  # and no further
    assert sorted((tmp_path / ".cache" / "folds").rglob("*.parquet")) == kept
    assert not list(tmp_path.glob("predictions/*"))
