"""A run that finds nothing to do reads, writes and starts next to nothing."""

import json
import subprocess
import sys

import pandas as pd
import pytest

from pipelines import digests
from pipelines import marks as marks_of_files
from pipelines.__main__ import run


def extract(study, *options):
    return run(["extract", str(study / "study.toml"), "--workers", "1", *options])


def marks(study):
    """When each file of the outputs was written, and in which inode."""
    found = ((p, p.stat()) for p in (study / "out").rglob("*") if p.is_file())
    return {path: (stat.st_mtime_ns, stat.st_ino) for path, stat in found}


@pytest.fixture
def kept(study, monkeypatch):
    """A study that was extracted anew: copies of its raw files had to be read once.

    And once more behind the tick of the clock in which they were copied, which is over here.
    """
    assert extract(study) == 0
    monkeypatch.setattr(marks_of_files, "TICK_NS", 0)
    assert extract(study) == 0
    return study


def test_a_warm_rerun_writes_nothing(kept):
    before = marks(kept)
    assert extract(kept) == 0
    assert marks(kept) == before


def test_a_warm_rerun_reads_every_footer_once(kept, monkeypatch):
    read = []

    def counted(path):
        read.append(path)
        return read_metadata(path)

    read_metadata = digests.read_metadata
    digests._metadata.cache_clear()
    monkeypatch.setattr(digests, "read_metadata", counted)
    assert extract(kept) == 0
    assert sorted(read) == sorted((kept / "out/features").rglob("*.parquet"))


def test_a_warm_rerun_starts_no_workers(kept):
    code = (
        "import sys; from pipelines.__main__ import run; assert run(sys.argv[1:]) == 0; "
        "loaded = {'dask', 'distributed'} & set(sys.modules); assert not loaded, loaded"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "extract", str(kept / "study.toml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "3 kept" in done.stdout


def test_what_is_missing_or_wrong_beside_the_tables_is_written_again(kept):
    out = kept / "out"
    (out / "manifest.json").unlink()
    quality = pd.read_parquet(out / "qc/recordings.parquet")
    quality.assign(n_trials=0).to_parquet(out / "qc/recordings.parquet")
    (out / "failures.parquet").write_bytes(b"rubbish")
    assert extract(kept) == 0
    pd.testing.assert_frame_equal(pd.read_parquet(out / "qc/recordings.parquet"), quality)
    assert pd.read_parquet(out / "failures.parquet").empty
    files = json.loads((out / "manifest.json").read_text())["files"]
    assert {"qc/recordings.parquet", "failures.parquet"} <= set(files)
    assert files["qc/recordings.parquet"]["bytes"] == (out / "qc/recordings.parquet").stat().st_size
