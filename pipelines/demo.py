"""`featpipe demo`: the whole way on a small simulated study."""

import time
from pathlib import Path

import click

from featpipe.simulate.world import SimulationSettings
from pipelines import running, stopping
from pipelines.job import Job, open_job
from pipelines.outcome import code_of
from pipelines.ownership import owned
from pipelines.progress import shown
from pipelines.report import write_report
from pipelines.running import RunSettings
from pipelines.scoring import write_scores
from pipelines.simulating import simulate_with_progress
from pipelines.steps import many_subjects
from pipelines.study import default_output
from pipelines.summary import write_failures, write_manifest
from pipelines.training import train
from pipelines.training_tables import current_tables
from pipelines.work import Row
from pipelines.workflow import extract, scores_of

SETTINGS = SimulationSettings()

INTRODUCTION = """\
featpipe demo: a simulated study of {n} subjects, from raw files to eye-only emotion recognition.
1 simulate  Neuroscan .cnt and SMI exports, about 80 MB per subject, into {out}
2 extract   200 Hz, 0-75 Hz, DE per band and 33 eye columns per 4-s window, into {out}/out/features
3 train     the CSCM family; train on EEG and eye, test on the eyes of a subject never seen
4 compare   the eye-only network, trained on {many} other simulated subjects; half of the time
"""

NEXT = """
tables        {out}/features/de, {out}/features/eye    (pandas.read_parquet reads a folder)
predictions   {out}/predictions    scores {out}/scores.parquet
report        {report}

What to try next (after `. .venv/bin/activate`, if make did the set-up)
  featpipe show {study}
      every option, and what is stale
  featpipe train {study} --protocol within
      another question: unseen trials
  featpipe run {study} -o {out}-1s --set features.window_s=1 --set features.hop_s=1
      shorter windows, beside these
  featpipe scan PATH
      what lies in a folder of your own recordings
"""


def run_demo(out: Path, workers: int | None) -> int:
    """Simulate, extract, train, report.

    Parameters
    ----------
    out : Path
        Folder of the study; a second run into it keeps what is there.
    workers : int or None
        Worker processes; None is one per CPU.

    Returns
    -------
    int
        Exit code.
    """
    start, n = time.monotonic(), SETTINGS.n_subjects
    click.echo(INTRODUCTION.format(n=n, many=many_subjects.TIMES * n, out=out), err=True)
    with owned(default_output(out.absolute() / "study.toml")):  # two demos do not mix
        study = simulate_with_progress(out, SETTINGS)
        job = open_job(study, None)
        rows = _work(job, RunSettings(workers or 0))
        if stopping.asked():
            return code_of(rows)  # the exit code will be that of the end
        report = write_report(job.out)
    click.echo(f"\n{scores_of(job, as_json=False)}")
    click.echo(NEXT.format(out=shown(job.out), report=shown(report), study=shown(study)))
    click.echo(f"done in {time.monotonic() - start:.0f} s", err=True)
    return code_of(rows)


def _work(job: Job, settings: RunSettings) -> list[Row]:
    """Extract and train, and train once more on many other simulated subjects."""
    rows = extract(job, settings)
    if not stopping.asked():
        rows += train(job, settings)
    if stopping.asked():
        stopping.leave_out(many_subjects.MANY_SUBJECTS.name, 1)
        return rows
    tables = current_tables(job)
    more = many_subjects.units(SETTINGS, job.study, tables["eye"], job.out)
    rows += running.run_step(many_subjects.MANY_SUBJECTS, more, job.out, settings)
    write_scores(job.out, tables)
    write_failures(rows, many_subjects.MANY_SUBJECTS.name, job.out, is_whole=False)
    write_manifest(rows, job.out)
    return rows
