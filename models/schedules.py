"""How a learning rate moves over a stage: functions of the share of steps taken.

`Objective.schedule` is one of these, or any other function of that kind.
"""

from collections.abc import Callable
from functools import partial
from math import cos, pi

Schedule = Callable[[float], float]
"""Share of the stage's steps already taken, in [0, 1) -> factor of the learning rate."""


def annealed(progress: float) -> float:
    """Return (1 + 10 p)^-0.75, from 1 to 0.165 [1]_.

    References
    ----------
    .. [1] Ganin, Y., et al. (2016). Domain-adversarial training of neural networks. Journal of
       Machine Learning Research, 17(59), 1-35, section 5.2.2.
    """
    return (1 + 10 * progress) ** -0.75


def cosine(progress: float) -> float:
    """Return (1 + cos(pi p)) / 2, from 1 to 0 [1]_.

    References
    ----------
    .. [1] Loshchilov, I., & Hutter, F. (2017). SGDR: Stochastic gradient descent with warm
       restarts. ICLR, Eq. 5 without restarts.
    """
    return (1 + cos(pi * progress)) / 2


def warmed_up(share: float, then: Schedule) -> Schedule:
    """Rise in a line for a share of the steps, and follow another schedule over the rest.

    Parameters
    ----------
    share : float
        Of the stage's steps, in (0, 1).
    then : callable
        Goes from 0 to 1 over what is left.

    Examples
    --------
    >>> rise = warmed_up(0.5, cosine)
    >>> [rise(p) for p in (0.0, 0.25, 0.5, 0.75)]
    [0.0, 0.5, 1.0, 0.5]
    """
    return partial(_warmed_up, share, then)


def _warmed_up(share: float, then: Schedule, progress: float) -> float:
    return progress / share if progress < share else then((progress - share) / (1 - share))
