"""A round head: where electrodes and sources are, and what reaches an electrode.

The head is a unit sphere, electrodes lie on the 10-10 system's circles, and one source lies under
each of the 62 cap electrodes. This is not a forward model from anatomy: it gives neighbouring
channels a common signal that fades with distance, which is what features and models see.
"""

from collections.abc import Mapping

import numpy as np

from featpipe.montage import CAP62

FILE_CHANNELS = (
    *CAP62[: CAP62.index("T8") + 1],
    "M1",
    *CAP62[CAP62.index("TP7") : CAP62.index("TP8") + 1],
    "M2",
    *CAP62[CAP62.index("P7") :],
    "HEO",
    "VEO",
)
"""Channels in the order of the 64-channel cap's files: mastoids in the middle, EOG last."""

REGIONS: Mapping[str, tuple[str, ...]] = {
    "prefrontal": tuple("FP1 FPZ FP2 AF3 AF4".split()),
    "frontal_left": tuple("F7 F5 F3 F1 FC5 FC3 FC1".split()),
    "frontal_right": tuple("F8 F6 F4 F2 FC6 FC4 FC2".split()),
    "temporal_left": tuple("FT7 T7 TP7".split()),
    "temporal_right": tuple("FT8 T8 TP8".split()),
    "central": tuple("FZ FCZ C5 C3 C1 CZ C2 C4 C6 CP5 CP3 CP1 CPZ CP2 CP4 CP6".split()),
    "parietal": tuple("P7 P5 P3 P1 PZ P2 P4 P6 P8".split()),
    "occipital": tuple("PO7 PO5 PO3 POZ PO4 PO6 PO8 CB1 O1 OZ O2 CB2".split()),
}
"""The sources under the cap, by the electrode above them; every source is in one region."""

SPREAD_DEG = 20.0
"""Width of a source's field on the scalp, degrees of arc (about 3 cm)."""

_ROWS = {"FP": 72, "AF": 54, "F": 36, "FC": 18, "C": 0, "CP": -18, "P": -36, "PO": -54, "O": -72}
_OUTER = {"FT": "FC", "T": "C", "TP": "CP"}
_OTHER = {"CB": (243.0, 95.0), "M": (197.0, 105.0)}  # azimuth and inclination on the left


def electrode_positions(names: tuple[str, ...]) -> np.ndarray:
    """Return where electrodes of the 10-10 system lie on the unit sphere.

    Parameters
    ----------
    names : tuple of str
        Upper case, for example "FC5", "CB1" or "M2".

    Returns
    -------
    numpy.ndarray, shape (n_channels, 3)
        x to the right, y to the front, z up.
    """
    return np.array([_position(name) for name in names])


def lead_field() -> np.ndarray:
    """Return the weight of every source in every channel of the file.

    Scalp channels are measured against an electrode halfway between CZ and CPZ, as in the SEED
    recordings: what reaches that electrode is missing from all channels alike.

    Returns
    -------
    numpy.ndarray, shape (n_channels, n_sources)
        Rows as `FILE_CHANNELS`, columns as `CAP62`. A scalp channel's squared weights sum to
        about 1 before the reference is subtracted.
    """
    sources = electrode_positions(CAP62)
    scalp = tuple(name for name in FILE_CHANNELS if name not in ("HEO", "VEO"))
    weight = field(electrode_positions(scalp), sources)
    scale = 1 / np.sqrt((weight**2).sum(1).mean())
    reference = field(_sphere(90.0, -9.0)[None], sources)
    weight = scale * (weight - reference)
    row = dict(zip(scalp, weight, strict=True))
    row["HEO"] = 0.3 * (row["F8"] - row["F7"])  # bipolar: the reference cancels
    row["VEO"] = 0.3 * (row["FP1"] - row["F7"])
    return np.array([row[name] for name in FILE_CHANNELS])


def field(at: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Return how much of each source arrives at each place, 1 right above it.

    Parameters
    ----------
    at : numpy.ndarray, shape (n_channels, 3)
        Places on the unit sphere.
    source : numpy.ndarray, shape (n_sources, 3)
        Places on the unit sphere.

    Returns
    -------
    numpy.ndarray, shape (n_channels, n_sources)
        exp(-angle^2 / (2 SPREAD_DEG^2)).
    """
    angle = np.degrees(np.arccos(np.clip(at @ source.T, -1.0, 1.0)))
    return np.exp(-0.5 * (angle / SPREAD_DEG) ** 2)


def _sphere(azimuth: float, inclination: float) -> np.ndarray:
    """Return a point: azimuth in degrees from the right ear, inclination from the vertex."""
    a, i = np.radians(azimuth), np.radians(inclination)
    return np.array([np.sin(i) * np.cos(a), np.sin(i) * np.sin(a), np.cos(i)])


def _position(name: str) -> np.ndarray:
    row, number = name.rstrip("0123456789Z"), name[len(name.rstrip("0123456789Z")) :]
    if number == "Z":
        return _sphere(90.0, _ROWS[row])
    if int(number) % 2 == 0:  # the right side mirrors the left
        return _position(f"{row}{int(number) - 1}") * (-1, 1, 1)
    if row in _OTHER:
        return _sphere(*_OTHER[row])
    row = _OUTER.get(row, row)
    middle, outer = _sphere(90.0, _ROWS[row]), _sphere(180.0 - _ROWS[row], 72.0)
    if row in ("FP", "O"):  # on the ring itself, a tenth of the circumference from the midline
        return _sphere(108.0 if row == "FP" else 252.0, 72.0)
    angle = np.arccos(middle @ outer)
    step = (int(number) + 1) / 2 / 4 * angle
    return (np.sin(angle - step) * middle + np.sin(step) * outer) / np.sin(angle)
