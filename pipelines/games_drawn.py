"""The courses of the games against adversaries as the report shows them: a figure and a table."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from models.adversaries import ADVERSARIES, course
from models.curves import OF_MODALITY
from pipelines.games import Game

COLORS = ("#b85450", "#4878a8")
"""Of the adversaries; grey is what modalities tell of emotions."""


def figure_of(of: Sequence[Game]) -> Figure:
    """Draw the adversaries' accuracies over epochs beside chance, and each modality's own."""
    figure = Figure(figsize=(4 * len(of), 3.2), layout="constrained")
    columns = np.atleast_1d(figure.subplots(1, len(of), sharey=True))
    for axes, game in zip(columns, of, strict=True):
        for (term, adversary), color in zip(ADVERSARIES.items(), COLORS, strict=True):
            values = course(game.curves, term)
            if len(values):
                epochs = np.arange(1, len(values) + 1)
                axes.plot(epochs, values, color=color, label=adversary)
                axes.axhline(game.chance[term], color=color, linestyle=":", linewidth=1)
        terms = [term for term in game.curves["term"].unique() if term.startswith(OF_MODALITY)]
        for term, style in zip(terms, ("-", "--", "-."), strict=False):
            values = course(game.curves, term)
            name = f"emotion from {term.removeprefix(OF_MODALITY)}, held out"
            axes.plot(
                np.arange(1, len(values) + 1), values, color="#888", linestyle=style, label=name
            )
        axes.set_title(game.name, fontsize=9, wrap=True)
        axes.set_xlabel("epoch")
        axes.set_ylim(0, 1.02)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(fontsize=8, frameon=False)
    columns[0].set_ylabel("accuracy; dotted: chance")
    return figure


def table_of(of: Sequence[Game]) -> pd.DataFrame:
    """Lay out the same as rows: accuracy in the first, the middle and the last epoch, and chance.

    Parameters
    ----------
    of : sequence of Game
        In the order of the table.
    """
    rows = []
    for game in of:
        terms = [term for term in ADVERSARIES if term in set(game.curves["term"])]
        terms += [t for t in game.curves["term"].unique() if t.startswith(OF_MODALITY)]
        for term in terms:
            values, chance = course(game.curves, term), game.chance.get(term)
            what = f"emotion from {term.removeprefix(OF_MODALITY)}, balanced, held-out subjects"
            rows.append(
                {
                    "method": game.name,
                    "accuracy of": ADVERSARIES.get(term, what),
                    "first epoch": f"{values[0]:.2f}",
                    "middle": f"{values[len(values) // 2]:.2f}",
                    "last epoch": f"{values[-1]:.2f}",
                    "chance": "-" if chance is None else f"{chance:.2f}",
                }
            )
    return pd.DataFrame(rows)
