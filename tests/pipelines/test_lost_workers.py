"""Workers that die, and recordings that kill them: all else is made, byte for byte."""

import json

import pandas as pd
import pytest
from lookalikes.processes import (
    ended,
    launch,
    run_and_kill_a_worker,
    tables,
    write_study,
)

from pipelines.__main__ import run

N = 20


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("many"), N)


@pytest.fixture(scope="module")
def undisturbed(study, tmp_path_factory):
    """Tables that one worker made, in this order."""
    out = tmp_path_factory.mktemp("one")
    assert run(["extract", str(study), "-o", str(out), "--workers", "1"]) == 0
    return tables(out)


def check_quality(out, n):
    rows = pd.read_parquet(out / "qc/recordings.parquet")
    assert len(rows) == n
    assert not rows.duplicated(["subject", "session"]).any()


def test_a_worker_that_is_killed_costs_no_recording(study, undisturbed, tmp_path):
    code, err = run_and_kill_a_worker(study, tmp_path, 5)
    assert code == 0, err
    assert tables(tmp_path) == undisturbed
    check_quality(tmp_path, N)


def test_a_poisonous_recording_fails_alone_and_is_named(
    study, undisturbed, tmp_path, record_property
):
    name = "sub-07_ses-1"
    marks, out = tmp_path / "marks", tmp_path / "out"
    marks.mkdir()
    (marks / name).touch()
    process = launch("poisoned", marks, "extract", study, "-o", out, "--workers", 2, "--json")
    code, told, err = ended(process)
    assert code == 3, err
    found = json.loads(told)
    assert (found["made"] + found["kept"], found["failed"]) == (N - 1, 1)
    [row] = pd.read_parquet(out / "failures.parquet").to_dict("records")
    assert (row["unit"], row["error"]) == (name, "KilledWorker")
    assert "each of 3 workers that tried it died" in row["reason"]
    assert "--workers 1 --only subject=07 --only session=1" in row["reason"]
    assert tables(out) == {k: v for k, v in undisturbed.items() if name not in k}
    check_quality(out, N - 1)
    record_property("done", found["made"] + found["kept"])
    record_property("of", N)


def test_neither_workers_nor_order_change_a_byte(study, undisturbed, tmp_path, record_property):
    header, *rows = (study.parent / "recordings.csv").read_text().splitlines()
    other = write_study(tmp_path / "other", 0)
    rows = [row.replace(",1,", f",1,{study.parent}/") for row in rows]
    rows = rows[1::2] + rows[-2::-2]  # odd ones, then even ones from the end
    (other.parent / "recordings.csv").write_text("\n".join([header, *rows]))
    assert run(["extract", str(other), "--workers", "2"]) == 0
    assert tables(other.parent / "out") == undisturbed
    record_property("tables", len(undisturbed))
