"""What of a table holds nothing: windows without a number, columns that are NaN throughout."""

import logging
from collections.abc import Mapping

import numpy as np

from featpipe.errors import few
from featpipe.features.table import FAMILIES, FeatureTable
from featpipe.recording import EyeRecording
from featpipe.schema import EYE_EVENT_KINDS

logger = logging.getLogger(__name__)

MANY = 0.5
"""Share of lost windows above which a recording is told of: it teaches a model little."""

_PUPIL_FILES = {"pupil_labs": "; Pupil Player writes them into pupil_positions.csv, beside it"}


def tell_nothing(name: str, table: FeatureTable, reasons: Mapping[str, str]) -> None:
    """Warn where most windows of a table hold no number, or a group of columns is NaN throughout.

    Parameters
    ----------
    name : str
        The recording.
    table : FeatureTable
        Its tables of one modality. Of the EEG the first family speaks for all.
    reasons : mapping
        Group of columns -> why it holds nothing, as far as that is known.
    """
    if not len(table.keys):
        return
    family = next(iter(table.values))
    columns, values = table.columns[family], table.values[family]
    is_lost = (table.keys["good"].to_numpy() == 0) & ~np.nan_to_num(values).any(axis=1)
    if is_lost.mean() > MANY:
        logger.warning(
            "%s: %d of %d windows hold nothing: good is 0 in %s of %s, %s",
            name, is_lost.sum(), len(values), "all" if is_lost.all() else "these",
            ", ".join(table.values), _why_all(family),
        )  # fmt: skip
    if is_lost.all():
        return
    is_empty = np.array(np.isnan(values).all(axis=0))
    for group in _empty_groups(family, columns, is_empty):
        why = f": {reasons[group]}" if group in reasons else ""
        logger.warning("%s: the %s columns hold nothing, NaN throughout%s", name, group, why)
    if sites := _empty_sites(family, columns, is_empty):
        logger.warning(
            "%s: %s of %d channels hold nothing, NaN in every window of %s: flat, lost or "
            "marked as bad, see flat_channels and bad_channels in qc",
            name, few(sites), len(_sites(columns)), ", ".join(table.values),
        )  # fmt: skip


def reasons_of_eye(eye: EyeRecording) -> dict[str, str]:
    """Say which groups of eye columns an export has nothing for, and why.

    Parameters
    ----------
    eye : EyeRecording
        With its events.

    Returns
    -------
    dict of str to str
        Group of columns -> why they are NaN.
    """
    unknown = [kind for kind in EYE_EVENT_KINDS if kind not in eye.event_kinds]
    reasons = {kind: f"of {kind}s the export tells nothing" for kind in unknown}
    tables = (eye.samples, eye.events)
    pupils = [table[name] for table in tables for name in table if str(name).startswith("pupil")]
    if not any(sizes.notna().any() for sizes in pupils):
        reasons["pupil"] = f"the export holds no pupil sizes{_PUPIL_FILES.get(eye.format, '')}"
    return reasons


def _why_all(family: str) -> str:
    if FAMILIES[family].modality == "eye":
        return (
            "as where the tracker lost the eye or the trials lie elsewhere; `featpipe plot` "
            "shows a trial"
        )
    return "as where all is flat, lost or marked as bad; see eeg_good and flat_channels in qc"


def _empty_groups(family: str, columns: list[str], is_empty: np.ndarray) -> list[str]:
    if FAMILIES[family].modality != "eye":
        return []
    groups: dict[str, list[bool]] = {}
    for column, empty in zip(columns, is_empty.tolist(), strict=True):
        groups.setdefault(_eye_group(column), []).append(empty)
    return [group for group, empty in groups.items() if all(empty)]


def _eye_group(column: str) -> str:
    """Name what a column is about, as `eye_saccade_amplitude_mean`: "saccade amplitude"."""
    what = column.split("_")[1:]
    if "dispersion" in what:
        return "dispersion"
    return "saccade amplitude" if "amplitude" in what else what[0]


def _empty_sites(family: str, columns: list[str], is_empty: np.ndarray) -> list[str]:
    if FAMILIES[family].modality != "eeg":
        return []
    sites = _sites(columns)
    for column, empty in zip(columns, is_empty.tolist(), strict=True):
        sites[_site(column)] &= empty
    return [site for site, empty in sites.items() if empty]


def _sites(columns: list[str]) -> dict[str, bool]:
    return dict.fromkeys(map(_site, columns), True)


def _site(column: str) -> str:
    """Return the channel, or pair of channels, of `<stem>_<band>_<CHANNEL>`."""
    return column.split("_", 2)[2]
