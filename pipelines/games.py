"""What stands below a table of scores: where its games stand, and of how many windows it is."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from featpipe.tables import read_metadata, read_table
from models.adversaries import ADVERSARIES, game_warnings, sentence, standings
from models.comparison import SETTING
from models.registry import make_config, variant
from pipelines.counting import told
from pipelines.results import label


class Game(NamedTuple):
    """The course of a method with adversaries, all seeds of it.

    Attributes
    ----------
    name : str
        Of the method, with what differs from its defaults.
    curves : pandas.DataFrame
        Columns `models.curves.CURVE_COLUMNS`.
    chance : dict
        What guessing gets, as `models.adversaries.chances` returns it.
    """

    name: str
    curves: pd.DataFrame
    chance: Mapping[str, float]


def games(out: Path, setting: Mapping[str, str]) -> list[Game]:
    """Read the courses behind the scores of one setting, of methods that have adversaries.

    Parameters
    ----------
    out : Path
        Output folder with scores.
    setting : mapping
        As `pipelines.results.Setting.values`.
    """
    found: dict[str, list[pd.DataFrame]] = {}
    chance: dict[str, Mapping[str, float]] = {}
    for path, about in _behind(out, "curves", setting):
        if not about.get("chance"):
            continue
        curves = read_table(path).to_pandas()
        if not set(curves["term"]) & {*ADVERSARIES}:
            continue
        method, config = (about["options"][name] for name in ("method", "config"))
        name = label(method, variant(method, make_config(method, config)))
        found.setdefault(name, []).append(curves)
        chance[name] = about["chance"]
    return [
        Game(name, pd.concat(of, ignore_index=True), chance[name]) for name, of in found.items()
    ]


def _behind(
    out: Path, kind: str, setting: Mapping[str, str]
) -> Iterator[tuple[Path, Mapping[str, dict]]]:
    """Yield the files behind the scores of a setting, and their metadata."""
    for name in read_metadata(out / "scores.parquet")["predictions"]:
        path = out / kind / name
        if path.exists():
            about = read_metadata(path)
            options = about["options"]  # earlier versions knew one manner only
            usual = {"manner": "strict", "scaling": "train", "eeg": ""}
            if all(options.get(key, usual.get(key)) == setting[key] for key in SETTING):
                yield path, about


def lines(of: Sequence[Game]) -> tuple[list[str], list[str]]:
    """Say where every game stands, and what there is to warn of."""
    found = [(game.name, standings(game.curves, game.chance)) for game in of]
    return (
        [sentence(name, stands) for name, stands in found if stands],
        [text for name, stands in found for text in game_warnings(name, stands)],
    )


def counts(out: Path, setting: Mapping[str, str]) -> list[str]:
    """Say of how many windows the scores of a setting are, and what was left out of them."""
    texts = [text for _, about in _behind(out, "predictions", setting) for text in told(about)]
    return list(dict.fromkeys(texts))
