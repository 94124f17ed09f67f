"""`featpipe fit`: networks trained on everybody, as model folders to take along."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from featpipe.errors import ConfigError
from models.final import train_on_all
from models.loading import load_windows
from models.registry import get_method, make_config, variant
from models.saved import Model, write_model
from models.scores import summary
from models.train import TrainSettings
from models.types import Method
from models.weights import weighted
from pipelines.job import Job
from pipelines.ownership import owned
from pipelines.planning import require_training, trainable
from pipelines.progress import tell
from pipelines.published import record
from pipelines.results import read_scores
from pipelines.steps.train import label_of
from pipelines.training_tables import current_tables


def fit_models(job: Job) -> Iterator[Path]:
    """Train every network of a study on all of its tables, with the first seed.

    Parameters
    ----------
    job : Job
        The study and its output folder.

    Yields
    ------
    Path
        The folder of each model, below ``OUT/models``.

    Raises
    ------
    ConfigError
        When the study names no network, or there is nothing to train on.
    """
    require_training(job)
    plan = trainable(job)
    networks = [name for name in plan.methods if isinstance(get_method(name), Method)]
    if not networks:
        raise ConfigError(
            f"[train] methods = {list(job.study.train.methods)}: none of them is a network, and "
            "model folders hold networks: choose one with --method, see `featpipe list methods`"
        )
    windows = weighted(load_windows(current_tables(job), plan.missing), plan.weight)
    with owned(job.out):
        for name in networks:
            config = make_config(name, plan.options.get(name, {}))
            tell(f"fit {name}: {len(windows.keys)} windows of all subjects, policy {plan.policy}")
            settings = TrainSettings(device=plan.device, precision=plan.precision)
            model = train_on_all(windows, name, plan.seeds[0], settings, config, plan.policy)
            folder = job.out / "models" / label_of(name, plan)
            published = write_model(_with_scores(model, job.out), folder, job.out / ".staging")
            record(job.out, {str(path): about for path, about in published.items()})
            yield folder


def _with_scores(model: Model, out: Path) -> Model:
    """Add what the same method and options reached where the tested subjects were left out."""
    if not (out / "scores.parquet").exists():
        return model
    groups: Any = read_scores(out).groupby(["method", "variant"])
    key = (model.method, variant(model.method, model.config))
    if key not in groups.groups:
        return model
    scores = groups.get_group(key)
    rows = json.loads(summary(scores).to_json(orient="records") or "[]")
    return model._replace(about={**model.about, "scores": rows})
