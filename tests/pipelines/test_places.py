"""URLs, the places where what they name is worked on, and stores that need no further package."""

import json
import subprocess
import sys
import uuid

import fsspec
import pytest

from featpipe.errors import ConfigError, StoreError
from pipelines import places, running
from pipelines.__main__ import run
from pipelines.engine import update
from pipelines.owner import Owner
from pipelines.places import place_of, url_of, with_urls
from pipelines.store import Store, fetch


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FEATPIPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(places, "STORES", (*places.STORES, places.FLEETING))

    def run_here(step, work, out, settings, remembered, before, spoilt, n_fresh=0):
        return (update(step, unit, remembered, out / ".staging", spoilt) for unit in work)

    monkeypatch.setattr(running, "_run", run_here)
    return tmp_path / "cache"


@pytest.fixture(params=["file", "memory"])
def bucket(request, tmp_path):
    return f"file://{tmp_path}/store" if request.param == "file" else f"memory://{uuid.uuid4().hex}"


@pytest.fixture
def there(lab, bucket):
    """A study whose files lie in a store, and what the store holds."""
    fs, root = fsspec.url_to_fs(bucket)
    fs.makedirs(f"{root}/data", exist_ok=True)
    for path in lab.folder.iterdir():
        if path.is_file() and path.name != "study.toml":
            fs.pipe_file(f"{root}/data/{path.name}", path.read_bytes())
            path.unlink()
    text = f'[study]\nname = "lab"\nclasses = ["a", "b"]\nroot = "{bucket}/data"\n'
    (lab.folder / "study.toml").write_text(text)
    return lab, fs, root


def test_tables_go_where_the_url_says_and_are_made_once(there, bucket, monkeypatch, capsys):
    lab, fs, root = there
    out = ["-o", f"{bucket}/out"]
    assert lab.extract(*out) == 0
    assert f"2 made, 0 kept; outputs in {bucket}/out" in capsys.readouterr().out
    listed = json.loads(fs.cat_file(f"{root}/out/manifest.json"))["files"]
    found = {path.partition("/out/")[2] for path in fs.find(f"{root}/out")}
    assert found == {*listed, "manifest.json"}
    assert lab.extract(*out) == 0
    said = capsys.readouterr()
    assert "0 made, 2 kept" in said.out
    assert "fetching" not in said.err
    monkeypatch.setenv("FEATPIPE_CACHE", str(lab.folder / "another"))
    assert lab.extract(*out) == 0
    assert "0 made, 2 kept" in capsys.readouterr().out
    assert run(["verify", f"{bucket}/out"]) == 0


def test_tables_are_those_of_a_local_run(there, bucket, cache):
    lab, fs, root = there
    assert lab.extract("-o", f"{bucket}/out") == 0
    study = lab.folder / "study.toml"
    study.write_text(study.read_text().replace(bucket, str(cache / "sources" / "local")))
    fs.get(f"{root}/data", str(cache / "sources" / "local") + "/", recursive=True)
    for name in ("recordings.csv", "trials.csv"):
        (lab.folder / name).write_bytes(fs.cat_file(f"{root}/data/{name}"))
    assert lab.extract() == 0
    tables = list(lab.out.glob("features/*/*"))
    assert len(tables) == 2
    for path in tables:
        name = path.relative_to(lab.out).as_posix()
        assert fs.cat_file(f"{root}/out/{name}") == path.read_bytes()


def test_a_changed_recording_is_fetched_and_made_again(there, bucket, capsys):
    lab, fs, root = there
    assert lab.extract("-o", f"{bucket}/out") == 0
    content = bytearray(fs.cat_file(f"{root}/data/01.eeg"))
    content[1000:3000] = bytes(2000)
    fs.pipe_file(f"{root}/data/01.eeg", bytes(content))
    capsys.readouterr()
    assert lab.extract("-o", f"{bucket}/out") == 0
    said = capsys.readouterr()
    assert "fetching 1 file, " in said.err
    assert "1 made, 1 kept" in said.out


def test_a_run_elsewhere_keeps_others_out(there, bucket, capsys):
    lab, fs, root = there
    fs.makedirs(f"{root}/out/.cache", exist_ok=True)
    note = Owner(4711, "gpu7", "featpipe extract", "today").note().encode()
    fs.pipe_file(f"{root}/out/.cache/owner.json", note)
    assert lab.extract("-o", f"{bucket}/out") == 4
    assert f"{bucket}/out: process 4711 on gpu7" in capsys.readouterr().err
    assert fs.cat_file(f"{root}/out/.cache/owner.json") == note


