"""Every column of the quality table has its meaning, in the README and in the report."""

import re
from html import escape
from pathlib import Path

import pandas as pd

from pipelines.quality import QUALITY, RELEASED_QUALITY

README = Path(__file__).parents[2] / "pipelines/README.md"


def test_the_columns_are_those_that_are_explained(finished_study):
    frame = pd.read_parquet(finished_study / "out/qc/recordings.parquet")
    assert list(frame) == list(QUALITY)


def test_the_readme_says_of_each_what_the_code_says():
    text = README.read_text(encoding="utf-8").partition("\n## Data quality\n")[2]
    assert dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE)) == QUALITY


def test_the_readme_explains_the_columns_of_released_features():
    text = README.read_text(encoding="utf-8").partition("\n## Data quality\n")[0]
    text = text.partition("\n## Features that a data set ships\n")[2]
    found = dict(
        re.findall(
            r"^\| `(eye_\w+|column_order|bands|standardised)` \| (.*) \|$", text, re.MULTILINE
        )
    )
    assert found == RELEASED_QUALITY


def test_the_report_explains_its_columns_and_shows_milliseconds(finished_study):
    html = (finished_study / "out/report.html").read_text(encoding="utf-8")
    for name, meaning in QUALITY.items():
        assert f'<th title="{escape(meaning)}">{name}</th>' in html
    frame = pd.read_parquet(finished_study / "out/qc/recordings.parquet")
    for offset in frame["clock_offset_s"]:
        assert f"<td>{offset:.3f}</td>" in html
