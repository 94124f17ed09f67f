"""Whether an opened recording still gives its file as it lies, and which channels are which."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mne.io import BaseRaw

from featpipe.errors import ConfigError, unknown


def channel_indices(raw: BaseRaw, ch_names: Sequence[str]) -> np.ndarray:
    """Return where channels stand in a recording.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording.
    ch_names : sequence of str
        Names as it has them.

    Returns
    -------
    numpy.ndarray of int64, shape (n_channels,)
        In the order of the names.

    Raises
    ------
    ConfigError
        When there is no channel of that name.
    """
    places = {name: i for i, name in enumerate(raw.ch_names)}
    for name in ch_names:
        if name not in places:
            raise ConfigError(unknown("channel", name, places))
    return np.array([places[name] for name in ch_names], np.int64)


def is_projected(raw: BaseRaw) -> bool:
    """Tell whether data come out of a recording multiplied with a projection."""
    return any(projection["active"] for projection in raw.info["projs"])


def stored_channels(
    path: Path, raw: BaseRaw, n_times: int, ch_names: Sequence[str]
) -> np.ndarray | None:
    """Return where channels stand in the file, provided that the recording is the file.

    Parameters
    ----------
    path : Path
        The file that holds the numbers.
    raw : mne.io.BaseRaw
        What was opened. Channels may be fewer, renamed, of other types or in another order.
    n_times : int
        Samples per channel in the file.
    ch_names : sequence of str
        Names as `raw` has them.

    Returns
    -------
    numpy.ndarray of int64, shape (n_channels,), or None
        Indices among the channels that MNE saw in the file. None when the recording was loaded
        (its data may have been changed), cropped, joined with another or projected, or when it is
        another file.
    """
    if raw.preload or is_projected(raw) or raw.first_samp or raw.n_times != n_times:
        return None
    files = [Path(file) for file in raw.filenames if file is not None]
    if len(files) != 1 or not files[0].exists() or not files[0].samefile(path):
        return None
    # MNE has no public way to tell which channels were dropped or moved
    return np.asarray(raw._read_picks[0], np.int64)[channel_indices(raw, ch_names)]
