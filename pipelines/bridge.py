"""`featpipe bridge`: our features against shipped ones, or any two outputs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from featpipe.errors import ConfigError
from featpipe.publishing import write_text
from pipelines.bridge_numbers import Numbers, measure, medians
from pipelines.bridge_tables import Pair, choose_families, join
from pipelines.bridge_words import verdict
from pipelines.json_text import json_text
from pipelines.places import with_urls
from pipelines.progress import shown
from pipelines.published import record
from pipelines.results import SIMULATED, aligned
from pipelines.spreadsheet import as_csv

Compared = tuple[Pair, Numbers, list[str]]

SHOWN = (
    "pearson_within",
    "spearman_within",
    "pearson",
    "slope",
    "offset",
    "scale",
    "lag1_a",
    "lag1_b",
)


def print_bridge(
    a: Path, b: Path, page: Path, families: Sequence[str] = (), *, as_json: bool = False
) -> int:
    """Compare two outputs, write the page and the numbers of every column, print a summary.

    Parameters
    ----------
    a, b : Path
        Folders with `features/`.
    page : Path
        The HTML file, or a folder for it; the numbers go beside it, with the suffix .csv.
    families : sequence of str
        As `--family` takes them.
    as_json : bool
        Print JSON instead of text.

    Returns
    -------
    int
        Exit code.
    """
    if page.is_dir() or not page.suffix:
        page /= "bridge.html"
    if page.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"-o {page}: the page is HTML, name a file that ends in .html")
    compared: list[Compared] = []
    for one in choose_families(a, b, families):
        click.echo(f"comparing {one[0]} of A with {one[1]} of B", err=True)
        pair = join(a, b, one)
        numbers = measure(pair)
        compared.append((pair, numbers, verdict(pair, numbers)))
    numbers_file = page.with_suffix(".csv")
    _write(a, b, page, numbers_file, compared)
    if as_json:
        click.echo(json_text(_record(a, b, page, numbers_file, compared)))
    else:
        click.echo("\n".join(_lines(compared)))
        click.echo(f"page in {shown(page)}, numbers of all columns in {shown(numbers_file)}")
    return 0


def _write(a: Path, b: Path, page: Path, numbers_file: Path, compared: Sequence[Compared]) -> None:
    import pandas as pd

    from pipelines import bridge_page

    tables = [
        numbers.columns.assign(family_a=pair.families[0], family_b=pair.families[1])
        for pair, numbers, _ in compared
    ]
    frame: Any = pd.concat(tables)
    first = ["family_a", "family_b"]
    frame = frame[[*first, *frame.columns.drop(first)]]
    named = (with_urls(str(a)), with_urls(str(b)))
    files = {
        str(numbers_file): write_text(as_csv(frame), numbers_file, page.parent),
        str(page): write_text(bridge_page.page(*named, compared), page, page.parent),
    }
    for out in (a, b):  # a page among the outputs is one of them
        if page.absolute().is_relative_to(out.absolute()):
            record(out.absolute(), {str(Path(name).absolute()): of for name, of in files.items()})


def _lines(compared: Sequence[Compared]) -> list[str]:
    from pipelines.bridge_page import joined

    is_simulated = any(pair.is_simulated for pair, _, _ in compared)
    lines = [SIMULATED, ""] if is_simulated else []
    for pair, numbers, words in compared:
        lines += [f"{' and '.join(dict.fromkeys(pair.families))}: {joined(pair)}"]
        lines += [f"  {text}" for text in (*words, *pair.notes)]
        rows = [tuple(_cell(x) for x in row) for row in medians(numbers, SHOWN).to_numpy()]
        lines += ["  medians over channels:", *aligned([("band", *SHOWN), *rows]), ""]
    return lines


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value) or "eye"


def _record(
    a: Path, b: Path, page: Path, numbers_file: Path, compared: Sequence[Compared]
) -> dict[str, Any]:
    pairs = [
        {
            "families": list(pair.families),
            "n_windows": len(pair.keys),
            "is_simulated": pair.is_simulated,
            "verdict": words,
            "notes": pair.notes,
            "warnings": pair.warnings,
            "medians": json.loads(medians(numbers, SHOWN).to_json(orient="records") or "[]"),
            "channels_best_match_themselves": _number(numbers.channels.itself),
            "bands_best_match_themselves": _number(numbers.bands.itself),
            "shift_in_windows": numbers.places.lag,
            "exchanged": [
                moved._asdict() for moved in (*numbers.places.recordings, *numbers.places.trials)
            ],
            "recordings": json.loads(numbers.recordings.to_json(orient="records") or "[]"),
            "probes": {
                name: {
                    key: [_number(y) for y in x] if isinstance(x, tuple) else _number(x)
                    for key, x in probe._asdict().items()
                }
                for name, probe in numbers.probes.items()
            },
        }
        for pair, numbers, words in compared
    ]
    where = {
        "a": with_urls(str(a)),
        "b": with_urls(str(b)),
        "page": str(page),
        "numbers": str(numbers_file),
    }
    return where | {"pairs": pairs}


def _number(value: float) -> float | None:
    return value if value == value else None  # JSON has no NaN
