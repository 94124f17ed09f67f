"""`featpipe tune`: what it prints when it is done."""

import click

from pipelines.job import Job
from pipelines.outcome import finish
from pipelines.steps.tune import TUNE
from pipelines.tuned import snippet, tuning_text, tunings
from pipelines.work import Row
from pipelines.workflow import scores_of


def print_tuned(job: Job, rows: list[Row], *, as_json: bool) -> int:
    """Print what a search found, the scores beside it, and what to copy into a study file.

    Parameters
    ----------
    job : Job
        The study.
    rows : list of Row
        What came of its units.
    as_json : bool
        Print JSON.

    Returns
    -------
    int
        Exit code.
    """
    names = [f"{row.unit}.parquet" for row in rows if row.step == TUNE.name]
    found = tunings(job.out, [name for name in names if (job.out / "predictions" / name).exists()])
    if not as_json:
        for tuning in found:
            click.echo(f"{tuning_text(tuning)}\n")
    scores = scores_of(job, as_json)
    code = finish(rows, job.out, as_json, scores, {"tunings": [one._asdict() for one in found]})
    if not as_json:
        for tuning in found:
            click.echo(f"\n{snippet(tuning)}")
    return code
