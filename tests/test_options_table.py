"""The table of options in featpipe/README.md is that of the code."""

import json
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from pipelines.study import SECTIONS

README = Path(__file__).parents[1] / "featpipe/README.md"
LISTED = ("eeg", "eye", "clock", "features", "train")
UNITS = {"_s": "s", "_ms": "ms", "_ppm": "ppm", "freq": "Hz"}


def rows():
    text = README.read_text(encoding="utf-8").partition("\n## Options\n")[2]
    lines = [line for line in text.splitlines() if line.startswith("| `[")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def as_toml(option):
    """Spell a default as a study file would."""
    made = option.default_factory
    value = option.default if made is MISSING else made()
    if value is None:
        return "-"
    return f"`{json.dumps(list(value) if isinstance(value, tuple) else value)}`"


def test_every_option_stands_there_with_its_default():
    expected = [
        [f"`[{section}] {option.name}`", as_toml(option)]
        for section in LISTED
        for option in fields(SECTIONS[section])
    ]
    assert [row[:2] for row in rows()] == expected


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_every_option_has_a_meaning_and_the_unit_in_its_name(row):
    name, _, unit, meaning = row
    assert meaning
    for end, expected in UNITS.items():
        if name.strip("`").endswith(end):
            assert unit == expected
