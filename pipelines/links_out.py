"""Folders of an output that are links: followed inside it, refused where they lead out of it.

The output folder may be a link itself: who names it means where it leads. Files that are links are
replaced, never written through.
"""

from pathlib import Path

from featpipe.errors import OutputError

_FOLDERS = (
    ".cache", ".staging", "curves", "features", "features/*", "outdated", "plots", "predictions",
    "predictions/*", "pupils", "qc",
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
    for folder in (folder for name in _FOLDERS for folder in out.glob(name)):
        if folder.is_symlink() and not folder.resolve().is_relative_to(root):
            raise OutputError(
                f"{folder}: a link that leads out of the output folder, to {folder.resolve()}: "
                "take it away, or name the folder that you mean with -o"
            )
