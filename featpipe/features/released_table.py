"""Released features as feature tables: the same keys, columns and metadata as extracted ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from featpipe.datasets.eye_columns import SCOPE_SHARE, UNITS
from featpipe.features.released_doubts import STANDARDISED, is_standardised
from featpipe.features.released_eeg import CHANNELS, ReleasedEeg
from featpipe.features.released_eye import ReleasedEye
from featpipe.features.table import FAMILIES, FeatureTable, key_columns
from featpipe.readers.feature_files import FORMS
from featpipe.recording import Source, Trial
from featpipe.schema import BANDS, EYE_FEATURES, PUPIL_BANDS
from featpipe.windows import Grid

GAMMA = (31.0, 50.0)
"""Where the released features end their last band, Hz."""

SMOOTHING = {
    "lds": "linear dynamical system, as its name in the file says",
    "ma": "moving average, as its name in the file says",
}
_LEVELS = {"psd": "as released: power of unknown scale", "rasm": "1"}
_IN_QUALITY = ("column_order", "bands", STANDARDISED, "eye_columns", "eye_session")
_UNPUBLISHED = "as released, unit not published"


def eeg_tables(source: Source, eeg: ReleasedEeg) -> Iterator[tuple[str, FeatureTable]]:
    """Make a table of each family that was read.

    Parameters
    ----------
    source : Source
        The recording.
    eeg : ReleasedEeg
        What its file holds.

    Yields
    ------
    (str, FeatureTable)
        Family and its table.
    """
    for family, by_trial in eeg.values.items():
        smoothed = family.partition("_")[2]
        x = np.concatenate(list(by_trial.values())).astype(np.float64)
        facts = {
            "channels": CHANNELS,
            "bands": {name: list(of) for name, of in (dict(BANDS) | {"gamma": GAMMA}).items()},
            "units": {FAMILIES[family].measure: _unit(source, family, eeg.evidence),
                      "eeg": "as released"},
            "released": _released(source, "eeg", SMOOTHING.get(smoothed, "not stated"))
            | eeg.evidence,
        }  # fmt: skip
        qc = {"n_channels": len(CHANNELS)} | _quality("eeg", x, eeg.trials) | _told(eeg.evidence)
        flat = x.reshape(len(x), -1)
        yield family, _table(source, eeg.trials, by_trial, flat, eeg.columns[family], facts, qc)


def eye_table_of(source: Source, eye: ReleasedEye) -> FeatureTable:
    """Make the eye table of a recording, its columns in the order of all eye tables.

    Parameters
    ----------
    source : Source
        The recording.
    eye : ReleasedEye
        What its file holds.

    Returns
    -------
    FeatureTable
        Without columns that the release lacks.
    """
    names = [name for name in EYE_FEATURES if name in eye.columns.names]
    order = [eye.columns.names.index(name) for name in names]
    x = np.concatenate(list(eye.values.values())).astype(np.float64)[:, order]
    tracker = eye.columns.order.partition(" ")[0]
    facts = {
        "channels": [],
        "bands": {f"de{i}": list(band) for i, band in enumerate(PUPIL_BANDS, start=1)},
        "units": {what: unit if eye.columns.has_units else "as released, not confirmed"
                  for what, unit in UNITS[tracker].items()},
        "events_from": "release",
        "onsets": "not stated",
        "event_scope": _scope(eye.columns.constant),
        "released": _released(source, "eye", "not stated")
        | eye.evidence
        | {"event_statistics": f"constant in {eye.columns.constant:.0%} of trials"},
    }  # fmt: skip
    qc = _quality("eye", x, eye.trials) | _told(eye.evidence)
    qc["eye_constant"] = eye.columns.constant
    return _table(source, eye.trials, eye.values, x, names, facts, qc)


def _unit(source: Source, family: str, evidence: Mapping[str, str]) -> str:
    if is_standardised(family, evidence):
        return "standardised"
    unit = source.released.de_unit if source.released else ""
    return _LEVELS.get(
        family.partition("_")[0], f"as released: {unit}, not nats" if unit else _UNPUBLISHED
    )


def _scope(constant: float) -> str:
    """Say what the event statistics describe: trials, unless the numbers refute it."""
    if constant >= SCOPE_SHARE:
        return "trial"
    return f"documented as trial, but constant in {constant:.0%} of trials"


def _table(
    source: Source,
    trials: Sequence[Trial],
    by_trial: Mapping[int, np.ndarray],
    x: np.ndarray,
    columns: list[str],
    facts: dict[str, Any],
    qc: dict[str, Any],
) -> FeatureTable:
    """Lay windows end to end from 0 in every trial; what is not a number lowers `good`."""
    window_s = source.released.window_s if source.released else 1.0
    is_known = np.isfinite(x)
    x = np.where(is_known, x, np.nan)
    grids = [_grid(len(by_trial[trial.trial]), window_s) for trial in trials]
    own = replace(source, trials=tuple(trials))
    keys = key_columns(own, grids, is_known.mean(axis=1))
    return FeatureTable(keys, {"": x}, {"": columns}, {"": facts}, qc)


def _grid(n_windows: int, window_s: float) -> Grid:
    """Windows from 0, one sample long at a rate of one per window."""
    return Grid(0, n_windows, np.arange(n_windows), 1, 1.0 / window_s)


def _released(source: Source, modality: str, smoothing: str) -> dict[str, str]:
    path, released = getattr(source, modality), source.released
    form = getattr(released, f"{modality}_form")
    return {"form": FORMS[form], "file": path.name, "smoothing": smoothing}


def _quality(modality: str, x: np.ndarray, trials: Sequence[Trial]) -> dict[str, Any]:
    n_windows = {"n_windows": len(x), "n_trials": len(trials)} if modality == "eeg" else {}
    return n_windows | {f"{modality}_good": float(np.isfinite(x).mean())}


def _told(evidence: Mapping[str, str]) -> dict[str, str]:
    """Pick what of the evidence stands in the quality table."""
    return {name: evidence[name] for name in _IN_QUALITY if name in evidence}
