"""One self-contained HTML file of what an output folder holds: scores, quality, failures."""

import io
from collections.abc import Iterable
from html import escape
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from jinja2 import Environment
from matplotlib.figure import Figure

from featpipe.errors import ReadError
from featpipe.tables import read_metadata, read_table, write_text
from models.comparison import paired_differences
from models.scores import summary
from pipelines.results import SIMULATED, read_scores

TEMPLATE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>featpipe report: {{ name }}</title>
<style>
body {font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222}
table {border-collapse: collapse; margin: .5rem 0 1.5rem; font-variant-numeric: tabular-nums}
th, td {padding: .2rem .7rem; text-align: left; border-bottom: 1px solid #ddd; font-size: .9rem}
th {border-bottom: 2px solid #888}
.wide {overflow-x: auto} .note {color: #555; font-size: .9rem}
.simulated {background: #fff3cd; border: 1px solid #e0c46c; padding: .6rem 1rem; font-weight: 600}
svg {max-width: 100%; height: auto}
</style></head><body>
<h1>{{ name }}</h1>
{% if is_simulated %}<p class="simulated">{{ simulated }}</p>{% endif %}
{% for protocol in protocols %}
<h2>Protocol {{ protocol.name }}</h2>
<p class="note">{{ protocol.note }}</p>
<div class="wide">{{ protocol.table }}</div>
{{ protocol.figure }}
{% if protocol.differences %}
<h3>Accuracy against mlp, paired by subject</h3>
<p class="note">Points, 95 % t interval over subjects; p is not adjusted for the number of methods.</p>
{{ protocol.differences }}{% endif %}
{{ protocol.confusion }}
{% endfor %}
<h2>Recordings</h2>
<p class="note">One row per recording, as in qc/recordings.parquet.</p>
<div class="wide">{{ quality }}</div>
<h2>Failures</h2>
{{ failures }}
</body></html>
"""  # noqa: E501 - style sheet lines


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
    name = read_metadata(tables[0])["recording"]["dataset"]
    has_scores = (out / "scores.parquet").exists()
    html = Environment(autoescape=False).from_string(TEMPLATE).render(
        name=escape(name),
        is_simulated=name.startswith("simulated"),
        simulated=SIMULATED,
        protocols=list(_protocols(out)) if has_scores else [],
        quality=_quality(out),
        failures=_failures(out),
    )  # fmt: skip
    write_text(html, out / "report.html", out / ".staging")
    return out / "report.html"


def _protocols(out: Path) -> Iterable[dict[str, str]]:
    frame = read_scores(out)
    predictions = _predictions(out)
    for (protocol, split), group in frame.groupby(["protocol", "split"], sort=False):
        table = summary(group)
        differences = paired_differences(group, "mlp")
        yield {
            "name": escape(str(protocol)),
            "note": f"Left out by {split}. Mean ± SD (n - 1) over {table['n_subjects'].max()} test "
            f"subjects, {table['n_seeds'].max()} seed(s) averaged first. Each dot is a subject.",
            "table": _score_table(table),
            "figure": _svg(_per_subject(group)),
            "differences": "" if differences.empty else _difference_table(differences),
            "confusion": _confusions(predictions[predictions["protocol"] == protocol], out),
        }


def _predictions(out: Path) -> pd.DataFrame:
    """Read all stored predictions."""
    files = sorted(out.glob("predictions/*.parquet"))
    return pd.concat([read_table(file).to_pandas() for file in files], ignore_index=True)


def _score_table(table: pd.DataFrame) -> str:
    shown = pd.DataFrame(
        {
            "method": table["method"] + _in_brackets(table["variant"]),
            "trained on": table["train_modalities"],
            "tested on": table["test_modality"],
        }
    )
    for metric in ("accuracy", "balanced_accuracy", "macro_f1", "kappa"):
        mean, sd = table[f"{metric}_mean"], table[f"{metric}_sd"]
        shown[metric.replace("_", " ")] = [
            f"{m:.3f} ± {s:.3f}" for m, s in zip(mean, sd, strict=True)
        ]
    return _html(shown)


def _in_brackets(variants: pd.Series) -> pd.Series:
    return variants.map(lambda text: "" if text == "default" else f" ({text})")


def _difference_table(found: pd.DataFrame) -> str:
    shown = found[["method"]].copy()
    shown["difference"] = [f"{100 * x:+.1f}" for x in found["difference"]]
    shown["interval"] = [
        f"[{100 * low:+.1f}, {100 * high:+.1f}]"
        for low, high in zip(found["low"], found["high"], strict=True)
    ]
    shown["p"] = [f"{p:.3f}" for p in found["p"]]
    return _html(shown)


def _per_subject(scores: pd.DataFrame) -> Figure:
    """One dot per subject and method, a bar at the mean."""
    label = scores["method"] + _in_brackets(scores["variant"])
    means = scores.assign(label=label).groupby(["label", "subject"], sort=False)["accuracy"].mean()
    labels = list(dict.fromkeys(label))
    figure = Figure(figsize=(8, 0.45 * len(labels) + 1), layout="constrained")
    axes = figure.subplots()
    for i, name in enumerate(labels):
        values = means[name].to_numpy()
        spread = np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else [0.0]
        axes.plot(values, i + np.asarray(spread), "o", color="#4878a8", alpha=0.6, markersize=5)
        axes.plot([values.mean()] * 2, [i - 0.32, i + 0.32], color="#222", linewidth=2)
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("accuracy per test subject (line: mean)")
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _confusions(predictions: pd.DataFrame, out: Path) -> str:
    """Rows: true class; columns: predicted; all subjects and seeds together."""
    if predictions.empty:
        return ""
    classes = read_metadata(sorted(out.glob("predictions/*.parquet"))[0])["classes"]
    columns = [f"p_{i}" for i in range(len(classes))]
    methods = list(dict.fromkeys(predictions["method"]))
    figure = Figure(figsize=(2.1 * len(methods) + 0.8, 2.9), layout="constrained")
    for axes, method in zip(np.atleast_1d(figure.subplots(1, len(methods))), methods, strict=True):
        chosen = predictions[predictions["method"] == method]
        counts = np.zeros((len(classes), len(classes)))
        np.add.at(counts, (chosen["label"], chosen[columns].to_numpy().argmax(axis=1)), 1)
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.ndindex(*share.shape):
            shade = "white" if share[row, column] > 0.6 else "#222"
            axes.text(column, row, f"{share[row, column]:.2f}", ha="center", va="center",
                      color=shade, fontsize=8)  # fmt: skip
        axes.set_title(method, fontsize=9)
        axes.set_xticks(range(len(classes)), classes, rotation=45, ha="right", fontsize=8)
        axes.set_yticks(range(len(classes)), classes if method == methods[0] else [], fontsize=8)
    caption = '<h3>Confusion</h3><p class="note">Rows: true class; columns: predicted.</p>'
    return caption + _svg(figure)


def _quality(out: Path) -> str:
    path = out / "qc" / "recordings.parquet"
    if not path.exists():
        return "<p>none</p>"
    frame = read_table(path).to_pandas()
    return _html(frame.map(lambda x: f"{x:.4g}" if isinstance(x, float) else x))


def _failures(out: Path) -> str:
    path = out / "failures.parquet"
    frame = pq.read_table(path).to_pandas() if path.exists() else pd.DataFrame()
    return "<p>none</p>" if frame.empty else _html(frame)


def _html(frame: pd.DataFrame) -> str:
    return frame.to_html(index=False, border=0, justify="left", na_rep="-")


def _svg(figure: Figure) -> str:
    """Draw as text that stands inside the page; equal input gives equal text."""
    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "featpipe", "svg.fonttype": "none"}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]
