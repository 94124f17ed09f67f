"""What many recordings cost beside the work on them: `python -m sizing 1000 --workers 2`.

Tiny recordings are generated (2 channels, 12 s, one family of two trials), extracted once and asked
for a second time. All that grows with their number is told per recording, so that larger studies
can be worked out; the processor time is that of the main process alone, which holds the scheduler.
"""

import os
import platform
import resource
import shutil
import sys
import tempfile
import time
from contextlib import redirect_stderr
from pathlib import Path
from typing import NamedTuple

import click
from lookalikes.processes import write_study

from pipelines.job import Job, open_job
from pipelines.running import RunSettings
from pipelines.workflow import extract

FOR = 10_000


class Cost(NamedTuple):
    """Of one run over all recordings.

    Attributes
    ----------
    wall_s, main_s, tasks_s : float
        Duration; processor time of the main process; seconds inside the tasks, summed up.
    """

    wall_s: float
    main_s: float
    tasks_s: float


@click.command()
@click.argument("n", type=int)
@click.option("--workers", default=2, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), help="For generated files.")
def main(n: int, workers: int, folder: Path | None) -> None:
    """Extract N tiny recordings, and say what each costs and what 10,000 would."""
    with tempfile.TemporaryDirectory(prefix="featpipe-sizing-", dir=folder) as made:
        study = write_study(Path(made), n)
        job = open_job(study, None, ['features.eeg=["de"]'])
        cold, warm = (_run(job, workers) for _ in range(2))
        files = [path for path in job.out.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files) / n
        manifest = (job.out / "manifest.json").stat().st_size / n
        free = shutil.disk_usage(made).free
    # Linux counts in KiB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    beside = 1e3 * (cold.wall_s * workers - cold.tasks_s) / n
    lines = [
        f"{n} recordings, {workers} workers, {platform.machine()}, {os.cpu_count()} CPUs, "
        f"load {os.getloadavg()[0]:.1f}, {free / 1e9:.0f} GB of disk free",
        _line("first run", cold.wall_s, n, "s"),
        _line("inside tasks, all workers", cold.tasks_s, n, "s"),
        f"beside the tasks, per recording and worker: {beside:.1f} ms",
        _line("main process with scheduler, processor time", cold.main_s, n, "s"),
        _line("second run, nothing to do", warm.wall_s, n, "s"),
        f"files per recording: {len(files) / n:.2f}, {size / 1e3:.1f} kB of tables and lists, "
        f"of which manifest {manifest:.0f} B",
        f"peak memory of the main process: {peak / 1e6:.0f} MB",
    ]
    click.echo("\n".join(lines))


def _line(what: str, seconds: float, n: int, unit: str) -> str:
    each = seconds / n
    return f"{what}: {seconds:.1f} {unit}, {1e3 * each:.1f} ms each, {FOR * each:.0f} s for {FOR}"


def _run(job: Job, workers: int) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        rows = extract(job, RunSettings(workers))
    failed = [row.reason for row in rows if row.state == "failed"]
    if failed:
        sys.exit(failed[0])
    wall_s, main_s = time.perf_counter() - wall, time.process_time() - cpu
    return Cost(wall_s, main_s, sum(row.seconds for row in rows))


if __name__ == "__main__":
    main()
