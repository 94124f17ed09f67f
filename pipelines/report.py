"""One self-contained HTML file of what an output folder holds: scores, quality, failures."""

import io
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from jinja2 import Environment
from matplotlib.figure import Figure
from matplotlib.text import Text

from featpipe.errors import ReadError
from featpipe.publishing import write_text
from featpipe.tables import read_metadata, read_table
from models.audit import warnings
from models.comparison import SETTING, made_for_others, paired_differences, why_no_interval
from models.registry import BASELINES
from models.scores import METRICS, summary
from models.selection import get_policy
from pipelines.eye_units import mixed_units
from pipelines.games import counts, games, lines
from pipelines.games_drawn import figure_of, table_of
from pipelines.ownership import owned
from pipelines.published import record
from pipelines.quality import QUALITY, RELEASED_QUALITY
from pipelines.report_page import STYLE, TEMPLATE
from pipelines.results import (
    SIMULATED,
    Setting,
    by_setting,
    label,
    left_out,
    read_predictions,
    read_scores,
    row_label,
    spread,
)
from pipelines.summary import LAYOUT
from pipelines.tuned import candidate_rows, chosen_rows, judged_how, tunings
from pipelines.unscored import unscored


def write_report(out: Path) -> Path:
    """Write `report.html`.

    Parameters
    ----------
    out : Path
        An output folder with tables and, when something was trained, scores.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    ReadError
        When the folder holds no tables.
    """
    tables = sorted(out.glob("features/*/*.parquet"))
    if not tables:
        raise ReadError(f"{out}: no feature tables there: run `featpipe extract` first")
    path = out / "report.html"
    with owned(out):
        record(out, {str(path): write_text(_page(out, tables[0]), path, out / ".staging")})
    return path


def _page(out: Path, table: Path) -> str:
    name = read_metadata(table)["recording"]["dataset"]
    has_scores = (out / "scores.parquet").exists()
    return Environment(autoescape=False).from_string(TEMPLATE).render(
        name=escape(name),
        style=STYLE,
        is_simulated=name.startswith("simulated"),
        simulated=SIMULATED,
        protocols=list(_settings(out)) if has_scores else [],
        tunings=list(_tunings(out)) if has_scores else [],
        unscored=[escape(text) for text in unscored(out)],
        quality=_quality(out),
        warnings=[escape(text) for text in mixed_units(out)],
        missing=_missing(out),
        failures=_failures(out),
    )  # fmt: skip


def _settings(out: Path) -> Iterable[dict[str, Any]]:
    predictions, frame = read_predictions(out), read_scores(out)
    classes = read_metadata(sorted(out.glob("features/*/*.parquet"))[0])["classes"]
    order = {name: i for i, name in enumerate(frame["method"].unique())}
    predictions = predictions.sort_values("method", key=lambda x: x.map(order), kind="stable")
    for setting in by_setting(frame):
        differences = paired_differences(setting.scores, "mlp")
        left = [] if differences.empty else left_out(made_for_others(setting.scores, "mlp"))
        played = games(out, setting.values)
        stand, warned = lines(played)
        yield {
            "name": escape(setting.name()),
            "note": escape(
                f"{setting.meaning}: {get_policy(setting.values['policy']).describes}. "
                "The standard deviation divides by n - 1."
            ),
            "table": _score_table(setting.scores),
            "figure": svg(_per_subject(setting.scores)),
            "differences": "" if differences.empty else _difference_table(differences),
            "notes": [escape(text) for text in (*warned, *left, *warnings(setting.scores))],
            "counts": [escape(text) for text in (*stand, *counts(out, setting.values))],
            "games": svg(figure_of(played)) + html_table(table_of(played)) if played else "",
            "confusion": _confusions(predictions, setting, classes),
        }


def _tunings(out: Path) -> Iterable[dict[str, str]]:
    for tuning in tunings(out, read_metadata(out / "scores.parquet")["predictions"]):
        yield {
            "name": escape(tuning.name),
            "note": escape(judged_how(tuning)),
            "candidates": html_table(candidate_rows(tuning)),
            "chosen": html_table(chosen_rows(tuning)),
        }


def _score_table(scores: pd.DataFrame) -> str:
    rows = []
    for row in summary(scores).to_dict("records"):
        shown = {
            "method": row_label(row),
            "trained on": row["train_modalities"],
            "tested on": row["test_modality"],
            "seeds": row["n_seeds"],
        }
        for metric in METRICS:
            mean, sd = row[f"{metric}_mean"], row[f"{metric}_sd"]
            shown[metric.replace("_", " ")] = spread(mean, sd)
        rows.append(shown)
    return html_table(pd.DataFrame(rows))


def _difference_table(found: pd.DataFrame) -> str:
    rows = [
        {
            "method": label(row["method"], row["variant"]),
            "difference": f"{100 * row['difference']:+.1f}" if row["n_subjects"] else "-",
            "interval": why_no_interval(row)
            or f"[{100 * row['low']:+.1f}, {100 * row['high']:+.1f}]",
            "p (Holm)": _p(row["p_holm"]),
            "p (Wilcoxon)": _p(row["p_wilcoxon"]),
            "subjects": f"{row['n_subjects']}"
            + f" of {row['n_subjects'] + row['n_left_out']}" * bool(row["n_left_out"]),
        }
        for row in found.to_dict("records")
    ]
    return html_table(pd.DataFrame(rows))


