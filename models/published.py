"""What publications report, to stand beside ours where data set and protocol are the same."""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("published.toml")


class Figure(NamedTuple):
    """One number of a publication.

    Attributes
    ----------
    dataset, protocol, method : str
        As studies, protocols and methods are called here.
    n_subjects : int
        Test subjects.
    mean, sd : float
        Accuracy over subjects; which standard deviation is rarely said.
    reference : str
        Where it stands.
    open : str
        What the publication does not say of how it was made.
    """

    dataset: str
    protocol: str
    method: str
    n_subjects: int
    mean: float
    sd: float
    reference: str
    open: str


@cache
def figures() -> tuple[Figure, ...]:
    """List all of them."""
    return tuple(_figures())


def _figures() -> Iterator[Figure]:
    with FILE.open("rb") as stream:
        papers = tomllib.load(stream)
    for paper in papers.values():
        for row in paper["rows"]:
            for method, (mean, sd) in row["accuracy"].items():
                left_open = ", and ".join(filter(None, (paper["open"], row.get("open"))))
                yield Figure(
                    row["dataset"], row["protocol"], method, row["subjects"], mean, sd,
                    paper["reference"], left_open,
                )  # fmt: skip


def datasets() -> list[str]:
    """Name the data sets that there are figures of."""
    return list(dict.fromkeys(figure.dataset for figure in figures()))
