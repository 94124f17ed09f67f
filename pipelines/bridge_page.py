"""The page of a bridge: one self-contained HTML file, drawn in the manner of the report."""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment
from matplotlib.figure import Figure

from pipelines.bridge_numbers import Numbers, medians
from pipelines.bridge_tables import Pair
from pipelines.report import STYLE, html_table, svg
from pipelines.results import SIMULATED

PROBE_ROWS = {
    "loso": ("subjects left out, windows", "chance_loso"),
    "loso_votes": ("subjects left out, one answer per trial", "chance_loso"),
    "later_trials": ("first 60 % of the trials of a recording train, the others test",
                     "chance_later"),
    "mixed_windows": ("every other window trains, those between test: leaks", "chance_mixed"),
    "trial_identity": ("which trial a window is from, split as the line above", "chance_trial"),
}  # fmt: skip

MEDIANS = {
    "pearson_within": "Pearson within trials",
    "spearman_within": "Spearman within trials",
    "pearson": "Pearson, all windows",
    "spearman": "Spearman, all windows",
    "slope": "slope",
    "offset": "offset",
    "scale": "scale by trials",
    "pearson_trials": "Pearson of means of trials",
    "sd_ratio": "SD B / SD A within trials",
    "lag1_a": "lag 1 of A",
    "lag1_b": "lag 1 of B",
    "between_a": "between trials, A",
    "between_b": "between trials, B",
}
"""Measures of the columns as the page calls them."""

