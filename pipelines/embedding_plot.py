"""Embeddings of several networks side by side, as a picture."""

import io
from collections.abc import Sequence
from math import ceil
from textwrap import fill

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from models.separation import N_NEIGHBOURS, doubt, perplexity_of
from pipelines.embedded import Embedded, trial_numbers
from pipelines.results import SIMULATED, label

N_MOST, SIDE = 3, 4.2
"""Panels in a row at most, and inches of each."""

WIDTH = 58
"""Characters of a title in a line."""


def draw(found: Sequence[Embedded], fold: str) -> bytes:
    """Draw a panel for each network, a dot for each window, a colour for each emotion.

    Parameters
    ----------
    found : sequence of Embedded
        Of one fold.
    fold : str
        Its name.

    Returns
    -------
    bytes
        PNG.
    """
    n_rows = ceil(len(found) / N_MOST)
    n_columns = ceil(len(found) / n_rows)
    size = max(SIDE * n_columns, 6), (SIDE + 0.5) * n_rows + 0.9
    figure = Figure(figsize=size, layout="constrained")
    panels = np.atleast_1d(figure.subplots(n_rows, n_columns)).ravel()
    for axes, one in zip(panels, found, strict=False):
        _draw_panel(axes, one)
    for axes in panels[len(found) :]:
        axes.set_axis_off()
    dataset = " and ".join(sorted({name for one in found for name in one.keys["dataset"]}))
    figure.suptitle(f"{dataset}, fold {fold}: windows that were tested", parse_math=False)
    _explain(figure, found)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=130)
    return stream.getvalue()


def _draw_panel(axes: Axes, one: Embedded) -> None:
    found = one.keys["label"].to_numpy(int)
    for i, colour in enumerate(_colours(len(one.classes))):
        axes.plot(*one.map[found == i].T, "o", color=colour, markersize=4, alpha=0.7, mew=0)
    apart = one.apart
    axes.set_title(
        f"{title_of(one)}\nsilhouette {apart.silhouette:.2f}, purity {apart.purity:.2f} "
        f"(by chance {apart.chance:.2f})",
        fontsize="small", parse_math=False,
    )  # fmt: skip
    axes.set(xticks=[], yticks=[])


def title_of(one: Embedded) -> str:
    """Name a network by its method, options, seed and what it reads, as wide as a panel."""
    named = label(one.method, one.variant.replace(",", ", "))
    seed = one.name.rpartition("_seed-")[2]
    return fill(f"{named}, seed {seed}, reads {' and '.join(one.inputs)}", WIDTH)


def _explain(figure: Figure, found: Sequence[Embedded]) -> None:
    classes = found[0].classes
    dots = [
        Line2D([], [], marker="o", linestyle="", color=colour, label=name)
        for name, colour in zip(classes, _colours(len(classes)), strict=True)
    ]
    lines = [
        f"t-SNE, perplexity {perplexity_of(len(found[0].keys)):.3g}. The numbers are of the "
        "features, not of the map.",
        f"purity: of the {N_NEIGHBOURS} nearest windows of other trials, the share with a window's "
        "own emotion",
    ]
    lines += dict.fromkeys(filter(None, map(doubt_of, found)))
    if any(name.startswith("simulated") for name in found[0].keys["dataset"]):
        lines.append(SIMULATED)
    legend = figure.legend(
        handles=dots, loc="outside lower center", ncols=5, frameon=False, title="\n".join(lines),
        title_fontsize="x-small",
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)


def doubt_of(one: Embedded) -> str:
    """Say that windows are too few for numbers; empty where they are not."""
    return doubt(one.keys["label"].to_numpy(int), trial_numbers(one.keys))


def _colours(n: int) -> list[str]:
    return [to_hex(colormaps["tab10" if n <= 10 else "tab20"](i % 20)) for i in range(n)]
