"""A folder for what worker processes of this machine put on disk: copies of compiled kernels.

Not in OUT: a disk that is full there would keep workers from starting, and be told of as whatever
they met.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from featpipe.publishing import refused


@contextmanager
def scratch() -> Iterator[Path]:
    """Make a folder among the system's temporary files, and remove it in the end.

    Raises
    ------
    OutputError
        When the system has no room for it.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix="featpipe-"))
    except OSError as error:
        raise refused(error, Path(error.filename or "TMPDIR")) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
