"""Released EEG features of one recording: trials, channels and bands in their places."""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from featpipe.datasets.axes import order_axes
from featpipe.datasets.column_order import CONFIRMED, column_order, unfolded
from featpipe.datasets.pair_order import asm_is_dasm_then_rasm, stored_pairs
from featpipe.errors import ConfigError, ReadError
from featpipe.features.asymmetry import Pair, front_back_pairs, left_right_pairs
from featpipe.features.released_doubts import (
    STANDARDISED,
    is_standardised,
    tell_ambiguous_axes,
    tell_foreign_pairs,
    tell_smoother_order,
    tell_standardised,
    without_zero_trials,
)
from featpipe.features.released_labels import agreed_trials, n_windows_of
from featpipe.montage import CAP62
from featpipe.readers.feature_files import (
    ByTrial,
    cut,
    listed,
    numbered_eeg,
    runs_of_labels,
    split_eeg,
)
from featpipe.recording import Released, Source, Trial
from featpipe.schema import BANDS, eeg_columns

logger = logging.getLogger(__name__)

CHANNELS = list(CAP62)
_BANDS = {"band": len(BANDS)}
_MOST_FALL, _NONE_FALL = 0.5, 0.1  # share of channels and windows where delta is above gamma


class ReleasedEeg(NamedTuple):
    """What a file holds.

    Attributes
    ----------
    values : dict of str to dict of int to array
        Family -> trial -> (n_windows, n_sites, n_bands).
    columns : dict of str to list of str
        Names of the columns, by family.
    trials : tuple of Trial
        With the labels that facts and file agree on, and their lengths.
    evidence : dict of str to str
        What was told from the numbers, and how surely.
    impossible : dict of str to str
        Families that the file does not have, or not in a way that can be told -> why.
    """

    values: dict[str, dict[int, np.ndarray]]
    columns: dict[str, list[str]]
    trials: tuple[Trial, ...]
    evidence: dict[str, str]
    impossible: dict[str, str]


def read_released_eeg(source: Source, families: Sequence[str]) -> ReleasedEeg:
    """Read the EEG features of a recording.

    Parameters
    ----------
    source : Source
        With `eeg` and `released`.
    families : sequence of str
        What is wanted; what the file does not have is told in `impossible`.

    Returns
    -------
    ReleasedEeg

    Raises
    ------
    ReadError
        When the file cannot be read, a trial is missing or of another length, a label is another
        one than the data set's, or the order of columns is not to be told.
    """
    read = {"numbered": _numbered, "listed": _listed, "split": _split}[_of(source).eeg_form]
    try:
        found = read(source)
    except ConfigError as error:
        raise ReadError(f"{source.eeg}: {error}") from error
    stored, trials, evidence = found
    stored = {
        family: {trial: np.where(np.isfinite(x), x, np.nan) for trial, x in of.items()}
        for family, of in stored.items()
    }
    stored = without_zero_trials(source.name, stored)
    if STANDARDISED not in evidence:  # the whole file may be, where a session of it is not
        evidence |= tell_standardised(source.name, stored)
    _require_falling(source, stored, evidence)
    evidence |= tell_smoother_order(source.name, stored)
    impossible = {
        family: f"the release has {', '.join(stored)}, not {family}: name these in [features] eeg"
        for family in families
        if family not in stored
    }
    columns: dict[str, list[str]] = {}
    for family in [name for name in families if name in stored]:
        try:
            columns[family], told = _columns(source, family, stored)
        except ReadError as error:
            impossible[family] = str(error)
            continue
        evidence |= told
    values = {family: stored[family] for family in columns}
    return ReleasedEeg(values, columns, trials, evidence, impossible)


Content = tuple[dict[str, ByTrial], tuple[Trial, ...], dict[str, str]]


def _of(source: Source) -> Released:
    if source.released is None:
        raise ReadError(f"{source.eeg}: no file of released features")
    return source.released


def _numbered(source: Source) -> Content:
    released, path = _of(source), source.eeg
    assert path is not None
    found = numbered_eeg(path, released.first_trial, len(source.trials))
    expected = n_windows_of(source.trials, released.window_s)
    values, axes = {}, {}
    for family, arrays in found.items():
        sizes = {"channel": _n_sites(family)} | _BANDS
        try:
            ordered = order_axes(arrays, sizes, expected, released.axes)
        except ReadError as error:
            raise ReadError(f"{path}: {family}: {error}; is window_s that of the file?") from error
        values[family] = ordered.values
        axes[f"{', '.join(ordered.axes)} ({ordered.witness})"] = family
    tell_ambiguous_axes(source.name, list(axes))
    lengths = {trial: len(x) for trial, x in next(iter(values.values())).items()}
    for family, of in values.items():
        if lengths != {trial: len(x) for trial, x in of.items()}:
            raise ReadError(f"{path}: trials of {family} have other windows than those beside it")
    trials = agreed_trials(source, lengths, {})
    return values, trials, {"axes": "; ".join(axes)}


def _listed(source: Source) -> Content:
    released, path = _of(source), source.eeg
    assert path is not None
    arrays, labels, others = listed(path, released.first_trial, len(source.trials))
    flat, told = _folded(source, [*arrays.values(), *others])
    values = dict(zip(arrays, flat[: len(arrays)], strict=True))
    told |= tell_standardised(source.name, {released.families[0]: dict(enumerate(flat))})
    trials = agreed_trials(source, {trial: len(x) for trial, x in values.items()}, labels)
    return {released.families[0]: values}, trials, told


