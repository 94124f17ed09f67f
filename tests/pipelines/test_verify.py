"""`featpipe verify` tells every damage by its name, and what is none as a note."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from featpipe.errors import OutputError, ReadError
from featpipe.tables import METADATA_KEY, publish, read_metadata, read_table, with_metadata
from pipelines.__main__ import run
from pipelines.findings import NEXT, finding
from pipelines.journal import Asked, begin
from pipelines.manifest import read_manifest
from pipelines.marks import Seen, load_seen, marks_of, save_seen
from pipelines.published import altered, record, update_manifest
from pipelines.summary import write_failures
from pipelines.verify import verify
from pipelines.work import Row

DE = "features/de/sub-01_ses-1.parquet"
PSD = "features/psd/sub-01_ses-1.parquet"
RUN = ["--set", "features.eeg=de,psd", "--workers", "1"]
KINDS = ("features/", "qc/", "predictions/", "curves/", "scores.", "failures.", "manifest.",
         "report.html")  # fmt: skip


def told(out):
    """Kind of finding -> names of files, of problems and notes."""
    found = {}
    for one in verify(out).found:
        found.setdefault(one.kind, []).append(one.file)
    return found


def lines(out, capsys):
    capsys.readouterr()
    code = run(["verify", str(out)])
    return code, capsys.readouterr().out.splitlines()


def republish(path, out, change):
    """Publish a table anew as a defect of ours would have: the manifest knows it so."""
    table = read_table(path)
    record(out, {str(path): publish(change(table), path, out / ".staging")})


def about(table, **changes):
    stored = json.loads(table.schema.metadata[METADATA_KEY])
    return with_metadata(table, stored | changes)


def test_a_sound_folder_with_a_file_of_every_kind(scored_lab, capsys):
    code, [line] = lines(scored_lab.out, capsys)
    files = json.loads((scored_lab.out / "manifest.json").read_text())["files"]
    assert all(any(f"{name}\n".startswith(kind) for name in [*files, "manifest.json"])
               for kind in KINDS)  # fmt: skip
    assert (code, line.split(" checked: ")[1]) == (0, "nothing wrong")
    assert f": {len(files)} files, " in line


def test_one_flipped_bit_of_any_file_is_found(scored, record_property):
    """60 of 60, of every kind in turn, at places drawn anew from one seed."""
    rng = np.random.default_rng(20261129)
    names = [*json.loads((scored.out / "manifest.json").read_text())["files"], "manifest.json"]
    kinds = [[name for name in names if name.startswith(kind)] for kind in KINDS]
    n_found = 0
    for i in range(60):
        of_kind = kinds[i % len(kinds)]
        path = scored.out / of_kind[int(rng.integers(len(of_kind)))]
        content = path.read_bytes()
        spoilt = bytearray(content)
        spoilt[int(rng.integers(len(spoilt)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(spoilt)
        problems = [one.file for one in verify(scored.out).found if not one.is_note]
        n_found += path.relative_to(scored.out).as_posix() in problems
        path.write_bytes(content)
    record_property("found", n_found)
    assert n_found == 60
    assert told(scored.out) == {}


def test_any_bit_of_the_manifest_counts(scored):
    path = scored.out / "manifest.json"
    content = path.read_bytes()
    for place in range(0, len(content), 7):
        spoilt = bytearray(content)
        spoilt[place] ^= 1 << (place % 8)
        path.write_bytes(spoilt)
        assert read_manifest(scored.out).defect, place
    [one] = [one for one in verify(scored.out).found if one.file == "manifest.json"]
    assert one.kind == "manifest"


def test_a_normal_read_finds_a_flipped_bit_anywhere_in_a_table(scored):
    """Of page headers some bits say nothing that is read: then what is read is the same."""
    rng, n_raised = np.random.default_rng(3), 0
    tables = sorted(scored.out.rglob("*.parquet"))
    for i in range(60):
        path = tables[i % len(tables)]
        content, expected = path.read_bytes(), (read_table(path), read_metadata(path))
        spoilt = bytearray(content)
        spoilt[int(rng.integers(len(spoilt)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(spoilt)
        try:
            found = read_table(path), read_metadata(path)
        except ReadError:
            n_raised += 1
        else:
            assert found == expected
        path.write_bytes(content)
    assert n_raised >= 55  # 58; what was not raised was compared above


@pytest.mark.parametrize("name", [DE, "qc/recordings.parquet", "scores.parquet", "report.html"])
def test_a_truncated_file_is_told_with_its_sizes(scored, name):
    path = scored.out / name
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-9])
    [one] = verify(scored.out).found
    assert (one.kind, one.file) == ("damaged", name)
    assert one.reason.startswith(f"it has {size - 9} bytes, {size} were published")


def test_a_missing_file_is_told(scored, capsys):
    (scored.out / DE).unlink()
    (scored.out / "report.html").unlink()
    code, (first, second, _) = lines(scored.out, capsys)
    assert code == 3
    assert first == f"missing   {DE}: it was asked for and is not there; run the study again"
    assert second == (
        "missing   report.html: it was published and is gone; write it again with "
        f"`featpipe report {scored.out}`"
    )


def test_foreign_files_in_folders_of_tables_are_told(scored, capsys):
    (scored.out / "features/de/notes.txt").write_text("mine")
    pq.write_table(pa.table({"x": [1]}), scored.out / "features/de/mine.parquet")
    (scored.out / "notes.txt").write_text("outside these folders nobody minds")
    code, (*found, _) = lines(scored.out, capsys)
    assert code == 3
    assert found == [
        "foreign   features/de/mine.parquet: Parquet, but no table of featpipe; " + NEXT["foreign"],
        "foreign   features/de/notes.txt: no file of featpipe; " + NEXT["foreign"],
    ]


def test_the_table_of_another_recording_is_told(scored):
    shutil.copy(scored.out / DE.replace("01", "02"), scored.out / DE)
    [one] = verify(scored.out).found
    assert (one.kind, one.file) == ("damaged", DE)
    assert one.reason.endswith("it is the table of sub-02_ses-1")


def test_two_tables_that_changed_places_are_told(scored):
    a, b, aside = scored.out / DE, scored.out / PSD, scored.folder / "aside"
    a.rename(aside)
    b.rename(a)
    aside.rename(b)
    one, other = verify(scored.out).found
    assert (one.file, other.file) == (DE, PSD)
    assert "it is a table of family 'psd'" in one.reason
    assert "it is a table of family 'de'" in other.reason


CHANGES = {
    "its fingerprint is not that": lambda t: about(t, options={}),
    "it is a table of family 'psd'": lambda t: about(t, family="psd"),
    "its rows are of subject 01": lambda t: about(
        t, recording={"dataset": "lab", "subject": "02", "session": "1"}
    ),
    "its rows are not sorted": lambda t: t.take(list(range(t.num_rows))[::-1]),
    "a window occurs twice": lambda t: pa.concat_tables([t.slice(0, 1), t]),
    "its key columns are not those": lambda t: t.drop_columns(["good"]),
    "its columns are not those of the channels": lambda t: about(t, channels=["FP1"]),
    "its features are not all float32": lambda t: t.set_column(
        10, t.column_names[10], t.column(10).cast(pa.float64())
    ),
}


@pytest.mark.parametrize("reason", CHANGES)
def test_a_table_that_contradicts_itself_is_told_whatever_the_manifest_says(scored, reason):
    republish(scored.out / DE, scored.out, CHANGES[reason])
    found = {one.file: one.reason for one in verify(scored.out).found}
    assert reason in found[DE]


def test_tables_of_one_recording_have_the_same_windows(scored):
    republish(scored.out / PSD, scored.out, lambda t: t.slice(0, 5))
    [one] = verify(scored.out).found
    assert (one.kind, one.file) == ("grid", PSD)
    assert one.reason == f"its windows are not those of {DE} (5 and 9 rows)"


def test_a_table_of_a_newer_schema_is_refused_everywhere(scored, capsys):
    path = scored.out / DE
    republish(path, scored.out, lambda t: about(t, schema_version=2))
    for read in (read_table, read_metadata):
        with pytest.raises(ReadError, match=r"made by a newer featpipe \(schema 2; this ver"):
            read(path)
    [one] = verify(scored.out).found
    assert (one.kind, one.file) == ("schema", DE)
    capsys.readouterr()
    assert scored.extract(*RUN) == 2
    assert "made by a newer featpipe (schema 2" in capsys.readouterr().err
    assert path.exists()


def test_a_failed_recording_is_told_with_its_reason(lab, capsys):
    (lab.folder / "02.eeg").write_bytes(b"")
    assert lab.extract() == 3
    code, (line, _) = lines(lab.out, capsys)
    assert code == 3
    assert line.startswith("failed    sub-02_ses-1 (features/de/sub-02_ses-1.parquet): ")
    assert "02.eeg" in line


def test_what_only_left_out_is_not_missing(lab):
    assert lab.extract("--only", "subject=01") == 0
    assert told(lab.out) == {}
    assert lab.extract() == 0
    (lab.out / DE).unlink()
    assert lab.extract("--only", "subject=02") == 0
    assert told(lab.out) == {"missing": [DE]}


def rot(out, name):
    """Flip a bit as an ageing disk does: no mark of the file tells."""
    content = bytearray((out / name).read_bytes())
    content[len(content) // 2] ^= 1
    (out / name).write_bytes(content)
    seen, marks = load_seen(out), marks_of(out / name)
    assert marks is not None
    save_seen(out, seen | {name: Seen(marks, seen[name].sha256)})


def test_rot_that_no_mark_tells_is_made_anew_once_verify_has_found_it(scored, capsys):
    before = (scored.out / DE).read_bytes()
    rot(scored.out, DE)
    assert altered(scored.out) == {}  # nothing is read, since nothing tells
    code, (line, _) = lines(scored.out, capsys)
    assert (code, line.split(": ", 1)[0]) == (3, f"damaged   {DE}")
    assert line.endswith("; run the study again: it is made anew")
    assert scored.extract(*RUN) == 0
    assert (scored.out / DE).read_bytes() == before
    assert told(scored.out) == {}


def test_where_nothing_can_be_written_the_rotten_file_is_to_be_deleted(scored, capsys, monkeypatch):
    rot(scored.out, DE)

    def refuse(seen, out):
        raise OutputError("this file system can only be read")

    monkeypatch.setattr("pipelines.published.save_seen", lambda out, seen: refuse(seen, out))
    _, (line, _) = lines(scored.out, capsys)
    assert line.endswith("; delete it, then run the study again: it is made anew")


def test_outputs_that_a_stopped_run_did_not_make_are_one_line(lab, capsys):
    """Ctrl-C and a lost scheduler end with a manifest; two missing are named one by one."""
    assert lab.extract() == 0
    units = {f"sub-{i}_ses-1": [f"features/de/sub-{i}_ses-1.parquet"] for i in range(60)}
    begin(lab.out, Asked("extract", units, False))
    update_manifest(lab.out)
    code, (line, _) = lines(lab.out, capsys)
    assert code == 3
    assert line == (
        "missing   60 outputs that were asked for are not made yet; run the same command again"
    )


def test_without_a_manifest_the_sound_files_are_counted(scored, capsys):
    n_tables = len(list(scored.out.rglob("*.parquet")))
    (scored.out / "manifest.json").unlink()
    code, (line, _) = lines(scored.out, capsys)
    assert code == 3
    said = f"it is not there; of the files it would list {n_tables} are sound; run the study again"
    assert line.startswith(f"manifest  manifest.json: {said}")


def test_a_failure_has_one_next_step(lab, capsys):
    row = Row("extract", "sub-01_ses-1", {}, "failed", reason="no luck; run the same command again")
    other = Row("extract", "sub-02_ses-1", {}, "failed", reason="it is broken: copy it.")
    assert lab.extract() == 0
    write_failures([row, other], "extract", lab.out)
    for path in lab.out.glob("features/de/*"):
        path.unlink()
    update_manifest(lab.out)
    _, (first, second, _) = lines(lab.out, capsys)
    assert first.endswith("): no luck; run the same command again")
    assert second.endswith("): it is broken: copy it; mend that, then run the study again")


def test_hints_name_the_folder_as_it_was_typed(scored, capsys, monkeypatch):
    (scored.out / ".staging" / "abc.parquet").write_bytes(b"12345")
    (scored.out / "report.html").unlink()
    scored.out.rename(scored.folder / "my out")
    monkeypatch.chdir(scored.folder)
    capsys.readouterr()
    assert run(["verify", "my out"]) == 3
    first, second, _ = capsys.readouterr().out.splitlines()
    assert first.endswith("; write it again with `featpipe report 'my out'`")
    assert second.endswith("; remove it with `featpipe verify 'my out' --gc`")


def test_as_json(scored, capsys):
    (scored.out / DE).unlink()
    capsys.readouterr()
    assert run(["verify", str(scored.out), "--json"]) == 3
    shown = json.loads(capsys.readouterr().out)
    [problem] = shown["problems"]
    assert problem == finding("missing", DE, "it was asked for and is not there")._asdict()
    assert shown["notes"] == []
    assert shown["files"] > 5


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_no_output_folder(tmp_path, capsys, name):
    assert run(["verify", str(tmp_path / name)]) == 2
    assert "no output folder of featpipe" in capsys.readouterr().err


def test_names_of_files_do_not_draw_on_the_terminal(scored, capsys):
    (scored.out / "features/de/\x1b[31mred").write_text("")
    code, (line, _) = lines(scored.out, capsys)
    assert code == 3
    assert "\\x1b[31mred: no file of featpipe" in line
