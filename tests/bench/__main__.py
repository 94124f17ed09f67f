"""Compare featpipe with what one would use instead: `make bench`, or `python -m bench --quick`.

Side by side in one run on generated files, one thread each, page cache warm, compiling and the
start of processes left out; every figure stands beside one that says how right the tool is.
"""

import json
import os
import tempfile
from importlib import import_module
from pathlib import Path

import click

for _library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):  # before main() imports numpy
    os.environ[f"{_library}_NUM_THREADS"] = "1"

GROUPS = (
    "end_to_end",
    "de_bandpass",
    "de",
    "resampling",
    "memory",
    "workers",
    "unchanged",
    "training",
    "distillation",
    "table",
    "loading",
    "eyelink",
)
MODULES = {"de": "de_windows", "table": "distilled_table"}
RESULTS = Path(__file__).with_name("results.json")


@click.command()
@click.option("--quick", is_flag=True, help="Short recordings, under a minute; nothing installed.")
@click.option("--only", multiple=True, type=click.Choice(GROUPS), help="One group of rows.")
@click.option(
    "--json",
    "path",
    type=click.Path(path_type=Path),
    help="Where the figures go [default: results.json beside this, of whole runs only].",
)
@click.option("--show", is_flag=True, help="Print the last whole run as README shows it.")
@click.option("--folder", type=click.Path(path_type=Path, exists=True), help="For generated files.")
def main(
    quick: bool, only: tuple[str, ...], path: Path | None, show: bool, folder: Path | None
) -> None:
    """Time featpipe and others on generated recordings."""
    if show:
        from bench.table import as_markdown

        click.echo(as_markdown(json.loads(RESULTS.read_text(encoding="utf-8"))))
        return
    from bench.size import FULL, QUICK
    from bench.table import as_text, write_json
    from bench.timing import say

    size = QUICK if quick else FULL
    if path is None and not (quick or only):
        path = RESULTS
    words = ["make bench" if not (quick or only) else "python -m bench", "--quick" * quick]
    command = " ".join([*filter(None, words), *(f"--only {name}" for name in only)])
    rows = []
    for name in only or GROUPS:
        say(f"{name}:")
        module = import_module(f"bench.{MODULES.get(name, name)}")
        with tempfile.TemporaryDirectory(prefix="featpipe-bench-", dir=folder) as made:
            rows.extend(module.rows(Path(made), size))
        if path is not None:
            write_json(rows, path, command)  # after each group, so that an interruption loses one
    click.echo(as_text(rows))


if __name__ == "__main__":
    main()