def _split(source: Source) -> Content:
    released, path = _of(source), source.eeg
    assert path is not None
    runs = split_eeg(path)
    is_flat = runs.values[0].ndim == 2
    arrays, told = _folded(source, runs.values) if is_flat else (runs.values, {})
    trials, lengths = source.trials, n_windows_of(source.trials, released.window_s)
    if not trials:  # nobody knows where they begin
        if not runs.labels:
            raise ReadError(f"{path}: neither time.txt nor labels tell its trials")
        stretches = enumerate(runs_of_labels(runs), start=1)
        lengths = {k: count for k, (count, _) in stretches}
        trials = tuple(Trial(k, 0.0, 0.0, None) for k in lengths)
        told["trials"] = "stretches of one label; several clips may be in one"
    values = cut(path, arrays, lengths, released.n_train)
    labels = cut(path, runs.labels, lengths) if runs.labels else {}
    return {released.families[0]: values}, agreed_trials(source, lengths, labels, trials), told


def _folded(
    source: Source, arrays: Sequence[np.ndarray]
) -> tuple[list[np.ndarray], dict[str, str]]:
    """Give flat columns two axes, in the order that the numbers tell."""
    n_flat = len(CHANNELS) * len(BANDS)
    for array in arrays:
        if array.ndim != 2 or array.shape[1] != n_flat:
            raise ReadError(f"{source.eeg}: shape {array.shape}, expected {n_flat} columns")
    try:
        verdict = column_order(_parted(arrays), CHANNELS, len(BANDS), _of(source).order)
    except ReadError as error:
        raise ReadError(f"{source.eeg}: {error}") from error
    if verdict.basis not in ("evidence", CONFIRMED):
        logger.warning("%s: columns run %s", source.name, verdict.text())
    folded = [unfolded(of, verdict.order, len(CHANNELS), len(BANDS)) for of in arrays]
    return folded, {"column_order": verdict.text()}


def _parted(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Put arrays end to end with a row of NaN behind each: a step from trial to trial is no EEG."""
    return np.concatenate([np.pad(x.astype(float), ((0, 1), (0, 0)), constant_values=np.nan)
                           for x in arrays])  # fmt: skip


def _n_sites(family: str) -> int:
    kind = family.partition("_")[0]
    if kind in ("de", "psd"):
        return len(CHANNELS)
    return {"asm": 2}.get(kind, 1) * len(_expected(kind))


def _expected(kind: str) -> list[Pair]:
    return front_back_pairs(CHANNELS) if kind == "dcau" else left_right_pairs(CHANNELS)


def _columns(
    source: Source, family: str, stored: Mapping[str, Mapping[int, np.ndarray]]
) -> tuple[list[str], dict[str, str]]:
    """Name the columns of a family; those of pairs are compared with DE beside them."""
    kind, _, smoothed = family.partition("_")
    if kind in ("de", "psd"):
        return eeg_columns(kind, BANDS, CHANNELS), {}
    beside = {
        name: np.concatenate(list(stored[f"{name}_{smoothed}"].values()))
        for name in ("de", "dasm", "rasm")
        if f"{name}_{smoothed}" in stored
    }
    whole = np.concatenate(list(stored[family].values()))
    if kind == "asm":
        return _asm_columns(whole, beside)
    if "de" not in beside:
        return _pair_columns(kind, _expected(kind)), {f"pairs_{family}": "as expected by name"}
    found = stored_pairs(kind, whole, beside["de"], CHANNELS, _expected(kind))
    doubt = tell_foreign_pairs(source.name, family, found.pairs, _expected(kind))
    return _pair_columns(kind, found.pairs), {f"pairs_{family}": found.basis} | doubt


def _asm_columns(
    whole: np.ndarray, beside: Mapping[str, np.ndarray]
) -> tuple[list[str], dict[str, str]]:
    if not {"de", "dasm", "rasm"} <= beside.keys():
        raise ReadError("what it holds in which order is told by dasm and rasm, not in the file")
    if not asm_is_dasm_then_rasm(whole, beside["dasm"], beside["rasm"]):
        raise ReadError("it is not dasm and then rasm of the same file, as it should be")
    columns = []
    for kind in ("dasm", "rasm"):
        pairs = stored_pairs(kind, beside[kind], beside["de"], CHANNELS, _expected(kind)).pairs
        columns += _pair_columns(kind, pairs)
    return columns, {"asm": "dasm, then rasm (confirmed)"}


def _pair_columns(kind: str, pairs: Sequence[Pair]) -> list[str]:
    return eeg_columns(kind, BANDS, ["_".join(pair) for pair in pairs])


def _require_falling(
    source: Source, stored: Mapping[str, Mapping[int, np.ndarray]], evidence: dict[str, str]
) -> None:
    """Refuse bands that run high to low, and warn where DE does not fall with frequency."""
    family = next((name for name in stored if name.startswith("de")), None)
    if family is None:
        return
    first = np.concatenate([of[:, :, 0] for of in stored[family].values()])
    last = np.concatenate([of[:, :, -1] for of in stored[family].values()])
    known = np.isfinite(first) & np.isfinite(last)
    share = float((first > last)[known].mean()) if known.any() else 0.0
    evidence["bands"] = f"delta above gamma in {share:.0%} of channels and windows"
    if share >= _MOST_FALL or is_standardised(family, evidence):
        return
    text = (
        f"delta is above gamma in only {share:.0%} of channels and windows of {family}: is it EEG, "
        "and are its bands stored low to high?"
    )
    if known.any() and share < _NONE_FALL:
        raise ReadError(f"{source.eeg}: {text} Compare with another copy")
    logger.warning("%s: %s", source.name, text)
