"""Records and headers that others wrote name files; none of these names leads out of its folder."""

import hashlib
import json

import pytest

from pipelines.__main__ import run
from pipelines.inner_names import leads_out
from pipelines.journal import note, read_journal
from pipelines.manifest import _checksum, _spell, read_manifest
from pipelines.places import place_of
from pipelines.published import update_manifest
from pipelines.sending import load_sent
from pipelines.verify import verify

pytestmark = pytest.mark.usefixtures("in_this_process")

DE = "features/de/sub-01_ses-1.parquet"
EVIL = [
    "../escaped", "features/../../escaped", "/tmp/escaped", "//tmp/escaped", "C:escaped",
    "C:\\escaped", "..\\escaped", "features/./x", "features//x", "", ".", "..", "a\0b",
    ".cache/journal.jsonl", ".Cache/sent.json", ".staging/x", "x" * 256,
]  # fmt: skip
CONTENT = b"from a stranger\n"
ABOUT = {"rows": 0, "bytes": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}


@pytest.fixture
def store(lab, tmp_path, monkeypatch):
    """Outputs of the study in a folder that is a store, and the URL of it."""
    monkeypatch.setenv("FEATPIPE_CACHE", str(tmp_path / "cache"))
    url = f"file://{tmp_path}/store/out"
    assert lab.extract("-o", url) == 0
    return tmp_path / "store" / "out", url


def rewrite(manifest, change):
    content = json.loads(manifest.read_text())
    content.pop("checksum")
    change(content)
    manifest.write_text(_spell(content | {"checksum": _checksum(content)}))


@pytest.mark.parametrize("name", EVIL, ids=range(len(EVIL)))
def test_a_manifest_names_nothing_outside_and_the_rest_counts(scored, name):
    assert leads_out(name)
    before = read_manifest(scored.out).files

    def change(content):
        content["files"][name] = ABOUT
        content["expected"]["extract"]["sub-01_ses-1"].append(name)

    rewrite(scored.out / "manifest.json", change)
    found = read_manifest(scored.out)
    assert found.files == before
    assert found.strays == (name,)
    assert name not in found.expected["extract"]["sub-01_ses-1"]
    [one] = verify(scored.out).found
    assert (one.kind, one.file) == ("manifest", "manifest.json")
    assert f"it names {name!r}, which leads out of the folder" in one.reason


def test_names_of_tables_are_inside(scored):
    names = read_manifest(scored.out).files
    assert {DE, "report.html", "failures.parquet"} <= {*names}
    assert not any(map(leads_out, names))


@pytest.mark.parametrize("files", [{DE: {**ABOUT, "bytes": "9"}}, {DE: 1}, [DE]], ids=range(3))
def test_a_manifest_of_another_shape_is_one_that_cannot_be_read(scored, files):
    rewrite(scored.out / "manifest.json", lambda content: content.update(files=files))
    assert "it cannot be read" in read_manifest(scored.out).defect
    assert {one.kind for one in verify(scored.out).found} >= {"manifest"}


@pytest.mark.parametrize("name", EVIL, ids=range(len(EVIL)))
def test_a_journal_names_nothing_outside(scored, name):
    line = {"name": name, "file": [0, 1, "x"], "marks": [1, 1, 1]}
    asked = {"asked": ["extract", {"sub-01_ses-1": [name, DE]}, True]}
    journal = scored.out / ".cache" / "journal.jsonl"
    journal.write_text("\n".join(map(json.dumps, (line, asked))))
    found = read_journal(scored.out)
    assert found.files == {}
    assert found.strays == (name,)
    assert found.asked[0].units == {"sub-01_ses-1": [DE]}
    assert ("manifest", ".cache/journal.jsonl") in {
        (one.kind, one.file) for one in verify(scored.out).found
    }


def test_what_is_written_beside_the_folder_is_not_listed(scored, tmp_path):
    """As a page whose name goes through the folder and out again."""
    page = tmp_path / "page.html"
    page.write_bytes(CONTENT)
    through = scored.out / ".." / page.name
    note(scored.out, {str(through): read_manifest(scored.out).files[DE]})
    assert read_journal(scored.out).files == {}


def test_nothing_is_fetched_to_a_place_outside(store, lab, tmp_path, monkeypatch, capsys):
    there, url = store
    name = "../../escaped"
    (there / name).resolve().write_bytes(CONTENT)
    rewrite(there / "manifest.json", lambda content: content["files"].update({name: ABOUT}))
    with monkeypatch.context() as patch:  # another machine, where the name leads out of the copy
        patch.setenv("FEATPIPE_CACHE", str(tmp_path / "other"))
        place = place_of(url, "outputs")
        outside = (place / name).resolve()
        assert run(["verify", url]) == 3
        said = capsys.readouterr()
        assert f"{url}/manifest.json: it names '{name}', which leads out" in said.err
        assert "manifest" in said.out
        assert not outside.exists()
        assert (place / DE).exists()  # the rest is there
        assert lab.extract("-o", url) == 0  # which writes a manifest without the name
        assert run(["verify", url]) == 0
    assert (there / name).resolve().read_bytes() == CONTENT


def test_what_was_sent_is_remembered_inside_only(store):
    place = place_of(store[1], "outputs")
    victim = place.parent / "victim"
    victim.write_bytes(CONTENT)
    memory = place / ".cache" / "sent.json"
    sent = json.loads(memory.read_text())
    memory.write_text(json.dumps(sent | {"../victim": sent[DE]}))
    assert "../victim" not in load_sent(place)
    assert run(["verify", store[1]]) == 0  # it is not in the store, and would be removed here
    assert victim.exists()


def test_a_header_in_a_store_removes_nothing_outside(lab, tmp_path, monkeypatch):
    """Copies of what a store lacks are removed, and a header may say that it lacks anything."""
    monkeypatch.setenv("FEATPIPE_CACHE", str(tmp_path / "cache"))
    data = tmp_path / "store" / "data"
    data.mkdir(parents=True)
    for path in (*lab.folder.glob("0*"), *lab.folder.glob("*.csv")):
        path.rename(data / path.name)
    url = f"file://{data}"
    study = lab.folder / "study.toml"
    study.write_text(f'[study]\nname = "lab"\nclasses = ["a", "b"]\nroot = "{url}"\n')
    victim = place_of(url, "sources").parent / "victim"
    victim.parent.mkdir(parents=True)
    victim.write_bytes(CONTENT)
    header = data / "02.vhdr"
    header.write_text(header.read_text().replace("DataFile=02.eeg", "DataFile=../victim"))
    assert "DataFile=../victim" in header.read_text()
    assert lab.extract("--only", "subject=02") == 3
    assert victim.read_bytes() == CONTENT


def test_a_manifest_with_strays_is_written_without_them(scored):
    rewrite(scored.out / "manifest.json", lambda content: content["files"].update({"/x": ABOUT}))
    update_manifest(scored.out)
    assert verify(scored.out).found == []
