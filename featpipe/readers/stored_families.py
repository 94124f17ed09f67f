"""Which EEG families are in files of released features, from the heads of their variables."""

from collections.abc import Iterable
from pathlib import Path

from featpipe.errors import ReadError
from featpipe.readers.feature_files import EEG_NAME, SMOOTHED
from featpipe.readers.mat5_shapes import mat5_shapes


def stored_families(paths: Iterable[Path]) -> set[str]:
    """Name the families of which a file has a variable.

    Parameters
    ----------
    paths : iterable of Path
        MATLAB files whose variables are numbered by trial; what cannot be read tells nothing.

    Returns
    -------
    set of str
        As "de_lds".
    """
    found = set()
    for path in paths:
        try:
            names = mat5_shapes(path)
        except (ReadError, OSError):
            continue
        matches = filter(None, map(EEG_NAME.fullmatch, names))
        found |= {match[1] + SMOOTHED[match[2]] for match in matches}
    return found
