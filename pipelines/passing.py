"""Which failures may go well the next time: a disk or a network that is out of reach for a moment.

Bad data, missing files, missing rights and full disks stay what they are; of the last nothing else
that a run would write fares better.
"""

import errno

from featpipe.errors import OutputError

_PASSING = frozenset(
    getattr(errno, name)
    for name in """
        EIO ESTALE EAGAIN EBUSY EINTR ETIMEDOUT EREMOTEIO ECONNABORTED ECONNREFUSED ECONNRESET
        EHOSTDOWN EHOSTUNREACH ENETDOWN ENETRESET ENETUNREACH ENOTCONN EPIPE ESHUTDOWN
    """.split()
    if hasattr(errno, name)
)


def may_pass(error: BaseException) -> bool:
    """Tell whether a failure came from input or output that may work again.

    Parameters
    ----------
    error : BaseException
        What was raised. Readers name the file in an error of their own; its cause counts.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _PASSING:
            return True
        cause = cause.__cause__
    return False


_FULL = frozenset(
    getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EROFS") if hasattr(errno, name)
)


def meets_all(error: BaseException) -> bool:
    """Tell whether a failure would meet all other outputs, too: there is no room for any.

    Parameters
    ----------
    error : BaseException
        What was raised.
    """
    cause = error.__cause__
    return isinstance(error, OutputError) and isinstance(cause, OSError) and cause.errno in _FULL
