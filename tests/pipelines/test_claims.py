"""A store is taken from a dead run only, and a run that was replaced sends and deletes nothing."""

import os
import socket
import time

import pytest

from featpipe.errors import OutputError, StoreError
from pipelines import claims, owner, ownership, running
from pipelines.claims import OWNER, claimed, require_ours
from pipelines.engine import update
from pipelines.owner import Owner, is_alive, owner_in, this_process
from pipelines.places import place_of
from pipelines.sending import MANIFEST
from pipelines.store import Store

DEAD = 2**22 + 1
"""Above what Linux hands out."""

ELSEWHERE = "another-boot pid:[4026532999]"


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A folder that is a store, empty."""
    monkeypatch.setenv("FEATPIPE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "store"


@pytest.fixture
def store(there):
    return Store(f"file://{there}")


def noted(there, note):
    path = there / OWNER
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(note.note())
    return path


def written_before(path, seconds):
    at = time.time() - seconds
    os.utime(path, (at, at))


def test_a_number_is_evidence_within_its_namespace_only(monkeypatch):
    me = this_process()
    assert is_alive(me)
    assert not is_alive(me._replace(pid=DEAD))
    assert is_alive(me._replace(pid=DEAD, space=ELSEWHERE))  # the host name is the same
    assert is_alive(me._replace(pid=DEAD, space="", host="another"))
    assert not is_alive(me._replace(pid=DEAD, space=""))  # noted where there are no namespaces
    if me.space:
        assert not is_alive(me._replace(pid=DEAD, host="renamed"))
    monkeypatch.setattr(owner, "_space", lambda: "")  # elsewhere than Linux
    assert not is_alive(this_process()._replace(pid=DEAD))


def test_notes_of_earlier_versions_are_read():
    old = b'{"pid": 1, "host": "h", "command": "c", "since": "s"}\n'
    assert owner_in(old) == Owner(1, "h", "c", "s", "", "")


def test_a_container_with_this_host_name_keeps_its_store(there, store):
    other = this_process()._replace(pid=DEAD, space=ELSEWHERE)
    path = noted(there, other)
    with pytest.raises(StoreError, match=r"is writing there.*silent for 10 minutes"):
        claimed(store, this_process()).__enter__()
    assert owner_in(path.read_bytes()) == other
    assert list(path.parent.iterdir()) == [path]  # and nothing was left behind


@pytest.mark.parametrize(
    ("silent_s", "is_taken"), [(claims.SILENT_S - 60, False), (claims.SILENT_S + 60, True)]
)
def test_a_silent_owner_is_replaced_and_that_is_said(there, store, silent_s, is_taken, capsys):
    path = noted(there, this_process()._replace(space=ELSEWHERE, host="gpu7"))
    written_before(path, silent_s)
    if not is_taken:
        with pytest.raises(StoreError, match="gpu7"):
            claimed(store, this_process()).__enter__()
        return
    me = this_process()
    with claimed(store, me):
        assert owner_in(path.read_bytes()) == me
    assert "on gpu7 since" in (said := capsys.readouterr().err)
    assert "which gave no sign of life for 11 minutes" in said
    assert not path.exists()


def test_the_clock_of_this_machine_does_not_matter(there, store, monkeypatch):
    noted(there, this_process()._replace(space=ELSEWHERE))
    monkeypatch.setattr(time, "time", lambda: 4e9)
    with pytest.raises(StoreError, match="is writing there"):
        claimed(store, this_process()).__enter__()


def test_an_owner_of_a_version_that_gave_no_signs_is_left_alone(there, store):
    path = noted(there, Owner(1, "gpu7", "featpipe", "2026"))
    written_before(path, 1e6)
    with pytest.raises(StoreError, match=r"delete .*owner\.json$"):
        claimed(store, this_process()).__enter__()


def test_a_living_owner_gives_signs(there, store, monkeypatch):
    monkeypatch.setattr(claims, "BEAT_S", 0.05)
    with claimed(store, this_process()):
        path = there / OWNER
        written_before(path, 1e6)
        end = time.monotonic() + 30
        while path.stat().st_mtime < time.time() - 1e5:
            assert time.monotonic() < end
            time.sleep(0.02)


def test_a_replaced_run_learns_it_and_leaves_the_note_of_the_other(there, store):
    other = this_process()._replace(host="gpu7")
    with claimed(store, this_process()):
        path = noted(there, other)
        require_ours(store)  # it has looked just now
        with pytest.raises(StoreError, match=r"gpu7 since .* has taken over"):
            require_ours(store, 0)
    assert owner_in(path.read_bytes()) == other
    require_ours(store, 0)  # of a store that is nobody's here nothing is asked


def test_a_note_that_was_deleted_is_a_store_that_was_lost(there, store):
    with claimed(store, this_process()):
        (there / OWNER).unlink()
        with pytest.raises(StoreError, match="its note was removed"):
            require_ours(store, 0)
    assert not (there / OWNER).exists()


def test_a_replaced_run_sends_no_manifest(lab, there, monkeypatch, capsys):
    """It slept, another machine took over; what it made stays where it is."""
    other = this_process()._replace(host="gpu7")
    url = f"file://{there}"

    def run_here(step, work, out, settings, remembered, before, spoilt, n_fresh=0):
        for unit in work:
            yield update(step, unit, remembered, out / ".staging", spoilt)
        noted(there, other)

    monkeypatch.setattr(running, "_run", run_here)
    assert lab.extract("-o", url) == 4
    said = capsys.readouterr().err
    assert f"{url}: this run has it no more, {other.text()} has taken over" in said
    assert not (there / MANIFEST).exists()
    assert owner_in((there / OWNER).read_bytes()) == other
    assert (place_of(url, "outputs") / MANIFEST).exists()


def test_without_locks_a_note_of_another_container_is_obeyed(tmp_path):
    other = this_process()._replace(pid=DEAD, space=ELSEWHERE)
    (tmp_path / ".cache").mkdir()
    note = tmp_path / ".cache" / "owner.json"
    note.write_text(other.note())
    assert other.host == socket.gethostname()
    with pytest.raises(OutputError, match=r"if it was killed, delete .*owner\.json"):
        ownership._go_unlocked(tmp_path, note)
