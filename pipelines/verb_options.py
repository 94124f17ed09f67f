"""Options that several verbs have in common, spelled once."""

from collections.abc import Callable
from typing import Any

import click

from pipelines.path_types import FILE, OUT


def study_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every verb that takes a study file."""
    for option in (
        click.option("--set", "overrides", multiple=True, metavar="SECTION.KEY=VALUE",
                     help="Override an option of the study, e.g. features.window_s=4."),
        click.option("-o", "--out", type=OUT, help="Output folder, or a URL such as "
                     "s3://bucket/out [default: out beside STUDY; of a preset, PRESET_out]."),
        click.argument("study", type=FILE),
    ):  # fmt: skip
        command = option(command)
    return command


only_option = click.option(
    "--only", multiple=True, metavar="KEY=VALUE",
    help="These recordings only, e.g. subject=01 or session=1; may be given several times.",
)  # fmt: skip


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every verb that works through many units."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON."),
        click.option("--fail-fast", is_flag=True, help="Stop at the first failure."),
        click.option("--scheduler", metavar="ADDRESS", help="Use a Dask cluster: tcp://host:8786, "
                     "or the file of `dask scheduler --scheduler-file FILE.json`."),
        click.option("--workers", type=click.IntRange(1), metavar="N",
                     help="Worker processes [default: one per CPU]."),
    ):  # fmt: skip
        command = option(command)
    return command


def method_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every verb that trains."""
    for option in (
        click.option("--device", help="cpu, cuda or mps [default: as the study says]."),
        click.option("--seeds", metavar="0,1,2", help="Seeds, separated by commas."),
        click.option("--policy", help="Which epoch: last, source-validation, early-stopping ..."),
        click.option("--manner", help="What may be seen of the test side: strict, paper, marked."),
        click.option("--protocol", help="See `featpipe list protocols`."),
        click.option("--method", "methods", multiple=True, help="May be given several times."),
    ):
        command = option(command)
    return command
