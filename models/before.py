"""Train what comes before a method, or take it as given, and let it speak."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from featpipe.errors import ConfigError
from models.ahead import Ahead, ahead_of, n_epochs_of
from models.curves import EpochReport
from models.fitted import Fitted
from models.job import Job
from models.judges import judged_out_of_fold
from models.lanes import Lane
from models.loading import Windows
from models.pairs import shuffled
from models.say import Networks, networks_of, places, say, tensors_of
from models.told import Told
from models.types import Scaling


class EarlierFits:
    """Trainings of what comes before, whose epochs are told of as those of the whole.

    Parameters
    ----------
    fit : callable
        ``fit(ahead, lanes, on_epoch, policy) -> Fitted``.
    policy : str
        How the epoch is chosen; judges, who have nobody to be judged on, take the last.
    n_done, n_epochs : int
        Epochs before, and of the whole.
    on_epoch : callable or None
        Receives an EpochReport after every epoch.
    """

    def __init__(
        self,
        fit: Callable[..., Fitted],
        policy: str,
        n_done: int,
        n_epochs: int,
        on_epoch: Callable[[EpochReport], None] | None,
    ):
        self._fit, self._policy, self._on_epoch = fit, policy, on_epoch
        self._n_done, self._n_epochs = n_done, n_epochs

    def fit(self, name: str, ahead: Ahead, lanes: Sequence[Lane]) -> Fitted:
        """Train a network that comes before, of that name, on lanes."""
        first = self._n_done

        def told(report: EpochReport) -> None:
            if self._on_epoch:
                epoch, stage = first + report.epoch, f"{name}: {report.stage}"
                self._on_epoch(report._replace(stage=stage, epoch=epoch, n_epochs=self._n_epochs))

        found = self._fit(ahead, lanes, told, "last" if ahead.of.n_groups else self._policy)
        self._n_done = first + n_epochs_of(ahead.method, ahead.config)
        return found


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
    fit: Callable[[str, Ahead, Sequence[Lane]], Fitted],
    given: Mapping[str, Networks],
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
        ``fit(name, ahead, lanes) -> Fitted`` trains what is not given.
    given : mapping
        Name -> networks that are trained already, by label of the lane.

    Raises
    ------
    ConfigError
        When a lane has none of the given networks.
    """
    device = str(job.data.label.device)
    said: dict[str, Any] = {}
    members: dict[str, Networks] = {}
    for name, ahead in ahead_of(job.method, job.config).items():
        of = ahead.of
        if of.n_groups:
            judge = partial(fit, name, ahead)
            spoken = judged_out_of_fold(judge, windows, lanes, of.n_groups).to(device)
            said[name] = shuffled(spoken, windows, lanes, of.pairs)
            continue
        networks = given.get(name) or networks_of(fit(name, ahead, lanes))
        if left := [lane.label for lane in lanes if lane.label not in networks]:
            raise ConfigError(
                f"{job.method.name}: {of.method}, which is its {name}, has no network of fold "
                f"{left[0]}; it has {', '.join(networks)}: train both on the same windows"
            )
        if of.becomes:
            members[of.becomes] = networks
        if of.says:
            spoken = say(ahead, of.says, networks, windows, lanes, device)
            said[name] = shuffled(spoken, windows, lanes, of.pairs)
    told = Told(places(lanes, len(windows.keys), device), said) if said else None
    return Before(told, members)
