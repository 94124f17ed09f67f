"""Pupil sizes made ready: leaps that no pupil makes are lost, both eyes may become one."""

from dataclasses import replace

import numpy as np

from featpipe.recording import EyeRecording

MAX_CHANGE = 0.25
"""Share by which a size may differ from the median around it. The fastest constrictions, 5 mm/s,
change a diameter by an eighth and an area by a quarter in `NEAR_S`. Ours; filters on speed (Kret
and Sjak-Shie 2019, https://doi.org/10.3758/s13428-018-1075-y) take their limit from the whole
recording, which would let a window know of others."""

NEAR_S = 0.1
"""Half the stretch of the median."""

_SIDES = ("left", "right")


def clean_pupil(eye: EyeRecording, both: bool) -> EyeRecording:
    """Take outliers out of the pupil sizes and, where asked for, combine both eyes.

    Parameters
    ----------
    eye : EyeRecording
        Ordered by time, on any clock.
    both : bool
        Give either eye the mean of both. Where one is lost, the other stands for the mean, moved by
        half of what they usually differ by, so that losing an eye makes no step: the median of the
        whole recording, since eyes and their calibration differ by a constant, and the surroundings
        of a long loss tell none. A recording of one eye, of events only, or of eyes that were never
        seen at one moment stays as it is.

    Returns
    -------
    EyeRecording
        With the sizes that are outliers NaN, X and Y together. Sizes of events stay.
    """
    samples = eye.samples
    sizes = {side: _known_sizes(eye, side) for side in _SIDES}
    mean = _mean_of(sizes["left"], sizes["right"])
    if both and np.isfinite(mean).any():
        sizes = dict.fromkeys(_SIDES, mean)
        valid = samples["valid_left"].to_numpy(bool) | samples["valid_right"].to_numpy(bool)
        samples = samples.assign(valid_left=valid, valid_right=valid)
    return replace(
        eye,
        samples=samples.assign(
            **{
                f"pupil_{axis}_{side}": sizes[side][i]
                for side in _SIDES
                for i, axis in enumerate("xy")
            }
        ),
    )


def _known_sizes(eye: EyeRecording, side: str) -> np.ndarray:
    """Return X and Y of the valid samples of one eye without outliers, (2, n_samples)."""
    samples = eye.samples
    size = np.stack([samples[f"pupil_{axis}_{side}"].to_numpy(float) for axis in "xy"])
    size[:, ~samples[f"valid_{side}"].to_numpy(bool)] = np.nan
    time = samples["time"].to_numpy(float)
    size[:, is_outlier(time, size[0]) | is_outlier(time, size[1])] = np.nan
    return size


def is_outlier(time: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Tell which sizes differ by more than `MAX_CHANGE` from the median around them.

    Parameters
    ----------
    time : numpy.ndarray, shape (n_samples,)
        Seconds, ordered.
    size : numpy.ndarray, shape (n_samples,)
        NaN where lost; the median passes over these.

    Returns
    -------
    numpy.ndarray of bool, shape (n_samples,)
    """
    from scipy import ndimage  # half a second to import

    found = np.zeros(size.size, dtype=bool)
    known = np.flatnonzero(np.isfinite(size))
    if known.size < 3:
        return found
    period = np.median(np.diff(time[known]))
    n_half = max(1, round(NEAR_S / period)) if period > 0 else 1
    around = ndimage.median_filter(size[known], size=2 * n_half + 1, mode="nearest")
    found[known] = np.abs(size[known] - around) > MAX_CHANGE * np.abs(around)
    return found


def _mean_of(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the mean of X and of Y; NaN throughout where the eyes have no moment in common."""
    has_both = np.isfinite(left) & np.isfinite(right)
    mean = (left + right) / 2
    for i in range(len(mean)):
        if has_both[i].any():
            half = np.median(left[i, has_both[i]] - right[i, has_both[i]]) / 2
            one = np.where(np.isfinite(left[i]), left[i] - half, right[i] + half)
            mean[i] = np.where(has_both[i], mean[i], one)
    return mean
