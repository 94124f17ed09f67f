"""kill -9 of one of two workers, behind one table, behind two, and so on."""

from pathlib import Path

from lookalikes.processes import ended, launch, run_and_kill_a_worker, tables, write_study
from pyarrow.parquet import read_table

from chaos.row import Row, count
from chaos.telling import told

N, N_QUICK, N_RECORDINGS = 20, 3, 20
KEYS = ["dataset", "subject", "session", "trial", "window"]


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Kill a worker in each of many runs."""
    study = write_study(folder, N_RECORDINGS)
    words = ("extract", study, "-o", folder / "one", "--workers", 1)
    assert ended(launch("plain", folder, *words))[0] == 0
    undisturbed = tables(folder / "one")
    n = N_QUICK if is_quick else N
    n_done = n_equal = n_twice = 0
    for i in told("killed worker", range(n)):
        out = folder / f"out_{i}"
        code, _ = run_and_kill_a_worker(study, out, 1 + i * (N_RECORDINGS - 2) // n)
        n_done += code == 0
        n_equal += tables(out) == undisturbed
        n_twice += n_duplicates(out)
    what = "kill -9 of one of two workers"
    return [
        Row(
            f"{what}, {N_RECORDINGS} recordings", n, f"{n_done} runs complete", str(n), n_done == n
        ),
        Row("... their tables", n, f"{n_equal} byte-identical", str(n), n_equal == n),
        count("...", n, n_twice, "duplicate rows"),
    ]


def n_duplicates(out: Path) -> int:
    """Count the rows of an output that occur twice."""
    keys = read_table(out / "features/de", columns=KEYS).to_pandas()
    return int(keys.duplicated().sum())
