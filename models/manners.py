"""What a result was allowed to see of the test side, and what it has to say where that was more.

Numbers in this field are often made with test windows standardised by their own statistics, or with
the epoch that did best on them. Both can be asked for, to stand beside a publication, and neither
without a mark in every row that comes of it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from featpipe.errors import ConfigError, unknown
from models.ahead import reads_target
from models.protocols import DIVIDED, Protocol, get_protocol
from models.selection import get_policy
from models.types import Card

TRANSDUCTIVE = "transductive"
"""The mark of rows whose test windows were looked at, without labels, before they were tested."""
TEST_SELECTED = "test-selected"
"""The mark of rows whose epoch was chosen on the test labels: an upper bound and no result."""

MANNERS: Mapping[str, str] = {
    "strict": "nothing of the test side is seen before the test",
    "paper": "scaling and epoch as each method's publication has them, marked where it saw more",
    "marked": "scaling and epoch as asked for, marked where they see more",
}
"""Name -> what it means."""

SCALINGS: Mapping[str, str] = {
    "train": "features are standardised with the training rows of the fold",
    "subject": "every subject is standardised with all windows of its own, test windows too",
    "session": "every recording is standardised with all windows of its own, test windows too",
}
"""Name -> what it means."""


class Terms(NamedTuple):
    """On what terms a method is compared; stands in every prediction.

    Attributes
    ----------
    protocol : Protocol
        What is left out.
    manner, policy, scaling : str
        Keys of `MANNERS`, `models.selection.POLICIES` and `SCALINGS`.
    marks : str
        What a row has to say, separated by commas; empty where there is nothing.
    """

    protocol: Protocol
    manner: str
    policy: str
    scaling: str
    marks: str

    def columns(self) -> dict[str, str]:
        """Return what predictions say of it."""
        return {
            "protocol": self.protocol.name,
            "split": self.protocol.split,
            "policy": self.policy,
            "manner": self.manner,
            "scaling": self.scaling,
            "marks": self.marks,
        }


def terms(
    method: Card,
    protocol: str | Protocol,
    manner: str = "strict",
    policy: str = "last",
    scaling: str = "train",
    trials: str = "",
    config: Any = None,
) -> Terms:
    """Settle on what terms a method is compared.

    Parameters
    ----------
    method : Card
        Says what its publication did.
    protocol : str or Protocol
        What is left out.
    manner : str
        In manner "paper" the method says policy and scaling, and those given are not read.
    policy, scaling : str
        How the epoch is chosen, and with what features are standardised.
    trials : str
        What trials are where they are not clips, see `get_protocol`.
    config : frozen dataclass, optional
        The method's options; its defaults if left out.

    Raises
    ------
    ConfigError
        When a name does not exist, or something sees the test side in manner "strict".
    """
    for kind, name, known in (("manner", manner, MANNERS), ("scaling", scaling, SCALINGS)):
        if name not in known:
            raise ConfigError(unknown(kind, name, known))
    if manner == "paper":
        policy, scaling = method.paper.policy, method.paper.scaling
    chosen = get_protocol(protocol, trials) if isinstance(protocol, str) else protocol
    seen = _seen(method, method.config if config is None else config, policy, scaling)
    if manner == "strict" and seen:
        what, mark = next(iter(seen.items()))
        raise ConfigError(
            f"{what}, which manner 'strict' does not allow: choose [train] manner = \"marked\", "
            f'and every row says "{mark}", or another'
        )
    marks = [*dict.fromkeys(seen.values()), *([DIVIDED] if chosen.mark else [])]
    return Terms(chosen, manner, policy, scaling, ", ".join(marks))


def _seen(method: Card, config: Any, policy: str, scaling: str) -> dict[str, str]:
    """Name what sees the test side, and the mark of it."""
    found = {}
    if get_policy(policy).is_of_test:
        found[f"policy {policy!r} looks at test labels"] = TEST_SELECTED
    if scaling != "train":
        found[f"scaling {scaling!r} uses the test windows"] = TRANSDUCTIVE
    if reads_target(method, config):
        found[f"method {method.name!r} learns from unlabelled test windows"] = TRANSDUCTIVE
    return found
