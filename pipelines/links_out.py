"""Folders of an output that are links: followed inside it, refused where they lead out of it.

The output folder may be a link itself: who names it means where it leads. Files that are links are
replaced, never written through.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from featpipe.errors import OutputError

_FOLDERS = (
    ".cache", ".staging", "bridge", "curves", "features", "models", "outdated", "plots",
    "predictions", "pupils", "qc", "tuning",
)  # fmt: skip


def require_no_links_out(out: Path) -> None:
    """Refuse an output folder that would be left while it is written.

    Parameters
    ----------
    out : Path
        Output root; need not be there.

    Raises
    ------
    OutputError
        Naming the link and where it leads.
    """
    root = out.resolve()
    for link in _links(out):
        end = Path(os.path.realpath(link))
        if not end.is_relative_to(root):
            raise OutputError(
                f"{link}: a link that leads out of the output folder, to {end}: take it away, or "
                "name the folder that you mean"
            )


def _links(out: Path) -> Iterator[Path]:
    """Yield what stands for a folder of ours, at any depth, and is a link."""
    for name in _FOLDERS:
        if (out / name).is_symlink():
            yield out / name
            continue
        for place, folders, names in os.walk(out / name):
            # a link that leads nowhere lies among the files
            found = [*folders, *(name for name in names if not Path(name).suffix)]
            yield from (
                path for name in found if (path := Path(place, name)).is_symlink()
                and not path.is_file()
            )  # fmt: skip
