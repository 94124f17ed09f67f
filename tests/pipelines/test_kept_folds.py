"""A training that is killed: what it finished stays, and the result is the same to the last bit."""

import shutil
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from lookalikes import killed_training
from lookalikes.killed_training import results, unit_of, write_tables
from lookalikes.processes import environment

from featpipe.tables import read_metadata
from models.curves import CURVE_COLUMNS
from models.fitted import Fitted
from models.parts import Part
from pipelines import kept_folds
from pipelines.steps import train


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Tables of 3 subjects; of 12 subjects and 3 sessions, whose folds do not fit one stack."""
    few, many = (tmp_path_factory.mktemp(name) for name in ("few", "many"))
    write_tables(few)
    write_tables(many, n_subjects=12, n_sessions=3)
    return {"few": few, "many": many}


@pytest.fixture
def copy(tables, tmp_path):
    """Function that copies the tables of a name."""

    def copied(name, to):
        return shutil.copytree(tables[name], tmp_path / to)

    return copied


def start(out, method, kill_at=0, **about):
    """Train in a process of its own; return how it ended."""
    words = [f"{name}={value}" for name, value in about.items()]
    command = [sys.executable, "-m", "lookalikes.killed_training", str(out), method, str(kill_at)]
    return subprocess.run([*command, *words], check=False, env=environment()).returncode


def kept(out):
    """Files of kept folds by name, with marks that any writing would change."""
    files = sorted((out / ".cache/folds").glob("*/*/*.parquet"))
    return {f.name: (f.stat().st_mtime_ns, f.stat().st_ino, f.read_bytes()) for f in files}


@pytest.fixture
def trained(monkeypatch):
    """Folds that are trained in this process, with the epochs they had before."""
    found = []

    def fit_kept(parts, folder, report):
        def watched(part):
            def fit(*given):
                found.append((part.folds, given[1] and given[1].facts["done"]))
                return part.fit(*given)

            return Part(part.folds, fit)

        return kept_folds.fit_kept([watched(part) for part in parts], folder, report)

    monkeypatch.setattr(train, "fit_kept", fit_kept)
    for name in ("WORTH_S", "EVERY_S"):
        monkeypatch.setattr(kept_folds, name, getattr(kept_folds, name))
    monkeypatch.setattr(train, "reporter", train.reporter)
    return found


CASES = {
    # a stack of 32 folds and one of 4; 3 epochs each, killed in the second one's second epoch
    "stacks": ("many", "mlp", 5, {"protocol": "within"}, ["folds-0001-0032.parquet"], (33, 36, 2)),
    # all folds in one stack: what is kept is where it stood, with dropout and a chosen epoch
    "one stack": ("few", "cscm", 3, {"policy": "source-validation"}, [], (1, 3, 3)),
    # three folds with two seeds
    "seeds": ("few", "mlp", 2, {"seed": "0+1", "device": "cpu:0"}, [], (1, 6, 2)),
    "fold by fold": (
        "few", "svm", 2, {}, ["folds-0001-0001.parquet", "folds-0002-0002.parquet"], (3, 3, None),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_killed_training_goes_on_where_it_stood(copy, case, trained):
    name, method, moment, about, finished, (first, last, n_done) = CASES[case]
    out, undisturbed = copy(name, "killed"), copy(name, "undisturbed")
    killed_training.run(undisturbed, method, every_s=1e6, **about)
    trained.clear()
    assert start(out, method, moment, **about) == -signal.SIGKILL
    assert not list(out.glob("predictions/*"))
    before = kept(out)
    halves = [f"folds-{first:04d}-{last:04d}.half.parquet"] * (n_done is not None)
    assert sorted(before) == sorted(finished + halves)
    if n_done is not None:  # once more, an epoch later: what was finished is not touched
        assert start(out, method, moment + 1, **about) == -signal.SIGKILL
        assert {name: kept(out)[name] for name in finished} == {n: before[n] for n in finished}
        n_done += 1
    unit, row = killed_training.run(out, method, **about)
    assert (row.state, row.reason) == ("made", "")
    [(folds, done)] = trained  # nothing else was trained
    assert (len(folds), done) == (last - first + 1, n_done)
    assert results(out) == results(undisturbed)
    assert kept(out) == {}
    assert not (out / ".cache/folds" / unit.name).exists()
    assert list((out / ".staging").iterdir()) == []


def test_a_training_says_at_which_epoch_it_goes_on(copy, trained):
    out = copy("few", "killed")
    assert start(out, "cscm", 2) == -signal.SIGKILL
    killed_training.WENT_ON.clear()
    assert killed_training.run(out, "cscm")[1].state == "made"
    [(_, done)] = trained
    assert [done + 1] == killed_training.WENT_ON


def test_what_has_no_epochs_of_its_own_tells_of_folds(tmp_path):
    """Its networks were trained before: it is done as soon as they are put together."""
    curves = pd.DataFrame(columns=list(CURVE_COLUMNS))
    of = {"sub-1": {}}
    fitted = Fitted({"sub-1": np.full((2, 3), 1 / 3)}, curves, of, of, {"sub-1": 0})
    told = []
    folder = kept_folds.Folder(tmp_path, tmp_path / ".staging", "mark")
    part = Part(("sub-1",), lambda *given: fitted)
    kept_folds.fit_kept([part], folder, lambda *words: told.append(words))
    assert told == [(1, 1, "folds")]


def test_without_a_look_in_time_the_folds_under_way_begin_anew(copy, trained):
    out = copy("many", "killed")
    assert start(out, "mlp", 5, protocol="within", every_s=1e6) == -signal.SIGKILL
    assert list(kept(out)) == ["folds-0001-0032.parquet"]
    killed_training.run(out, "mlp", protocol="within")
    [(folds, done)] = trained
    assert (len(folds), done) == (4, None)


@pytest.fixture(scope="module")
def killed_once(tables, tmp_path_factory):
    """An output whose SVM was killed behind its second fold of three."""
    out = tmp_path_factory.mktemp("killed") / "out"
    shutil.copytree(tables["few"], out)
    assert start(out, "svm", 2) == -signal.SIGKILL
    return out


@pytest.fixture
def killed(killed_once, tmp_path):
    """A copy of it."""
    return shutil.copytree(killed_once, tmp_path / "killed")


def names_trained(trained):
    return [name for folds, _ in trained for name in folds]


@pytest.mark.parametrize("change", ["seed", "tables", "version"])
def test_folds_of_something_else_are_not_taken(killed, copy, change, trained, monkeypatch):
    before = kept(killed)
    if change == "tables":
        path = killed / "features/eye/sub-1_ses-1.parquet"
        other = copy("few", "other")
        write_tables(other, n_subjects=4)
        shutil.copy(other / "features/eye/sub-1_ses-1.parquet", path)
    if change == "version":
        monkeypatch.setattr(train, "VERSION", train.VERSION + 1)
    _, row = killed_training.run(killed, "svm", seed=int(change == "seed"))
    assert row.state == "made"
    assert len(names_trained(trained)) == 3
    # those of another seed are still good for that; those that the tables refute are gone
    assert kept(killed) == (before if change == "seed" else {})


def test_a_damaged_fold_is_trained_again(killed, copy, trained):
    undisturbed = copy("few", "undisturbed")
    killed_training.run(undisturbed, "svm")
    trained.clear()
    first, second = sorted((killed / ".cache/folds").glob("*/*/*.parquet"))
    content = bytearray(second.read_bytes())
    content[len(content) // 2] ^= 1
    second.write_bytes(content)
    mark = first.stat().st_mtime_ns
    assert start(killed, "svm", 3) == -signal.SIGKILL  # the last fold: nothing more is kept
    assert first.stat().st_mtime_ns == mark
    killed_training.run(killed, "svm")
    assert names_trained(trained) == ["sub-3"]  # the second was trained and kept meanwhile
    assert results(killed) == results(undisturbed)


def test_a_fold_under_the_name_of_another_is_trained_again(killed, trained):
    first, second = sorted((killed / ".cache/folds").glob("*/*/*.parquet"))
    shutil.copy(first, second)
    killed_training.run(killed, "svm")
    assert names_trained(trained) == ["sub-2", "sub-3"]


def test_seconds_of_all_runs_add_up(killed, trained):
    place = next((killed / ".cache/folds").glob("*/*/folds-0001-*.parquet"))
    unit = unit_of(killed, "svm")
    found = read_metadata(place)
    stored = kept_folds.read_kept(place, {n: v for n, v in found.items() if n != "content"})
    longer = stored._replace(facts=stored.facts | {"seconds": 1000.0})
    claim = {"fingerprint": place.parent.name, "folds": ["sub-1"]}
    kept_folds.write_kept(longer, place, claim, killed / ".staging")
    killed_training.run(killed, "svm")
    assert read_metadata(killed / "curves" / f"{unit.name}.parquet")["seconds"] > 1000
