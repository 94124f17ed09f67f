"""Which EOG channels `[eeg] eog = "auto"` regresses out, and what is told about them."""

import logging
from collections.abc import Mapping, Sequence

import mne
import numpy as np

from featpipe.eeg.eog_regression import MIN_LIVELY, EogRegression
from featpipe.errors import few
from featpipe.montage import is_eog_name, standard_name

logger = logging.getLogger(__name__)

OFTEN = 0.05
"""A channel that lost more of the recording has no part in an average of levels; nor in the
regression, where another EOG channel lost less. Ours."""
_MOSTLY = 0.5  # an EOG channel that lost more of the recording says nothing


def auto_eog(raw: mne.io.BaseRaw, picks: Mapping[str, str]) -> dict[str, str]:
    """Find the EOG channels that may be regressed out.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording.
    picks : dict
        Channels of the table, table name -> name in the file; none of them is taken.

    Returns
    -------
    dict
        As `picks`, without those that the file calls bad.
    """
    taken = {*picks.values(), *raw.info["bads"]}
    return {name: of for name, of in _recognised(raw) if of not in taken}


def _recognised(raw: mne.io.BaseRaw) -> list[tuple[str, str]]:
    kinds = zip(raw.ch_names, raw.get_channel_types(), strict=True)
    return [
        (standard_name(name), name)
        for name, kind in kinds
        if kind == "eog" or is_eog_name(name, raw.ch_names)
    ]


def tell_not_taken(recording: str, raw: mne.io.BaseRaw, picks: Mapping[str, str]) -> None:
    """Warn of EOG channels that `auto_eog` passes over, or that there are none.

    Parameters
    ----------
    recording : str
        Its name.
    raw, picks
        As in `auto_eog`.
    """
    found = _recognised(raw)
    if not found:
        logger.warning(
            '%s: [eeg] eog = "auto" finds no EOG channel among %s, so none is regressed out; name '
            "them in [eeg] eog if they are there",
            recording, few(raw.ch_names),
        )  # fmt: skip
    reasons = {
        "[eeg] channels names them": picks.values(),
        "the file calls them bad": raw.info["bads"],
    }
    for reason, others in reasons.items():
        if names := [name for name, of in found if of in others]:
            logger.warning(
                '%s: [eeg] eog = "auto": not regressed out, because %s: %s',
                recording, reason, few(names),
            )  # fmt: skip


def seldom_lost(recording: str, lost: Mapping[str, float]) -> tuple[str, ...]:
    """Choose the EOG channels that do not cost more than they are worth; tell the others.

    Parameters
    ----------
    recording : str
        Its name.
    lost : dict of str to float
        EOG channel -> share of the recording that it lost.

    Returns
    -------
    tuple of str
        Maybe none.
    """
    most = OFTEN if any(share <= OFTEN for share in lost.values()) else _MOSTLY
    rest = tuple(name for name, share in lost.items() if share <= most)
    if others := [name for name in lost if name not in rest]:
        logger.warning(
            '%s: [eeg] eog = "auto": %s lost in more than %g %% of the recording and left out%s',
            recording, few(others), 100 * most, "" if rest else ", so that none is regressed out",
        )  # fmt: skip
    return rest


def tell_still(
    recording: str, names: Sequence[str], eog: Sequence[str], regression: EogRegression
) -> None:
    """Warn that nothing can be learnt from any of the EOG channels.

    Parameters
    ----------
    recording : str
        Its name.
    names : sequence of str
        Inputs of the regression.
    eog : sequence of str
        Which of them are EOG.
    regression : EogRegression
        What was learnt.
    """
    n_learnt = regression.n_learnt()[[name not in eog for name in names]]
    logger.warning(
        '%s: [eeg] eog = "auto": none is regressed out, because %s show %d seconds with eye '
        "movements and without a step that no eye makes, where %d are needed to learn from",
        recording, few(eog), n_learnt.max(initial=0), MIN_LIVELY,
    )  # fmt: skip


def tell_restless(
    recording: str, names: Sequence[str], eog: Sequence[str], regression: EogRegression
) -> None:
    """Warn of channels that are not corrected, or by weights from little of the recording.

    Parameters
    ----------
    recording, names, eog, regression
        As in `tell_still`; `eog` may be empty.
    """
    if not eog:
        return
    others = np.array([name not in eog for name in names])
    is_unknown = others & (regression.n_learnt() < MIN_LIVELY)
    if is_unknown.any():
        logger.warning(
            "%s: [eeg] eog: %s not corrected: fewer than %d seconds with eye movements are left to "
            "learn from, without those in which they or %s step as no eye does",
            recording, few(np.array(names)[is_unknown].tolist()), MIN_LIVELY, ", ".join(eog),
        )  # fmt: skip
    is_restless = others & ~is_unknown & (regression.share_used() < 0.5)
    if is_restless.any():
        logger.warning(
            "%s: [eeg] eog: the weights of %s are learnt from less than half of the seconds in "
            "which the eyes move: in the others they or %s step as no eye does; look at the "
            "recording and at eog_weights in qc",
            recording, few(np.array(names)[is_restless].tolist()), ", ".join(eog),
        )  # fmt: skip
