"""One Dask worker for all tests that only need their tables made: starting one takes seconds."""

import atexit
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from pipelines.cluster import _start


@cache
def one_worker() -> tuple[str, str]:
    """Options of the command line that name a cluster of one worker, started when first asked."""
    cluster = _start(1, Path(mkdtemp(prefix="featpipe-tests-")), 2 << 30)
    atexit.register(cluster.close)
    return "--scheduler", cluster.scheduler_address
