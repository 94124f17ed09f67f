"""Stores that do not take what is sent: left alone for a while, since each try costs seconds."""

import time

from featpipe.errors import StoreError

N_IN_A_ROW = 2
"""Failures after which a store is left alone."""

PAUSE_S = 60.0
"""For how long; then one try tells."""

_FAILED: dict[str, tuple[int, float]] = {}
"""URL -> failures in a row, and when to try again on the monotonic clock."""


def is_left_alone(url: str) -> bool:
    """Tell whether a store has failed again and again, the last time just now."""
    n, try_at = _FAILED.get(url, (0, 0.0))
    return n >= N_IN_A_ROW and time.monotonic() < try_at


def failed(url: str, error: StoreError) -> str:
    """Take note of a failure; return what to tell of it, "" where enough was told."""
    n = _FAILED.get(url, (0, 0.0))[0] + 1
    _FAILED[url] = n, time.monotonic() + PAUSE_S
    if n < N_IN_A_ROW:
        return f"not sent yet: {error}"
    told = f"not sent yet: {url} fails again and again: the work goes on, it is tried once a minute"
    return told * (n == N_IN_A_ROW)


def worked(url: str) -> str:
    """Take note of a success; return what to tell of it, "" where nothing was told before."""
    n = _FAILED.pop(url, (0, 0.0))[0]
    return f"{url} answers again" * (n >= N_IN_A_ROW)
