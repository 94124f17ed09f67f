"""What publications report, to stand beside ours of the same data set, protocol and options."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from models.registry import make_config, variant

FILE = Path(__file__).with_name("published.toml")


class Figure(NamedTuple):
    """One number of a publication.

    Attributes
    ----------
    dataset, protocol, method, variant : str
        As studies, protocols, methods and their variants are called here.
    n_subjects : int
        Test subjects.
    mean : float
        Accuracy over subjects.
    sd : float or None
        Which standard deviation is rarely said; None where only the mean is known.
    reference : str
        Where it stands.
    open : str
        What the publication does not say of how it was made.
    """

    dataset: str
    protocol: str
    method: str
    variant: str
    n_subjects: int
    mean: float
    sd: float | None
    reference: str
    open: str

    @property
    def text(self) -> str:
        """As tables print it."""
        return f"{self.mean:.3f}" + ("" if self.sd is None else f" ± {self.sd:.3f}")


@cache
def figures() -> tuple[Figure, ...]:
    """List all of them."""
    return tuple(_figures())


def _figures() -> Iterator[Figure]:
    with FILE.open("rb") as stream:
        papers = tomllib.load(stream)
    for paper in papers.values():
        for table in paper["tables"]:
            for row in table["rows"]:
                about = paper["datasets"][row["dataset"]]
                left_open = list(filter(None, (of.get("open") for of in (paper, table, about))))
                for method, options, value in _cells(row):
                    mean, sd = value if isinstance(value, list) else (value, None)
                    yield Figure(
                        row["dataset"], row["protocol"],
                        method, variant(method, make_config(method, options)),
                        about["subjects"], mean, sd,
                        f"{paper['reference']}, {table['name']}", ", and ".join(left_open),
                    )  # fmt: skip


def _cells(row: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield method, options and figure of every cell of a row."""
    shared, columns = row.get("options", {}), row.get("columns")
    for method, found in row["accuracy"].items():
        if columns is None:
            yield method, shared, found
            continue
        for options, value in zip(columns, found, strict=True):
            yield method, shared | options, value


def datasets() -> list[str]:
    """Name the data sets that there are figures of."""
    return list(dict.fromkeys(figure.dataset for figure in figures()))
