"""Train what comes before a method, or take it as given, and let it speak."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from featpipe.errors import ConfigError, unknown
from models.ahead import Ahead, ahead_of, n_epochs_of
from models.fitted import Fitted
from models.job import Job
from models.judges import judged_out_of_fold
from models.lanes import Lane
from models.loading import Windows
from models.pairs import shuffled
from models.remembered import Memory
from models.say import Networks, networks_of, places, say, tensors_of
from models.told import Told
from models.types import Scaling

FitEarlier = Callable[[str, Ahead, Sequence[Lane], int], Fitted]
"""``fit(name, ahead, lanes, n_done)`` trains what comes before; so many epochs are of others."""


class Before(NamedTuple):
    """What some lanes start from.

    Attributes
    ----------
    told : Told or None
        What earlier networks say of training windows.
    members : mapping
        Sub-module -> the networks that it begins as.
    """

    told: Told | None = None
    members: Mapping[str, Networks] = {}

    def load(self, net: Any, label: str) -> None:
        """Give sub-modules of a lane's network the weights that they begin with."""
        for module, networks in self.members.items():
            net.get_submodule(module).load_state_dict(tensors_of(networks[label]))

    def standardise(
        self, own: Sequence[Mapping[str, Scaling]], lanes: Sequence[Lane]
    ) -> list[dict[str, Scaling]]:
        """Return how the windows of lanes are scaled: for members, as they were when those learnt.

        It differs from a method's own where members learnt from more windows, which lack a modality
        that the method needs.

        Parameters
        ----------
        own : sequence of mapping
            Of each lane modality -> Scaling, from the training rows of the method.
        lanes : sequence of Lane
            The same.
        """
        found = [dict(of) for of in own]
        for networks in self.members.values():
            for of, lane in zip(found, lanes, strict=True):
                of.update(networks[lane.label].scaling)
        return found


def bring_before(
    job: Job,
    windows: Windows,
    lanes: Sequence[Lane],
    fit: FitEarlier,
    given: Mapping[str, Networks],
    memory: Memory | None = None,
) -> Before:
    """Return what the lanes of a method start from.

    Parameters
    ----------
    job : Job
        Method, options, device.
    windows : Windows
        All windows of the study.
    lanes : sequence of Lane
        Trained together.
    fit : callable
        Trains what is not given.
    given : mapping
        Name -> networks that are trained already, by label of the lane.
    memory : Memory, optional
        What a training that was cut off had trained.

    Raises
    ------
    ConfigError
        When a given name is unknown, or a lane has none of the given networks.
    """
    aheads, memory = ahead_of(job.method, job.config), memory or Memory()
    if strangers := [name for name in given if name not in aheads]:
        raise ConfigError(unknown(f"network before {job.method.name}", strangers[0], aheads))
    device, n_done = str(job.data.label.device), 0
    said: dict[str, Any] = {}
    members: dict[str, Networks] = {}
    for name, ahead in aheads.items():
        of, n_epochs = ahead.of, n_epochs_of(ahead.method, ahead.config)
        if of.n_groups:
            judge = partial(_judge, fit, name, ahead, n_done)
            spoken = judged_out_of_fold(judge, windows, lanes, of.n_groups, name, memory)
            said[name] = shuffled(spoken.to(device), windows, lanes, of.pairs)
            n_done += of.n_groups * n_epochs
            continue
        networks = given.get(name)
        if networks is None:
            train = partial(fit, name, ahead, lanes, n_done)
            networks = memory.networks(name, lanes, partial(_networks, train))
            n_done += n_epochs
        _require_all(job, name, ahead, networks, lanes)
        if of.becomes:
            members[of.becomes] = networks
        if of.says:
            spoken = say(ahead, of.says, networks, windows, lanes, device)
            said[name] = shuffled(spoken, windows, lanes, of.pairs)
    told = Told(places(lanes, len(windows.keys), device), said) if said else None
    return Before(told, members)


def _judge(
    fit: FitEarlier, name: str, ahead: Ahead, n_done: int, lanes: Sequence[Lane], i: int
) -> Fitted:
    return fit(name, ahead, lanes, n_done + i * n_epochs_of(ahead.method, ahead.config))


def _networks(train: Callable[[], Fitted]) -> Networks:
    return networks_of(train())


def _require_all(
    job: Job, name: str, ahead: Ahead, networks: Networks, lanes: Sequence[Lane]
) -> None:
    if left := [lane.label for lane in lanes if lane.label not in networks]:
        raise ConfigError(
            f"{job.method.name}: {ahead.of.method}, which is its {name}, has no network of fold "
            f"{left[0]}; it has {', '.join(networks)}: train both on the same windows"
        )
