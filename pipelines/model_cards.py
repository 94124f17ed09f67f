"""Model cards: `README.md` of every model folder, from its description and the scores there are."""

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from featpipe.errors import ReadError
from featpipe.publishing import write_text
from featpipe.regular_files import content_of, is_regular
from models.card import Kept, card
from models.comparison import SETTING
from models.saved import CARD, DESCRIPTION, WEIGHTS
from models.scores import summary
from models.seals import MOST_DESCRIBED, read_said
from pipelines.journal import note
from pipelines.places import with_urls
from pipelines.results import read_scores

logger = logging.getLogger(__name__)


def write_cards(out: Path) -> int:
    """Write the card of every model folder whose card says something else, or is not there.

    Parameters
    ----------
    out : Path
        Output root. Cards of folders without a model are removed.

    Returns
    -------
    int
        Number of cards.
    """
    scores = read_scores(out) if (out / "scores.parquet").exists() else None
    n_cards = 0
    for stray in sorted(out.glob(f"models/*/{CARD}")):
        if not (stray.parent / DESCRIPTION).exists():
            stray.unlink()
    for path in sorted(out.glob(f"models/*/{DESCRIPTION}")):
        place = path.parent / CARD
        try:
            described = read_said(path)
            text = card(described, _scores_of(described, scores), _kept(out, described, scores))
        except ReadError as error:
            logger.warning("no model card is written: %s", with_urls(str(error)))
            continue
        n_cards += 1
        if not is_regular(place) or content_of(place, MOST_DESCRIBED) != text.encode():
            note(out, {str(place): write_text(text, place, out / ".staging")})
    return n_cards


def _kept(out: Path, described: Mapping[str, Any], scores: pd.DataFrame | None) -> Kept:
    """Find the folders of what was trained before, which are among the sources, by its method."""
    found = {}
    for source in described.get("sources", ()):
        place = Path(source["name"])
        about = out / place.parent / DESCRIPTION
        if place.name != WEIGHTS or not about.exists():
            continue
        with suppress(ReadError):  # its own card is missing, and that is told
            of = read_said(about)
            found[of["method"]] = place.parent.name, _scores_of(of, scores)
    before = described.get("before", {})
    return {
        name: found[of["method"]]
        for name, of in before.items()
        if of["method"] in found and not of["groups"]
    }


def _scores_of(described: Mapping[str, Any], scores: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Sum up what the same variant of the method reached where the tested side was left out.

    A model of a training has the terms of that training. One of everybody has those that shape a
    network, such as the policy, and whichever protocols there are.
    """
    if scores is None:
        return []
    said = {**described.get("options", {}), **described}
    names = [name for name in ("method", "variant", *SETTING) if name in said and name in scores]
    wanted = [said[name] for name in names]
    own: Any = scores[(scores[names] == wanted).all(axis=1)]
    if own.empty:
        return []
    return json.loads(summary(own).to_json(orient="records") or "[]")
