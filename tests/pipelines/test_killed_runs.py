"""kill -9 of the main process: four moments here, 200 in `make chaos`, which counts the same."""

from chaos import kills


def test_a_killed_run_leaves_whole_files_and_the_next_goes_on(tmp_path):
    found = list(kills.killed_runs(tmp_path, 4))
    assert len(found) == 4
    for one in found:
        assert (one.n_wrong, one.code, one.is_equal) == (0, 0, True)
        assert one.n_again <= kills.N_WORKERS
        assert (one.n_touched, one.n_left) == (0, 0)
    assert any(one.n_published for one in found)
