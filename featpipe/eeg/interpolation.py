"""Bad channels computed from the good ones by spherical splines, as one matrix."""

from collections.abc import Sequence
from functools import cache

import mne
import numpy as np

from featpipe.montage import counts_its_own_way, standard_name

MIN_GOOD = 8
"""Good channels with a position that interpolation needs. Ours: of fewer the nearest is often
across the head, and the result would be a weighted mean of all."""


def interpolation_matrix(
    ch_names: Sequence[str], bad: Sequence[str]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Compute bad channels from the good ones by spherical splines, as MNE does.

    The sphere is fitted to a whole head of electrodes, so that it is the same whichever channels
    a recording holds: fitted to eight frontal ones it has a radius of nine metres.

    Parameters
    ----------
    ch_names : sequence of str
        All channels, good and bad.
    bad : sequence of str
        Those to compute.

    Returns
    -------
    matrix : numpy.ndarray, shape (n_channels, n_channels)
        The rows of good channels, and of bad ones that cannot be computed, are those of the
        identity.
    interpolated : tuple of str
        The bad channels that can be: none with fewer than `MIN_GOOD` good positions.

    References
    ----------
    Perrin, Pernier, Bertrand and Echallier (1989). Spherical splines for scalp potential and
    current density mapping. https://doi.org/10.1016/0013-4694(89)90180-6
    """
    matrix = np.eye(len(ch_names))
    places = {} if counts_its_own_way(ch_names) else _electrodes()
    known = [i for i, name in enumerate(ch_names) if standard_name(name) in places]
    names = [ch_names[i] for i in known]
    interpolated = tuple(name for name in bad if name in names)
    if not interpolated or len(names) - len(interpolated) < MIN_GOOD:
        return matrix, ()
    raw = mne.io.RawArray(np.eye(len(names)), mne.create_info(names, 1.0, "eeg"), verbose="ERROR")
    raw.set_montage(head_montage(names))
    raw.info["bads"] = list(interpolated)
    raw.interpolate_bads(verbose="ERROR")
    matrix[np.ix_(known, known)] = raw.get_data()
    return matrix, interpolated


def head_montage(ch_names: Sequence[str]) -> mne.channels.DigMontage:
    """Place channels on MNE's template head, together with the shape of that head.

    Parameters
    ----------
    ch_names : sequence of str
        Names as tables or files spell them; all must be known.

    Returns
    -------
    mne.channels.DigMontage
        CB1 and CB2 lie where PO9 and PO10 do.
    """
    electrodes = _electrodes()
    template = _template("1005").get_positions()
    return mne.channels.make_dig_montage(
        {name: electrodes[standard_name(name)] for name in ch_names},
        **{point: template[point] for point in ("nasion", "lpa", "rpa")},
        hsp=np.array(list(electrodes.values())),
        coord_frame="mri",
    )


@cache
def _electrodes() -> dict[str, np.ndarray]:
    """Positions by standard name; the older 10-20 extension adds the cerebellar pair only."""
    ten_five, postfixed = (
        _template(kind).get_positions()["ch_pos"] for kind in ("1005", "postfixed")
    )
    positions = {standard_name(name): place for name, place in ten_five.items()}
    return positions | {name.upper(): postfixed[name] for name in ("Cb1", "Cb2")}


def _template(kind: str) -> mne.channels.DigMontage:
    names = (f"colin27_{kind}", f"standard_{kind}")  # as MNE has called them since 1.13, before
    is_new = names[0] in mne.channels.get_builtin_montages()
    return mne.channels.make_standard_montage(names[0] if is_new else names[1])
