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
    source = source_of(trial_spans({1: 900, 2: 1201}, SFREQ), cut_s)
    with pytest.raises(ConfigError, match=r"needs 1 s before trial 1 .* holds less"):
        eeg_table(raw, source, ["de"], EegSettings(baseline="pre"), FeatureSettings())


def test_a_baseline_within_the_trial_is_taken():
    _, raw = recording()
    source = source_of(trial_spans({1: 900, 2: 1201}, SFREQ), cut_s=1.0)
    table = eeg_table(raw, source, ["de"], EegSettings(baseline="pre"), FeatureSettings())
    assert np.isfinite(table.values["de"]).all()
