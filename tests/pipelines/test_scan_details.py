"""What `scan` tells of a file that is named: what a study file has to name in turn."""

import json

import numpy as np
import pytest
from naive_exports import cnt_bytes

from pipelines.__main__ import run


@pytest.fixture
def recording(tmp_path):
    """Four seconds of an EEG with a mastoid; trigger 7 twice, 25 others once."""
    events = [(100, 7), (900, 7), *((1000 + 10 * i, 100 + i) for i in range(25))]
    counts = np.random.default_rng(0).integers(-1000, 1000, (3, 4000))
    path = tmp_path / "a.cnt"
    path.write_bytes(cnt_bytes(counts, events=events, names=["FP1", "OZ", "M1"]))
    return path


def test_a_file_that_is_named_shows_channels_and_triggers(recording, capsys):
    assert run(["scan", str(recording)]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()[2:]]
    assert lines[:2] == ["eeg, 2: FP1, OZ", "eeg without columns, 1: M1"]
    assert lines[2].split(None, 2) == ["trigger", "7", "   2 x, from 0.100 to 0.900 s".strip()]
    assert lines[3].split() == "trigger 100 1 x, at 1.000 s".split()
    assert lines[-1] == "and 6 more triggers, in --json"
    assert len(lines) == 2 + 20 + 1


def test_folders_are_told_in_detail_when_that_is_asked_for(recording, capsys):
    assert run(["scan", str(recording.parent)]) == 0
    assert "FP1" not in capsys.readouterr().out
    assert run(["scan", str(recording.parent), "--details", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["channels"] == {"eeg": ["FP1", "OZ"], "eeg without columns": ["M1"]}
    assert found["marks"][0] == {"text": "7", "n": 2, "first_s": 0.1, "last_s": 0.9}
    assert len(found["marks"]) == 26


def test_messages_of_the_trackers_own_software_come_last(tmp_path, capsys):
    path = tmp_path / "a.asc"
    own = [f"MSG\t{i} !CAL {i}" for i in range(100, 130)]
    rows = [f"{2000 + 4 * i}\t500.0\t400.0\t1000.0\t..." for i in range(100)]
    start = "START\t2000 \tLEFT\tSAMPLES\tEVENTS\nSAMPLES\tGAZE\tLEFT\tRATE\t250.00"
    middle = ["MSG\t2100 clip 1", *rows[25:], "MSG\t2396 clip 1"]
    path.write_text("\n".join([*own, start, *rows[:25], *middle, "END\t2400 \tSAMPLES", ""]))
    assert run(["scan", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == "message clip 1 2 x, from 2.100 to 2.396 s".split()
    assert lines[3].split()[1] == "!CAL"


def test_what_terminals_obey_is_spelled_out(recording, capsys):
    named = recording.rename(recording.with_name("b\x1b[2J\nc.cnt"))
    (recording.parent / "d\x1b[2J.txt").write_text("x")
    assert run(["scan", str(recording.parent), "--details"]) == 0
    out, err = capsys.readouterr()
    assert r"b\x1b[2J\nc.cnt" in out
    assert r"d\x1b[2J.txt" in err
    named.write_bytes(named.read_bytes()[:1000])
    assert run(["scan", str(named)]) == 2
    assert run(["scan", str(named) + "x" * 100]) == 2
    shown = "".join((out, err, *capsys.readouterr()))
    assert "no such file or folder" in shown
    assert shown.replace("\n", "").isprintable()
