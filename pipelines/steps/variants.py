"""What trainings are called: variants of a method, and the terms that it is compared on."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from models import presence
from models.alternatives import alternatives
from models.manners import Terms, terms
from models.registry import get_method, make_config, variant
from pipelines.study_sections import TrainPlan
from pipelines.work_names import terms_of


def one_by_one(plan: TrainPlan, methods: Iterable[str]) -> list[tuple[str, TrainPlan]]:
    """Return methods with the plan of each of their variants, which has options of theirs alone.

    Parameters
    ----------
    plan : TrainPlan
        Options may be lists: each value is trained.
    methods : iterable of str
        Registry names.

    Raises
    ------
    ConfigError
        When a method does not exist, or an option or value of it is wrong.
    """
    return [
        (method, replace(plan, options={method: single} if single else {}))
        for method in methods
        for single in alternatives(method, plan.options.get(method, {}))
    ]


def versions(step: int, method: str, plan: TrainPlan) -> list[int]:
    """Return the versions that numbers of a training hang on.

    Parameters
    ----------
    step : int
        That of the step.
    method : str
        Registry name.
    plan : TrainPlan
        Of the training.
    """
    own = [step, get_method(method).version]
    return own if plan.missing == "drop" else [*own, presence.VERSION]


def under(method: str, plan: TrainPlan, tables: Mapping[str, Sequence[Path]]) -> str:
    """Name the terms, as far as they are not the usual ones, and the family of the EEG tables."""
    return terms_of(terms_for(method, plan).columns() | {"eeg": eeg_family(tables)})


def terms_for(method: str, plan: TrainPlan, trials: str = "") -> Terms:
    """Settle on what terms a method of the plan is trained; `trials` as in `models.manners`."""
    config = make_config(method, plan.options.get(method, {}))
    how = plan.manner, plan.policy, plan.scaling
    return terms(get_method(method), plan.protocol, *how, trials, config)


def eeg_family(tables: Mapping[str, Sequence[Path]]) -> str:
    """Name the family of the EEG tables by their folder; empty where there are none."""
    return next((path.parent.name for path in tables.get("eeg", ())), "")


def label_of(method: str, plan: TrainPlan) -> str:
    """Name a method, with a short mark of its variant where that is not the default."""
    text = variant_of(method, plan)
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    return method if text == "default" else f"{method}-{mark}"


def variant_of(method: str, plan: TrainPlan) -> str:
    """Say what the column `variant` holds: options, and which windows counted, unless usual."""
    own = variant(method, make_config(method, plan.options.get(method, {})))
    told = [own] * (own != "default") + windows_counted(plan)
    return ",".join(told) or "default"


def windows_counted(plan: TrainPlan) -> list[str]:
    """Say which training windows counted how much, where it is not the usual."""
    usual = TrainPlan()
    names = ("min_good", "weight", "missing")
    found = {name: getattr(plan, name) for name in names}
    return [f"{name}={value}" for name, value in found.items() if value != getattr(usual, name)]
