"""What networks say of training windows that they never saw: out of fold, inside a fold."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from featpipe.errors import ConfigError
from models.fitted import Fitted
from models.lanes import Lane
from models.loading import Windows
from models.remembered import Memory
from models.sampling import seed_for
from models.units import subject_codes, trial_codes


def judged_out_of_fold(
    fit: Callable[[list[Lane], int], Fitted],
    windows: Windows,
    lanes: Sequence[Lane],
    n_groups: int,
    name: str = "judge",
    memory: Memory | None = None,
) -> Tensor:
    """Return log-probabilities of every training window by a network that never saw its group.

    Parameters
    ----------
    fit : callable
        ``fit(lanes, i)`` trains lanes in round i and predicts their test sides.
    windows : Windows
        All windows of the study.
    lanes : sequence of Lane
        Whose training sides are judged. What is said in one does not depend on the others.
    n_groups : int
        Groups of subjects; of trials where a fold trains on one subject. The seed decides, with
        the fold's name, who is in which; fewer members than that are a group each.
    name : str
        Under which verdicts are remembered.
    memory : Memory, optional
        Verdicts of a training that was cut off.

    Returns
    -------
    Tensor, shape (n_lanes, n_said, n_classes)
        As `models.say.say` returns it.

    Raises
    ------
    ConfigError
        When a fold has fewer than two groups, or a class in one trial of a single subject.
    """
    memory = memory or Memory()
    groups = [_groups(windows, lane, n_groups) for lane in lanes]
    found = [np.zeros((len(lane.train), len(windows.classes)), np.float32) for lane in lanes]
    for i in range(max(int(of.max()) for of in groups) + 1):
        taking = [at for at, of in enumerate(groups) if i <= of.max()]
        inner = [_without(lanes[at], groups[at] == i, i) for at in taking]

        def verdicts(inner: list[Lane] = inner, i: int = i) -> dict[str, np.ndarray]:
            said = fit(inner, i).probabilities
            return {str(at): said[lane.label] for at, lane in enumerate(inner)}

        told = memory.of(f"{name}/{i}", verdicts)
        for place, at in enumerate(taking):
            found[at][groups[at] == i] = np.log(told[str(place)].clip(1e-12))
    return torch.from_numpy(np.stack([_padded(of, max(map(len, found))) for of in found]))


def _without(lane: Lane, is_judged: np.ndarray, i: int) -> Lane:
    """Return a lane that trains on the others and tests on those who are judged."""
    return replace(
        lane, name=f"{lane.name}, judge {i + 1}", label=f"{lane.label}, judge {i + 1}",
        train=lane.train[~is_judged], test=lane.train[is_judged], validate=None,
    )  # fmt: skip


def _padded(array: np.ndarray, n: int) -> np.ndarray:
    return np.concatenate([array, np.repeat(array[:1], n - len(array), axis=0)])


def _groups(windows: Windows, lane: Lane, n_groups: int) -> np.ndarray:
    """Return the group of each training window; groups differ by one member at most.

    Trials are dealt class by class, so that no class is in one group alone.
    """
    rng = np.random.default_rng(seed_for(lane.seed, lane.name, "judges"))
    code = subject_codes(windows.keys)[lane.train]
    is_one = len(np.unique(code)) == 1
    code = trial_codes(windows.keys)[lane.train] if is_one else code
    members, first, of = np.unique(code, return_index=True, return_inverse=True)
    if len(members) < 2:
        raise ConfigError(
            f"fold {lane.label}: networks that judge windows they never saw need two subjects, or "
            "two trials of one, to train on: take a protocol that leaves more, or let those judge "
            "that did, where the method offers it"
        )
    order = rng.permutation(len(members))
    if is_one:
        label = windows.label[lane.train][first]
        _require_two(lane, windows, label)
        order = order[np.argsort(label[order], kind="stable")]
    group = np.empty(len(members), int)
    group[order] = np.arange(len(members)) % min(n_groups, len(members))
    return group[of]


def _require_two(lane: Lane, windows: Windows, label: np.ndarray) -> None:
    kinds, counts = np.unique(label, return_counts=True)
    if counts.min() < 2:
        alone = windows.classes[kinds[counts.argmin()]]
        raise ConfigError(
            f"fold {lane.label}: {alone} is trained on in one trial, and who judges that one would "
            "not know the class: take a protocol that leaves more, or let those judge that did, "
            "where the method offers it"
        )
