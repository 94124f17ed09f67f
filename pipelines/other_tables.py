"""Refuse to make tables in a folder that holds those of something else.

A folder of tables is read as a whole. Names of files say subject and session only, so that a run
of another data set would replace tables of the same names, and leave the rest among its own.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from featpipe.errors import ConfigError, NewerSchemaError, ReadError
from pipelines.digests import metadata_of

_MADE = {"extract": "extracted from recordings", "import": "imported from a release"}


class _Kind(NamedTuple):
    """What must be the same of all tables of a folder."""

    step: str
    dataset: str

    def text(self) -> str:
        return f"{_MADE.get(self.step, self.step)}, data set {self.dataset!r}"


def require_own_tables(out: Path, step: str, dataset: str) -> None:
    """Refuse a folder with tables that another step made, or of another data set.

    Parameters
    ----------
    out : Path
        Output root; need not be there.
    step : str
        Name of the step that is to run: "extract" or "import".
    dataset : str
        Name of the study, as the column `dataset` of its tables has it.

    Raises
    ------
    ConfigError
        Naming one such table, what it is and what to do.
    NewerSchemaError
        When a later version of featpipe made one of them.
    """
    own = _Kind(step, dataset)
    for path, kind in _kinds(out):
        if kind != own:
            raise ConfigError(
                f"{path}: tables in this folder are {kind.text()}, and those of this run would be "
                f"{own.text()}; they would replace or join them: name another folder with -o, or "
                f"move {out / 'features'} away first"
            )


def _kinds(out: Path) -> Iterator[tuple[Path, _Kind]]:
    """Yield what each table of ours is; files of others say nothing."""
    for path in sorted(out.glob("features/*/*.parquet")):
        try:
            about = metadata_of(path)
            yield path, _Kind(str(about["step"]), str(about["recording"]["dataset"]))
        except NewerSchemaError:
            raise
        except (ReadError, KeyError, TypeError):
            continue
