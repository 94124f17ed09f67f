"""What searches of options found, read back from the predictions that came of them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from featpipe.errors import printable
from featpipe.tables import read_metadata
from models.registry import METHODS
from pipelines.results import aligned, label
from pipelines.steps.tune import FAMILY
from pipelines.work_names import terms_of

N_SHOWN = 10
"""Candidates that are shown; those that some fold chose are shown in any case."""

SEEN = (
    "every subject of this study had a say in it: scores of `featpipe train` with it on these "
    "subjects are of a selected model, the tuned row is the honest one; take it for new subjects"
)
"""What goes with options that are taken over from a search."""


class Tuning(NamedTuple):
    """A search of one method, over its seeds.

    Attributes
    ----------
    method, variant : str
        As predictions have them.
    terms : str
        Protocol, policy and family of EEG tables.
    seeds : tuple of int
        In their order.
    candidates : list of dict
        `number`, `variant`, `options`, the two measures (means over folds and seeds, None where all
        failed), `n_chosen`, `n_failed`, `n_folds` and the first `reason`; the best first.
    chosen : mapping
        Fold -> number of the candidate chosen, by seed.
    """

    method: str
    variant: str
    terms: str
    seeds: tuple[int, ...]
    candidates: list[dict[str, Any]]
    chosen: Mapping[str, list[int]]

    @property
    def n_folds(self) -> int:
        """Choices that were made: folds times seeds."""
        return sum(map(len, self.chosen.values()))

    @property
    def name(self) -> str:
        """Name it for a heading."""
        return f"{label(self.method, self.variant)}, {self.terms}"

    @property
    def favourite(self) -> dict[str, Any]:
        """The candidate chosen most often, the better one of equals."""
        return max(self.candidates, key=lambda one: one["n_chosen"])


def tunings(out: Path, names: Sequence[str]) -> list[Tuning]:
    """Read what searches found.

    Parameters
    ----------
    out : Path
        Output root.
    names : sequence of str
        Files of predictions that count, as `scores.parquet` lists them.
    """
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for name in names:
        about = read_metadata(out / "predictions" / name)
        if FAMILY in about:
            options = about["options"]
            key = (options["method"], about[FAMILY]["variant"], terms_of(options))
            groups.setdefault(key, []).append(about)
    order = list(METHODS)
    return [
        _pooled(*key, sorted(abouts, key=lambda about: about["options"]["seed"]))
        for key, abouts in sorted(groups.items(), key=lambda item: order.index(item[0][0]))
    ]


def _pooled(method: str, variant: str, terms: str, abouts: Sequence[dict[str, Any]]) -> Tuning:
    """Take the seeds of a search together: all of them tried the same candidates."""
    found = []
    for i, of_seeds in enumerate(zip(*(a[FAMILY]["candidates"] for a in abouts), strict=True)):
        counts = {
            name: sum(one[name] for one in of_seeds) for name in ("n_folds", "n_failed", "n_chosen")
        }
        measured = {
            name: _mean([one[name] for one in of_seeds])
            for name in ("balanced_accuracy", "cross_entropy")
        }
        reason = next((one["reason"] for one in of_seeds if one["reason"]), "")
        first = {name: of_seeds[0][name] for name in ("variant", "options")}
        found.append({"number": i, **first, **measured, **counts, "reason": reason})
    found.sort(key=_rank)
    chosen = {
        fold: [about[FAMILY]["chosen"][fold] for about in abouts]
        for fold in abouts[0][FAMILY]["chosen"]
    }
    seeds = tuple(about["options"]["seed"] for about in abouts)
    return Tuning(method, variant, terms, seeds, found, chosen)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _rank(one: Mapping[str, Any]) -> tuple[bool, float, float]:
    """Sort as a fold chooses; what failed everywhere comes last."""
    score, loss = one["balanced_accuracy"], one["cross_entropy"]
    return score is None, -(score or 0.0), np.inf if loss is None else loss


def candidate_rows(tuning: Tuning) -> pd.DataFrame:
    """Lay out the candidates that are shown: the best, and all that were chosen."""
    has_failed = any(one["n_failed"] for one in tuning.candidates)
    rows = [
        {
            "no.": one["number"],
            "options": one["variant"],
            "balanced accuracy": _number(one["balanced_accuracy"]),
            "cross-entropy": _number(one["cross_entropy"]),
            "chosen": f"{one['n_chosen']} of {tuning.n_folds}",
            **({"failed": _failed(one)} if has_failed else {}),
        }
        for i, one in enumerate(tuning.candidates)
        if i < N_SHOWN or one["n_chosen"] or one["n_failed"]
    ]
    return pd.DataFrame(rows)


def chosen_rows(tuning: Tuning) -> pd.DataFrame:
    """Lay out the number of the candidate that each fold chose, a column per seed."""
    return pd.DataFrame([
        {"fold": fold, **{f"seed {s}": f"no. {i}" for s, i in zip(tuning.seeds, of, strict=True)}}
        for fold, of in tuning.chosen.items()
    ])  # fmt: skip


def judged_how(tuning: Tuning) -> str:
    """Say in one line what the candidates' figures are."""
    return (
        f"{len(tuning.candidates)} candidates, each trained in {len(tuning.chosen)} folds without "
        "some of their training subjects and judged on these (source validation); means over folds "
        f"and seeds {', '.join(map(str, tuning.seeds))}; no test side was looked at"
    )


def tuning_text(tuning: Tuning) -> str:
    """Lay out a search as the verb prints it."""
    shown = candidate_rows(tuning)
    n_left = len(tuning.candidates) - len(shown)
    lines = [f"{tuning.name}: {judged_how(tuning)}", *_aligned(shown)]
    lines += [f"  and {n_left} more that no fold chose"] * (n_left > 0)
    return "\n".join([*lines, "", "  chosen per fold:", *_aligned(chosen_rows(tuning))])


def snippet(tuning: Tuning) -> str:
    """Write the candidate chosen most often as a study file has it, with what to mind."""
    best = tuning.favourite
    times = f"{best['n_chosen']} of {tuning.n_folds} folds"
    head = f"# {tuning.method}: chosen in {times} ({tuning.terms})"
    options = [f"{name} = {json.dumps(value)}" for name, value in best["options"].items()]
    options = options or ["# the defaults"]
    return "\n".join([head, f"# {SEEN}", f"[train.options.{tuning.method}]", *options])


def _aligned(frame: pd.DataFrame) -> list[str]:
    rows = [[str(cell) for cell in row] for row in frame.itertuples(index=False)]
    return aligned([tuple(map(str, frame.columns)), *map(tuple, rows)])


def _failed(one: Mapping[str, Any]) -> str:
    if not one["n_failed"]:
        return ""
    return printable(f"in {one['n_failed']} of {one['n_folds']} folds: {one['reason']}", 160)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
