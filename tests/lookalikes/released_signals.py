"""Features of known truth as the SEED family would ship them.

Everything here is simulated; no recording of a person has been seen.
"""

import numpy as np

from featpipe.features.asymmetry import asm, dasm, dcau, rasm
from featpipe.features.smoothing import linear_dynamical_system, moving_average
from featpipe.montage import CAP62
from featpipe.simulate.head import FILE_CHANNELS, lead_field

BANDS = ("delta", "theta", "alpha", "beta", "gamma")
CHANNELS = list(CAP62)
SMOOTHERS = {"movingAve": moving_average, "LDS": linear_dynamical_system}
DERIVED = {"dasm": dasm, "rasm": rasm, "asm": asm, "dcau": dcau}

_WEIGHTS = lead_field()[[FILE_CHANNELS.index(name) for name in CAP62]] ** 2
_NEXT = np.array([[1, 0.5, 0.2, 0.1, 0], [0.5, 1, 0.5, 0.2, 0.1], [0.2, 0.5, 1, 0.5, 0.2],
                  [0.1, 0.2, 0.5, 1, 0.5], [0, 0.1, 0.2, 0.5, 1]])  # fmt: skip
_FALL = 1.2 * np.arange(5)  # of log2 power from band to band


def de_of(rng, n_windows, label=0):
    """DE of a trial, log2 of power, (n_windows, 62, 5): it falls with frequency, fields overlap."""
    sources = 0.3 * rng.standard_normal((n_windows, 1, 1))
    sources = sources + 0.5 * rng.standard_normal((n_windows, 62, 1))
    sources = sources + 0.5 * rng.standard_normal((n_windows, 62, 5)) @ _NEXT - _FALL
    sources[:, :31] += 0.4 * label
    power = np.einsum("cs,nsb->ncb", _WEIGHTS, np.exp2(sources))
    of_channel = np.random.default_rng(5).normal(0, 0.3, (62, 1))  # skulls differ, windows do not
    return 20 + np.log2(power) + of_channel + 0.1 * rng.standard_normal(power.shape)


def family_arrays(de):
    """All 12 kinds of a trial by their names in SEED's files, (n_sites, n_windows, 5)."""
    found = {}
    for smoothed, smooth in SMOOTHERS.items():
        plain = {"de": de, "psd": np.exp2(de) / 100}
        plain |= {kind: derive(de, CHANNELS) for kind, derive in DERIVED.items()}
        for kind, x in plain.items():
            found[f"{kind}_{smoothed}"] = smooth(x).transpose(1, 0, 2)
    return found


def smi_eyes(rng, n_windows, label=0):
    """Eye features of a trial in the order of SEED, (n_windows, 33)."""
    duration, amplitude = rng.uniform(30, 60), rng.uniform(3, 7)
    whole = [0.3, 2.5, 2500.0 + 300 * label, 12000.0, 320.0, 2.4, duration, amplitude, 300.0]
    noise = rng.normal(1, 0.1, (n_windows, 24))
    size = 12 + 1.5 * label
    window = [size, size, 0.7, 0.8, 25, 25, 15, 13, 24, 24, 15, 13, 11, 15, 13, 16,
              210, 150, 120, 40, duration, amplitude, 24, 5]  # fmt: skip
    return np.hstack([noise * window, np.tile(whole, (n_windows, 1))])


def tobii_eyes(rng, n_windows, label=0):
    """Eye features of a trial in the order of SEED-VII, (n_windows, 33); durations in seconds."""
    duration, amplitude = rng.uniform(0.03, 0.06), rng.uniform(50, 90)
    whole = [0.3, 2.5, 2.5 + 0.3 * label, 320.0, 12000.0, 2.4, duration, amplitude, -40.0]
    noise = rng.normal(1, 0.1, (n_windows, 24))
    window = [5, 3, 2, 1, 5, 3, 2, 1, 0.1 + 0.1 * label, 0.1, 0.1, 0.1, 0.21, 0.15, 11, 15, 13, 16,
              duration, 0.02, amplitude, 30, 0.12, 0.04]  # fmt: skip
    return np.hstack([noise * window, np.tile(whole, (n_windows, 1))])
