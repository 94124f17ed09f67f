"""Names from files stay text: on pages, in figures, in spreadsheets."""

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lookalikes.outputs import features, grid, write_output

from pipelines.__main__ import run
from pipelines.spreadsheet import BEGIN_FORMULAS, as_csv

CHANNELS = (
    "=1+1", "@SUM(A1)", "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>',
    "+cmd|' /C calc'!A0", "$\\evil{$", "-2+3", "'><svg onload=alert(1)>", "a$b$c",
)  # fmt: skip
CLASSES = ("$\\evil{$", "<b onclick='x()'>", "</td></svg><script>")
DATASET = "<script>alert(2)</script>' onload=\"x"
KEYS = grid(n_trials=4, n_windows=10)
NUMBERS = features(KEYS, 5 * len(CHANNELS))
ACTIVE = {"script", "img", "iframe", "object", "embed", "form", "a", "link", "base", "b"}
TEXT = st.text(st.sampled_from("<>&\"'=/ abon$\\{}\u202e;()!-`"), min_size=1, max_size=30)


class Tags(HTMLParser):
    """The tags of a page, and attributes that run something."""

    def __init__(self, page):
        super().__init__()
        self.active: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.active += [tag] * (tag in ACTIVE)
        self.active += [name for name, value in attrs if name.startswith("on")]
        self.active += [value for _, value in attrs if value and "javascript:" in value.lower()]


def write(out, channels=CHANNELS, classes=CLASSES, dataset=DATASET, about=None):
    return write_output(out, "de", KEYS, NUMBERS[:, : 5 * len(channels)], channels,
                        dataset=dataset, classes=classes, about=about)  # fmt: skip


def test_the_check_finds_what_runs():
    assert Tags("<p><script>x</script><p onclick='y'>").active == ["script", "onclick"]


@pytest.fixture(scope="module")
def bridged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    a, b = write(folder / "<img src=x onerror=y>"), write(folder / "b")
    assert run(["bridge", str(a), str(b), "-o", str(folder / "p.html")]) == 0
    return folder


def test_a_bridge_of_hostile_names_is_text(bridged):
    page = (bridged / "p.html").read_text(encoding="utf-8")
    assert Tags(page).active == []
    assert "&lt;script&gt;alert(1)" in page
    assert "a$b$c" in page  # also in the figures: no formula is made of it


def test_cells_of_a_bridge_begin_no_formula(bridged):
    with (bridged / "p.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    channels = {row[header.index("channel")] for row in rows}
    assert {"'=1+1", "'@SUM(A1)", "'-2+3", "a$b$c"} <= channels
    number = re.compile(r"-?\d+(\.\d+)?(e[-+]\d+)?|")
    for cell in (cell for row in rows for cell in row):
        assert number.fullmatch(cell) or not cell.startswith(BEGIN_FORMULAS), cell


@given(st.lists(st.text(), min_size=1), st.floats())
@example(["\r", "a\rb", "\n"], 1.0)
def test_text_never_begins_a_formula_and_numbers_stay(texts, number):
    frame = pd.DataFrame({"text": texts, "number": number})
    rows = list(csv.reader(io.StringIO(as_csv(frame), newline="")))[1:]
    assert not any(text.lstrip(" ").startswith(BEGIN_FORMULAS) for text, _ in rows)
    assert {cell for _, cell in rows} == {"" if number != number else f"{number:.6g}"}


@settings(max_examples=40, deadline=None)
@given(dataset=TEXT, name=TEXT, reason=TEXT)
def test_a_report_of_any_names_is_text(dataset, name, reason):
    with TemporaryDirectory() as folder:
        out = write(Path(folder), [name], (name, "x", "y"), dataset)
        table = pd.DataFrame({"subject": [name], "session": ["1"], "reason": [reason]})
        (out / "qc").mkdir()
        table.to_parquet(out / "qc/recordings.parquet")
        table.assign(step="extract").to_parquet(out / "failures.parquet")
        assert run(["report", str(out)]) == 0
        assert Tags((out / "report.html").read_text(encoding="utf-8")).active == []
