"""How far a copy is, is told every few seconds, however slow the line."""

from types import SimpleNamespace

import pytest

from pipelines import file_progress, pulling, store
from pipelines.store import Store

N_BYTES = 40_000_000


class Line:
    """A line of so many bytes a second, by a clock of its own."""

    def __init__(self, rate):
        self.rate, self.now, self.sizes = rate, 0.0, []

    def open(self, fs, *_, **__):
        left = [N_BYTES]

        def read(size):
            n = min(size, left[0])
            left[0] -= n
            self.now += 0.02 + n / self.rate
            self.sizes.append(n)
            return bytes(n)

        return SimpleNamespace(read=read, close=lambda: None)


@pytest.fixture
def line(request, monkeypatch, tmp_path):
    line = Line(request.param)
    clock = SimpleNamespace(monotonic=lambda: line.now, time=lambda: line.now)
    monkeypatch.setattr(store, "time", clock)
    monkeypatch.setattr(file_progress, "time", clock)
    monkeypatch.setenv("FEATPIPE_CACHE", str(tmp_path / "cache"))
    return line


@pytest.mark.parametrize("line", [2e5, 1e6, 2e7], indirect=True, ids=["slow", "usual", "fast"])
def test_progress_comes_every_few_seconds(line, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / "a").write_bytes(bytes(N_BYTES))
    there = Store(f"file://{folder}")
    monkeypatch.setattr(type(there.fs), "open", line.open)
    objects = there.objects()
    pulling._bring(there, objects, tmp_path / "out", {})
    assert (tmp_path / "out" / "a").stat().st_size == N_BYTES
    err = capsys.readouterr().err
    assert f"fetching 1 outputs, 40.0 MB, of {there.url}" in err
    told = [text for text in err.splitlines() if text.startswith("fetch ")]
    seconds = N_BYTES / line.rate
    assert seconds / 8 - 1 <= len(told) <= seconds / 5 + 1  # a line each 5 to 8 s
    if seconds > 10:
        assert told[0].split("/")[0] != "fetch 0"
        assert told[0].endswith(" s left")


@pytest.mark.parametrize("line", [1e8], indirect=True, ids=["fast"])
def test_few_requests_where_the_line_is_fast(line, tmp_path, monkeypatch):
    there = Store(f"file://{tmp_path}")
    monkeypatch.setattr(type(there.fs), "open", line.open)
    assert sum(map(len, there.read("a"))) == N_BYTES
    assert max(line.sizes) == store._BLOCK
    assert len(line.sizes) < 12
