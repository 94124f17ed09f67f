"""Measure the peak memory of the work on one recording, in a process of its own.

    python -m lookalikes.peak_alone STUDY

Prints by how many bytes the resident memory rises above what imports take, and what the largest
child process took, which some readers start.
"""

import json
import resource
import sys
from pathlib import Path

from bench.memory_alone import peak, restart

from pipelines.engine import update
from pipelines.job import open_job
from pipelines.steps.choose import table_step
from pipelines.steps.extract import units


def main() -> None:
    """Do what a worker does for the first recording of a study."""
    job = open_job(Path(sys.argv[1]), None)
    step, _ = table_step(job.study)
    unit = units(job.study, job.sources, job.out)[0]
    before = restart()
    row = update(step, unit, {}, job.out / ".staging")
    child = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    found = {"rise": peak() - before, "child": child, "state": row.state, "reason": row.reason}
    sys.stdout.write(json.dumps(found | {"before": before}))


if __name__ == "__main__":
    main()
