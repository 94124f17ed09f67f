"""The CMCRD paper's tables: presets plan what was published, and run on look-alikes."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from lookalikes import one_process
from lookalikes.cnt_files import brief
from lookalikes.seed import small, write_books, write_preprocessed
from lookalikes.seed_iv import write_eeg, write_eyes
from lookalikes.seed_v import write_seed_v

from featpipe.datasets import facts as published
from models.published import figures
from pipelines import presets, running
from pipelines.__main__ import run
from pipelines.steps.train import units
from pipelines.steps.variants import variant_of
from pipelines.study import load_study

PATHS = sorted(presets.FOLDER.glob("cmcrd_*.toml"))
FOLDERS = {"seed": "SEED", "seed-iv": "SEED_IV", "seed-v": "SEED-V"}


def headed(path):
    """What the head of a preset says to set: name of the data set and protocol -> overrides."""
    head = path.read_text(encoding="utf-8").partition("\n[study]")[0]
    found = {"SEED-V as it stands": []}
    for line in head.splitlines():
        if match := re.fullmatch(r"# (SEED\S*(?: across subjects)?):", line):
            found[match[1]] = []
        elif line.startswith("#   --set"):
            list(found.values())[-1].extend(re.findall(r"--set (\S+)", line))
    return found


CASES = [(path, name) for path in PATHS for name in headed(path)]


def planned(path, name):
    """The study of a preset, and its rows: method and variant."""
    study = load_study(path, headed(path)[name])
    made = units(study.train, {}, Path("out"))
    return study, {
        (of.payload.method, variant_of(of.payload.method, of.payload.plan)) for of in made
    }


def known(study, *tables):
    """Rows of which the paper has figures in some of its tables."""
    return {
        (one.method, one.variant)
        for one in figures()
        if one.reference in {f"Kan et al., CMCRD, arXiv:2504.09221, {name}" for name in tables}
        and (one.dataset, one.protocol) == (study.study.layout, study.train.protocol)
    }


def named(number):
    return [(path, name) for path, name in CASES if path.stem == f"cmcrd_{number}"]


def test_all_data_sets_and_both_protocols_are_covered():
    for numbers in ("12", "3", "4", "5", "6", "7"):
        studies = [planned(*case)[0] for number in numbers for case in named(number)]
        found = {(of.study.layout, of.train.protocol) for of in studies}
        expected = {(name, of) for name in FOLDERS for of in ("within-pooled", "loso")}
        assert found == expected, numbers


@pytest.mark.parametrize(("path", "name"), CASES, ids=lambda x: getattr(x, "stem", x))
def test_what_is_said_of_a_data_set_is_set(path, name):
    study, _ = planned(path, name)
    assert study.study.layout == study.study.name
    assert name.startswith(FOLDERS[study.study.name].replace("_", "-"))
    is_across = "across" in name or path.stem == "cmcrd_2"
    assert study.train.protocol == ("loso" if is_across else "within-pooled")
    shares = {"seed": 9 / 15, "seed-iv": 16 / 24, "seed-v": 10 / 15}
    if not is_across:
        assert study.train.train_share == pytest.approx(shares[study.study.name], abs=1e-3)
    assert (study.features.window_s, study.features.eeg) == (4.0, ("de",))
    assert study.train.seeds == (2022, 2023, 2024)


@pytest.mark.parametrize(("path", "name"), [*named(1), *named(2), *named(4)])
def test_the_rows_are_those_of_the_paper(path, name):
    study, rows = planned(path, name)
    tables = {"cmcrd_1": "Table 1", "cmcrd_2": "Table 2", "cmcrd_4": "Table 4"}
    student = "_eye" if path.stem == "cmcrd_4" else "_eeg"
    alone = {row for row in known(study, "unimodal rows") if row[0].endswith(student)}
    assert rows == known(study, tables[path.stem]) | alone
    assert len(rows) == 3 * 9


@pytest.mark.parametrize(("path", "name"), named(3))
def test_table_3_tests_the_trainings_of_tables_1_and_2(path, name):
    study, rows = planned(path, name)
    assert rows == known(study, "Table 1", "Table 2")


@pytest.mark.parametrize(("path", "name"), named(5))
def test_table_5_has_both_modalities_alone_fused_and_distilled(path, name):
    study, rows = planned(path, name)
    distilled = {row for row in known(study, "Table 1", "Table 2", "Table 4") if "cmcrd" in row[0]}
    assert rows == known(study, "Table 5", "unimodal rows") | distilled
    assert len(rows) == 3 * 5


@pytest.mark.parametrize(("path", "name"), named(6))
def test_table_6_times_trainings_of_table_5_on_one_backbone(path, name):
    study, rows = planned(path, name)
    [of_5] = [planned(*case) for case in named(5) if case[1] == name]
    assert study.train.seeds == of_5[0].train.seeds
    methods = ("decision_fusion", "cmcrd_eeg", "cmcrd_eye")
    assert {method for method, _ in rows} == set(methods)
    assert len(rows) == 3
    assert rows < of_5[1]


@pytest.mark.parametrize(("path", "name"), named(7))
def test_the_ablation_switches_three_parts(path, name):
    study, rows = planned(path, name)
    assert len(rows) == 2**3
    of_table = {row for row in known(study, "Table 1", "Table 2") if row[0] == "cmcrd_eeg"}
    [whole] = {row for row in of_table if "backbone=dgcnn" in row[1]}
    assert known(study, "Table 7") | {whole} <= rows


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Look-alikes of the three data sets, of three subjects and one session; one process."""
    seed, four, five = map(published.facts_of, FOLDERS)
    five = replace(five, sessions=(brief(five.sessions[0], length_s=4),))
    facts = {
        "seed": one_session(small(seed)),
        "seed-iv": one_session(small(four, n_trials=5, seconds=8)),
        "seed-v": five,
    }
    folder = tmp_path_factory.mktemp("cmcrd")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(published, "facts_of", facts.__getitem__)
        patch.setattr(running, "_run", one_process.run)
        write_preprocessed(folder / "SEED/SEED_EEG/Preprocessed_EEG", facts["seed"])
        write_books(folder / "SEED/SEED_Multimodal/Chinese/03-Eye-tracking-excel", facts["seed"])
        write_eyes(write_eeg(folder / "SEED_IV", facts["seed-iv"], 8), facts["seed-iv"])
        write_seed_v(folder / "SEED-V", five)
        patch.chdir(folder)
        yield folder


