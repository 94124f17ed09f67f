"""A disk that is really full under real workers: the run ends in order, and says why once."""

import errno
import re
import shutil

import numpy as np
import pandas as pd
from lookalikes.processes import ended, launch, tables, write_study
from lookalikes.small_disk import small_disk

from featpipe.compiling import _Files
from pipelines import cluster

N = 12


def test_a_full_disk_ends_a_run_in_order(tmp_path):
    """Room for some tables only; copies of kernels, 3 MB per worker, must not lie there."""
    study = write_study(tmp_path / "study", N)
    with small_disk(tmp_path / "disk", 96 * 1024) as disk:
        out = disk / "out"
        words = ("extract", study, "-o", out, "--workers", 1, "--set", "features.eeg=de,psd")
        code, told, err = ended(launch("plain", tmp_path, *words))
        assert code == 4, err
        assert "Traceback" not in err
        n_made, n_kept, n_failed, n_left = map(int, re.findall(r"\d+", told.partition(";")[0])[:4])
        assert told.startswith(
            f"recordings: {n_made} made, 0 kept, {n_failed} failed, {n_left} not"
        )
        assert 1 <= n_failed <= 2  # what ran, and what lay ready
        assert n_made + n_kept + n_failed + n_left == N
        assert n_left > 0
        failed = [line for line in err.splitlines() if line.startswith("failed:")]
        assert len(failed) == 1
        assert "cannot be written: the disk is full; it needs" in failed[0]
        assert "are free there" in failed[0]
        assert "featpipe: there is no room for outputs, so nothing else was begun" in err
        whole = tables(out)
        shutil.copytree(out, tmp_path / "out")
    words = ("extract", study, "-o", tmp_path / "out", *words[4:])
    code, _, err = ended(launch("plain", tmp_path, *words))
    assert code == 0, err
    assert len(tables(tmp_path / "out")) == 2 * N
    assert whole.items() <= tables(tmp_path / "out").items()
    assert pd.read_parquet(tmp_path / "out/failures.parquet").empty


def test_a_copy_of_kernels_is_whole_or_not_there(tmp_path, monkeypatch):
    def full(source, target, ignore):
        target.mkdir(parents=True)
        (target / "hot.nbi").touch()  # as a full disk leaves it
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "user").mkdir()
    (tmp_path / "user/hot.nbi").write_bytes(b"code")
    cluster._copy(tmp_path / "user", tmp_path / "own")
    assert (tmp_path / "own/hot.nbi").read_bytes() == b"code"
    monkeypatch.setattr(cluster.shutil, "copytree", full)
    cluster._copy(tmp_path / "user", tmp_path / "other")
    assert {path.name for path in tmp_path.iterdir()} == {"user", "own"}
    cluster._copy(tmp_path / "none", tmp_path / "other")


def test_machine_code_that_is_damaged_and_cannot_be_mended_costs_time_only(
    hot, tmp_path, monkeypatch
):
    def full(self):
        raise OSError(errno.ENOSPC, "No space left on device")

    assert hot.power(np.arange(5.0)) == 30
    [index] = (tmp_path / "user").rglob("hot.power*.nbi")
    index.write_bytes(b"")
    monkeypatch.setattr(_Files, "flush", full)
    assert hot.power(np.arange(5, dtype="f4")) == 30
