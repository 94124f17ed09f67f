"""kill -9 of the main process: 200 in `make chaos`, which counts the same, four moments here."""

from chaos import kills
from lookalikes.one_worker import one_worker
from lookalikes.processes import write_study

from pipelines.__main__ import run


def test_a_killed_run_leaves_whole_files_and_the_next_goes_on(tmp_path):
    found = list(kills.killed_runs(tmp_path, 4))
    assert len(found) == 4
    for one in found:
        assert (one.n_wrong, one.code, one.is_equal) == (0, 0, True)
        assert one.n_again <= kills.N_WORKERS
        assert (one.n_touched, one.n_left) == (0, 0)
    assert any(one.n_published + one.n_again for one in found)  # some were killed at work


def test_what_such_a_run_might_do_wrong_is_counted(tmp_path):
    """One table spoilt and one gone, though both had been published."""
    study, out = write_study(tmp_path / "study", 2), tmp_path / "out"
    assert run(["extract", str(study), "-o", str(out), *kills.OPTIONS, *one_worker()]) == 0
    whole = kills.outputs(out)
    (tmp_path / "begun").mkdir()
    for name in ("sub-01_ses-1", "sub-02_ses-1"):
        (tmp_path / "begun" / name).touch()
    spoilt, gone = sorted(out.glob("features/de/*"))
    spoilt.write_bytes(spoilt.read_bytes()[:-1])
    gone.unlink()
    found = kills.looked_at(study, tmp_path, whole, [])
    assert (found.n_published, found.n_wrong) == (5, 2)
    assert (found.n_again, found.n_touched) == (2, 1)
    assert found.is_equal
