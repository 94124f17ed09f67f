"""What a user called by a URL every message calls so, also where the copies lie below here."""

import json

import pytest

from pipelines import running, workflow
from pipelines.__main__ import run
from pipelines.engine import update
from pipelines.journal import Asked, begin
from pipelines.owner import this_process
from pipelines.places import place_of
from pipelines.progress import shown, tell


@pytest.fixture
def url(tmp_path, monkeypatch):
    """A store whose copies lie in a folder below the working folder, named from there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FEATPIPE_CACHE", "fpc")

    def run_here(step, work, out, settings, remembered, before, spoilt, n_fresh=0):
        return (update(step, unit, remembered, out / ".staging", spoilt) for unit in work)

    monkeypatch.setattr(running, "_run", run_here)
    return f"file://{tmp_path}/store/out"


@pytest.fixture
def said(capsys):
    """What was said since it was asked last, none of it the name of a copy."""

    def said():
        captured = capsys.readouterr()
        text = captured.out + captured.err
        assert "fpc" not in text
        return text

    return said


def test_runs_name_the_url(lab, url, said):
    assert lab.extract("-o", url) == 0
    assert f"2 made, 0 kept; outputs in {url}\n" in said()
    assert lab.extract("-o", url, "--set", "features.window_s=2") == 0
    assert f"2 tables of {url} were made with other options" in said()
    (lab.folder / "02.eeg").write_bytes(b"short")
    assert lab.extract("-o", url, "--set", "features.window_s=3") == 3
    assert f"reasons are kept in {url}/failures.parquet" in said()
    assert lab.run("show", "-o", url) == 0
    assert lab.run("show", "-o", url, "--json") == 0
    assert run(["report", url]) == 0
    assert f"{url}/report.html" in said()


def test_verify_names_the_url(lab, url, said):
    assert lab.extract("-o", url) == 0
    assert run(["verify", url]) == 0
    assert f"{url}: 4 files, " in said()
    begin(place_of(url, "outputs"), Asked("extract", {"x": ["features/de/x.parquet"]}, False))
    assert run(["verify", url]) == 3
    text = said()
    assert "cut off   a run of extract was cut off" in text
    assert "missing   1 outputs that were asked for" in text
    assert run(["verify", url, "--json"]) == 3
    assert json.loads(said())["out"] == url


def test_the_message_of_the_lock_names_the_url(lab, url, said, monkeypatch):
    """Another run of this machine has the copy."""
    other = this_process()._replace(pid=1)
    monkeypatch.setattr(workflow, "owned", lambda out: (_ for _ in ()).throw(_busy(out, other)))
    assert lab.extract("-o", url) == 4
    assert f"{url}: {other.text()} is writing into this folder" in said()


def _busy(out, other):
    from pipelines.ownership import _busy

    return _busy(out, other)


def test_bridge_names_the_urls(lab, url, said):
    for out in (url, f"{url}2"):
        assert lab.extract("-o", out) == 0
    said()
    assert run(["bridge", url, f"{url}2", "--json"]) == 0
    about = json.loads(next(line for line in said().splitlines() if line.startswith("{")))
    assert (about["a"], about["b"]) == (url, f"{url}2")


def test_paths_are_shown_as_people_write_them(url, tmp_path):
    assert shown(tmp_path / "out" / "x") == "out/x"
    assert shown(tmp_path.parent) == str(tmp_path.parent)
    assert shown(place_of("s3://lab/out", "outputs") / "a") == "s3://lab/out/a"
    assert shown(place_of("s3://lab/out", "outputs").relative_to(tmp_path)) == "s3://lab/out"


def test_what_is_told_beside_the_work_names_the_url(url, said):
    tell(f"{place_of(url, 'outputs')}/x: gone")
    assert said() == f"{url}/x: gone\n"
