"""`featpipe compare`: ours beside the published figure of the same row, and every paired test."""

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import click
import pandas as pd

from featpipe.errors import ConfigError, few, unknown
from models.audit import fewer_subjects
from models.comparison import (
    made_for_others,
    named_run,
    paired_differences,
    reference_of,
    why_no_interval,
)
from models.families import Run, family_differences
from models.published import Figure, datasets, figures
from models.registry import get_method
from models.scores import METRICS, summary
from pipelines.exits import DONE
from pipelines.json_text import json_text
from pipelines.results import (
    SIMULATED,
    Setting,
    aligned,
    by_setting,
    label,
    left_out,
    on_fewer,
    read_predictions,
    read_scores,
    row_label,
)

N_VARIANTS = 3
"""Options with a published figure that are spelled out for a method that was run with others."""


class Asked(NamedTuple):
    """What is compared with what.

    Attributes
    ----------
    reference : str
        Method that the others are compared with.
    metric : str
        What is compared.
    beside : str
        Data set whose published figures are shown; empty takes the study's own.
    family : str
        Option whose values make families of tests; empty compares all rows with one.
    """

    reference: str
    metric: str
    beside: str = ""
    family: str = ""


def print_compare(out: Path, asked: Asked, *, as_json: bool) -> int:
    """Print the scores of an output folder, published figures, and differences to one method.

    Parameters
    ----------
    out : Path
        Output folder with scores.
    asked : Asked
        What is compared.
    as_json : bool
        Print records instead of tables.

    Raises
    ------
    ConfigError
        When there are no scores, or a name does not exist.
    """
    if not (out / "scores.parquet").exists():
        raise ConfigError(f"{out}: nothing is trained there: run `featpipe train STUDY -o {out}`")
    scores = read_scores(out)
    _require_known(asked, list(dict.fromkeys(scores["method"])))
    own = str(read_predictions(out)["dataset"].iloc[0])
    found = [_compared(setting, asked, own) for setting in by_setting(scores)]
    if as_json:
        click.echo(json_text({"dataset": own, "settings": found}))
        return DONE
    if own.startswith("simulated"):
        click.echo(f"{SIMULATED}\n")
    click.echo("\n\n".join(_text(one, asked, own) for one in found))
    return DONE


def _require_known(asked: Asked, methods: Sequence[str]) -> None:
    """Refuse names that do not exist."""
    reference, metric, beside, family = asked
    if metric not in METRICS:
        raise ConfigError(f"--metric {metric}: {unknown('metric', metric, METRICS)}")
    if beside and beside not in datasets():
        raise ConfigError(f"--beside {beside}: {unknown('data set', beside, datasets())}")
    name, variant = named_run(reference)
    if name not in methods:
        raise ConfigError(f"--reference {reference}: {unknown('method', name, methods)}")
    if family and variant:
        raise ConfigError(
            f"--reference {reference}: with --family the families say which of its runs is meant: "
            f"take --reference {name}"
        )
    options = [field.name for field in fields(get_method(name).config)]
    if family and family not in options:
        text = unknown(f"option of {name}", family, options)
        raise ConfigError(f"--family {family}: {text}")


def _compared(setting: Setting, asked: Asked, own: str) -> dict[str, Any]:
    """Collect what is said of one setting; only figures of its protocol stand in it."""
    published = [
        figure
        for figure in figures()
        if figure.dataset == (asked.beside or own) and figure.protocol == setting.values["protocol"]
    ]
    differences, reasons = _tests(setting.scores, asked)
    return {
        **setting.values,
        "meaning": setting.meaning,
        "notes": fewer_subjects(setting.scores),
        "scores": json.loads(summary(setting.scores).to_json(orient="records") or "[]"),
        "published": [figure._asdict() for figure in published],
        "differences": json.loads(differences.to_json(orient="records") or "[]"),
        "left_out": [
            {"method": method, "variant": variant, "reason": why}
            for (method, variant), why in reasons.items()
        ],
    }


def _tests(scores: pd.DataFrame, asked: Asked) -> tuple[pd.DataFrame, Mapping[Run, str]]:
    """Return the paired tests, and which runs are in none for which reason."""
    if asked.family:
        return family_differences(scores, asked.reference, asked.family, asked.metric)
    left = made_for_others(scores, asked.reference)
    return paired_differences(scores, asked.reference, asked.metric), left


def _text(found: dict[str, Any], asked: Asked, own: str) -> str:
    reference, metric, beside, _ = asked
    known = [Figure(**figure) for figure in found["published"]]
    ours = {(row["method"], row["variant"]) for row in found["scores"]}
    published = {of: figure for figure in known if (of := (figure.method, figure.variant)) in ours}
    lines = [f"{found['protocol']}: {found['meaning']}", *_scores(found, metric, published)]
    lines += [f"  {text}" for text in found["notes"]]
    if beside and beside != own:
        lines += [f"  published figures are of {beside}: other people, clips and devices"]
    lines += [f"  {text}" for text in _sources(list(published.values()))]
    n_ours = {row["n_subjects"] for row in found["scores"]}
    if (theirs := {figure.n_subjects for figure in published.values()}) and theirs != n_ours:
        numbers = [" or ".join(map(str, sorted(of))) for of in (theirs, n_ours)]
        lines.append(f"  published figures are of {numbers[0]} subjects, ours of {numbers[1]}")
    lines += [f"  {text}" for text in _other_variants(ours, known)]
    if not known:
        lines += [f"  no published figure of {beside or own} under this protocol is known"]
    tests = _differences(found["differences"], reference, metric, ours)
    reasons = {(row["method"], row["variant"]): row["reason"] for row in found["left_out"]}
    return "\n".join([*lines, "", *tests, *(f"  {text}" for text in left_out(reasons))])


