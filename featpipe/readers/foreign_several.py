"""The same arrays of several foreign files, where one that is damaged does not cost the others."""

from collections.abc import Sequence
from pathlib import Path

from featpipe.errors import ReadError
from featpipe.readers.foreign import (
    LIMITS,
    Content,
    Limits,
    Pattern,
    ask_child,
    refuse_by_head,
)


def try_arrays_and_shapes(
    paths: Sequence[Path], wanted: Pattern, shaped: Pattern, limits: Limits = LIMITS
) -> dict[Path, Content | ReadError]:
    """Read the same of several files, in one child process.

    Parameters
    ----------
    paths : sequence of Path
        The files.
    wanted, shaped, limits
        As in `read_arrays_and_shapes`; bytes count for each file, time for all.

    Returns
    -------
    dict of Path to (arrays, shapes) or ReadError
        The latter of a file that has to be refused.
    """
    found: dict[Path, Content | ReadError] = {}
    for path in paths:
        try:
            refuse_by_head(path)
        except ReadError as error:
            found[path] = error
    others = {path: wanted for path in paths if path not in found}
    try:
        return found | (ask_child(others, shaped, limits) if others else {})
    except ReadError as error:  # the child ended: by which file, only each by itself can tell
        if len(paths) == 1:
            return {paths[0]: error}
    return {path: try_arrays_and_shapes([path], wanted, shaped, limits)[path] for path in paths}