def one_session(of):
    return replace(of, sessions=(replace(of.sessions[0], sessions=("1",)),))


def words(*overrides):
    return [word for text in overrides for word in ("--set", text)]


@pytest.mark.parametrize("name", FOLDERS)
def test_each_preset_plans_its_trainings_on_each_data_set(data, capsys, name):
    for path in PATHS:
        heads = [x for x in headed(path) if x.split(" a")[0] == FOLDERS[name].replace("_", "-")]
        for head in heads:
            overrides = [*headed(path)[head], f"study.root={FOLDERS[name]}"]
            capsys.readouterr()
            assert run(["show", path.stem, *words(*overrides), "--json"]) == 0
            found = [row["output"] for row in json.loads(capsys.readouterr().out)["outputs"]]
            assert len([output for output in found if output.startswith("features/")]) == 2 * 3
            study, rows = planned(path, head)
            made = units(study.train, {"eeg": [Path("de/of.parquet")]}, Path("out"))
            assert len(made) == 3 * len(rows)
            # students wait for their teachers by name
            assert {unit.name for unit in made} <= {Path(output).stem for output in found}


@pytest.fixture(scope="module")
def table_1(data):
    """Some rows of Table 1 on SEED-V, one seed."""
    quick = [
        "train.seeds=[2022]",
        *(f'train.options.{name}_eeg.backbone=["dnn", "dgcnn"]' for name in ("cmcrd", "pkt")),
    ]
    methods = ["--method", "cmcrd_eeg", "--method", "pkt_eeg", "--method", "dnn_eeg"]
    assert run(["run", "cmcrd_1", *methods, *words("study.root=SEED-V", *quick)]) == 0
    return data / "cmcrd_1_out"


def compared(out, capsys):
    capsys.readouterr()
    assert run(["compare", str(out), "--reference", "cmcrd_eeg", "--family", "backbone"]) == 0
    return capsys.readouterr().out


def check_figures(told, expected):
    for row, figure in expected.items():
        line = next(text for text in told.splitlines() if text.startswith(f"  {row}  "))
        assert line.endswith(f"  {figure}")


def test_table_1_stands_beside_the_papers(table_1, capsys):
    assert set(pd.read_parquet(table_1 / "scores.parquet")["protocol"]) == {"within-pooled"}
    told = compared(table_1, capsys)
    expected = {
        "cmcrd_eeg": "0.777 ± 0.106", "cmcrd_eeg (backbone=dgcnn)": "0.750 ± 0.116",
        "pkt_eeg": "0.687 ± 0.130", "pkt_eeg (backbone=dgcnn)": "0.648 ± 0.122",
        "dnn_eeg": "0.639 ± 0.146",
    }  # fmt: skip
    check_figures(told, expected)
    assert told.count("accuracy against cmcrd_eeg (backbone=") == 2
    assert "published figures are of 20 subjects, ours of 3" in told


def test_presets_share_tables_and_trainings_in_one_folder(table_1, capsys):
    made = {path: path.stat().st_mtime_ns for path in table_1.rglob("*/*.parquet")}
    assert any(path.name.startswith("cmcrd_eeg_") for path in made)
    options = words("study.root=SEED-V", "train.seeds=[2022]")
    assert run(["run", "cmcrd_6", "-o", str(table_1), *options]) == 0
    assert {path: path.stat().st_mtime_ns for path in made} == made
    expected = {
        "decision_fusion": "0.736 ± 0.104",
        "cmcrd_eye": "0.618",
        "pkt_eeg": "0.687 ± 0.130",
    }
    check_figures(compared(table_1, capsys), expected)
