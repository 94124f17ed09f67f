"""What a training works on: tables are read, their windows divided, the terms settled."""

from typing import Any, NamedTuple

from models.folds import FoldSettings
from models.loading import Windows, load_windows
from models.manners import Terms
from models.presence import usable
from models.protocols import divide
from models.registry import get_method, make_config
from models.scaling import scaled_apart
from models.selection import get_policy
from models.train import TrainSettings
from models.types import Fold
from models.weights import weighted
from pipelines.steps.variants import terms_for
from pipelines.study_sections import TrainPlan
from pipelines.work import Unit


class Prepared(NamedTuple):
    """What a training works on.

    Attributes
    ----------
    windows, scaled : Windows
        As they were read, and as they are trained on.
    divided, folds : list of Fold
        Of the protocol, and what of them the method can learn from and predict.
    on : Terms
        On what terms.
    config : frozen dataclass
        Options of the method.
    settings : TrainSettings
        How to compute.
    """

    windows: Windows
    scaled: Windows
    divided: list[Fold]
    folds: list[Fold]
    on: Terms
    config: Any
    settings: TrainSettings


def prepare(unit: Unit) -> Prepared:
    """Read the tables of a unit and divide their windows."""
    payload = unit.payload
    plan: TrainPlan = payload.plan
    windows = weighted(load_windows(payload.tables, plan.missing), plan.weight)
    on = terms_for(payload.method, plan, windows.trials)
    divided = divide(
        on.protocol, windows.keys, FoldSettings(plan.train_share, plan.n_folds, plan.min_good)
    )
    method, policy = get_method(payload.method), get_policy(on.policy)
    folds = usable(method, windows, divided, policy)
    config = make_config(payload.method, plan.options.get(payload.method, {}))
    scaled = scaled_apart(windows, on.scaling)
    settings = TrainSettings(device=plan.device, precision=plan.precision)
    return Prepared(windows, scaled, divided, folds, on, config, settings)
