"""Which windows each step of each fold sees, drawn ahead of training.

A fold's draws depend on the seed and the fold's name only: not on how many folds are trained
together, nor on their order.
"""

import zlib
from collections.abc import Iterator

import numpy as np

from featpipe.errors import ConfigError


def seed_for(seed: int, *purpose: str) -> np.random.SeedSequence:
    """Return the seed of one purpose, for example ``seed_for(0, "sub-3", "weights")``.

    Raises
    ------
    ConfigError
        When the seed is negative.
    """
    if seed < 0:
        raise ConfigError(f"seed is {seed}: expected 0 or more")
    return np.random.SeedSequence([seed, zlib.crc32("/".join(purpose).encode())])


def steps_per_epoch(n_items: int, batch: int) -> int:
    """Return the steps of an epoch of one fold, from its own training items alone.

    In so many steps the fold is seen once. From 32 steps on they are rounded to five binary digits,
    by 3 % at most, so that folds of about the same size can be trained in one stack.

    Parameters
    ----------
    n_items, batch : int
        Training items of the fold, and items per step.

    Examples
    --------
    >>> [steps_per_epoch(n, 64) for n in (5, 129, 64 * 273, 64 * 275)]
    [1, 3, 272, 272]
    """
    n_steps = max(1, -(-n_items // batch))
    grid = 1 << max(0, n_steps.bit_length() - 5)
    return (n_steps + grid // 2) // grid * grid


def draw_epochs(
    strata: np.ndarray,
    n_steps: int,
    batch: int,
    seed: np.random.SeedSequence,
    weight: np.ndarray | None = None,
) -> Iterator[np.ndarray]:
    """Draw batches of one fold without end, each stratum equally often.

    Slots of a batch go round the strata, so counts within a batch differ by one at most; each
    stratum's items come from a stream of whole shuffles, so its items are used equally often.

    Parameters
    ----------
    strata : array of int, shape (n_items,)
        Training subject of each item; all zero for no stratification.
    n_steps, batch : int
        Batches per epoch and items per batch.
    seed : numpy.random.SeedSequence
        From `seed_for`.
    weight : array, shape (n_items,), optional
        How often each item is drawn, relative to others of its stratum; None: all alike.

    Yields
    ------
    array of int64, shape (n_steps, batch)
        Item numbers of one epoch.
    """
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    streams = [np.empty(0, np.int64) for _ in members]
    n_slots, start = n_steps * batch, 0
    while True:
        owner = (start + np.arange(n_slots)) % len(members)
        plan = np.empty(n_slots, np.int64)
        for i, items in enumerate(members):
            slots = np.flatnonzero(owner == i)
            n_shuffles = max(0, -(-(len(slots) - len(streams[i])) // len(items)))
            shuffles = [shuffled(rng, items, weight) for _ in range(n_shuffles)]
            stream = np.concatenate([streams[i], *shuffles])
            plan[slots], streams[i] = np.split(stream, [len(slots)])
        start = (start + n_slots) % len(members)
        yield plan.reshape(n_steps, batch)


def shuffled(
    rng: np.random.Generator, items: np.ndarray, weight: np.ndarray | None = None
) -> np.ndarray:
    """Return as many items as there are, in random order, each as often as its weight says.

    An item of n times the mean weight is drawn n times, rounded up or down at random so that the
    expectation is exact (systematic sampling, Madow 1949); with equal weights each is drawn once.

    Parameters
    ----------
    rng : numpy.random.Generator
        Moved on.
    items : array of int64, shape (n_items,)
        What is drawn from.
    weight : array, shape (n_all,), optional
        Of every item, by its number; not negative, and not 0 in all. None: all alike.
    """
    if weight is None:
        return rng.permutation(items)
    order = rng.permutation(items)  # neighbours share what is left by rounding
    upto = np.cumsum(weight[order])
    upto *= len(items) / upto[-1]
    upto[-1] = len(items)
    counts = np.diff(np.floor(upto + rng.random()), prepend=0).astype(np.int64)
    return rng.permutation(np.repeat(order, counts))
