"""The size of the first seconds, whatever the numbers are."""

import mne
import numpy as np
import pytest

from featpipe.readers.amplitude import is_plausible, microvolt_spread


def spread_of(data: np.ndarray) -> float | None:
    info = mne.create_info(len(data), 100.0, "eeg")
    raw = mne.io.RawArray(data, info, verbose="ERROR")
    return microvolt_spread(raw, range(len(data)))


def test_the_median_of_the_first_four_seconds():
    noise = np.random.default_rng(0).standard_normal((3, 3000)) * 1e-5
    noise[:, 400:] *= 1000
    noise[2] *= 50
    expected = np.median([np.std(row[:400]) * 1e6 for row in noise])
    assert spread_of(noise) == pytest.approx(expected, rel=1e-12)


def test_constant_and_broken_channels_do_not_count():
    rows = np.full((4, 500), 0.1)
    assert spread_of(rows) is None
    rows[1] = np.nan
    rows[2, ::2] = np.inf
    assert spread_of(rows) is None
    rows[3] = np.sin(np.arange(500)) * 1e-5
    assert spread_of(rows) == pytest.approx(10 / np.sqrt(2), rel=0.01)
    rows[3] *= 1e200
    assert not is_plausible(spread_of(rows))


@pytest.mark.parametrize(
    ("spread", "expected"),
    [(None, True), (10.0, True), (9.9e6, False), (1e-5, False), (np.inf, False)],
)
def test_what_is_plausible(spread, expected):
    assert is_plausible(spread) is expected
