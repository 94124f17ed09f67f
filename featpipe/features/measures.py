"""What can be measured in a window of EEG: the table of it.

To add a measure: one entry here, one function that computes it, one twin in the tests. Each comes
as it is, as moving average and as linear dynamical system; `featpipe.features.table` makes the
families of it.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from featpipe.features.asymmetry import asm, dasm, dcau, front_back_pairs, left_right_pairs, rasm
from featpipe.schema import BANDS, eeg_columns

Kind = Literal["entropy", "bandpass_entropy", "density"]


def _pair_columns(*stems: str, pairs: Callable[[Sequence[str]], list[tuple[str, str]]]):
    def columns(channels: Sequence[str]) -> list[str]:
        names = ["_".join(pair) for pair in pairs(channels)]
        return [name for stem in stems for name in eeg_columns(stem, BANDS, names)]

    return columns


def _channel_columns(stem: str) -> Callable[[Sequence[str]], list[str]]:
    return lambda channels: eeg_columns(stem, BANDS, channels)


class Measure(NamedTuple):
    """A quantity per window.

    Attributes
    ----------
    version : int
        Raised by hand when its numbers change; old tables are then recomputed.
    kind : {"entropy", "bandpass_entropy", "density"}
        What of `trial_features` it is made from.
    derive : callable or None
        (values (n_windows, n_channels, n_bands), channels) -> (n_windows, n_items, n_bands);
        None takes the values as they are.
    columns : callable
        Channels -> column names in the order of the values.
    unit : str
        Of the values; "entropy" is replaced by what the convention counts in.
    describes, reference : str
        One line each.
    """

    version: int
    kind: Kind
    derive: Callable[[np.ndarray, Sequence[str]], np.ndarray] | None
    columns: Callable[[Sequence[str]], list[str]]
    unit: str
    describes: str
    reference: str


_DE = "Zheng and Lu, IEEE T. Auton. Ment. Dev. 2015"
MEASURES: dict[str, Measure] = {
    "de": Measure(
        2, "entropy", None, _channel_columns("de"), "entropy",
        "differential entropy per band and channel", _DE,
    ),
    "de_bandpass": Measure(
        1, "bandpass_entropy", None, _channel_columns("de_bandpass"), "nat",
        "DE of the band-passed trial, nats", "Shi, Jiao and Lu, EMBC 2013",
    ),
    "psd": Measure(
        2, "density", None, _channel_columns("psd"), "microvolt^2/Hz",
        "mean power density of each band, microvolt^2/Hz", _DE,
    ),
    "dasm": Measure(
        1, "entropy", dasm, _pair_columns("dasm", pairs=left_right_pairs), "entropy",
        "DE left minus right of up to 27 pairs", "Duan, Zhu and Lu, NER 2013",
    ),
    "rasm": Measure(
        1, "entropy", rasm, _pair_columns("rasm", pairs=left_right_pairs), "1",
        "DE left over right of up to 27 pairs", "Duan, Zhu and Lu, NER 2013",
    ),
    "asm": Measure(
        1, "entropy", asm, _pair_columns("dasm", "rasm", pairs=left_right_pairs), "entropy; 1",
        "dasm and rasm in one table", _DE,
    ),
    "dcau": Measure(
        1, "entropy", dcau, _pair_columns("dcau", pairs=front_back_pairs), "entropy",
        "DE frontal minus posterior of up to 23 pairs", _DE,
    ),
}  # fmt: skip
