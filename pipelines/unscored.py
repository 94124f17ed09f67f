"""Stored predictions that stand in no score: of other subjects, or of tables that have changed."""

from collections.abc import Iterator
from pathlib import Path

from featpipe.errors import ReadError, few
from pipelines.digests import metadata_of
from pipelines.engine import is_features

OTHERS = (
    "of other recordings than the last training took ([train] subjects, --only): train on the same "
    "again to see them, with -o in a folder of its own"
)
CHANGED = "of tables that are not as they were in the last training: train again to see them"

N_NAMED = 4
"""Most predictions that are named: their names are long."""


def unscored(out: Path) -> Iterator[str]:
    """Tell of stored predictions that stand in no score and in no report.

    Parameters
    ----------
    out : Path
        Output folder. Nothing is told while it has no scores.

    Yields
    ------
    str
        One line per reason.
    """
    try:
        scored = set(metadata_of(out / "scores.parquet")["predictions"])
        left = [path for path in _stored(out) if path.name not in scored]
        if not left:
            return
        behind = {_recordings(path) for path in _stored(out) if path.name in scored}
        kinds: dict[str, list[str]] = {}
        for path in left:
            why = CHANGED if _recordings(path) in behind else OTHERS
            kinds.setdefault(why, []).append(path.stem)
    except ReadError:  # told where the file is read
        return
    for why, names in kinds.items():
        yield f"stored predictions that are not shown: {few(names, N_NAMED)}: {why}"


def _stored(out: Path) -> list[Path]:
    return sorted(out.glob("predictions/*.parquet"))


def _recordings(path: Path) -> frozenset[str]:
    """Name the recordings that predictions were trained and tested on."""
    sources = metadata_of(path)["sources"]
    return frozenset(Path(of["name"]).stem for of in sources if is_features(of))
