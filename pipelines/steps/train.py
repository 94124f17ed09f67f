"""Feature tables -> predictions. One method and seed, with all folds of a protocol, is a task."""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from models.adversaries import chances
from models.evaluate import parts_of, predictions_frame
from models.folds import FoldSettings
from models.loading import load_windows
from models.manners import Terms, terms
from models.presence import judged, usable
from models.protocols import divide
from models.registry import get_method, make_config, variant
from models.scaling import scaled_apart
from models.selection import get_policy
from models.train import TrainSettings
from models.types import Method
from models.weights import weighted
from pipelines.counting import counted
from pipelines.kept_folds import fit_kept, folder_of, forget
from pipelines.study_sections import TrainPlan
from pipelines.task_progress import reporter
from pipelines.work import Output, Step, Unit
from pipelines.work_names import terms_of

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
    """Make one unit per method and seed.

    Parameters
    ----------
    plan : TrainPlan
        Methods, protocol, policy and seeds.
    tables : mapping
        Modality -> feature tables of all recordings.
    out : Path
        Output root.
    """
    frozen = {modality: tuple(files) for modality, files in tables.items()}
    return [
        Unit(
            f"{label_of(method, plan)}_{_under(method, plan, frozen)}_seed-{seed}",
            {"method": method, "seed": str(seed)},
            Payload(method, seed, plan, frozen, out),
            plan.device != "cpu" and isinstance(get_method(method), Method),
        )
        for method in plan.methods
        for seed in (plan.seeds if get_method(method).draws else plan.seeds[:1])
    ]


def _under(method: str, plan: TrainPlan, tables: Mapping[str, Sequence[Path]]) -> str:
    """Name the terms, as far as they are not the usual ones, and the family of the EEG tables."""
    return terms_of(_terms(method, plan).columns() | {"eeg": _eeg_family(tables)})


def _terms(method: str, plan: TrainPlan, trials: str = "") -> Terms:
    card = get_method(method)
    return terms(card, plan.protocol, plan.manner, plan.policy, plan.scaling, trials)


def _eeg_family(tables: Mapping[str, Sequence[Path]]) -> str:
    """Name the family of the EEG tables by their folder; empty where there are none."""
    return next((path.parent.name for path in tables.get("eeg", ())), "")


def label_of(method: str, plan: TrainPlan) -> str:
    """Name a method, with a short mark of its options where they are not the defaults."""
    text = variant(method, make_config(method, plan.options.get(method, {})))
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    return method if text == "default" else f"{method}-{mark}"


def sources(unit: Unit) -> list[Path]:
    """List the tables, in a fixed order."""
    return [file for files in unit.payload.tables.values() for file in files]


def outputs(unit: Unit, listed: list[dict[str, Any]]) -> list[Output]:
    """Name the predictions and the training curves."""
    out, facts = unit.payload.out, _facts(unit, listed)
    return [
        Output(out / kind / f"{unit.name}.parquet", facts | {"family": kind})
        for kind in ("predictions", "curves")
    ]


def _facts(unit: Unit, listed: list[dict[str, Any]]) -> dict[str, Any]:
    """Say what both outputs depend on."""
    method, seed, plan, tables, _ = unit.payload
    on = _terms(method, plan)
    return {
        "step": "train",
        "version": [VERSION, get_method(method).version],
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
            "eeg": _eeg_family(tables),
            "seed": seed,
            **{name: getattr(plan, name) for name in on.protocol.options},
        },
        "sources": listed,
    }


def make(unit: Unit, stale: Sequence[Output]) -> Iterator[tuple[Output, pa.Table, dict[str, Any]]]:
    """Train all folds of one method and predict what was left out; go on where a run was ended."""
    name, seed, plan, tables, out = unit.payload
    start = time.perf_counter()
    windows = weighted(load_windows(tables, plan.missing), plan.weight)
    config = make_config(name, plan.options.get(name, {}))
    on = _terms(name, plan, windows.trials)
    divided = divide(
        on.protocol, windows.keys, FoldSettings(plan.train_share, plan.n_folds, plan.min_good)
    )
    folds = usable(get_method(name), windows, divided)
    settings = TrainSettings(device=plan.device, precision=plan.precision)
    scaled = scaled_apart(windows, on.scaling)
    parts = parts_of(scaled, name, folds, seed, settings, config, on.policy)
    seconds = time.perf_counter() - start
    folder = folder_of(out, unit, _facts(unit, stale[0].facts["sources"]), plan.device)
    fitted, trained = fit_kept(parts, folder, reporter(out, unit.name))
    start = time.perf_counter()
    frames = {
        "predictions": predictions_frame(
            windows, folds, fitted, name, config, on, seed, _eeg_family(tables)
        ),
        "curves": fitted.curves,
    }
    chance = {}
    if isinstance(method := get_method(name), Method):
        trained_on = judged(get_policy(on.policy), method, windows, folds, seed)
        chance = chances(method, windows, trained_on)
    about = {"classes": list(windows.classes), **counted(windows, plan.min_good, divided, folds)}
    seconds += trained + time.perf_counter() - start
    for output in stale:
        kind = output.facts["family"]
        # predictions repeat byte for byte, so the time stands with the curves
        more = about | ({"seconds": seconds, "chance": chance} if kind == "curves" else {})
        yield output, _arrow(frames[kind]), more
    forget(folder)


def _arrow(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


TRAIN = Step("train", sources, outputs, make)
