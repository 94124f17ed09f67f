"""What an experiment reports."""

from typing import NamedTuple


class Row(NamedTuple):
    """One promise, put to the test.

    Attributes
    ----------
    what : str
        What was done.
    n : int
        How often.
    figure : str
        What was found.
    wanted : str
        What was promised.
    is_held : bool
        The promise was kept every time.
    is_detail : bool
        README leaves it out, because another row sums it up.
    """

    what: str
    n: int
    figure: str
    wanted: str
    is_held: bool
    is_detail: bool = False


def count(what: str, n: int, n_bad: int, of: str) -> Row:
    """Make a row of something that must never be found.

    Parameters
    ----------
    what : str
        What was done.
    n : int
        How often.
    n_bad : int
        How often the bad thing was found.
    of : str
        Its name.
    """
    return Row(what, n, f"{n_bad} {of}", "0", n_bad == 0 and n > 0)
