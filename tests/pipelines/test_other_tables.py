"""A folder with tables of something else is left as it is, and the next step told."""

import pytest
from lookalikes import released_files as files
from lookalikes.imported_tables import imported

pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture
def release(tmp_path, small):
    files.write_seed_v(tmp_path / "SEED-V", small("seed-v"), ["1"])
    return tmp_path / "SEED-V"


def contents(out):
    return {path: path.read_bytes() for path in out.glob("features/*/*")}


def test_an_import_does_not_go_over_extracted_tables(release, lab, capsys):
    assert lab.extract() == 0
    before = contents(lab.out)
    for only in ((), ("--only", "session=1")):
        code, out = imported("seed-v", release, *only)
        assert (code, out) == (1, lab.out)
        told = capsys.readouterr().err
        assert "tables in this folder are extracted from recordings, data set 'lab'" in told
        assert "would be imported from a release, data set 'seed-v'" in told
        assert "name another folder with -o" in told
    assert contents(out) == before
    assert not (out / "study.toml").exists()


def test_an_extraction_does_not_go_over_imported_tables(release, lab, capsys):
    code, out = imported("seed-v", release, "--only", "session=1")
    before = contents(out)
    assert (code, len(before)) == (0, 2)
    for only in ((), ("--only", "subject=01")):
        assert lab.extract("-o", str(out), *only) == 1
        told = capsys.readouterr().err
        assert "are imported from a release, data set 'seed-v'" in told
        assert f"move {out / 'features'} away first" in told
    assert contents(out) == before
    assert imported("seed-v", release)[0] == 0  # its own come to them
    assert before.items() <= contents(out).items()


def test_two_studies_do_not_share_a_folder(lab, capsys):
    assert lab.extract() == 0
    assert lab.extract("--set", "study.name=other", "--only", "subject=01") == 1
    assert "would be extracted from recordings, data set 'other'" in capsys.readouterr().err


def test_files_of_others_do_not_hinder(lab):
    path = lab.out / "features/de/notes.parquet"
    path.parent.mkdir(parents=True)
    path.write_text("no table")
    assert lab.extract() == 0
