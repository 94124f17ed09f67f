"""What publications did that is not done here by default."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PaperManner:
    """How a method's publication scaled and chose the epoch.

    Attributes
    ----------
    policy, scaling : str
        As `models.selection` and `models.manners` call them.
    says : str
        How that is known; "not stated" where the publication is silent, and the strict way stands.
    """

    policy: str = "last"
    scaling: str = "train"
    says: str = "not stated"
