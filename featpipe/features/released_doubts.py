"""What speaks against released EEG features that have all their shapes right."""

import logging
from collections.abc import Mapping, Sequence

import numpy as np

from featpipe.datasets.standardised import standardised
from featpipe.errors import few
from featpipe.features.asymmetry import Pair

logger = logging.getLogger(__name__)

Stored = Mapping[str, Mapping[int, np.ndarray]]

STANDARDISED = "standardised"
"""Key of the evidence that families were standardised before they were released."""


def without_zero_trials(name: str, stored: Stored) -> dict[str, dict[int, np.ndarray]]:
    """Lose the trials of which every number is 0: nobody computed them.

    Parameters
    ----------
    name : str
        Recording, for messages.
    stored : mapping of str to mapping of int to array
        Family -> trial -> (n_windows, n_sites, n_bands).

    Returns
    -------
    dict
        The same with NaN in such trials, which lowers `good` to 0.
    """
    empty = {
        f"{trial} of {family}"
        for family, of in stored.items()
        for trial, x in of.items()
        if x.size and not x.any()
    }
    if empty:
        logger.warning("%s: all numbers are 0, taken as lost: trial %s", name, few(sorted(empty)))
    return {
        family: {
            trial: x if x.any() else np.full(x.shape, np.nan) for trial, x in of.items()
        }
        for family, of in stored.items()
    }  # fmt: skip


def tell_smoother_order(name: str, stored: Stored) -> dict[str, str]:
    """Warn where DE called LDS moves more from window to window than the moving average.

    Parameters
    ----------
    name : str
        Recording, for messages.
    stored : mapping
        As for `without_zero_trials`.

    Returns
    -------
    dict of str to str
        Evidence; empty where one of the two is not in the file.
    """
    if not {"de_lds", "de_ma"} <= stored.keys():
        return {}
    lds, average = (_step(stored[family]) for family in ("de_lds", "de_ma"))
    if lds > average:
        logger.warning(
            "%s: DE named LDS moves by %.2g from window to window and that of the moving average "
            "by %.2g, though the first is the smoother one: their names may be exchanged",
            name, lds, average,
        )  # fmt: skip
    return {"smoothness": f"steps between windows: LDS {lds:.2g}, moving average {average:.2g}"}


def tell_standardised(name: str, stored: Stored) -> dict[str, str]:
    """Warn where features were standardised over the recording: test windows took part in it.

    Parameters
    ----------
    name : str
        Recording, for messages.
    stored : mapping
        As for `without_zero_trials`.

    Returns
    -------
    dict of str to str
        Evidence; empty where no family was.
    """
    how = {family: standardised(np.concatenate(list(of.values()))) for family, of in stored.items()}
    found = [f"{family} ({text})" for family, text in how.items() if text]
    if not found:
        return {}
    text = f"{', '.join(found)}: over the recording, test windows included"
    logger.warning(
        "%s: features are standardised already, %s: scores within a recording may be too high",
        name, text,
    )  # fmt: skip
    return {STANDARDISED: text}


def is_standardised(family: str, evidence: Mapping[str, str]) -> bool:
    """Say whether a family is among those that were standardised."""
    return f" {family} (" in f" {evidence.get(STANDARDISED, '')}"


def tell_foreign_pairs(
    name: str, family: str, found: Sequence[Pair], expected: Sequence[Pair]
) -> dict[str, str]:
    """Warn where most pairs are of other electrodes of DE: then it is DE that is out of order.

    Parameters
    ----------
    name, family : str
        Recording and family of the pairs, for messages.
    found, expected : sequence of (str, str)
        Pairs as compared with DE, and by name; which of the two is first does not count.

    Returns
    -------
    dict of str to str
        Evidence, empty where DE is not in doubt.
    """
    n_other = sum({*one} != {*other} for one, other in zip(found, expected, strict=True))
    if 2 * n_other <= len(expected):
        return {}
    text = (
        f"{n_other} of {len(expected)} pairs of {family} are of other channels of DE than expected"
    )
    logger.warning(
        "%s: %s: the channels of DE in this file are probably in another order than those of the "
        "release, and its names of channels wrong; do not use it before you know",
        name, text,
    )  # fmt: skip
    return {"channels": f"doubtful: {text}"}


def tell_ambiguous_axes(name: str, axes: Sequence[str]) -> None:
    """Warn where trials are as long as there are channels or bands, and no shape tells the axes."""
    if any("(documented)" in of for of in axes):
        logger.warning(
            "%s: shapes allow several orders of axes, the documented one is taken: %s",
            name, "; ".join(axes),
        )  # fmt: skip


def _step(of: Mapping[int, np.ndarray]) -> float:
    """Root mean square of the steps between windows within trials."""
    steps = np.concatenate([np.diff(x, axis=0).ravel() for x in of.values()])
    steps = steps[np.isfinite(steps)]
    return float(np.sqrt((steps**2).mean())) if len(steps) else 0.0
