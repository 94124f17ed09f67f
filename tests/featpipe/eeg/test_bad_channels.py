import pickle

import naive_cleaning
import numpy as np
import pytest

from featpipe.eeg.bad_channels import (
    BadChannel,
    ChannelSurvey,
    Comparison,
    Flatness,
)
from featpipe.eeg.clipping import CLIPPED_RUN, N_BEYOND, Clipping
from featpipe.eeg.filtering import design
from featpipe.eeg.resampling import resample
from featpipe.eeg.settings import EegSettings
from featpipe.montage import CAP62, pick_channels
from featpipe.reading import read_eeg
from featpipe.simulate.eeg import render_eeg
from featpipe.simulate.head import FILE_CHANNELS
from featpipe.simulate.scanpath import draw_scanpath
from featpipe.simulate.session import draw_session
from featpipe.simulate.subject import draw_subject
from featpipe.simulate.world import SimulationSettings

SFREQ_RAW, SFREQ, H_FREQ = 500, 200.0, 75.0
CHANNEL = CAP62.index("P3")


def simulated(seed):
    settings = SimulationSettings(n_trials=2, trial_s=10.0, sfreq=SFREQ_RAW, seed=seed)
    subject, session = draw_subject(settings, 1, 1), draw_session(settings, 1, 1)
    x = render_eeg(settings, subject, session, draw_scanpath(settings, subject, session))
    return x[[FILE_CHANNELS.index(name) for name in CAP62]].astype(np.float64)


@pytest.fixture(scope="module")
def clean():
    return simulated(1)


def look(raw, ch_names=CAP62, sfreq_raw=SFREQ_RAW):
    """Survey a recording as the pipeline does: filtered where it is whole, NaN where it is not."""
    how = design(sfreq_raw, EegSettings())
    block = resample(np.nan_to_num(raw), sfreq_raw)
    moments = np.arange(block.shape[1]) * how.down // how.up
    block[np.isnan(raw[:, moments])] = np.nan
    survey = ChannelSurvey(ch_names, sfreq_raw, how.sfreq, how.h_freq)
    survey.add(raw, block)
    return survey.bad_channels()


def pink(n_times, seed):
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n_times))
    return np.fft.irfft(spectrum * np.maximum(np.arange(len(spectrum)), 50.0) ** -0.6, n_times)