_TEMPLATE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>featpipe bridge: {{ a }} and {{ b }}</title>
<style>{{ style }}</style></head><body>
<h1>Two outputs compared</h1>
<p>A is <code>{{ a }}</code><br>B is <code>{{ b }}</code></p>
{% if is_simulated %}<p class="simulated">{{ simulated }}</p>{% endif %}
{% for pair in pairs %}
<h2>{{ pair.name }}</h2>
{% for text in pair.warnings %}<p class="warning">{{ text }}</p>{% endfor %}
<ul>{% for text in pair.verdict %}<li>{{ text }}</li>{% endfor %}</ul>
<p class="note">{{ pair.joined }}</p>
<h3>Medians over channels</h3>
<p class="note">Within trials: the mean of each trial is taken off first, so that neither levels
of people nor those of clips count. All windows: they do. Slope and offset: B = slope A + offset,
through the windows, robust (Theil); noise of A lowers the slope. Scale: spread of the means of
trials, B over A, which smoothing leaves alone. Lag 1: correlation of neighbouring windows. Between
trials: share of the variance within a recording that is that of the means of its trials.</p>
<div class="wide">{{ pair.medians }}</div>
{{ pair.figure }}
{{ pair.matches }}
{% if pair.probes %}<h3>Why scores differ</h3>
<p class="note">One linear discriminant in closed form, nothing tuned, standardised on its training
windows; balanced accuracy over the classes that were trained on, mean over subjects or recordings.
Guessing: one over these classes. A ruler for A and B, no result.</p>
<div class="wide">{{ pair.probes }}</div>{% endif %}
<h3>Recordings</h3>
<div class="wide">{{ pair.recordings }}</div>
<details><summary>All columns</summary><div class="wide">{{ pair.columns }}</div></details>
{% endfor %}
</body></html>
"""


def page(a: str, b: str, compared: Sequence[tuple[Pair, Numbers, list[str]]]) -> str:
    """Lay out the page.

    Parameters
    ----------
    a, b : str
        The outputs, as they were named.
    compared : sequence of (Pair, Numbers, verdict)
        One entry per pair of families.

    Returns
    -------
    str
        HTML; equal input gives equal text.
    """
    return Environment(autoescape=False).from_string(_TEMPLATE).render(
        a=escape(a),
        b=escape(b),
        style=STYLE,
        is_simulated=any(pair.is_simulated for pair, _, _ in compared),
        simulated=SIMULATED,
        pairs=[_section(*one) for one in compared],
    )  # fmt: skip


def _section(pair: Pair, numbers: Numbers, words: list[str]) -> dict[str, Any]:
    return {
        "name": escape(" and ".join(dict.fromkeys(pair.families))),
        "warnings": [escape(text) for text in pair.warnings],
        "verdict": [escape(text) for text in words if text not in pair.warnings],
        "joined": escape("; ".join([joined(pair), *pair.notes]) + "."),
        "medians": html_table(_rounded(medians(numbers, list(MEDIANS)).rename(columns=MEDIANS))),
        "figure": svg(_heat(numbers) if len(numbers.bands.r) > 1 else _dots(numbers)),
        "matches": _matches(numbers),
        "probes": _probe_table(numbers),
        "recordings": html_table(_rounded(numbers.recordings)),
        "columns": html_table(_rounded(numbers.columns)),
    }


def joined(pair: Pair) -> str:
    """Count what was compared."""
    n_recordings = len(pair.keys[["subject", "session"]].drop_duplicates())
    return f"{len(pair.keys)} windows of {n_recordings} recordings and {len(pair.columns)} columns"


def _rounded(frame: pd.DataFrame) -> pd.DataFrame:
    shown: Any = frame.apply(
        lambda x: x.map("{:.3f}".format).replace("nan", "-") if x.dtype.kind == "f" else x
    )
    return shown


def _heat(numbers: Numbers) -> Figure:
    """Correlation within trials, bands by channels, and below it the ratio of the spreads."""
    frame: Any = numbers.columns
    bands, channels = (list(dict.fromkeys(frame[name])) for name in ("band", "channel"))
    figure = Figure(figsize=(max(6.0, 0.19 * len(channels) + 2), 0.3 * 2 * len(bands) + 2.6),
                    layout="constrained")  # fmt: skip
    parts = (("pearson_within", "Pearson within trials", "RdBu_r", (-1, 1)),
             ("scale", "scale by trials", "viridis", ()))  # fmt: skip
    for axes, (name, title, colours, limits) in zip(figure.subplots(2, 1), parts, strict=True):
        values = frame.pivot(index="band", columns="channel", values=name).loc[bands, channels]
        # one dead channel must not take the whole scale
        low, high = limits or np.nanquantile(values.to_numpy(), [0.05, 0.95])
        image = axes.imshow(values, cmap=colours, aspect="auto", vmin=low, vmax=high)
        axes.set_title(title, fontsize=9, loc="left")
        axes.set_yticks(range(len(bands)), bands, fontsize=8)
        axes.set_xticks(range(len(channels)), channels, rotation=90, fontsize=6)
        figure.colorbar(image, ax=axes, pad=0.01)
    return figure


def _dots(numbers: Numbers) -> Figure:
    """Correlation of every column of the eyes, within trials and over all windows."""
    frame: Any = numbers.columns
    figure = Figure(figsize=(8, 0.2 * len(frame) + 1), layout="constrained")
    axes = figure.subplots()
    rows = np.arange(len(frame))
    axes.plot(frame["pearson"], rows, "o", color="#bbb", markersize=4, label="all windows")
    axes.plot(frame["pearson_within"], rows, "o", color="#4878a8", markersize=5,
              label="within trials")  # fmt: skip
    names = [str(name).removeprefix("eye_") for name in frame["channel"]]
    axes.set_yticks(rows, names, fontsize=7)
    axes.invert_yaxis()
    axes.set_xlim(-1.02, 1.02)
    axes.set_xlabel("Pearson correlation of A and B")
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="lower left")
    return figure


def _matches(numbers: Numbers) -> str:
    """Draw which channel of B each channel of A resembles: a diagonal where all is well."""
    r = numbers.channels.r
    figure = Figure(figsize=(6.4, 5.4), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(r, cmap="RdBu_r", vmin=-1, vmax=1)
    place = {name: i for i, name in enumerate(r.index)}
    match = numbers.channels.match
    axes.plot([place[other] for other in match.values()], [place[one] for one in match], "o",
              color="#222", markersize=2.5)  # fmt: skip
    names = [str(name).removeprefix("eye_") for name in r.index]
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=5)
    axes.set_yticks(range(len(names)), names, fontsize=5)
    axes.set_xlabel("B")
    axes.set_ylabel("A")
    figure.colorbar(image, ax=axes, pad=0.01)
    caption = (
        '<h3>What resembles what</h3><p class="note">Correlation within trials, mean over bands, '
        "both smoothed alike where one of them is smoothed; a dot is the best match of a row where "
        "it can be told: dots off the diagonal mean another order.</p>"
    )
    return caption + svg(figure)


def _probe_table(numbers: Numbers) -> str:
    """Lay out the probes, without rows that could not be measured."""
    if not numbers.probes:
        return ""
    first = numbers.probes["A"]
    rows = []
    for name, (what, chance) in PROBE_ROWS.items():
        values = {of: getattr(found, name) for of, found in numbers.probes.items()}
        if np.isfinite([*values.values()]).any():
            row = {"split": what} | {of: _percent(value) for of, value in values.items()}
            rows.append(row | {"guessing": _percent(getattr(first, chance))})
    return html_table(pd.DataFrame(rows)) if rows else ""


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if np.isfinite(share) else "-"