def _p(value: float) -> str:
    if np.isnan(value):
        return "-"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _per_subject(scores: pd.DataFrame) -> Figure:
    """One dot per subject and method, a bar at the mean."""
    groups: Any = scores.groupby(["method", "variant"], sort=False)
    figure = Figure(figsize=(8, 0.45 * len(groups) + 1), layout="constrained")
    axes = figure.subplots()
    for i, (_, group) in enumerate(groups):
        values = group.groupby("subject")["accuracy"].mean().to_numpy()
        spread = np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else np.zeros(1)
        axes.plot(values, i + spread, "o", color="#4878a8", alpha=0.6, markersize=5)
        axes.plot([values.mean()] * 2, [i - 0.32, i + 0.32], color="#222", linewidth=2)
    axes.set_yticks(range(len(groups)), [label(*key) for key, _ in groups])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("accuracy; a dot is a test subject, the line their mean")
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _confusions(predictions: pd.DataFrame, setting: Setting, classes: list[str]) -> str:
    """Rows: true class; columns: predicted; all subjects and seeds together."""
    by = predictions.groupby(list(SETTING))
    of_setting: Any = by.get_group(tuple(setting.values.values()))
    learners = of_setting[~of_setting["method"].isin(BASELINES)]
    groups: Any = list(learners.groupby(["method", "variant"], sort=False))
    if not groups:
        return ""
    figure = Figure(figsize=(2.1 * len(groups) + 0.8, 2.9), layout="constrained")
    columns = np.atleast_1d(figure.subplots(1, len(groups)))
    for i, (axes, (key, group)) in enumerate(zip(columns, groups, strict=True)):
        share = _counts(group, len(classes))
        share /= np.maximum(share.sum(axis=1, keepdims=True), 1)
        axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.ndindex(*share.shape):
            shade = "white" if share[row, column] > 0.6 else "#222"
            axes.text(column, row, f"{share[row, column]:.2f}", ha="center", va="center",
                      color=shade, fontsize=8)  # fmt: skip
        axes.set_title(label(*key), fontsize=9, wrap=True)
        axes.set_xticks(range(len(classes)), classes, rotation=45, ha="right", fontsize=8)
        axes.set_yticks(range(len(classes)), [] if i else classes, fontsize=8)
    caption = '<h3>Confusion</h3><p class="note">Rows: true class; columns: predicted.</p>'
    return caption + svg(figure)


def _counts(predictions: pd.DataFrame, n_classes: int) -> np.ndarray:
    """How often each class was predicted for each true class, (n_classes, n_classes)."""
    columns = [f"p_{i}" for i in range(n_classes)]
    found = predictions[columns].to_numpy().argmax(axis=1)
    counts = np.zeros((n_classes, n_classes))
    np.add.at(counts, (predictions["label"].to_numpy(), found), 1)
    return counts


def _quality(out: Path) -> str:
    path = out / "qc" / "recordings.parquet"
    if not path.exists():
        return "<p>none</p>"
    frame = read_table(path).to_pandas()
    shown = frame.apply(lambda column: column.map(lambda x: _cell(x, str(column.name))))
    html = html_table(shown)
    for name, meaning in {**QUALITY, **RELEASED_QUALITY}.items():
        html = html.replace(f"<th>{name}</th>", f'<th title="{escape(meaning)}">{name}</th>')
    return html


def _cell(value: Any, column: str) -> Any:
    if isinstance(value, float):
        digits = ".3f" if column == "clock_offset_s" else ".4g"  # seconds since the tracker woke up
        return "-" if np.isnan(value) else f"{value:{digits}}"
    if isinstance(value, str):
        return value.replace("\n", "; ") or "-"
    return "-" if value is None else value


def _missing(out: Path) -> str:
    """List the defects that the folder of a public data set has; empty where there are none."""
    frame = _failure_rows(out, is_layout=True)
    return "" if frame.empty else html_table(frame[["subject", "session", "reason"]])


def _failures(out: Path) -> str:
    frame = _failure_rows(out, is_layout=False)
    return "<p>none</p>" if frame.empty else html_table(frame)


def _failure_rows(out: Path, *, is_layout: bool) -> Any:
    path = out / "failures.parquet"
    frame = read_table(path).to_pandas() if path.exists() else pd.DataFrame({"step": []})
    return frame[(frame["step"] == LAYOUT) == is_layout]


def html_table(frame: pd.DataFrame) -> str:
    """Write a frame as a table of a page."""
    return frame.to_html(index=False, border=0, justify="left", na_rep="-")


def svg(figure: Figure) -> str:
    """Draw as text that stands inside the page; equal input gives equal text."""
    stream = io.StringIO()
    for text in figure.findobj(Text):
        text.set_parse_math(False)  # a name with two dollars in it is no formula
    with mpl.rc_context(
        {"svg.hashsalt": "featpipe", "svg.fonttype": "none", "text.parse_math": False}
    ):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]
