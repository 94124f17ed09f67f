"""What can be known, and whether the methods get there: `make truth`, or `python -m truth --quick`.

On simulated data it is known what is true; on constructed data it is known which method has to be
better. Nothing is tuned on what is tested, and every difference is printed, whichever way it goes.
"""

import tempfile
from importlib import import_module
from pathlib import Path

import click
from chaos.telling import say

from truth.table import as_markdown, as_text, read_results, write_results

EXPERIMENTS = (
    "study", "ceiling", "oracle", "shift", "shared_latent", "shared_head", "privileged",
    "exact_labels", "distilled",
)  # fmt: skip
"""Modules of this folder, in the order of the table."""
RESULTS = Path(__file__).with_name("results.json")


@click.command()
@click.option("--quick", is_flag=True, help="Few people, draws and seeds: only that it runs.")
@click.option("--only", multiple=True, type=click.Choice(EXPERIMENTS), help="One experiment.")
@click.option(
    "--json",
    "path",
    type=click.Path(path_type=Path),
    help="Where the figures go [default: results.json beside this, where it is not --quick].",
)
@click.option("--show", is_flag=True, help="Print the last figures as README shows them.")
def main(quick: bool, only: tuple[str, ...], path: Path | None, show: bool) -> None:
    """Measure what the simulated study allows, and try what theory says."""
    if show:
        click.echo(as_markdown(read_results(RESULTS)))
        return
    if path is None and not quick:
        path = RESULTS
    found = {}
    for name in only or EXPERIMENTS:
        say(f"{name}:")
        with tempfile.TemporaryDirectory(prefix="featpipe-truth-") as made:
            found[name] = import_module(f"truth.{name}").rows(Path(made), is_quick=quick)
        if path is not None:  # after each, so that an interruption loses one
            command = "make truth" + " ARGS=--quick" * quick
            write_results(path, name, found[name], command, EXPERIMENTS)
    click.echo(as_text(found))


if __name__ == "__main__":
    main()
