"""Tables of BIDS as text: more cells than any such table has are refused before they are cut."""

import pytest

from featpipe.errors import ReadError
from featpipe.readers import tsv_text
from featpipe.readers.tsv_text import read_tsv


def test_a_table_of_samples_is_no_table_of_events(tmp_path, monkeypatch):
    monkeypatch.setattr(tsv_text, "_MAX_CELLS", 20)
    path = tmp_path / "sub-01_events.tsv"
    path.write_text("onset\tduration\n" + "1\tn/a\n" * 9)
    assert read_tsv(path)["duration"].tolist() == [""] * 9
    path.write_text("onset\tduration\n" + "1\tn/a\n" * 10)
    with pytest.raises(ReadError, match="22 cells, expected at most 20"):
        read_tsv(path)


def test_a_file_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(tsv_text, "_MAX_BYTES", 20)
    path = tmp_path / "sub-01_events.tsv"
    path.write_text("onset\tduration\n" + "1\tn/a\n" * 9)
    with pytest.raises(ReadError, match="more than 20 bytes"):
        read_tsv(path)
