"""Trials that are stored one by one: where they lie, what is held and marked as such."""

import numpy as np
import pytest

from featpipe.eeg.marks import HELD, flagged_samples
from featpipe.eeg.settings import EegSettings
from featpipe.errors import ConfigError
from featpipe.features.eeg_table import eeg_table
from featpipe.features.table import FeatureSettings
from featpipe.readers.end_to_end import end_to_end, trial_spans
from featpipe.recording import Source, Trial

SFREQ, NAMES = 200.0, ("FZ", "CZ")


def recording(lengths=(900, 1201)):
    rng = np.random.default_rng(0)
    trials = [10 * rng.standard_normal((2, n)) for n in lengths]
    return trials, end_to_end(trials, NAMES, SFREQ)


def source_of(spans, cut_s=0.0):
    trials = tuple(Trial(s.trial, s.start + cut_s, s.stop, 0) for s in spans)
    return Source("x", "1", "1", None, None, None, trials, ("a", "b"))


def test_trials_lie_where_it_is_said():
    trials, raw = recording()
    spans = trial_spans({1: 900, 2: 1201}, SFREQ)
    for trial, span in zip(trials, spans, strict=True):
        begin, end = round(span.start * SFREQ), round(span.stop * SFREQ)
        np.testing.assert_allclose(1e6 * raw.get_data()[:, begin:end], trial, rtol=1e-12)


def test_what_is_held_is_marked_and_nothing_else():
    _, raw = recording()
    held = flagged_samples(raw, SFREQ, raw.n_times, HELD.upper())
    expected = np.ones(raw.n_times, bool)
    for span in trial_spans({1: 900, 2: 1201}, SFREQ):
        expected[round(span.start * SFREQ) : round(span.stop * SFREQ)] = False
    np.testing.assert_array_equal(held, expected)


def test_windows_of_a_trial_are_good():
    _, raw = recording()
    source = source_of(trial_spans({1: 900, 2: 1201}, SFREQ))
    table = eeg_table(raw, source, ["de"], EegSettings(), FeatureSettings())
    assert len(table.keys) == 4 + 6
    assert (table.keys["good"] == 1).all()


@pytest.mark.parametrize("cut_s", [0.0, 0.9])
def test_a_baseline_that_nobody_recorded_is_refused(cut_s):
    _, raw = recording()
    spans = trial_spans({1: 900, 2: 1201}, SFREQ)
    source = source_of(spans[1:], cut_s)
    with pytest.raises(ConfigError, match=r"needs 1 s before trial 2 .* holds less"):
        eeg_table(raw, source, ["de"], EegSettings(baseline="pre"), FeatureSettings())


def test_a_baseline_within_the_trial_is_taken():
    _, raw = recording()
    source = source_of(trial_spans({1: 900, 2: 1201}, SFREQ), cut_s=1.0)
    table = eeg_table(raw, source, ["de"], EegSettings(baseline="pre"), FeatureSettings())
    assert np.isfinite(table.values["de"]).all()


def test_no_filter_mixes_two_trials():
    """A high-pass sees a trial as if it were alone, whatever lies beside it."""
    trials, _ = recording((2000, 2000))
    spans = trial_spans({1: 2000, 2: 2000}, SFREQ)
    settings = EegSettings(l_freq=0.1, notch=(50.0,))
    tables = [
        eeg_table(
            end_to_end([trials[0], trials[1] + level], NAMES, SFREQ), source_of(spans), ["de"],
            settings, FeatureSettings(),
        ).values["de"][:10]
        for level in (0.0, 5000.0)
    ]  # fmt: skip
    np.testing.assert_allclose(*tables, atol=1e-6)


def test_a_filter_that_reaches_further_is_refused():
    _, raw = recording()
    source = source_of(trial_spans({1: 900, 2: 1201}, SFREQ))
    with pytest.raises(ConfigError, match=r"l_freq = 0.05 reaches 51 s"):
        eeg_table(raw, source, ["de"], EegSettings(l_freq=0.05), FeatureSettings())


@pytest.mark.parametrize("sfreq", [125.0, 128.0, 160.0, 200.0])
def test_no_window_is_lost_or_flagged_at_any_rate(sfreq):
    """Trials of one sample too many begin between output samples."""
    _, raw = recording((4001, 3001, 5001, 2001))
    spans = trial_spans(dict(enumerate((4001, 3001, 5001, 2001), 1)), SFREQ)
    trials = tuple(
        Trial(s.trial, s.start, s.start + seconds, 0)
        for s, seconds in zip(spans, (20, 15, 25, 10), strict=True)
    )
    source = Source("x", "1", "1", None, None, None, trials, ("a", "b"))
    h_freq = min(75.0, 0.4 * sfreq)
    table = eeg_table(raw, source, ["de"], EegSettings(sfreq, h_freq=h_freq), FeatureSettings())
    assert len(table.keys) == 70
    assert (table.keys["good"] == 1).all()
