"""`scan` on the folder of a public data set: its name, what to type, what is missing."""

import json

import numpy as np
import pytest
from lookalikes.cnt_files import brief_facts
from lookalikes.seed_v import write_seed_v
from naive_exports import cnt_bytes

from featpipe.datasets import facts
from featpipe.datasets.layout import Defect, Found, Layout
from featpipe.datasets.table import LAYOUTS
from featpipe.errors import ConfigError
from featpipe.recording import Source
from pipelines import listing
from pipelines.__main__ import run
from pipelines.shipped import shipped


def source(path, subject, session="1"):
    return Source("x", subject, session, path, None, None, (), ("a", "b"))


@pytest.fixture
def folder(tmp_path):
    """Two recordings whose names tell nothing."""
    rng = np.random.default_rng(0)
    for name in ("anna", "bert"):
        counts = rng.integers(-1000, 1000, (2, 2000))
        (tmp_path / f"{name}.cnt").write_bytes(cnt_bytes(counts, names=["FP1", "OZ"]))
    return tmp_path


def use(monkeypatch, name, find):
    monkeypatch.setattr("pipelines.recognising.LAYOUTS",
                        {name: Layout(name, "one line", lambda root: True, find)})  # fmt: skip


def test_names_are_those_of_the_layout_and_the_next_step_can_be_pasted(folder, monkeypatch, capsys):
    asked = []

    def find(root, choice):
        asked.append(choice)
        sources = [source(root / "anna.cnt", "7", "2"), source(root / "bert.cnt", "10", "2")]
        return Found(sources, [Defect("3", "1", "3_1.cnt is missing: download it")], ["a note"])

    use(monkeypatch, "deap", find)
    assert run(["scan", str(folder), "--json"]) == 0
    captured = capsys.readouterr()
    rows = [json.loads(line) for line in captured.out.splitlines()]
    assert [(row["subject"], row["session"]) for row in rows] == [("7", "2"), ("10", "2")]
    assert f"{folder}: this is DEAP, layout 'deap': 2 recordings of 2 subjects, 1 m" in captured.err
    assert f"next: featpipe run deap.toml --set study.root={folder}\n" in captured.err
    assert f"{folder}: 3_1.cnt is missing: download it" in captured.err
    assert f"{folder}: a note" in captured.err
    assert (asked[0].rating, asked[0].classes) == ("valence", ("low", "high"))


def test_a_file_of_many_people_has_all_their_names(folder, monkeypatch, capsys):
    people = [source(folder / "anna.cnt", str(i)) for i in range(1, 24)]
    use(monkeypatch, "dreamer", lambda root, choice: Found(people))
    assert run(["scan", str(folder), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["subject"], row["session"]) for row in rows] == [("1-23", "1"), (None, None)]


def test_a_folder_of_which_nothing_can_be_made_is_told_and_scanned(folder, monkeypatch, capsys):
    def find(root, choice):
        raise ConfigError("time.txt is missing: copy it from the release")

    use(monkeypatch, "seed", find)
    assert run(["scan", str(folder)]) == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 3
    assert "looks like SEED, but nothing can be made of it: time.txt is missing" in captured.err


def test_many_defects_are_cut_and_a_layout_without_preset_says_what_to_write(
    folder, monkeypatch, capsys
):
    defects = [Defect(str(i), "1", f"{i}_1.cnt is missing") for i in range(50)]
    use(monkeypatch, "bids", lambda root, choice: Found([source(root / "anna.cnt", "1")], defects))
    assert run(["scan", str(folder)]) == 0
    told = capsys.readouterr().err
    assert told.count("_1.cnt is missing") == 20
    assert "and 30 more of the kind" in told
    assert f"layout = 'bids' and root = '{folder}'" in told


def test_a_folder_like_seed_v_is_known(tmp_path, monkeypatch, capsys):
    of = brief_facts(facts.facts_of("seed-v"))
    known = facts.facts_of
    monkeypatch.setattr(facts, "facts_of", lambda name: of if name == "seed-v" else known(name))
    write_seed_v(tmp_path, of, subjects=("11",))
    next((tmp_path / "EEG_raw").glob("11_3_*.cnt")).unlink()
    run(["scan", str(tmp_path)])
    captured = capsys.readouterr()
    (row,) = [line for line in captured.out.splitlines() if "11_2_" in line and ".cnt" in line]
    assert row.split()[:4] == ["ok", "neuroscan_cnt", "11", "2"]
    assert "this is SEED-V, layout 'seed-v'" in captured.err
    assert f"featpipe run seed_v.toml --set study.root={tmp_path}" in captured.err
    assert "no EEG of subject 11, session 3" in captured.err


def test_data_sets_are_listed_with_their_facts_and_presets(monkeypatch):
    monkeypatch.setitem(LAYOUTS, "deap", Layout("deap", "one line", bool, lambda r, c: Found([])))
    rows = {
        name: (describes, reference) for name, describes, reference in listing.lines("datasets")
    }
    assert set(rows) >= {"table", "simulated", *LAYOUTS}
    known = facts.facts_of("deap")
    assert rows["deap"][1] == known.citation
    assert rows["deap"][0].startswith(f"DEAP, {known.describes}")
    assert "featpipe run deap.toml" in rows["deap"][0]


def _touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")


def test_scan_offers_a_sister_only_where_its_language_is_named(tmp_path):
    for tree in ("Chinese", "tree"):
        root = tmp_path / tree / "data"
        _touch(root / tree / "02-EEG-DE-feature/eeg_used_4s/1_1.npz")
        assert [one.name for one in shipped(root)] == ["seed"]
    _touch(tmp_path / "tree/data/German/02-EEG-DE-feature/eeg_used_4s/1_1.npz")
    assert [one.name for one in shipped(tmp_path / "tree/data")] == ["seed", "seed-ger"]
