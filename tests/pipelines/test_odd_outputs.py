"""What is no file where one of OUT belongs: told by name, and the rest goes on; nothing hangs."""

import os
import signal

import pytest

from pipelines.verify import verify

DE = "features/de/sub-01_ses-1.parquet"
STRANGER = "features/de/sub-09_ses-1.parquet"
CACHES = (".cache/digests.json", ".cache/journal.jsonl", ".cache/published.json")
FILES = (DE, STRANGER, "manifest.json", "failures.parquet", "qc/recordings.parquet", *CACHES)

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")


@pytest.fixture(autouse=True)
def _no_hanging():
    """Opening a FIFO waits for ever."""

    def give_up(*_):
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(100)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def put(path, kind):
    """Put what is no file in the place of one."""
    path.unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if kind == "device" else "nowhere")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["fifo", "dangling", "device", "folder"])
def test_verify_names_it_and_looks_at_the_rest(scored, name, kind):
    (scored.out / "features/psd/sub-02_ses-1.parquet").write_bytes(b"")
    put(scored.out / name, kind)
    found = {one.file: one.kind for one in verify(scored.out).found if not one.is_note}
    assert found.pop("features/psd/sub-02_ses-1.parquet") == "damaged"
    if name == "manifest.json":
        assert found.pop(name) == "manifest"
    else:
        is_replaced = kind != "folder" and name not in (STRANGER, *CACHES)
        assert found.pop(name) == ("damaged" if is_replaced else "foreign")
    assert found == {}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["fifo", "dangling"])
def test_the_next_run_puts_a_file_there_and_leaves_strangers(scored, name, kind, monkeypatch):
    monkeypatch.setattr("pipelines.marks.TICK_NS", 0)  # what was copied just now is remembered
    put(scored.out / name, kind)
    code = scored.extract("--set", "features.eeg=de,psd")
    assert code == 0
    left = {one.file for one in verify(scored.out).found if not one.is_note}
    assert left == ({name} if name == STRANGER else set())
    assert not (scored.out / "nowhere").exists()  # links are replaced, not written through


@pytest.mark.parametrize("name", [DE, STRANGER])
def test_a_folder_in_the_place_of_a_table_costs_that_table(scored, name, capsys):
    put(scored.out / name, "folder")
    assert scored.extract("--set", "features.eeg=de,psd") == (4 if name == DE else 0)
    said = f"{scored.out / name}: there is a folder where a file belongs"
    assert (said in capsys.readouterr().err) == (name == DE)
    found = [(one.kind, one.file) for one in verify(scored.out).found if not one.is_note]
    assert ("foreign", name) in found


def test_show_and_a_second_look_do_not_wait_either(scored, capsys):
    for name in (STRANGER, *CACHES):
        put(scored.out / name, "fifo")
    found = scored.outputs(capsys, "show", "--set", "features.eeg=de,psd")
    assert found[DE] == ("fresh", "")
