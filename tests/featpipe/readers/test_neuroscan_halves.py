"""The numbers of a .cnt file alone: no wrong width of moving, dead, railed and held channels."""

import itertools

import numpy as np
import pytest

from featpipe.readers.neuroscan_halves import vote_of_halves

WIDTHS = ((4, 1 / 204.8), (4, 1.5e-4), (2, 0.0839), (2, 0.5))  # bytes, microvolt per count


def eeg(n_channels, n_times, rng):
    freqs = np.fft.rfftfreq(n_times, 1e-3)
    spectrum = rng.standard_normal((2, n_channels, freqs.size)) / np.sqrt(np.maximum(freqs, 0.5))
    spectrum[:, :, freqs > 100] *= 0.05
    x = np.fft.irfft(spectrum[0] + 1j * spectrum[1], n_times)
    return x / x.std(axis=1, keepdims=True)


def vote(tmp_path, counts, width, lsb_uv):
    path = tmp_path / "numbers"
    path.write_bytes(counts.T.astype(f"<i{width}").tobytes())
    stop = path.stat().st_size // (4 * len(counts)) * 4 * len(counts)
    return vote_of_halves(path, 0, stop, len(counts), 1e-6 * lsb_uv)


@pytest.mark.parametrize("dead", ["none", "every second", "every fifth"])
@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 33, 66])
def test_no_vote_on_moving_and_dead_channels_is_wrong(tmp_path, n_channels, dead):
    rng = np.random.default_rng(n_channels)
    found = []
    for n_times, amplitude, offset in itertools.product(
        (300, 4000), (5, 60, 300), (0, 300, 2e4, 2e5)
    ):
        x = amplitude * eeg(n_channels, n_times, rng)
        x += offset * rng.uniform(-1, 1, (n_channels, 1))
        x[
            {"none": [], "every second": slice(1, None, 2), "every fifth": slice(0, None, 5)}[dead]
        ] = 0
        for width, lsb_uv in WIDTHS:
            if np.abs(x / lsb_uv).max() < 2 ** (8 * width - 1):
                counts = np.round(x / lsb_uv).astype(np.int64)
                found.append((vote(tmp_path, counts, width, lsb_uv), width))
    assert all(voted in (None, width) for voted, width in found)
    if dead == "none" and n_channels > 2:
        assert np.mean([voted is not None for voted, _ in found]) > 0.8


@pytest.mark.parametrize("value", [1, -1, 18, -18, 300, 32767, -32768])
@pytest.mark.parametrize("n_channels", [2, 5, 8, 66])
@pytest.mark.parametrize("dead", [slice(0, None, 2), slice(1, None, 2), slice(0, None, 5)])
def test_channels_that_stand_still_at_any_value_do_not_mislead(tmp_path, n_channels, value, dead):
    rng = np.random.default_rng(n_channels)
    for amplitude, offset in itertools.product((0.5, 60), (0, 300, 2e4)):
        x = amplitude * eeg(n_channels, 2000, rng) + offset * rng.uniform(-1, 1, (n_channels, 1))
        for width, lsb_uv in WIDTHS:
            counts = np.round(x / lsb_uv).astype(np.int64)
            if np.abs(counts).max() < 2 ** (8 * width - 1):
                counts[dead] = value
                assert vote(tmp_path, counts, width, lsb_uv) in (None, width)


@pytest.mark.parametrize("value", [1, -1, 700, 32767, -32768])
@pytest.mark.parametrize("n_channels", [5, 66])
def test_a_recording_held_or_railed_says_nothing(tmp_path, n_channels, value):
    still = np.full((n_channels, 4000), value)
    some = still * np.random.default_rng(5).uniform(-1, 1, (n_channels, 1))
    for width in (2, 4):
        assert vote(tmp_path, still, width, 0.0839) is None
        assert vote(tmp_path, some, width, 0.0839) is None


def test_rails_of_16_bit_are_not_taken_for_halves(tmp_path):
    for n_channels, gain in itertools.product((2, 5, 66), (3, 30, 1000)):
        x = gain * 32767 * eeg(n_channels, 4000, np.random.default_rng(1))
        counts = np.clip(np.round(x), -32768, 32767)
        assert vote(tmp_path, counts, 2, 0.0839) in (None, 2)


@pytest.mark.parametrize("sfreq", [200, 250, 500, 1000])
@pytest.mark.parametrize("n_channels", [2, 5, 8, 66])
def test_open_inputs_full_of_mains_or_noise_are_no_lower_halves(tmp_path, n_channels, sfreq):
    rng = np.random.default_rng(sfreq)
    mains = np.sin(2 * np.pi * 50 * np.arange(4000) / sfreq + rng.uniform(0, 6, (n_channels, 1)))
    noise = rng.standard_normal((n_channels, 4000))
    for lost, first, amplitude in itertools.product(
        (32000 * mains, 1e5 * mains, 30_000 * noise), (0, 1), (5, 60)
    ):
        counts = amplitude / 0.0839 * eeg(n_channels, 4000, rng)
        counts[first::2] = lost[first::2]
        assert vote(tmp_path, np.clip(np.round(counts), -32768, 32767), 2, 0.0839) in (None, 2)


@pytest.mark.parametrize("lsb_uv", [1 / 204.8, 1.5e-4])
@pytest.mark.parametrize("n_channels", [1, 2, 8, 66])
def test_mains_and_offsets_of_32_bit_stay_halves(tmp_path, n_channels, lsb_uv):
    rng = np.random.default_rng(n_channels)
    for sfreq, millivolts, offset in itertools.product((200, 1000), (0.5, 5), (0, 2e4, 1.5e5)):
        phase = 2 * np.pi * 50.1 * np.arange(4000) / sfreq + rng.uniform(0, 6, (n_channels, 1))
        x = 1e3 * millivolts * np.sin(phase) + 30 * eeg(n_channels, 4000, rng)
        x += offset * rng.uniform(-1, 1, (n_channels, 1))
        assert vote(tmp_path, np.round(x / lsb_uv), 4, lsb_uv) == 4


def test_an_empty_file_says_nothing(tmp_path):
    assert vote(tmp_path, np.zeros((3, 1000), int), 4, 1.0) is None
    assert vote(tmp_path, np.ones((3, 8), int), 4, 1.0) is None
