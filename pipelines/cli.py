"""The verbs of `featpipe`: parse, call, print. Heavy imports live inside the verbs."""

from pathlib import Path
from typing import Any

import click

from pipelines.exits import DONE, SOME_FAILED
from pipelines.outcome import finish, print_plan
from pipelines.output_verbs import bridge, compare, embed, predict, report, verify
from pipelines.path_types import FILE
from pipelines.verb_options import method_options, only_option, run_options, study_options


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="featpipe", prog_name="featpipe")
def app() -> None:
    """Emotion recognition from EEG and eye movements.

    Raw recordings become feature tables (Parquet), tables train cross-modal models: learned from
    both modalities, used with one. Start with `featpipe demo`.
    """


@app.command()
@click.argument("out", type=FILE, default="demo")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Worker processes.")
def demo(out: Path, workers: int | None) -> int:
    """Simulate a small study, extract, train, report: the whole way in 2 to 4 minutes."""
    from pipelines.demo import run_demo

    return run_demo(out, workers)


@app.command()
@click.argument("out", type=FILE)
@click.option("--subjects", default=8, show_default=True, type=click.IntRange(1))
@click.option("--sessions", default=1, show_default=True, type=click.IntRange(1))
@click.option(
    "--trials", default=12, show_default=True, type=click.IntRange(1), help="Per session."
)
@click.option("--trial-s", default=20.0, show_default=True, help="Seconds per trial.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
def simulate(
    out: Path, subjects: int, sessions: int, trials: int, trial_s: float, seed: int
) -> int:
    """Write a study of genuine raw files (.cnt, SMI text exports) with known truth."""
    from featpipe.simulate.world import SimulationSettings
    from pipelines.simulating import simulate_with_progress

    settings = SimulationSettings(subjects, sessions, trials, trial_s, seed=seed)
    click.echo(simulate_with_progress(out, settings))
    return DONE


@app.command()
@click.argument("paths", type=FILE, nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per recording.")
@click.option("--study", type=FILE, help="Study whose [eye.csv] describes tables of eye samples.")
@click.option(
    "--details", is_flag=True, help="Channels and triggers as well, as of a FILE that is named."
)
def scan(paths: tuple[Path, ...], as_json: bool, study: Path | None, details: bool) -> int:
    """Show which recordings lie in files and folders, and whether they are sound.

    Of a file that is named: its channels by type, its triggers or messages and when they were.
    """
    from pipelines.scan import print_scan
    from pipelines.study import load_study

    csv = None if study is None else load_study(study).eye.csv
    return print_scan(paths, as_json, csv, is_detailed=details)


@app.command()
@study_options
@run_options
@only_option
@click.option("--dry-run", is_flag=True, help="Show what would be made or fail, and why.")
def extract(
    study: Path, out: Path | None, overrides: tuple[str, ...], workers: int | None,
    scheduler: str | None, fail_fast: bool, as_json: bool, only: tuple[str, ...], dry_run: bool,
) -> int:  # fmt: skip
    """Raw recordings -> feature tables."""
    from pipelines import workflow
    from pipelines.before_work import vanished
    from pipelines.job import open_job
    from pipelines.planning import explain, require_tables
    from pipelines.running import RunSettings

    job = open_job(study, out, overrides, only, is_fetching=not dry_run)
    require_tables(job)
    if dry_run:
        return print_plan(explain(job, is_dry_run=True), as_json, gone=vanished(job))
    rows = workflow.extract(job, RunSettings(workers or 0, scheduler, fail_fast))
    return finish(rows, job.out, as_json)


@app.command(name="import")
@click.argument("dataset")
@click.argument("root", type=FILE)
@click.option("-o", "--out", type=FILE, required=True, help="Output folder; OUT/study.toml, too.")
@click.option(
    "--window-s",
    type=float,
    metavar="S",
    help="Windows of S seconds [default: the longest there are, which have eyes].",
)
@only_option
@run_options
def import_features(
    dataset: str, root: Path, out: Path, window_s: float | None, only: tuple[str, ...],
    workers: int | None, scheduler: str | None, fail_fast: bool, as_json: bool,
) -> int:  # fmt: skip
    """Features that a data set ships -> the same tables: seed, seed-iv, seed-v, seed-vii ..."""
    from pipelines import workflow
    from pipelines.importing import next_command, study_of_release
    from pipelines.job import open_job
    from pipelines.running import RunSettings

    study = study_of_release(dataset, root, out, window_s)
    job = open_job(study, out, (), only)
    rows = workflow.extract(job, RunSettings(workers or 0, scheduler, fail_fast))
    code = finish(rows, job.out, as_json)
    click.echo(f"next: {next_command(study, out)}", err=True)
    return code


@app.command()
@study_options
@run_options
@method_options
@only_option
def train(**options: Any) -> int:
    """Train methods on the tables; print the scores."""
    return _train("train", **options)


@app.command(name="run")
@study_options
@run_options
@method_options
@only_option
def run_all(**options: Any) -> int:
    """Do whatever is stale: extract, train, report."""
    return _train("run_all", **options)


def _train(
    job_name: str, study: Path, out: Path | None, overrides: tuple[str, ...], workers: int | None,
    scheduler: str | None, fail_fast: bool, as_json: bool, methods: tuple[str, ...],
    protocol: str | None, manner: str | None, policy: str | None, seeds: str | None,
    device: str | None, only: tuple[str, ...],
) -> int:  # fmt: skip
    """Do what `train`, `run` and `fit` have in common."""
    from pipelines import training, workflow
    from pipelines.job import open_job, train_overrides
    from pipelines.progress import shown
    from pipelines.running import RunSettings

    chosen = train_overrides(methods, protocol, manner, policy, seeds, device)
    job = open_job(study, out, (*overrides, *chosen), only)
    work = {"train": training.train, "run_all": workflow.run_all, "fit": training.fit}[job_name]
    rows = work(job, RunSettings(workers or 0, scheduler, fail_fast))
    if job_name == "fit":
        code = finish(rows, job.out, as_json)
        for row in (row for row in rows if row.state != "failed" and not as_json):
            click.echo(shown(job.out / "models" / row.unit))
        return code
    return finish(rows, job.out, as_json, workflow.scores_of(job, as_json))


@app.command()
@study_options
@run_options
@method_options
@only_option
@click.option("--trials", "--candidates", "n_candidates", default=20, show_default=True,
              type=click.IntRange(2), help="Candidates per method, the study's own options among "
              "them; more later on judge the new ones only.")  # fmt: skip
@click.option("--search-seed", default=0, show_default=True, type=click.IntRange(0),
              help="Other candidates.")  # fmt: skip
def tune(
    study: Path, out: Path | None, overrides: tuple[str, ...], workers: int | None,
    scheduler: str | None, fail_fast: bool, as_json: bool, n_candidates: int, search_seed: int,
    only: tuple[str, ...], **chosen: Any,
) -> int:  # fmt: skip
    """Search the options of methods, on training subjects only, and test what each fold chose.

    Candidates are drawn from the ranges of the method; options that the study sets stay as they
    are. The tuned row stands beside the method's own options and the baselines.
    """
    from pipelines import training
    from pipelines.job import open_job, train_overrides
    from pipelines.running import RunSettings
    from pipelines.steps.tune import Search
    from pipelines.tuning import print_tuned

    job = open_job(study, out, (*overrides, *train_overrides(**chosen)), only)
    rows = training.tune(
        job, RunSettings(workers or 0, scheduler, fail_fast), Search(n_candidates, search_seed)
    )
    return print_tuned(job, rows, as_json=as_json)


@app.command()
@study_options
@run_options
@method_options
@only_option
def fit(**options: Any) -> int:
    """Train networks on everybody and write them as model folders, for `featpipe predict`."""
    return _train("fit", **options)


@app.command()
@study_options
@only_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(
    study: Path, out: Path | None, overrides: tuple[str, ...], only: tuple[str, ...], as_json: bool
) -> int:
    """Show every option as resolved, and which outputs are stale and why.

    What it prints is a study file: `featpipe show seed_iv.toml > mine.toml` makes one to edit. Of
    a preset it begins with the comments that say what to set.
    """
    from pipelines.before_work import vanished
    from pipelines.job import Job, open_job, options, options_text
    from pipelines.planning import explain
    from pipelines.presets import NoDataError, head_of, preset_of

    try:
        job = open_job(study, out, overrides, only, is_fetching=False)
        outputs = explain(job)
    except NoDataError as error:
        job = Job(error.study, [], [], Path(), "")
        outputs = [{"output": "features", "state": "waiting", "reason": str(error)}]
    if not as_json:
        if preset := preset_of(study):
            click.echo(f"{head_of(preset)}\n")
        click.echo(options_text(job))
    return print_plan(outputs, as_json, options(job), before="# ", gone=vanished(job))


@app.command()
@study_options
@only_option
@click.option("--trial", default=1, show_default=True, type=click.IntRange(0))
def plot(
    study: Path, out: Path | None, overrides: tuple[str, ...], only: tuple[str, ...], trial: int
) -> int:
    """Draw one trial: gaze, events, a frontal channel, pupil before and after, windows."""
    from pipelines.job import open_job
    from pipelines.places import with_urls
    from pipelines.trial_plot import plot_trials

    n_failed = 0
    for drawn in plot_trials(open_job(study, out, overrides, only), trial):
        if drawn.failure:
            click.echo(with_urls(f"failed: {drawn.name}: {drawn.failure}"), err=True)
        else:
            click.echo(with_urls(str(drawn.path)))
        n_failed += bool(drawn.failure)
    return SOME_FAILED if n_failed else DONE


@app.command(name="list")
@click.argument(
    "what",
    type=click.Choice(["methods", "features", "readers", "datasets", "presets", "protocols"]),
)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_names(what: str, name: str | None, as_json: bool) -> int:
    """List what is built in, one line each; `list methods NAME` the options of that method."""
    from pipelines.listing import print_list

    return print_list(what, name, as_json=as_json)


for verb in (report, compare, embed, predict, bridge, verify):
    app.add_command(verb)
