"""Recordings and outputs in a store of objects, on a server that really speaks S3."""

import json
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
import requests
from lookalikes.object_store import lead_to, object_store

from pipelines import running
from pipelines.__main__ import run
from pipelines.engine import update
from pipelines.owner import Owner, this_process
from pipelines.places import place_of
from pipelines.sending import load_sent
from pipelines.store import Store

DATA, OUT = "s3://lab/data", "s3://lab/out"
KILLED = """
import os, signal, sys
from pipelines import running
from pipelines.__main__ import run
from pipelines.engine import update
from pipelines.store import Store

def run_here(step, work, out, settings, remembered, before, spoilt, n_fresh=0):
    return (update(step, unit, remembered, out / ".staging", spoilt) for unit in work)

def killed(store, content, name):
    found = None if (when, which) == ("before", name) else put(store, content, name)
    if name == which:
        os.kill(os.getpid(), signal.SIGKILL)
    return found

when, which = sys.argv[1:3]
running._run = run_here
put, Store.put = Store.put, killed
sys.exit(run(sys.argv[3:]))
"""
"""featpipe that is killed before or after it has sent what is named."""

TABLES = ["features/de/sub-01_ses-1.parquet", "features/de/sub-02_ses-1.parquet"]


@pytest.fixture(scope="module")
def endpoint():
    with object_store() as address:
        yield address


@pytest.fixture
def s3(endpoint, tmp_path, monkeypatch):
    """An empty bucket `lab`, and a machine that has fetched nothing yet."""
    import s3fs

    lead_to(monkeypatch, endpoint)
    monkeypatch.setenv("FEATPIPE_CACHE", str(tmp_path / "cache"))
    fs = s3fs.S3FileSystem(skip_instance_cache=True, use_listings_cache=False)
    if fs.exists("lab"):
        fs.rm("lab", recursive=True)
    fs.mkdir("lab")
    return fs


class Elsewhere:
    """The study of two recordings with its files in the bucket."""

    def __init__(self, lab, fs):
        self.lab, self.fs = lab, fs
        self.root_is(DATA)
        for path in lab.folder.iterdir():
            if path.is_file() and path.name != "study.toml":
                fs.pipe_file(f"lab/data/{path.name}", path.read_bytes())
                path.unlink()

    def root_is(self, url):
        study = self.lab.folder / "study.toml"
        study.write_text(f'[study]\nname = "lab"\nclasses = ["a", "b"]\nroot = "{url}"\n')

    def extract(self, *options):
        return self.lab.extract("-o", OUT, *options)

    def replace(self, name, content):
        self.fs.pipe_file(f"lab/data/{name}", content)


@pytest.fixture
def local(lab):
    """Tables of the same study made on a local disk."""
    assert lab.extract() == 0
    return {p.relative_to(lab.out).as_posix(): p.read_bytes() for p in lab.out.glob("features/*/*")}


@pytest.fixture
def elsewhere(local, lab, s3):
    return Elsewhere(lab, s3)


@pytest.fixture(autouse=True)
def in_this_process(request, monkeypatch):
    """Starting workers would take most of the time; one test has them."""

    def run_here(step, work, out, settings, remembered, before, spoilt, n_fresh=0):
        staging = out / ".staging"
        return (update(step, unit, remembered, staging, spoilt) for unit in work)

    if not request.node.name.startswith("test_from_a_bucket"):
        monkeypatch.setattr(running, "_run", run_here)


def another_machine(monkeypatch, tmp_path, name="other"):
    monkeypatch.setenv("FEATPIPE_CACHE", str(tmp_path / name))


def objects(fs, below="lab/out"):
    found = {path: fs.cat_file(path) for path in fs.find(below)}
    return {path.removeprefix(f"{below}/"): content for path, content in found.items()}


