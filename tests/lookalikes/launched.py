"""Start featpipe as a user does, with an extraction that waits, aborts or fails where told.

    python -m lookalikes.launched HOW FOLDER extract STUDY ...

HOW is `plain`, `hasty` (larger workers, and answers, are waited for 3 s only), `held` (each
recording leaves a file of its name in FOLDER and waits for one called `go`) or `poisoned`
(recordings that FOLDER has a file of end their process). The functions travel to real workers by
value, because they are those of the main program.
"""

import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

from pipelines.steps import extract as extraction


def held(folder, unit, stale):
    (folder / unit.name).touch()
    while not (folder / "go").exists():
        time.sleep(0.02)
    return extraction.make(unit, stale)


def poisoned(folder, unit, stale):
    if (folder / unit.name).exists():
        os.abort()
    return extraction.make(unit, stale)


if __name__ == "__main__":
    from pipelines.__main__ import main

    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells have it ignored behind "&"
    how, folder = sys.argv[1], Path(sys.argv[2])
    if how == "hasty":
        from pipelines import dask_tasks

        dask_tasks.SETTLED_S = dask_tasks.ANSWER_S = 3.0
    makes = {"held": partial(held, folder), "poisoned": partial(poisoned, folder)}
    extraction.EXTRACT = extraction.EXTRACT._replace(make=makes.get(how, extraction.make))
    sys.argv[1:] = sys.argv[3:]
    main()