def test_an_object_that_changes_while_it_is_copied_is_refused(there, bucket, tmp_path):
    _, fs, root = there
    store = Store(f"{bucket}/data")
    listed = store.objects()["01.eeg"]
    fs.pipe_file(f"{root}/data/01.eeg", b"shorter")
    with pytest.raises(StoreError, match=r"01\.eeg: it changed while it was copied"):
        list(fetch(store, "01.eeg", listed, tmp_path / "copies" / "01.eeg"))
    assert list((tmp_path / "copies").iterdir()) == []


@pytest.mark.parametrize(
    "url", ["s3://bucket/lab", "gs://bucket/a b/c", "file:///data/lab", "memory://x/y"]
)
def test_a_place_leads_back_to_its_url(url):
    for kind in ("sources", "outputs"):
        place = place_of(url, kind)
        assert url_of(place, kind) == url
        assert with_urls(f"{place}/a.cnt: cannot be read") == f"{url}/a.cnt: cannot be read"
    assert place_of(f"{url}/", "outputs") == place_of(url, "outputs")


@pytest.mark.parametrize(
    "url", ["s3://lab/../x", "s3://lab//x", "s3://", "s3:///x", "s3://lab/a\\b", "s3://lab/a\nb"]
)
def test_urls_that_lead_elsewhere_are_refused(url):
    with pytest.raises(ConfigError, match="expected names between single strokes"):
        place_of(url, "sources")


class TestAsUsersHaveIt:
    """Without the store in memory, which is for these tests."""

    @pytest.fixture(autouse=True)
    def lasting(self, monkeypatch):
        monkeypatch.setattr(places, "STORES", ("s3", "gs", "file"))

    @pytest.mark.parametrize(
        ("scheme", "hint"),
        [("s4", "did you mean 's3://'? "), ("gcs", "did you mean 'gs://'? "), ("ftp", ""),
         ("http", ""), ("hdfs", "")],
    )  # fmt: skip
    def test_other_kinds_of_store_are_refused_by_name(self, lab, capsys, scheme, hint):
        assert lab.extract("-o", f"{scheme}://lab/out") == 1
        told = f"unknown kind of store '{scheme}://': {hint}Known: s3://, gs://, file://."
        assert told in capsys.readouterr().err

    def test_what_would_be_lost_is_refused_before_any_work(self, lab, capsys):
        for verb in (
            [*lab_words(lab, "extract"), "-o", "memory://x/out"],
            [*lab_words(lab, "show"), "--set", 'study.root="memory://x"'],
            ["verify", "memory://x"], ["report", "memory://x"],
        ):  # fmt: skip
            assert run(verb) == 1, verb
            said = capsys.readouterr().err
            assert "ends with the program, and everything made would be lost: name a" in said
            assert "s3://, gs://, file://" in said

    @pytest.mark.parametrize(
        ("text", "meant"),
        [("s3:/x/out", "s3://x/out"), ("s3:x/out", "s3://x/out"), ("gs:/x", "gs://x"),
         ("file:/data/out", "file:///data/out"), ("S3:/x", "s3://x")],
    )  # fmt: skip
    def test_a_stroke_that_was_left_out_is_told(self, lab, capsys, text, meant):
        for words in (
            [*lab_words(lab, "extract"), "-o", text], ["verify", text], ["scan", text],
            [*lab_words(lab, "show"), "--set", f'study.root="{text}"'],
        ):  # fmt: skip
            assert run(words) == 1, words
            assert f"{text}: did you mean {meant}?" in capsys.readouterr().err

    @pytest.mark.parametrize("text", ["./s3:/x", "s3", "out/s3:/x", "a:b", "C:/x", "gsx:/a"])
    def test_other_names_with_a_colon_are_paths(self, text):
        places.require_no_slip(text)


def lab_words(lab, verb):
    return [verb, str(lab.folder / "study.toml")]


def test_what_is_local_refuses_a_url(capsys):
    assert run(["scan", "s3://lab/data"]) == 1
    assert "a file or folder of this machine belongs here" in capsys.readouterr().err


def test_a_name_of_a_recording_cannot_leave_the_root(there, bucket, capsys):
    lab, fs, root = there
    fs.pipe_file(f"{root}/data/recordings.csv", b"subject,eeg\n01,../../x.vhdr\n")
    assert lab.extract("-o", f"{bucket}/out") == 1
    assert "'..' leads nowhere in a store" in capsys.readouterr().err


def test_local_work_does_without_what_stores_need():
    """Asked of a process of its own: this one has opened stores."""
    code = "import sys, pipelines.workflow, pipelines.pulling; print('fsspec' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
