"""What a run leaves that was killed while it made tables anew with another option."""

import shutil

import pytest

from pipelines import journal
from pipelines.__main__ import run
from pipelines.published import altered
from pipelines.verify import verify

pytestmark = pytest.mark.usefixtures("in_this_process")

DE = "features/de/sub-01_ses-1.parquet"
OPTION = ("--set", "features.window_s=2")


@pytest.fixture
def cut_off(lab, tmp_path, monkeypatch):
    """A finished output of which another run has replaced one table, and was killed then."""
    assert lab.extract() == 0
    other = lab.copied(tmp_path.parent / f"{tmp_path.name}-other")
    assert other.extract(*OPTION) == 0
    with monkeypatch.context() as patch:
        patch.setattr(journal, "_RUN", "of a process that is dead")
        journal.begin(lab.out, journal.Asked("pupils", {}, True))
        journal.begin(lab.out, journal.Asked("extract", {"sub-01_ses-1": [DE]}, True))
    shutil.copy(other.out / DE, lab.out / "new")
    (lab.out / "new").replace(lab.out / DE)
    lab.other = other
    return lab


def marks(out):
    return {path.name: path.stat().st_ino for path in out.glob("features/de/*")}


def test_a_table_that_it_could_not_note_is_sound(cut_off, capsys):
    found = {one.kind: one for one in verify(cut_off.out).found}
    assert found.keys() == {"cut off", "unlisted"}
    assert found["unlisted"].file == DE
    assert found["unlisted"].reason == "published by a run that was cut off, and sound"
    assert found["cut off"].reason == "a run of extract was cut off before its end"
    shown = cut_off.outputs(capsys, "show", *OPTION)
    assert shown[DE] == ("fresh", "")
    state, reason = shown[DE.replace("01", "02")]
    assert (state, "features.window_s: 1.0 -> 2.0" in reason) == ("stale", True)
    assert "features.window_s: 2.0 -> 1.0" in cut_off.outputs(capsys, "show")[DE][1]


def test_the_next_run_keeps_it_and_lists_it(cut_off):
    before = marks(cut_off.out)
    assert cut_off.extract(*OPTION) == 0
    after = marks(cut_off.out)
    assert [name for name in before if before[name] == after[name]] == ["sub-01_ses-1.parquet"]
    assert verify(cut_off.out).found == []
    listed = [(lab.out / "manifest.json").read_bytes() for lab in (cut_off, cut_off.other)]
    assert listed[0] == listed[1]


def test_each_flipped_bit_of_it_is_damage(cut_off):
    """Also where no checksum of a table lies: in its first bytes, its seal, headers of pages."""
    path = cut_off.out / DE
    content = path.read_bytes()
    end = len(content) - int.from_bytes(content[-8:-4], "little") - 8
    for place in (*range(60), *range(end - 50, end + 2), *range(70, end, 97), -5, -1):
        spoilt = bytearray(content)
        spoilt[place] ^= 4
        path.write_bytes(spoilt)
        assert [one.kind for one in verify(cut_off.out).found if not one.is_note] == ["damaged"]
        assert list(altered(cut_off.out)) == [path], place
    path.write_bytes(content)
    assert altered(cut_off.out) == {}


def test_where_no_run_was_cut_off_the_record_counts(lab, tmp_path):
    assert lab.extract() == 0
    other = lab.copied(tmp_path.parent / f"{tmp_path.name}-other")
    assert other.extract(*OPTION) == 0
    shutil.copy(other.out / DE, lab.out / DE)
    assert "damaged" in {one.kind for one in verify(lab.out).found}
    assert list(altered(lab.out)) == [lab.out / DE]


def test_a_journal_names_files_of_its_folder_alone(lab, capsys):
    assert lab.extract() == 0
    line = '{"name": "%s", "file": [1, 1, "a"], "marks": [1, 1, 1, 1]}\n'
    text = "".join(line % name for name in ("/etc/passwd", "../study.toml", "a.parquet"))
    (lab.out / ".cache/journal.jsonl").write_text(text)
    assert journal.read_journal(lab.out).files.keys() == {"a.parquet"}
    assert run(["verify", str(lab.out)]) == 3
    told = capsys.readouterr().out
    assert "names '/etc/passwd', which leads out of the folder" in told
    assert "names '../study.toml', which leads out of the folder" in told
