"""Networks that are trained before a method: teachers, judges, members of a fusion."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from models.types import Batch

Pairs = Literal["own", "shuffled", "same-label"]
"""Of which training window a network tells: of the window itself or, as a control, of another one,
any or of the same label."""


@dataclass(frozen=True)
class Earlier:
    """A network of another method, trained on the training side of the same fold, same seed.

    Attributes
    ----------
    method : str
        Registry name; of a method on single windows.
    options : mapping
        Its options, where they are not the defaults.
    says : callable, optional
        ``says(net, batch) -> pytree of tensors (batch, ...)``, in eval mode, of every training
        window; is in `Batch.told`.
    becomes : str
        Sub-module of the method's own network that begins with its weights; "" for none.
    n_groups : int
        If not 0, the training side is divided into so many groups of subjects (of trials, where
        there is one subject), and what is told of a window are the log-probabilities of a network
        that was trained on the other groups. `says` and `becomes` are not read.
    pairs : {"own", "shuffled", "same-label"}
        Of which window it tells, see `Pairs`.
    """

    method: str
    options: Mapping[str, Any]
    says: Callable[[Any, Batch], Any] | None = None
    becomes: str = ""
    n_groups: int = 0
    pairs: Pairs = "own"