def test_from_a_bucket_to_a_bucket_the_tables_are_those_of_a_local_run(elsewhere, local, s3):
    assert elsewhere.extract() == 0
    there = objects(s3)
    assert {name: there[name] for name in local} == local
    listed = json.loads(there["manifest.json"])["files"]
    assert set(there) == {*listed, "manifest.json"}  # nothing half done, no owner, no memory


def test_a_second_run_makes_nothing_and_fetches_nothing(elsewhere, s3, capsys):
    assert elsewhere.extract() == 0
    assert f"fetching 4 files, 0.1 MB, of {DATA}" in capsys.readouterr().err
    before = {path: about["LastModified"] for path, about in s3.find("lab", detail=True).items()}
    assert elsewhere.extract() == 0
    said = capsys.readouterr()
    assert f"0 made, 2 kept; outputs in {OUT}" in said.out
    assert "fetching" not in said.err
    assert {p: a["LastModified"] for p, a in s3.find("lab", detail=True).items()} == before


def test_another_machine_goes_on_from_what_the_bucket_has(elsewhere, monkeypatch, tmp_path, capsys):
    assert elsewhere.extract() == 0
    another_machine(monkeypatch, tmp_path)
    capsys.readouterr()
    assert elsewhere.extract() == 0
    assert "0 made, 2 kept" in capsys.readouterr().out


def test_a_changed_object_is_fetched_again_and_its_table_made_again(elsewhere, s3, capsys):
    assert elsewhere.extract() == 0
    before = objects(s3)
    changed = bytearray(s3.cat_file("lab/data/01.eeg"))
    changed[1000:3000] = bytes(2000)
    elsewhere.replace("01.eeg", bytes(changed))
    capsys.readouterr()
    assert elsewhere.extract() == 0
    said = capsys.readouterr()
    assert "fetching 1 file, " in said.err
    assert "1 made, 1 kept" in said.out
    after = objects(s3)
    assert [after[name] != before[name] for name in TABLES] == [True, False]
    assert run(["verify", OUT]) == 0


def test_only_fetches_what_it_names(elsewhere, tmp_path):
    assert elsewhere.extract("--only", "subject=02") == 0
    copies = sorted(p.name for p in (tmp_path / "cache/sources/s3/lab/data").glob("0*"))
    assert copies == ["02.eeg", "02.vhdr"]


def test_a_dry_run_and_show_fetch_no_recording(elsewhere, tmp_path, capsys):
    for verb, options in (("show", ()), ("extract", ("--dry-run",))):
        assert elsewhere.lab.run(verb, "-o", OUT, *options) == 0
        said = capsys.readouterr()
        assert "are not on this machine; a run fetches them" in said.err
        assert str(tmp_path / "cache") not in said.out + said.err
    assert not list((tmp_path / "cache/sources/s3/lab/data").glob("*.eeg"))


def test_a_missing_object_costs_its_recording_alone(elsewhere, s3, capsys):
    s3.rm_file("lab/data/02.vhdr")
    assert elsewhere.extract() == 3
    err = capsys.readouterr().err
    assert f"not there: {DATA}/02.vhdr; put it there" in err
    assert f"failed: sub-02_ses-1: {DATA}/02.vhdr" in err
    assert TABLES[0] in objects(s3)


def test_an_object_that_vanishes_later_is_missed(elsewhere, s3):
    assert elsewhere.extract() == 0
    s3.rm_file("lab/data/02.eeg")
    assert elsewhere.extract() == 3


@pytest.mark.parametrize("place", ["root", "out"])
def test_a_missing_bucket_is_named(elsewhere, place, capsys):
    if place == "root":
        elsewhere.root_is("s3://nobodys/data")
        code = elsewhere.extract()
    else:
        code = elsewhere.lab.extract("-o", "s3://nobodys/out")
    assert code == 4
    err = capsys.readouterr().err
    assert "there is no bucket nobodys: correct its name, or create it" in err
    assert "Traceback" not in err


def test_a_server_that_does_not_answer_is_named(elsewhere, monkeypatch, capsys):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert elsewhere.extract() == 4
    err = capsys.readouterr().err
    assert f"{DATA}: the store did not do what it was asked (" in err
    assert "run the same command again" in err


