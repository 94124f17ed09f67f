"""`featpipe compare`: ours beside the published figure of the same row, and every paired test."""

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import click

from featpipe.errors import ConfigError, unknown
from models.audit import fewer_subjects
from models.comparison import paired_differences, why_no_interval
from models.published import Figure, datasets, figures
from models.scores import METRICS, summary
from pipelines.exits import DONE
from pipelines.json_text import json_text
from pipelines.results import (
    SIMULATED,
    Setting,
    aligned,
    by_setting,
    label,
    on_fewer,
    read_predictions,
    read_scores,
)

N_VARIANTS = 3
"""Options with a published figure that are spelled out for a method that was run with others."""


def print_compare(out: Path, reference: str, metric: str, beside: str, *, as_json: bool) -> int:
    """Print the scores of an output folder, published figures, and differences to one method.

    Parameters
    ----------
    out : Path
        Output folder with scores.
    reference : str
        Method that the others are compared with.
    metric : str
        What is compared.
    beside : str
        Data set whose published figures are shown; empty takes the study's own.
    as_json : bool
        Print records instead of tables.

    Raises
    ------
    ConfigError
        When there are no scores, or a name does not exist.
    """
    if not (out / "scores.parquet").exists():
        raise ConfigError(f"{out}: nothing is trained there: run `featpipe train STUDY -o {out}`")
    if metric not in METRICS:
        raise ConfigError(f"--metric {metric}: {unknown('metric', metric, METRICS)}")
    if beside and beside not in datasets():
        raise ConfigError(f"--beside {beside}: {unknown('data set', beside, datasets())}")
    scores = read_scores(out)
    methods = list(dict.fromkeys(scores["method"]))
    if reference not in methods:
        raise ConfigError(f"--reference {reference}: {unknown('method', reference, methods)}")
    own = str(read_predictions(out)["dataset"].iloc[0])
    found = [_compared(setting, reference, metric, own, beside) for setting in by_setting(scores)]
    if as_json:
        click.echo(json_text({"dataset": own, "settings": found}))
        return DONE
    if own.startswith("simulated"):
        click.echo(f"{SIMULATED}\n")
    click.echo("\n\n".join(_text(one, reference, metric, own, beside) for one in found))
    return DONE


def _compared(
    setting: Setting, reference: str, metric: str, own: str, beside: str
) -> dict[str, Any]:
    """Collect what is said of one setting; only figures of its protocol stand in it."""
    published = [
        figure
        for figure in figures()
        if figure.dataset == (beside or own) and figure.protocol == setting.values["protocol"]
    ]
    return {
        **setting.values,
        "meaning": setting.meaning,
        "notes": fewer_subjects(setting.scores),
        "scores": json.loads(summary(setting.scores).to_json(orient="records") or "[]"),
        "published": [figure._asdict() for figure in published],
        "differences": json.loads(
            paired_differences(setting.scores, reference, metric).to_json(orient="records") or "[]"
        ),
    }


def _text(found: dict[str, Any], reference: str, metric: str, own: str, beside: str) -> str:
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
    return "\n".join([*lines, "", *_differences(found["differences"], reference, metric)])


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
    head = ("method", "tested on", metric, "95 % interval", "SD n-1 / n", "over seeds", "published")
    rows: list[tuple[str, ...]] = [head]
    for row in found["scores"]:
        figure = published.get((row["method"], row["variant"]))
        told = figure.text if figure and metric == "accuracy" else "-"
        rows.append((
            label(row["method"], row["variant"], row["marks"]), row["test_modality"],
            _number(row[f"{metric}_mean"]),
            f"[{_number(row[f'{metric}_low'])}, {_number(row[f'{metric}_high'])}]",
            f"{_number(row[f'{metric}_sd'])} / {_number(row[f'{metric}_sd_population'])}",
            _number(row[f"{metric}_sd_seeds"]), told,
        ))  # fmt: skip
    return aligned(rows)


def _sources(published: Sequence[Figure]) -> list[str]:
    told = dict.fromkeys((one.reference, one.n_subjects, one.open) for one in published)
    return [
        f"published: {reference}; {n} subjects; not said there: {left_open}"
        for reference, n, left_open in told
    ]


def _differences(rows: Sequence[dict[str, Any]], reference: str, metric: str) -> list[str]:
    if not rows:
        return [f"  nothing was compared with {reference}"]
    head = (
        *("method", "difference", "95 % interval", "n", "t test p", "Holm", "BH"),
        *("Wilcoxon p", "d_z", "rank-biserial"),
    )
    table: list[tuple[str, ...]] = [head]
    for row in rows:
        table.append((
            label(row["method"], row["variant"]), _number(row["difference"], "+"),
            _interval(row), str(row["n_subjects"]),
            *(_number(row[name]) for name in ("p", "p_holm", "p_bh", "p_wilcoxon")),
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


def _number(value: float | None, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}.3f}"
