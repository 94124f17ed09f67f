"""Eye tables of different trackers side by side: pixels beside parts of a screen."""

from collections.abc import Iterator
from pathlib import Path

from featpipe.errors import ReadError, few
from pipelines.digests import metadata_of


def mixed_units(out: Path) -> Iterator[str]:
    """Tell of eye tables whose columns are in different units.

    Parameters
    ----------
    out : Path
        Output folder.

    Yields
    ------
    str
        For stderr: one line that names the recordings of each kind; nothing when all are of one.
    """
    kinds: dict[str, list[str]] = {}
    for path in sorted(out.glob("features/eye/*.parquet")):
        try:
            units = metadata_of(path).get("units") or {}
        except ReadError:  # told where the table is read
            continue
        kinds.setdefault(", ".join(f"{name} {unit}" for name, unit in units.items()), []).append(
            path.stem
        )
    if len(kinds) > 1:
        listed = "; ".join(f"{units} ({few(names)})" for units, names in kinds.items())
        yield f"eye tables are in different units, do not train on them together: {listed}"
