"""Feature tables -> one network trained on everybody, to take along. One method is a task."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.evaluate import parts_of
from models.final import everybody
from models.loading import load_windows
from models.model import model_of
from models.registry import get_method, make_config
from models.scaling import scaled_apart
from models.train import TrainSettings
from models.types import Method
from models.weights import weighted
from pipelines.kept_folds import fit_kept, folder_of, forget
from pipelines.steps.ahead import before_of, networks_ahead, weights_ahead
from pipelines.steps.model_files import made_model, model_outputs
from pipelines.steps.train import Payload, tables_of
from pipelines.steps.variants import (
    eeg_family,
    label_of,
    one_by_one,
    terms_for,
    variant_of,
    versions,
)
from pipelines.study_sections import TrainPlan
from pipelines.task_progress import reporter
from pipelines.work import Made, Output, Step, Unit

VERSION = 1
"""Raised by hand when the trainer gives other numbers."""


def units(plan: TrainPlan, tables: Mapping[str, Sequence[Path]], out: Path) -> list[Unit]:
    """Make one unit per network, with the first seed.

    Parameters
    ----------
    plan : TrainPlan
        Methods, policy and seeds.
    tables : mapping
        Modality -> feature tables of all recordings.
    out : Path
        Output root.
    """
    frozen = {modality: tuple(files) for modality, files in tables.items()}
    seed = plan.seeds[0]
    return [
        Unit(
            label_of(method, of),
            {"method": method, "seed": str(seed)},
            Payload(method, seed, of, frozen, out),
            plan.device != "cpu",
        )
        for method, of in one_by_one(plan, plan.methods)
        if isinstance(get_method(method), Method)
    ]


def sources(unit: Unit) -> list[Path]:
    """List the tables, and the networks that this one starts from; see `train.sources`."""
    return [*tables_of(unit), *weights_ahead(unit, units)]


def outputs(unit: Unit, listed: list[dict[str, Any]]) -> list[Output]:
    """Name the files of the model folder."""
    method, seed, plan, tables, out = unit.payload
    on = terms_for(method, plan)
    facts = {
        "step": "fit",
        "version": versions(VERSION, method, plan),
        "options": {
            "method": method,
            "config": asdict(make_config(method, plan.options.get(method, {}))),
            "policy": on.policy,
            "scaling": on.scaling,
            "min_good": plan.min_good,
            "weight": plan.weight,
            "missing": plan.missing,
            "precision": plan.precision,
            "eeg": eeg_family(tables),
            "seed": seed,
            **before_of(method, plan),
        },
        "sources": listed,
    }
    return model_outputs(out / "models" / unit.name, facts)


def make(unit: Unit, stale: Sequence[Output]) -> Iterator[Made]:
    """Train one network on everybody; go on where a run was ended."""
    name, seed, plan, tables, out = unit.payload
    windows = weighted(load_windows(tables, plan.missing), plan.weight)
    config = make_config(name, plan.options.get(name, {}))
    on = terms_for(name, plan, windows.trials)
    fold = everybody(windows, name, on.policy, plan.min_good)
    parts = parts_of(
        scaled_apart(windows, on.scaling), name, [fold], [seed],
        TrainSettings(device=plan.device, precision=plan.precision), config, on.policy,
        {seed: networks_ahead(unit, units, outputs, stale[0].facts["sources"])},
    )  # fmt: skip
    files = outputs(unit, stale[0].facts["sources"])
    folder = folder_of(out, unit, files[0].facts, plan.device)
    fitted, _ = fit_kept(parts, folder, reporter(out, unit.name))
    model = model_of(windows, [fold], fitted, name, config, seed, on.policy, on.scaling)
    about = {**model.about, "variant": variant_of(name, plan)}
    yield from made_model(files, model._replace(about=about))
    forget(folder)


FIT = Step("fit", sources, outputs, make)
