"""Names of channels told apart where a file has one twice."""

import logging
from collections.abc import Sequence
from itertools import count

from featpipe.errors import few
from featpipe.montage import standard_name

logger = logging.getLogger(__name__)


def distinct_names(names: Sequence[str]) -> list[str]:
    """Put numbers behind names that tables would spell alike; name channels without a name.

    Parameters
    ----------
    names : sequence of str
        As the file has them, in its order.

    Returns
    -------
    list of str
        The first of several keeps its name; the third of all is CH3 if it has none.

    Examples
    --------
    >>> distinct_names(["EKG", "M1", "EKG", "ekg", "EKG-1"])
    ['EKG', 'M1', 'EKG-2', 'ekg-3', 'EKG-1']
    >>> distinct_names(["Cz", ""])
    ['Cz', 'CH2']
    """
    names = [name or f"CH{i}" for i, name in enumerate(names, 1)]
    spelt = [standard_name(name) for name in names]
    taken, found = set(spelt), []
    for i_channel, name in enumerate(names):
        if spelt[i_channel] in spelt[:i_channel]:
            free = (f"{name}-{i}" for i in count(1))
            name = next(new for new in free if standard_name(new) not in taken)
            taken.add(standard_name(name))
        found.append(name)
    return found


def tell_renamed(file: str, names: Sequence[str], found: Sequence[str]) -> None:
    """Warn of channels that got another name.

    Parameters
    ----------
    file : str
        For the message.
    names, found : sequence of str
        Names as they were and as they are.
    """
    renamed = [new for name, new in zip(names, found, strict=True) if new != name]
    if renamed:
        logger.warning(
            "%s: several channels have one name, or none; they are told apart as %s",
            file, few(renamed),
        )  # fmt: skip
