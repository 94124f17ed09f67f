"""Break what can break, and count what is lost: `make chaos`, or `python -m chaos --quick`.

Real processes are killed at random moments, disks fail at every call, bits flip, files are mutated.
Each row says how often that was done, what was found, and what was promised.
"""

import tempfile
from importlib import import_module
from pathlib import Path

import click

from chaos.table import as_markdown, as_text, read_results, write_results
from chaos.telling import say

EXPERIMENTS = (
    "kills",
    "lost_workers",
    "poison",
    "flipped_bits",
    "failing_disks",
    "mutations",
    "order",
    "training",
    "interrupts",
    "owners",
)
"""Modules of this folder, in the order of the table."""
RESULTS = Path(__file__).with_name("results.json")


@click.command()
@click.option("--quick", is_flag=True, help="A tenth of it, in a quarter of an hour.")
@click.option("--only", multiple=True, type=click.Choice(EXPERIMENTS), help="One experiment.")
@click.option(
    "--json",
    "path",
    type=click.Path(path_type=Path),
    help="Where the figures go [default: results.json beside this, where it is not --quick].",
)
@click.option("--show", is_flag=True, help="Print the last figures as README shows them.")
def main(quick: bool, only: tuple[str, ...], path: Path | None, show: bool) -> None:
    """Kill, fill, flip, mutate and interrupt; say what came of it."""
    if show:
        click.echo(as_markdown(read_results(RESULTS)))
        return
    if path is None and not quick:
        path = RESULTS
    found = {}
    for name in only or EXPERIMENTS:
        say(f"{name}:")
        with tempfile.TemporaryDirectory(prefix="featpipe-chaos-") as made:
            found[name] = import_module(f"chaos.{name}").rows(Path(made), is_quick=quick)
        if path is not None:  # after each, so that an interruption loses one
            write_results(path, name, found[name], "make chaos" + " ARGS=--quick" * quick)
    click.echo(as_text(found))
    raise SystemExit(not all(row.is_held for rows in found.values() for row in rows))


if __name__ == "__main__":
    main()
