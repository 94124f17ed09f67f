"""The table that people look at."""

import re

import pytest

from pipelines.__main__ import run


@pytest.mark.usefixtures("in_this_process")
def test_one_subject_has_no_spread(study, capsys):
    words = ["--only", "subject=1", "--set", "train.protocol=within", "--seeds", "0"]
    assert run(["train", str(study / "study.toml"), "--method", "svm", *words]) == 0
    text = capsys.readouterr().out
    assert "1 test subject," in text
    assert "nan" not in text
    assert re.search(r"svm +eye +eye +1 +0\.\d{3} +0\.\d{3} ", text)
    assert run(["report", str(study / "out")]) == 0
    assert "± nan" not in (study / "out" / "report.html").read_text(encoding="utf-8")
