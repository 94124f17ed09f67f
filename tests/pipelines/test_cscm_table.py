"""The CSCM paper's table: its presets run on look-alikes, and stand beside what was published."""

import json
from dataclasses import replace

import pandas as pd
import pytest
from lookalikes import one_process
from lookalikes.seed import SUBJECTS, small, write_books, write_preprocessed
from lookalikes.seed_iv import write_eeg, write_eyes

from featpipe.datasets import facts as published
from models.published import figures
from pipelines import running
from pipelines.__main__ import run

METHODS = ("svm", "svm_eeg", "mlp", "mlp_cross", "cscm_sm", "cscm")
QUICK = ["train.seeds=[0]", "study.eeg=preprocessed"]  # fifty epochs are fifty steps here


def first_session(name, **options):
    """The data set with one session of few short trials."""
    of = small(published.facts_of(name), **options)
    return replace(of, sessions=(replace(of.sessions[0], sessions=("1",)),))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Look-alikes of SEED and SEED-IV of three subjects; every step in this process."""
    facts = {
        "seed": first_session("seed"),
        "seed-iv": first_session("seed-iv", n_trials=5, seconds=8),
    }
    folder = tmp_path_factory.mktemp("cscm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(published, "facts_of", facts.__getitem__)
        patch.setattr(running, "_run", one_process.run)
        write_preprocessed(folder / "SEED/SEED_EEG/Preprocessed_EEG", facts["seed"])
        write_books(folder / "SEED/SEED_Multimodal/Chinese/03-Eye-tracking-excel", facts["seed"])
        write_eyes(write_eeg(folder / "SEED_IV", facts["seed-iv"], 8), facts["seed-iv"])
        patch.chdir(folder)
        yield folder


def words(*overrides):
    return [word for text in overrides for word in ("--set", text)]


@pytest.fixture(scope="module")
def seed(data):
    """The preset of 9 subjects, of whom the look-alike has three, run to the table."""
    assert run(["run", "seed_cscm_9", *words("study.root=SEED", *QUICK)]) == 0
    return data / "seed_cscm_9_out"


def check_table(out, dataset, capsys):
    scores = pd.read_parquet(out / "scores.parquet")
    assert {*METHODS} <= {*scores["method"]}
    assert set(scores["protocol"]) == {"loso"}
    for method in METHODS:
        assert {*scores.loc[scores["method"] == method, "subject"]} == {*SUBJECTS}
    capsys.readouterr()
    assert run(["compare", str(out)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("loso: leave one subject out")
    of_paper = [one for one in figures() if one.dataset == dataset and "ICONIP" in one.reference]
    assert {figure.method for figure in of_paper} == {*METHODS}
    for figure in of_paper:
        line = next(text for text in told.splitlines() if text.startswith(f"  {figure.method} "))
        assert line.endswith(f"  {figure.mean:.3f} ± {figure.sd:.3f}")
    return told


def test_seed_of_nine_subjects(seed, capsys):
    told = check_table(seed, "seed", capsys)
    assert "ICONIP 2021, Table 1; 9 subjects; not said there: whether sessions" in told
    assert "and which nine of the twelve subjects with eyes these are" in told
    assert "published figures are of 9 subjects, ours of 3" in told


def test_twelve_subjects_train_on_the_same_tables(seed, data, capsys):
    times = {p: p.stat().st_mtime_ns for p in (seed / "features").rglob("*.parquet")}
    options = words("study.root=SEED", *QUICK, "train.methods=svm")
    assert run(["train", "seed_cscm_12", "-o", str(seed), *options]) == 0
    assert (
        "3 of 3 subjects take part (3 of 3 recordings); no recording of 3, 4, 5"
        in capsys.readouterr().err
    )
    assert times == {p: p.stat().st_mtime_ns for p in (seed / "features").rglob("*.parquet")}


def test_seed_iv(data, capsys):
    assert run(["run", "seed_iv_cscm", *words("study.root=SEED_IV", *QUICK)]) == 0
    told = check_table(data / "seed_iv_cscm_out", "seed-iv", capsys)
    assert "15 subjects; not said there: whether sessions" in told


def test_who_takes_part_is_a_parameter_and_counted(seed, capsys):
    options = words("study.root=SEED", *QUICK, "train.methods=mlp", "train.subjects=1,10")
    assert run(["train", "seed_cscm_9", "-o", str(seed), *options]) == 0
    assert "[train] subjects: 2 of 3 subjects take part (2 of 3 rec" in capsys.readouterr().err
    scores = pd.read_parquet(seed / "scores.parquet")
    assert set(scores["subject"]) == {"1", "10"}
    assert run(["show", "seed_cscm_9", "-o", str(seed), *options, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["outputs"]
    made = {row["output"]: row["state"] for row in rows if row["output"].startswith("pred")}
    assert made.pop("predictions") == "unasked"  # those of all three
    assert made
    assert set(made.values()) == {"fresh"}


@pytest.mark.parametrize(
    ("subjects", "said"),
    [
        ('["01"]', "[train] subjects: unknown subject '01': did you mean '1'?"),
        ('["1", "1"]', "[train] subjects = ['1', '1']: one is named twice"),
        ('["99"]', "[train] subjects: unknown subject '99': Known: 1, 2, 3"),
        ('["5"]', "no recording of them is at hand, there are those of 1, 2, 10"),
    ],
)
def test_a_subject_nobody_knows_is_refused_by_name(seed, capsys, subjects, said):
    options = words("study.root=SEED", f"train.subjects={subjects}")
    assert run(["train", "seed_cscm_9", "-o", str(seed), *options]) == 1
    assert said in capsys.readouterr().err