def test_wrong_credentials_are_said_to_be_wrong(elsewhere, s3, endpoint, capsys):
    def checks_after(n):
        requests.post(f"{endpoint}/moto-api/reset-auth", data=n, timeout=60).raise_for_status()

    checks_after("0")
    try:
        assert elsewhere.extract() == 4
    finally:
        checks_after("Infinity")
    err = capsys.readouterr().err
    assert f"{DATA}: the store lets nobody in with these credentials" in err
    assert "not-to-be-printed" not in err


def test_without_credentials_it_is_said_where_they_belong(elsewhere, monkeypatch, capsys):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert elsewhere.extract() == 4
    assert "lets nobody in with these credentials" in capsys.readouterr().err


def test_secrets_are_in_no_file_and_no_message(elsewhere, s3, tmp_path, capsys):
    assert elsewhere.extract() == 0
    said = capsys.readouterr()
    files = [p.read_bytes() for p in (tmp_path / "cache").rglob("*") if p.is_file()]
    for content in [*files, *objects(s3).values(), (said.out + said.err).encode()]:
        assert b"not-to-be-printed" not in content


def test_a_run_that_could_not_send_goes_on_with_what_it_made(
    elsewhere, local, s3, endpoint, monkeypatch, capsys
):
    """The store takes one table, then nothing: as a network that goes down."""
    put, taken = Store.put, []

    def goes_down(store, content, name):
        taken.append(name)
        if len(taken) > 1:
            monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            return put(Store(store.url), content, name)
        return put(store, content, name)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "put", goes_down)
        assert elsewhere.extract() == 4
        assert "not sent yet: " in capsys.readouterr().err
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    assert "manifest.json" not in objects(s3)
    assert len(objects(s3)) < len(local) + 2
    assert elsewhere.extract() == 0
    assert "0 made, 2 kept" in capsys.readouterr().out
    assert {name: objects(s3)[name] for name in local} == local


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", [TABLES[0], "failures.parquet", "manifest.json"])
def test_a_run_that_is_killed_while_it_sends_is_gone_on_with(elsewhere, local, s3, name, when):
    study = elsewhere.lab.folder / "study.toml"
    command = [sys.executable, "-c", KILLED, when, name, "extract", study, "-o", OUT]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    there = objects(s3)
    assert ("manifest.json" in there) == ((name, when) == ("manifest.json", "after"))
    assert {n: c for n, c in there.items() if n in local}.items() <= local.items()
    assert elsewhere.extract() == 0
    there = objects(s3)
    assert {n: there[n] for n in local} == local
    assert ".cache/owner.json" not in there
    assert run(["verify", OUT]) == 0


def test_the_manifest_comes_last(elsewhere, monkeypatch):
    names, put = [], Store.put
    monkeypatch.setattr(Store, "put", lambda s, c, name: names.append(name) or put(s, c, name))
    assert elsewhere.extract() == 0
    assert names[-1] == "manifest.json"
    assert names.count("manifest.json") == 1
    assert {*TABLES} <= {*names}


def test_pandas_and_polars_read_what_the_manifest_lists(elsewhere, local, s3, lab):
    assert elsewhere.extract() == 0
    listed = json.loads(s3.cat_file("lab/out/manifest.json"))["files"]
    for name in TABLES:
        expected = pd.read_parquet(lab.out / name)
        with s3.open(f"lab/out/{name}") as stream:
            pd.testing.assert_frame_equal(pd.read_parquet(stream), expected)
        found = pl.read_parquet(s3.cat_file(f"lab/out/{name}"))
        assert found.height == listed[name]["rows"]
        assert found["de_alpha_FP1"].sum() == pytest.approx(expected["de_alpha_FP1"].sum())