def _other_variants(ours: Set[tuple[str, str]], known: Sequence[Figure]) -> Iterator[str]:
    """Say of methods without a published figure beside any row which options have one."""
    beside = {figure.method for figure in known if (figure.method, figure.variant) in ours}
    for method in sorted({method for method, _ in ours} - beside):
        if of := [figure.variant for figure in known if figure.method == method]:
            more = f" ({len(of)} in all)" * (len(of) > N_VARIANTS)
            yield f"{method}: published with other options: {' or '.join(of[:N_VARIANTS])}{more}"


def _scores(
    found: dict[str, Any], metric: str, published: Mapping[tuple[str, str], Figure]
) -> list[str]:
    head = (
        *("method", "tested on", metric, "95 % interval", "SD n-1 / n", "over seeds"),
        *("s per seed", "published"),
    )
    rows: list[tuple[str, ...]] = [head]
    for row in found["scores"]:
        figure = published.get((row["method"], row["variant"]))
        told = figure.text if figure and metric == "accuracy" else "-"
        rows.append((
            row_label(row), row["test_modality"],
            _number(row[f"{metric}_mean"]),
            f"[{_number(row[f'{metric}_low'])}, {_number(row[f'{metric}_high'])}]",
            f"{_number(row[f'{metric}_sd'])} / {_number(row[f'{metric}_sd_population'])}",
            _number(row[f"{metric}_sd_seeds"]), _seconds(row["seconds"]), told,
        ))  # fmt: skip
    return aligned(rows)


def _sources(published: Sequence[Figure]) -> list[str]:
    told: dict[tuple[int, str], dict[str, None]] = {}
    for one in published:
        told.setdefault((one.n_subjects, one.open), {})[one.reference] = None
    return [
        f"published: {'; '.join(references)}; {n} subjects; not said there: {left_open}"
        for (n, left_open), references in told.items()
    ]


def _differences(
    rows: Sequence[dict[str, Any]], reference: str, metric: str, runs: Set[tuple[str, str]]
) -> list[str]:
    if not rows:
        return [f"  nothing was compared with {reference}{_which(reference, runs)}"]
    families = list(dict.fromkeys(row.get("family", "") for row in rows))
    found = []
    for family in families:
        of_family = [row for row in rows if row.get("family", "") == family]
        found += _family(of_family, f"{reference} ({family})" if family else reference, metric)
    told = f"  Holm and BH: of one table; BH of all: of the {len(rows)} tests above together"
    return [*found, *([told] if families != [""] else [])]


def _which(reference: str, runs: Set[tuple[str, str]]) -> str:
    """Say which runs of the reference there are, where it is not clear which one is meant."""
    name, named = named_run(reference)
    variants = sorted(variant for method, variant in runs if method == name)
    if not variants or reference_of(reference, runs):
        return ""
    example = f'--reference "{label(name, variants[0])}"'
    what = f"no run of it is {named!r}" if named else "it was run in several ways, none the default"
    return f": {what}: name one of {few(variants)}, as in {example}"


def _family(rows: Sequence[dict[str, Any]], reference: str, metric: str) -> list[str]:
    """Lay out the tests that p values are adjusted for together."""
    adjustments = {"Holm": "p_holm", "BH": "p_bh", "BH of all": "p_bh_all"}
    adjustments = {shown: name for shown, name in adjustments.items() if name in rows[0]}
    head = (
        *("method", "difference", "95 % interval", "n", "t test p", *adjustments),
        *("Wilcoxon p", "d_z", "rank-biserial"),
    )
    table: list[tuple[str, ...]] = [head]
    for row in rows:
        table.append((
            label(row["method"], row["variant"]), _number(row["difference"], "+"),
            _interval(row), str(row["n_subjects"]),
            *(_number(row[name]) for name in ("p", *adjustments.values(), "p_wilcoxon")),
            _number(row["d_z"], "+"), _number(row["rank_biserial"], "+"),
        ))  # fmt: skip
    apart = [label(row["method"], row["variant"]) for row in rows if not row["n_subjects"]]
    note = [f"  {', '.join(apart)}: no subject and seed in common with {reference}; train the same"]
    title = f"  {metric} against {reference}, paired by subject, seeds averaged:"
    untested = [
        f"  {label(row['method'], row['variant'])}: {reason}: no interval and no test"
        for row in rows
        if row["n_subjects"] and (reason := why_no_interval(row))
    ]
    return [title, *aligned(table), *(note if apart else []), *on_fewer(rows), *untested]


def _interval(row: dict[str, Any]) -> str:
    if why_no_interval(row):
        return "-"
    return f"[{_number(row['low'], '+')}, {_number(row['high'], '+')}]"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _number(value: float | None, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}.3f}"
