"""What is trained ahead of others is a unit of its own: one teacher, whoever learns from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from featpipe.errors import ReadError
from models.ahead import ahead_of, described
from models.registry import get_method, make_config
from models.saved import WEIGHTS, read_model
from models.say import Networks
from pipelines.digests import digest_file
from pipelines.engine import is_features, stale_because
from pipelines.engine import listed as describe
from pipelines.study_sections import TrainPlan
from pipelines.work import Output, Unit

Outputs = Callable[[Unit, list[dict[str, Any]]], Sequence[Output]]
Make = Callable[[TrainPlan, Mapping[str, Sequence[Path]], Path], list[Unit]]
"""``units`` of the step: a plan, tables and the output root -> units."""


def units_ahead(unit: Unit, make: Make) -> dict[str, Unit]:
    """Return the units that a training starts from.

    Parameters
    ----------
    unit : Unit
        Of a step that trains.
    make : callable
        Makes the units of that step.

    Returns
    -------
    dict of str to Unit
        By name in `models.types.Method.before`; they keep their networks, whatever the plan says
        of models. Those who judge out of fold are trained inside the unit, and not in here.
    """
    payload = unit.payload
    config = make_config(payload.method, payload.plan.options.get(payload.method, {}))
    found = {}
    for name, ahead in ahead_of(get_method(payload.method), config).items():
        if ahead.of.n_groups:
            continue
        method = ahead.of.method
        plan = replace(
            payload.plan,
            methods=(method,),
            seeds=(payload.seed,),
            options={method: _unusual(method, ahead.of.options)},
            models="folds",
        )
        [found[name]] = make(plan, payload.tables, payload.out)
    return found


def in_waves(units: Sequence[Unit], make: Make) -> list[list[Unit]]:
    """Divide units, and those they start from, so that these come before.

    Parameters
    ----------
    units : sequence of Unit
        What is asked for.
    make : callable
        As in `units_ahead`.

    Returns
    -------
    list of list of Unit
        Waves, each unit in one. Where one is asked for and started from, it is the latter.
    """
    ahead = {of.name: of for unit in units for of in units_ahead(unit, make).values()}
    if not ahead:
        return [list(units)] if units else []
    later = [unit for unit in units if unit.name not in ahead and units_ahead(unit, make)]
    names = {*ahead, *(unit.name for unit in later)}
    first = [*ahead.values(), *(unit for unit in units if unit.name not in names)]
    return [*in_waves(first, make), later]


def roles_of(units: Sequence[Unit], make: Make) -> dict[str, str]:
    """Say what units that nobody asked for are to those that start from them.

    Parameters
    ----------
    units : sequence of Unit
        What is asked for.
    make : callable
        As in `units_ahead`.

    Returns
    -------
    dict of str to str
        Name of a unit -> "teacher", "member"; those that are asked for, in their order, have "".
    """
    found: dict[str, set[str]] = {}
    left = list(units)
    while left:
        for name, of in units_ahead(left.pop(0), make).items():
            if of.name not in found:
                left.append(of)
            found.setdefault(of.name, set()).add(name.split()[0])  # of "member on eye"
    asked = dict.fromkeys((unit.name for unit in units), "")
    return asked | {
        name: " and ".join(sorted(of)) for name, of in found.items() if name not in asked
    }


def weights_ahead(unit: Unit, make: Make) -> list[Path]:
    """List the files of what a unit starts from.

    Raises
    ------
    ReadError
        When one has not been trained.
    """
    found = []
    for name, of in units_ahead(unit, make).items():
        path = _folder(of) / WEIGHTS
        if not path.exists():
            raise ReadError(
                f"{unit.name}: {of.name}, which is its {name}, is not trained: if it failed, its "
                "own failure says why"
            )
        found.append(path)
    return found


def networks_ahead(
    unit: Unit, make: Make, outputs: Outputs, listed: Sequence[Mapping[str, Any]]
) -> dict[str, Networks]:
    """Read the networks that a unit starts from, by name.

    Parameters
    ----------
    unit, make
        As in `units_ahead`.
    outputs : callable
        Names the outputs of a unit of that step, given its sources.
    listed : sequence of dict
        Sources of the unit, as metadata list them.

    Raises
    ------
    ReadError
        When a model folder is missing or damaged, or its networks were trained otherwise than they
        would be now: they may have learnt from what the unit tests on.
    """
    found = {}
    tables = [dict(source) for source in listed if is_features(source)]
    for name, of in units_ahead(unit, make).items():
        own = [describe(path, digest_file(path, {})) for path in weights_ahead(of, make)]
        for output in outputs(of, tables + own):
            if output.path.name == WEIGHTS and (reason := stale_because(output)):
                raise ReadError(
                    f"{unit.name}: {of.name}, which is its {name}, was trained otherwise "
                    f"({reason}): if it failed now, its own failure says why"
                )
        found[name] = read_model(_folder(of)).networks
    return found


def before_of(method: str, plan: TrainPlan) -> dict[str, Any]:
    """Say, as a fact of outputs, what is trained before a method of a plan; of most nothing."""
    config = make_config(method, plan.options.get(method, {}))
    found = described(get_method(method), config)
    return {"before": found} if found else {}


def _folder(unit: Unit) -> Path:
    return unit.payload.out / "models" / unit.name


def _unusual(method: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is as by default, so that the same training has one name."""
    usual = get_method(method).config
    return {name: value for name, value in options.items() if value != getattr(usual, name)}