def test_verify_tells_of_an_object_that_changed_or_is_gone(elsewhere, s3, capsys):
    assert elsewhere.extract() == 0
    whole = s3.cat_file(f"lab/out/{TABLES[0]}")
    s3.pipe_file(f"lab/out/{TABLES[0]}", whole[:-60] + bytes([whole[-60] ^ 1]) + whole[-59:])
    s3.rm_file(f"lab/out/{TABLES[1]}")
    capsys.readouterr()
    assert run(["verify", OUT]) == 3
    text = capsys.readouterr().out
    kinds = {name: line for name in TABLES for line in text.splitlines() if name in line}
    assert "damaged" in kinds[TABLES[0]]
    assert "missing" in kinds[TABLES[1]]
    assert elsewhere.extract() == 0  # both are made again
    assert objects(s3)[TABLES[0]] == whole
    assert run(["verify", OUT]) == 0


def test_what_a_study_drops_leaves_the_tables_and_is_kept(elsewhere, s3):
    assert elsewhere.extract() == 0
    lists = s3.cat_file("lab/data/recordings.csv").decode().splitlines()
    elsewhere.replace("recordings.csv", "\n".join(lists[:2]).encode())
    assert elsewhere.extract() == 0
    there = objects(s3)
    assert TABLES[1] not in there
    assert f"outdated/{TABLES[1]}" in there


def test_training_and_report_work_on_a_bucket(elsewhere, s3, monkeypatch, tmp_path, lab):
    other = 20 * np.random.default_rng(1).standard_normal((2, 6000))
    lab.record("02", x=other)
    for path in lab.folder.glob("02.*"):
        elsewhere.replace(path.name, path.read_bytes())
    assert elsewhere.extract() == 0
    another_machine(monkeypatch, tmp_path)
    options = ["--method", "svm_eeg", "--seeds", "0", "--workers", "1"]
    assert lab.run("train", "-o", OUT, *options) == 0
    assert run(["report", OUT]) == 0
    there = objects(s3)
    assert {"scores.parquet", "report.html", "manifest.json"} <= there.keys()
    assert any(name.startswith("predictions/svm_eeg") for name in there)
    another_machine(monkeypatch, tmp_path, "third")
    assert run(["verify", OUT]) == 0


def test_a_run_elsewhere_keeps_others_out(elsewhere, s3, capsys):
    owner = Owner(4711, "gpu7", "featpipe extract study.toml", "2026-11-29 12:00:00+00:00")
    s3.pipe_file("lab/out/.cache/owner.json", owner.note().encode())
    assert elsewhere.extract() == 4
    err = capsys.readouterr().err
    assert f"{OUT}: process 4711 on gpu7 since" in err
    assert f"if it was killed, delete {OUT}/.cache/owner.json" in err
    assert set(objects(s3)) == {".cache/owner.json"}


def test_a_killed_owner_of_this_machine_is_in_nobodys_way(elsewhere, s3):
    dead = this_process()._replace(pid=2**22 + 1)  # above what Linux hands out
    s3.pipe_file("lab/out/.cache/owner.json", dead.note().encode())
    assert elsewhere.extract() == 0
    assert ".cache/owner.json" not in objects(s3)


def test_what_another_machine_wrote_since_is_taken_over(
    elsewhere, s3, monkeypatch, tmp_path, capsys
):
    assert elsewhere.extract() == 0
    another_machine(monkeypatch, tmp_path)
    assert elsewhere.extract("--set", "features.window_s=2") == 0
    there = objects(s3)
    another_machine(monkeypatch, tmp_path, "cache")
    capsys.readouterr()
    assert elsewhere.extract("--set", "features.window_s=2") == 0
    assert "0 made, 2 kept" in capsys.readouterr().out
    assert objects(s3) == there


def test_the_memory_of_what_was_sent_is_that_of_the_bucket(elsewhere, s3):
    assert elsewhere.extract() == 0
    sent = load_sent(place_of(OUT, "outputs"))
    found = Store(OUT).objects()
    assert {name: of.found for name, of in sent.items()} == found
