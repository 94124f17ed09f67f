"""How the reported epoch is chosen: named policies, stored with every prediction.

A table that does not say how its epochs were chosen cannot be compared with another. So far there
is one policy; one that looks at validation scores would be a second entry.
"""

from collections.abc import Mapping

from featpipe.errors import ConfigError, unknown

POLICIES: Mapping[str, str] = {
    "last": "the weights after the last epoch; no data are held out to choose it",
}
"""Name -> what it means, for reports."""


def check_policy(name: str) -> str:
    """Return the name.

    Raises
    ------
    ConfigError
        When there is no such policy.
    """
    if name not in POLICIES:
        raise ConfigError(unknown("policy", name, POLICIES))
    return name
