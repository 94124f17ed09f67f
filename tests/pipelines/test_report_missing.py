"""The report tells what the folder of a public data set lacks apart from what failed at work."""

import pytest
from lookalikes.outputs import features, grid, write_output

from featpipe.datasets.layout import Defect
from pipelines.report import write_report
from pipelines.summary import LAYOUT, write_failures
from pipelines.work import Row

MISSING = Defect("7", "2", "7_2.cnt is not here: download it <again>")


def row(step, unit, reason, keys=None):
    return Row(step, unit, keys or {}, "failed", error="ReadError", reason=reason)


@pytest.fixture
def out(tmp_path):
    keys = grid(n_subjects=1, n_trials=2, n_windows=2)
    return write_output(tmp_path, "eye", keys, features(keys, 33))


def sections(out):
    html = write_report(out).read_text(encoding="utf-8")
    return {part.split("</h2>")[0]: part for part in html.split("<h2>")[1:]}


def test_what_is_missing_has_a_section_of_its_own(out):
    write_failures([row("extract", "sub-1_ses-1", "no clock")], "extract", out)
    keys = {"subject": MISSING.subject, "session": MISSING.session}
    write_failures([row(LAYOUT, MISSING.unit, MISSING.what, keys)], LAYOUT, out)
    found = sections(out)
    missing, failed = found["What is not in the folder"], found["Failures"]
    assert "7_2.cnt is not here: download it &lt;again&gt;" in missing
    assert "<td>7</td>" in missing
    assert "no clock" not in missing
    assert "no clock" in failed
    assert "7_2.cnt" not in failed


def test_nothing_missing_has_no_section(out):
    assert "What is not in the folder" not in sections(out)
    write_failures([row("extract", "sub-1_ses-1", "no clock")], "extract", out)
    found = sections(out)
    assert "What is not in the folder" not in found
    assert "no clock" in found["Failures"]
