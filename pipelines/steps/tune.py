"""Feature tables -> judged candidates -> predictions of the best one of each fold.

Two steps. What a candidate reaches on held-out training subjects, of all folds of a protocol, is a
table of its own below `OUT/tuning`: so a kill costs the candidates under way, and a larger search
judges the new ones only. The tables of all candidates are then sources of the tuned predictions.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from featpipe.errors import ConfigError, ReadError
from featpipe.tables import read_metadata, read_table
from models.candidates import JUDGED_COLUMNS, candidates, choose, inner_folds, judge, require_blind
from models.fitted import Fitted
from models.parts import Part
from models.registry import make_config, variant
from models.tuning import refit_parts
from pipelines.engine import is_features, stale_because
from pipelines.kept_folds import fit_kept, folder_of, forget
from pipelines.steps import train
from pipelines.steps.prepared import prepare
from pipelines.steps.variants import label_of, one_by_one, terms_for, windows_counted
from pipelines.study_sections import TrainPlan
from pipelines.task_progress import reporter
from pipelines.work import Output, Step, Unit

VERSION = 1
"""Raised by hand when a search draws, judges or chooses otherwise."""

FAMILY = "tuning"
"""Of the tables of candidates, and their folder."""

END = "_candidate"
"""Of their names: a training with the same options is another unit."""


class Search(NamedTuple):
    """How much is tried.

    Attributes
    ----------
    n : int
        Candidates, the study's own options among them.
    seed : int
        Fixes which.
    """

    n: int = 20
    seed: int = 0


class Payload(NamedTuple):
    """What a tuning needs: a training, and the candidates it chooses from."""

    method: str
    seed: int
    plan: TrainPlan
    tables: Mapping[str, tuple[Path, ...]]
    out: Path
    search: Search
    tried: tuple[Mapping[str, Any], ...]


def units(
    plan: TrainPlan, tables: Mapping[str, Sequence[Path]], out: Path, search: Search
) -> list[Unit]:
    """Make one unit per method, variant of it, and seed.

    Parameters
    ----------
    plan, tables, out
        As in `pipelines.steps.train.units`. Options that the plan sets are not searched.
    search : Search
        How much is tried; all seeds try the same.

    Raises
    ------
    ConfigError
        When a method has nothing to search, or the policy looks at the test side.
    """
    found = []
    for method, single in one_by_one(plan, plan.methods):
        require_blind(terms_for(method, single).policy)
        options = single.options.get(method, {})
        tried = tuple(candidates(method, options, search.n, search.seed))
        text = variant_of(method, options, len(tried), search.seed)
        text = ", ".join([text, *windows_counted(plan)])
        mark = hashlib.sha256(text.encode()).hexdigest()[:8]
        for of in train.units(replace(single, methods=(method,)), tables, out):
            name = of.name.replace(label_of(method, single), f"{method}-tuned-{mark}", 1)
            payload = Payload(*of.payload, search=search, tried=tried)
            found.append(of._replace(name=name, payload=payload))
    return found


def tuned_before(plan: TrainPlan, tables: Mapping[str, Sequence[Path]], out: Path) -> list[Unit]:
    """Make the units of searches that were done under this plan; others are other rows.

    Parameters
    ----------
    plan : TrainPlan
        As the study has it now.
    tables : mapping
        Modality -> feature tables.
    out : Path
        Output root.
    """
    found = []
    for path in sorted(out.glob("predictions/*-tuned-*.parquet")):
        with suppress(ReadError, ConfigError, KeyError):  # verify tells of what is damaged
            options = read_metadata(path)["options"]
            of_file = replace(plan, methods=(options["method"],), seeds=(options["seed"],))
            search = Search(options["candidates"], options["search_seed"])
            made = units(of_file, tables, out, search)
            found += [unit for unit in made if unit.name == path.stem]
    return found


def variant_of(method: str, options: Mapping[str, Any], n: int, search_seed: int) -> str:
    """Say what the column `variant` holds: no options, since they differ between folds."""
    settled = variant(method, make_config(method, options))
    told = [f"tuned over {n} candidates"]
    told += [f"search seed {search_seed}"] * (search_seed != 0)
    return ", ".join([*told, *([settled] if settled != "default" else [])])


def candidate_units(unit: Unit) -> list[Unit]:
    """Make the units that judge what a tuning chooses from, in the order of the candidates."""
    payload: Payload = unit.payload
    found = []
    for options in payload.tried:
        plan = replace(
            payload.plan,
            methods=(payload.method,),
            seeds=(payload.seed,),
            options={payload.method: dict(options)},
        )
        [of] = train.units(plan, payload.tables, payload.out)
        found.append(of._replace(name=of.name + END))
    return found


def judged_outputs(unit: Unit, listed: list[dict[str, Any]]) -> list[Output]:
    """Name the table of a candidate."""
    facts = train.facts_of(unit, listed)
    facts |= {"step": "judge", "family": FAMILY, "version": [VERSION, *facts["version"]]}
    return [Output(unit.payload.out / FAMILY / f"{unit.name}.parquet", facts)]


def judge_candidate(
    unit: Unit, stale: Sequence[Output]
) -> Iterator[tuple[Output, pa.Table, dict[str, Any]]]:
    """Train one candidate without the subjects held out, and judge it on them."""
    name, seed, plan, _, out = unit.payload
    ready = prepare(unit)
    inner = inner_folds(ready.folds, ready.windows, name, seed)
    [output] = stale
    folder = folder_of(out, unit, output.facts, plan.device)
    report = reporter(out, unit.name)

    def fit(parts: Sequence[Part]) -> Fitted:
        return fit_kept(parts, folder, report)[0]

    frame = judge(
        ready.scaled, name, inner, seed, ready.settings, ready.config, ready.on.policy, fit
    )
    about = {"method": name, "variant": variant(name, ready.config), "seed": seed}
    table = train.arrow(frame.assign(**about)).select([*about, *JUDGED_COLUMNS])
    yield output, table, {"classes": list(ready.windows.classes)}
    forget(folder)


def sources(unit: Unit) -> list[Path]:
    """List the tables, and those of the candidates; all of them, or a choice would depend on luck.

    Raises
    ------
    ReadError
        When a candidate was not judged.
    """
    found = []
    for i, of in enumerate(candidate_units(unit)):
        [output] = judged_outputs(of, [])
        if not output.path.exists():
            raise ReadError(
                f"{unit.name}: candidate {i} of {len(unit.payload.tried)} was not judged "
                f"({of.name}): run the same command again"
            )
        found.append(output.path)
    return [*train.tables_of(unit), *found]


def outputs(unit: Unit, listed: list[dict[str, Any]]) -> list[Output]:
    """Name the predictions and the training curves of what was chosen."""
    payload: Payload = unit.payload
    tried = json.dumps([dict(of) for of in payload.tried], sort_keys=True)
    search = {
        "candidates": len(payload.tried),
        "search_seed": payload.search.seed,
        "drawn": hashlib.sha256(tried.encode()).hexdigest()[:16],
    }
    return [
        Output(
            output.path,
            output.facts
            | {"step": "tune", "version": [VERSION, *output.facts["version"]]}
            | {"options": output.facts["options"] | search},
        )
        for output in train.table_outputs(unit, listed)
    ]


def make(unit: Unit, stale: Sequence[Output]) -> Iterator[tuple[Output, pa.Table, dict[str, Any]]]:
    """Choose a candidate per fold, train it on the whole training side, predict the test side."""
    payload: Payload = unit.payload
    name, out = payload.method, payload.out
    rows = _judged(unit, stale[0].facts["sources"])
    chosen = choose(rows)
    configs = [make_config(name, of) for of in payload.tried]
    ready = prepare(unit)
    parts = refit_parts(
        ready.scaled, name, ready.folds, {fold: configs[i] for fold, i in chosen.items()},
        payload.seed, ready.settings, ready.on.policy,
    )  # fmt: skip
    folder = folder_of(out, unit, stale[0].facts, payload.plan.device)
    fitted, seconds = fit_kept(parts, folder, reporter(out, unit.name))
    options = payload.plan.options.get(name, {})
    text = variant_of(name, options, len(configs), payload.search.seed)
    text = ", ".join([text, *windows_counted(payload.plan)])
    named = [variant(name, config) for config in configs]
    about = {
        "variant": text,
        "candidates": _summed_up(rows, named, payload.tried, chosen),
        "chosen": chosen,
    }
    yield from train.result_tables(unit, stale, ready, fitted, seconds, text, {FAMILY: about})
    forget(folder)


def _judged(unit: Unit, listed: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Read what candidates reached, and refuse what was reached on other tables or options."""
    tables = [dict(of) for of in listed if is_features(of)]
    frames = []
    for i, of in enumerate(candidate_units(unit)):
        [output] = judged_outputs(of, tables)
        if reason := stale_because(output):
            raise ReadError(
                f"{output.path}: candidate {i} was judged otherwise ({reason}): run the same "
                "command again"
            )
        frames.append(read_table(output.path).to_pandas().assign(candidate=i))
    return pd.concat(frames, ignore_index=True)


def _summed_up(
    rows: pd.DataFrame,
    named: Sequence[str],
    tried: Sequence[Mapping[str, Any]],
    chosen: Mapping[str, int],
) -> list[dict[str, Any]]:
    """Say of every candidate what it reached, over the folds that it did not fail in."""
    found = []
    for i, (text, options) in enumerate(zip(named, tried, strict=True)):
        of: Any = rows[rows["candidate"] == i]
        is_sound = of["reason"] == ""
        measured = {
            name: float(of.loc[is_sound, name].mean()) if is_sound.any() else np.nan
            for name in ("balanced_accuracy", "cross_entropy")
        }
        found.append({
            "variant": text,
            "options": dict(options),
            **{name: value if np.isfinite(value) else None for name, value in measured.items()},
            "n_folds": len(of),
            "n_failed": int((~is_sound).sum()),
            "n_chosen": sum(of_fold == i for of_fold in chosen.values()),
            "reason": next(iter(of.loc[~is_sound, "reason"]), ""),
        })  # fmt: skip
    return found


JUDGE = Step("judge", train.tables_of, judged_outputs, judge_candidate)
TUNE = Step("tune", sources, outputs, make)
