"""Time TorchEEG in its own environment; run as a script, imports nothing of ours.

    python torcheeg_alone.py INPUT.npy OUTPUT.npz TRANSFORM N_WINDOW N_RUNS

INPUT is (n_channels, n_times) at 200 Hz. OUTPUT holds the seconds of each run and the values,
(n_windows, n_channels, n_bands), as TorchEEG counts them: in bits.
"""

import sys
import time
from importlib import import_module
from importlib.metadata import version

import numpy as np

SFREQ = 200
BANDS = {"delta": [1, 4], "theta": [4, 8], "alpha": [8, 14], "beta": [14, 31], "gamma": [31, 51]}


def main() -> None:
    """Transform window by window, as its datasets do."""
    import_module("torch").set_num_threads(1)
    transforms = import_module("torcheeg.transforms")
    source, target, name, n_window, n_runs = sys.argv[1:]
    n = int(n_window)
    if name == "BandDifferentialEntropy":
        transform = transforms.BandDifferentialEntropy(sampling_rate=SFREQ, band_dict=BANDS)
    else:
        transform = transforms.BandDifferentialEntropyV1(
            sampling_rate=SFREQ, fft_n=n, band_dict=BANDS
        )
    x = np.load(source)
    windows = [x[:, begin : begin + n] for begin in range(0, x.shape[1] - n + 1, n)]
    transform(eeg=windows[0])
    seconds, values = [], []
    for _ in range(int(n_runs)):
        begin = time.perf_counter()
        values = [transform(eeg=window)["eeg"] for window in windows]
        seconds.append(time.perf_counter() - begin)
    np.savez(target, seconds=seconds, values=np.stack(values), version=version("torcheeg"))


if __name__ == "__main__":
    main()
