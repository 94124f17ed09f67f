"""Feature tables -> predictions, and the networks they come of.

One method and seed, with all folds of a protocol, is a task; `together` makes one task of several
seeds.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from models.adversaries import chances
from models.evaluate import parts_of, predictions_frame
from models.fitted import Fitted
from models.job import stages_of
from models.lanes import by_seed
from models.model import model_of
from models.presence import judged
from models.registry import get_method, make_config
from models.selection import get_policy
from models.types import Method
from pipelines.counting import counted, noted
from pipelines.identity import fingerprint
from pipelines.kept_folds import fit_kept, folder_of, forget
from pipelines.steps.ahead import before_of, networks_ahead, weights_ahead
from pipelines.steps.model_files import made_model, model_outputs
from pipelines.steps.prepared import Prepared, prepare
from pipelines.steps.variants import (
    eeg_family,
    label_of,
    one_by_one,
    terms_for,
    under,
    variant_of,
    versions,
)
from pipelines.study_sections import TrainPlan
from pipelines.task_progress import reporter
from pipelines.work import Made, Output, Step, Unit

VERSION = 3
"""Raised by hand when the trainer or the protocols give other numbers."""


class Payload(NamedTuple):
    """What a training task needs: what to train on which tables."""

    method: str
    seed: int
    plan: TrainPlan
    tables: Mapping[str, tuple[Path, ...]]
    out: Path


def units(plan: TrainPlan, tables: Mapping[str, Sequence[Path]], out: Path) -> list[Unit]:
    """Make one unit per method, variant of it, and seed.

    Parameters
    ----------
    plan : TrainPlan
        Methods, protocol, policy and seeds.
    tables : mapping
        Modality -> feature tables of all recordings.
    out : Path
        Output root.

    Raises
    ------
    ConfigError
        When options are given to a method that does not exist, or cannot be trained with.
    """
    for method, of in one_by_one(plan, {**dict.fromkeys(plan.methods), **plan.options}):
        card, config = get_method(method), make_config(method, of.options.get(method, {}))
        if isinstance(card, Method):
            stages_of(card, config)
    frozen = {modality: tuple(files) for modality, files in tables.items()}
    return [
        Unit(
            f"{label_of(method, of)}_{under(method, of, frozen)}_seed-{seed}",
            {"method": method, "seed": str(seed)},
            Payload(method, seed, of, frozen, out),
            plan.device != "cpu" and isinstance(get_method(method), Method),
        )
        for method, of in one_by_one(plan, plan.methods)
        for seed in (plan.seeds if get_method(method).draws else plan.seeds[:1])
    ]


def tables_of(unit: Unit) -> list[Path]:
    """List the tables, in a fixed order."""
    return [file for files in unit.payload.tables.values() for file in files]


def sources(unit: Unit) -> list[Path]:
    """List the tables, and the networks of trainings that this one starts from.

    Raises
    ------
    ReadError
        When one of these is missing.
    """
    return [*tables_of(unit), *weights_ahead(unit, units)]


def outputs(unit: Unit, listed: list[dict[str, Any]]) -> list[Output]:
    """Name the predictions, the training curves and, of networks, the files of a model folder."""
    method, _, plan, _, out = unit.payload
    tables = table_outputs(unit, listed)
    if plan.models != "folds" or not isinstance(get_method(method), Method):
        return tables
    return tables + model_outputs(out / "models" / unit.name, facts_of(unit, listed))


def table_outputs(unit: Unit, listed: list[dict[str, Any]]) -> list[Output]:
    """Name the predictions and the training curves of a training, or of a tuning."""
    facts = facts_of(unit, listed)
    return [
        Output(unit.payload.out / kind / f"{unit.name}.parquet", facts | {"family": kind})
        for kind in ("predictions", "curves")
    ]


def facts_of(unit: Unit, listed: list[dict[str, Any]]) -> dict[str, Any]:
    """Say what all outputs of a unit depend on."""
    payload = unit.payload
    method, seed, plan, tables = payload.method, payload.seed, payload.plan, payload.tables
    on = terms_for(method, plan)
    return {
        "step": "train",
        "version": versions(VERSION, method, plan),
        "options": {
            "method": method,
            "config": asdict(make_config(method, plan.options.get(method, {}))),
            "protocol": plan.protocol,
            "manner": on.manner,
            "policy": on.policy,
            "scaling": on.scaling,
            "min_good": plan.min_good,
            "weight": plan.weight,
            "missing": plan.missing,
            "precision": plan.precision,
            "eeg": eeg_family(tables),
            "seed": seed,
            **{name: getattr(plan, name) for name in on.protocol.options},
            **before_of(method, plan),
        },
        "sources": listed,
    }


def make(unit: Unit, stale: Sequence[Output]) -> Iterator[Made]:
    """Train all folds of one method and predict what was left out; go on where a run was ended.

    Where one output is stale all are made: predictions and the networks beside them are of one
    training.
    """
    return make_seeds(unit, [(unit, stale[0].facts["sources"])])


def make_seeds(task: Unit, of_seeds: Sequence[tuple[Unit, list[dict[str, Any]]]]) -> Iterator[Made]:
    """Train units that differ in the seed in one program.

    Parameters
    ----------
    task : Unit
        What they are together; its name is that of the folds that are kept.
    of_seeds : sequence of (Unit, list of dict)
        Each with its sources, as metadata list them.
    """
    start = time.perf_counter()
    first = of_seeds[0][0]
    name, _, plan, _, out = first.payload
    ready = prepare(first)
    seeds = [of.payload.seed for of, _ in of_seeds]
    parts = parts_of(
        ready.scaled, name, ready.folds, seeds, ready.settings, ready.config, ready.on.policy,
        {of.payload.seed: networks_ahead(of, units, outputs, listed) for of, listed in of_seeds},
    )  # fmt: skip
    seconds = time.perf_counter() - start
    facts = [facts_of(of, listed) for of, listed in of_seeds]
    folder = folder_of(out, task, {**facts[0], "seeds": list(map(fingerprint, facts))}, plan.device)
    fitted, trained = fit_kept(parts, folder, reporter(out, task.name))
    seconds = (seconds + trained) / len(seeds)
    found = by_seed(fitted, ready.folds, seeds)
    for of, listed in of_seeds:
        yield from _made(of, outputs(of, listed), ready, found[of.payload.seed], seconds)
    forget(folder)


def _made(
    unit: Unit, wanted: Sequence[Output], ready: Prepared, fitted: Fitted, seconds: float
) -> Iterator[Made]:
    """Yield what a unit leaves behind."""
    name, seed, plan, _, _ = unit.payload
    predictions, curves, *files = wanted
    yield from result_tables(unit, [predictions, curves], ready, fitted, seconds)
    if files:
        windows, folds, on = ready.windows, ready.folds, ready.on
        model = model_of(windows, folds, fitted, name, ready.config, seed, on.policy, on.scaling)
        about = {**model.about, **on.columns(), "variant": variant_of(name, plan)}
        yield from made_model(files, model._replace(about=about))


def result_tables(
    unit: Unit,
    wanted: Sequence[Output],
    ready: Prepared,
    fitted: Fitted,
    seconds: float,
    text: str = "",
    more: Mapping[str, Any] | None = None,
) -> Iterator[Made]:
    """Yield predictions and curves, with what is said of them.

    Parameters
    ----------
    unit : Unit
        What was trained.
    wanted : sequence of Output
        Predictions, curves or both.
    ready : Prepared
        What was trained on.
    fitted : Fitted
        What came of it.
    seconds : float
        It took.
    text : str
        What the column `variant` says where options are not the same in all folds.
    more : mapping, optional
        What predictions say besides.
    """
    start = time.perf_counter()
    payload = unit.payload
    predictions = predictions_frame(
        ready.windows, ready.folds, fitted, payload.method, ready.config, ready.on, payload.seed,
        eeg_family(payload.tables),
    )  # fmt: skip
    frames = {
        "predictions": predictions.assign(variant=text or variant_of(payload.method, payload.plan)),
        "curves": fitted.curves,
    }
    about = {
        "classes": list(ready.windows.classes),
        **counted(ready.windows, payload.plan.min_good, ready.divided, ready.folds),
        **noted(fitted),
    }
    seconds += time.perf_counter() - start
    for output in wanted:
        kind = output.facts["family"]
        # predictions repeat byte for byte, so the time stands with the curves
        of_curves = {"seconds": seconds, "chance": _chance(unit, ready)}
        of_kind = of_curves if kind == "curves" else more or {}
        yield output, arrow(frames[kind]), {**about, **of_kind}


def _chance(unit: Unit, ready: Prepared) -> dict[str, Any]:
    """Say what guessing would reach in the place of a network's adversaries."""
    method = get_method(unit.payload.method)
    if not isinstance(method, Method):
        return {}
    policy = get_policy(ready.on.policy)
    trained_on = judged(policy, method, ready.windows, ready.folds, unit.payload.seed)
    return chances(method, ready.windows, trained_on)


def arrow(frame: pd.DataFrame) -> pa.Table:
    """Turn a frame into a table without its index."""
    return pa.Table.from_pandas(frame, preserve_index=False)


TRAIN = Step("train", sources, outputs, make)
