"""How well emotions lie apart in features: two numbers, and a map of the plane for people.

The numbers are of the features themselves, not of the map, whose distances mean little.
"""

from typing import NamedTuple

import numpy as np
from sklearn.manifold import TSNE
from sklearn.metrics import pairwise_distances, silhouette_score

from featpipe.errors import ConfigError

N_NEIGHBOURS, PERPLEXITY = 10, 30
N_LEAST = 4
"""Windows that a map needs."""

ENOUGH_WINDOWS, ENOUGH_TRIALS = 30, 3
"""Of each emotion, for numbers that say more than how the windows happened to fall."""


class Separation(NamedTuple):
    """How well emotions lie apart.

    Attributes
    ----------
    silhouette : float
        Mean silhouette of the windows, in [-1, 1]; NaN where there is one emotion only. Windows of
        one trial are alike and of one emotion, so part of it is the trial.
    purity : float
        Share of a window's nearest neighbours that are of its emotion, mean over windows. Only
        windows of other trials are neighbours; NaN where there is one trial only.
    chance : float
        What `purity` is where all windows of other trials count, however far.
    """

    silhouette: float
    purity: float
    chance: float


def separation(
    features: np.ndarray, label: np.ndarray, trial: np.ndarray, n_neighbours: int = N_NEIGHBOURS
) -> Separation:
    """Measure how well emotions lie apart, by Euclidean distances.

    Parameters
    ----------
    features : array, shape (n_windows, n_features)
        Of one network.
    label, trial : array, shape (n_windows,)
        Emotion, and number of the trial, which tells all trials of all recordings apart.
    n_neighbours : int
        Fewer where other trials have fewer windows.

    Returns
    -------
    Separation

    Examples
    --------
    >>> x = np.array([[0.0], [0.1], [5.0], [5.1]])
    >>> separation(x, np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3]), 1).purity
    1.0
    """
    n_labels = len(np.unique(label))
    is_split = 2 <= n_labels < len(label)
    silhouette = float(silhouette_score(features, label)) if is_split else np.nan
    distance = pairwise_distances(features)
    shares = []
    for i in range(len(label)):
        others = np.flatnonzero(trial != trial[i])
        nearest = others[np.argsort(distance[i, others], kind="stable")[:n_neighbours]]
        if len(others):
            shares.append([(label[of] == label[i]).mean() for of in (nearest, others)])
    purity, chance = np.mean(shares, axis=0) if shares else (np.nan, np.nan)
    return Separation(silhouette, float(purity), float(chance))


def doubt(label: np.ndarray, trial: np.ndarray) -> str:
    """Say that a `separation` rests on too few windows or trials; empty where it does not.

    Parameters
    ----------
    label, trial : array, shape (n_windows,)
        As in `separation`.

    Returns
    -------
    str

    Examples
    --------
    >>> doubt(np.array([0, 0, 1]), np.array([0, 1, 2]))
    'only 1 window of 1 trial of an emotion: both numbers are noise, expected 30 and 3 or more'
    >>> doubt(np.repeat([0, 1], 30), np.arange(60))
    ''
    """
    n_windows = min(int((label == one).sum()) for one in np.unique(label))
    n_trials = min(len(np.unique(trial[label == one])) for one in np.unique(label))
    if n_windows >= ENOUGH_WINDOWS and n_trials >= ENOUGH_TRIALS:
        return ""
    windows = f"{n_windows} window" + "s" * (n_windows != 1)
    trials = f"{n_trials} trial" + "s" * (n_trials != 1)
    return (
        f"only {windows} of {trials} of an emotion: both numbers are noise, expected "
        f"{ENOUGH_WINDOWS} and {ENOUGH_TRIALS} or more"
    )


def place(features: np.ndarray, seed: int = 0) -> np.ndarray:
    """Lay features out in a plane by t-SNE, begun with their principal components.

    Parameters
    ----------
    features : array, shape (n_windows, n_features)
        Of one network.
    seed : int
        Equal seeds give equal maps.

    Returns
    -------
    array, shape (n_windows, 2)

    Raises
    ------
    ConfigError
        When there are too few windows.

    References
    ----------
    van der Maaten, L., & Hinton, G. (2008). Visualizing data using t-SNE. JMLR 9, 2579-2605.
    """
    if len(features) < N_LEAST:
        raise ConfigError(
            f"{len(features)} windows are too few for a map: expected {N_LEAST} or more; take a "
            "fold with more test windows"
        )
    tsne = TSNE(perplexity=perplexity_of(len(features)), init="pca", random_state=seed)
    return tsne.fit_transform(features)


def perplexity_of(n_windows: int) -> float:
    """Return the perplexity of a map: `PERPLEXITY`, less where a third of the windows is less."""
    return min(PERPLEXITY, (n_windows - 1) / 3)