def stuck(x):
    y = x.copy()
    y[len(x) // 4 : len(x) // 2] = y[len(x) // 4]
    return y


def vanished(x):
    y = x.copy()
    y[len(x) // 2 :] = np.nan
    return y


def now_and_then(x):
    """One sample a second: no second is without a gap, and most of each is there."""
    y = x.copy()
    y[100::450] = np.nan
    return y


def clipped_with_a_spike(x):
    y = np.minimum(x, np.quantile(x, 0.97))
    y[[900, 5000]] = [2 * abs(x).max(), 3 * abs(x).max()]
    return y


def stranger(x):
    noise = pink(len(x), seed=9)
    return noise * np.diff(x).std() / np.diff(noise).std()


DEFECTS = {
    "constant": (lambda x: np.full_like(x, 12.5), "flat"),
    "stuck for a quarter": (stuck, "flat"),
    "lost": (lambda x: np.full_like(x, np.nan), "flat"),
    "lost from the middle on": (vanished, "flat"),
    "clipped above": (lambda x: np.minimum(x, np.quantile(x, 0.97)), "clipped"),
    "clipped below": (lambda x: np.maximum(x, np.quantile(x, 0.03)), "clipped"),
    "clipped but for two samples": (clipped_with_a_spike, "clipped"),
    "a sample lost every second": (now_and_then, "lost"),
    "eight times too big": (lambda x: 8 * x, "noisy"),
    "ten times too small": (lambda x: 0.1 * x, "noisy"),
    "hiss": (lambda x: x + 40 * np.random.default_rng(0).standard_normal(len(x)), "noisy"),
    "not on the head": (stranger, "uncorrelated"),
}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_clean_eeg_has_no_bad_channel(seed):
    assert look(simulated(seed)) == ()


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found_with_its_reason_and_nothing_else(clean, defect):
    plant, reason = DEFECTS[defect]
    x = clean.copy()
    x[CHANNEL] = plant(x[CHANNEL])
    [bad] = look(x)
    assert (bad.name, bad.reason) == ("P3", reason)
    assert 0 < bad.share <= 1


def test_all_defects_at_once_are_told_apart(clean):
    x, rows = clean.copy(), np.linspace(2, 60, len(DEFECTS)).astype(int)
    for row, (plant, _) in zip(rows, DEFECTS.values(), strict=True):
        x[row] = plant(x[row])
    found = {bad.name: bad.reason for bad in look(x)}
    expected = [reason for _, reason in DEFECTS.values()]
    assert found == dict(zip([CAP62[row] for row in rows], expected, strict=True))


def test_the_share_says_how_much(clean):
    x = clean.copy()
    x[CHANNEL] = stuck(x[CHANNEL])
    [bad] = look(x)
    assert bad == BadChannel("P3", "flat", pytest.approx(0.25, abs=0.04))


def test_a_pause_of_the_recording_is_nobodys_fault(clean):
    x = clean.copy()
    x[:, 4000:12000] = 0.0
    assert look(x) == ()


def test_lost_samples_here_and_there_do_no_harm(clean):
    x = clean.copy()
    x[np.random.default_rng(0).random(x.shape) < 1e-4] = np.nan
    assert look(x) == ()


def test_nothing_but_silence_is_flat_everywhere():
    bad = look(np.zeros((5, 4000)), list("abcde"))
    assert bad == tuple(BadChannel(name, "flat", 1.0) for name in "abcde")


def test_few_channels_are_not_compared(clean):
    x = clean[:3].copy()
    x[0] *= 100
    x[1] = 3.0
    assert look(x, ["A", "B", "C"]) == (BadChannel("B", "flat", 1.0),)


def test_too_short_a_recording_has_no_verdict(clean):
    assert look(clean[:, :300]) == ()


def rough():
    """Coarse numbers with runs, gaps, a pause, silence and strangers: every branch is taken."""
    rng = np.random.default_rng(5)
    x = np.round(np.cumsum(rng.standard_normal((9, 3050)), axis=1) + 5 * rng.standard_normal(3050))
    x[1] = np.clip(x[1], np.quantile(x[1], 0.2), np.quantile(x[1], 0.7))
    x[2, 700:1300], x[3, 1000:1310], x[4], x[5] = 4.0, np.nan, np.nan, 1.0
    x[6] *= 30
    x[7] = 20 * rng.standard_normal(3050)
    x[:, 2000:2300] = 7.0
    x[8, 2500::97] = np.nan
    return x


def shares(x, cuts):
    parts = Clipping(len(x), True), Flatness(len(x), 100.0), Comparison(len(x), 100.0, 49.0)
    for block in np.split(x, cuts, axis=1):
        for part in parts:
            part.add(np.ascontiguousarray(block))
    return np.vstack([parts[0].share(), parts[1].share(), parts[2].shares()])


def test_the_shares_are_those_of_the_definitions():
    x = rough()
    found = shares(x, [])
    assert np.array_equal(found[0], naive_cleaning.clipped_shares(x, CLIPPED_RUN, N_BEYOND))
    assert np.array_equal(found[1], naive_cleaning.flat_shares(x, 100))
    assert np.allclose(found[2:], naive_cleaning.failed_shares(x, 100.0, 49.0), atol=1e-12)
    assert all(row.max() > 0 and len(np.unique(row)) > 1 for row in found)


@pytest.mark.parametrize("seed", range(5))
def test_it_does_not_matter_where_blocks_are_cut(seed):
    x, rng = rough(), np.random.default_rng(seed)
    cuts = np.sort(rng.integers(0, x.shape[1], 40 * seed + 3))
    assert np.array_equal(shares(x, cuts), shares(x, []))


def test_memory_does_not_grow_with_the_recording(clean):
    survey = ChannelSurvey(CAP62, SFREQ_RAW, SFREQ, H_FREQ)
    sizes = []
    for _ in range(30):
        survey.add(clean[:, : 2 * SFREQ_RAW], clean[:, :400])
        sizes.append(len(pickle.dumps(survey)))
    assert max(sizes[1:]) - min(sizes[1:]) < 100


@pytest.mark.samples
@pytest.mark.parametrize(
    ("file", "n_channels", "bad"),
    [
        ("edf_physionet_eegmmidb/S001R03.edf", 64, {"T10": "uncorrelated"}),
        ("eeglab/eeglab_data.set", 30, {}),
        ("neuroscan_cnt/scan41_short.cnt", 125, {"NA1": "noisy"}),
    ],
)
def test_few_channels_of_real_recordings_are_bad(samples, file, n_channels, bad):
    raw = read_eeg(samples / "eeg" / file)
    names = pick_channels(raw.ch_names, raw.get_channel_types())
    x = 1e6 * np.asarray(raw.get_data(list(names.values())))
    found = {one.name: one.reason for one in look(x, list(names), raw.info["sfreq"])}
    assert len(names) == n_channels
    assert found == bad
    assert len(found) < 0.05 * n_channels
