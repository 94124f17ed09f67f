"""data/README.md knows every public data set, and says of it what the facts say.

`python tests/test_data_readme.py` (with the repository on the path) writes the two blocks anew.
"""

from pathlib import Path

import pytest

from featpipe.datasets.facts import NAMES, facts_of
from featpipe.datasets.table import LAYOUTS

README = Path(__file__).parents[1] / "data" / "README.md"
BLOCKS = {
    "access": lambda known: [
        f"| [{known.title}]({known.url}) | {known.licence} | {known.citation} |",
    ],
    "defects": lambda known: [
        f"| {known.title} | `{defect.files}` | {defect.what} | {defect.remedy} |"
        for defect in known.defects
    ],
}
HEADS = {
    "access": ("data set, page to apply at", "terms, in a sentence", "to cite"),
    "defects": ("data set", "files", "what is wrong", "what is done about it"),
}


def block(name):
    rows = [row for one in NAMES for row in BLOCKS[name](facts_of(one))]
    head = f"| {' | '.join(HEADS[name])} |"
    return "\n".join([head, "|---" * len(HEADS[name]) + "|", *rows])


def parts(text, name):
    return text.split(f"<!-- {name} -->\n")[0], text.split(f"<!-- /{name} -->")[1]


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_say_what_the_facts_say(name):
    text = README.read_text(encoding="utf-8")
    shown = text.split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0]
    assert shown.strip() == block(name), "run python tests/test_data_readme.py"


@pytest.mark.parametrize("name", NAMES)
def test_every_data_set_has_a_row_with_its_layout(name):
    known, table = facts_of(name), README.read_text(encoding="utf-8").split("```")[0]
    (row,) = [line for line in table.splitlines() if line.startswith(f"| {known.title} |")]
    assert f"| `{name}` |" in row
    assert f"{len(known.subjects)} " in row
    assert bool(known.eye_subjects) == ("no eyes" not in row)


def test_every_layout_has_a_row():
    table = README.read_text(encoding="utf-8").split("```")[0]
    assert {name for name in LAYOUTS if f"| `{name}` |" not in table} == set()


if __name__ == "__main__":
    content = README.read_text(encoding="utf-8")
    for one in BLOCKS:
        before, after = parts(content, one)
        content = f"{before}<!-- {one} -->\n{block(one)}\n<!-- /{one} -->{after}"
    README.write_text(content, encoding="utf-8")
