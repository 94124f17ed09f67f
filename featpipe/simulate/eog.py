"""What eyes and lids do to the electrodes: blinks, gaze shifts, and where they are seen."""

import numpy as np

from featpipe.simulate.head import FILE_CHANNELS, electrode_positions
from featpipe.simulate.scanpath import PX_PER_DEG, SCREEN_PX, Scanpath

HEO_UV_PER_DEG, VEO_UV_PER_DEG = 15.0, 8.0
"""Potential of the bipolar eye channels per degree of gaze."""

LID_DOWN_S, LID_UP_S = 0.08, 0.14
"""How much longer than the pupil is covered the lid is under way, before and after, s."""

BLINK_AT_FOREHEAD, GAZE_AT_TEMPLE = 0.55, 0.12
"""Share of VEO's blink right above the eyes, and of HEO's step beside them."""

FADE_DEG = 25.0
"""Fall of the eyes' field over the scalp, degrees of arc."""


def eog_sources(scanpath: Scanpath, n_times: int, sfreq: float) -> np.ndarray:
    """Return the movements of eyes and lids.

    Parameters
    ----------
    scanpath : Scanpath
        Fixations and blinks in s of the EEG recording.
    n_times : int
        Samples.
    sfreq : float
        Hz.

    Returns
    -------
    numpy.ndarray of float32, shape (3, n_times)
        Gaze to the right and upwards in degrees from the screen's centre, and the lid from 0
        (open) to 1 (closed).
    """
    time = np.arange(n_times) / sfreq
    knots = np.stack([scanpath.start, scanpath.stop], axis=1).ravel()
    right = np.repeat((scanpath.x - SCREEN_PX[0] / 2) / PX_PER_DEG, 2)
    up = np.repeat((SCREEN_PX[1] / 2 - scanpath.y) / PX_PER_DEG, 2)
    lid = np.zeros(n_times)
    for closed, opened in zip(scanpath.closed, scanpath.opened, strict=True):
        begin, end = closed - LID_DOWN_S, opened + LID_UP_S
        inside = slice(max(0, int(np.ceil(begin * sfreq))), max(0, int(end * sfreq) + 1))
        lid[inside] += np.sin(np.pi * (time[inside] - begin) / (end - begin)) ** 2
    sources = [np.interp(time, knots, right), np.interp(time, knots, up), lid]
    return np.array(sources, dtype=np.float32)


def eog_weights(blink_uv: float) -> np.ndarray:
    """Return what each channel sees of the three movements.

    Parameters
    ----------
    blink_uv : float
        Height of a blink in VEO, microvolt.

    Returns
    -------
    numpy.ndarray, shape (n_channels, 3)
        Microvolt per degree (right, up) and per closed lid; rows as `FILE_CHANNELS`.
    """
    scalp = tuple(name for name in FILE_CHANNELS if name not in ("HEO", "VEO"))
    at = electrode_positions(scalp)
    eyes = np.array([[-0.33, 0.92, -0.2], [0.33, 0.92, -0.2]])
    eyes /= np.linalg.norm(eyes, axis=1, keepdims=True)
    angle = np.degrees(np.arccos(np.clip(at @ eyes.T, -1.0, 1.0)))
    near = np.exp(-0.5 * (np.maximum(angle - 25.0, 0.0) / FADE_DEG) ** 2)
    right = GAZE_AT_TEMPLE * HEO_UV_PER_DEG * (near[:, 1] - near[:, 0])
    above = near.max(1)
    up = 0.2 * VEO_UV_PER_DEG * above
    rows = np.stack([right, up, BLINK_AT_FOREHEAD * blink_uv * above], axis=1)
    heo, veo = [HEO_UV_PER_DEG, 0.0, 0.0], [0.0, VEO_UV_PER_DEG, blink_uv]
    return np.vstack([rows, heo, veo])
