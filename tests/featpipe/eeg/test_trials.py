"""Trials that a recording holds in part, not at all, or none of."""

import re

import mne
import numpy as np
import pytest

from featpipe.eeg.settings import EegSettings
from featpipe.errors import ReadError
from featpipe.features.eeg_table import eeg_table
from featpipe.features.table import FeatureSettings
from featpipe.recording import Source, Trial

INSIDE, CUT, AFTER = Trial(1, 1.0, 6.0, 0), Trial(2, 8.0, 12.0, 0), Trial(3, 30.0, 33.0, 1)


def table(*trials, families=("de",), lost=slice(0), **features):
    x = 10e-6 * np.random.default_rng(0).standard_normal((2, 5000))  # 10 s
    x[1] += 5e-3
    x[1, lost] = np.nan
    raw = mne.io.RawArray(x, mne.create_info(["Fp1", "Fp2"], 500.0, "eeg"), verbose="ERROR")
    source = Source("lab", "A", "1", None, None, None, trials, ("calm", "tense"))
    settings = FeatureSettings(eeg=families, **features)
    return eeg_table(raw, source, families, EegSettings(baseline="pre"), settings)


@pytest.mark.parametrize("families", [("de", "de_lds"), ("psd_ma", "de_bandpass", "asm")])
@pytest.mark.parametrize("convention", ["nats", "seed"])
def test_windows_after_the_end_keep_their_rows_and_cost_the_others_nothing(
    families, convention, caplog
):
    found = table(INSIDE, CUT, AFTER, families=families, convention=convention)
    alone = table(INSIDE, families=families, convention=convention)
    assert found.keys["trial"].tolist() == [1] * 5 + [2] * 4 + [3] * 3
    assert found.keys["good"].tolist() == [1.0] * 7 + [0.0] * 5
    for family in families:
        assert np.isfinite(found.values[family][:7]).all()
        assert np.isnan(found.values[family][7:]).all()
        np.testing.assert_array_equal(found.values[family][:5], alone.values[family])
    assert "trial 2 ends after the recording: 2 of its 4 windows are NaN" in caplog.text
    assert "trial 3 lies after the recording: 3 of its 3 windows are NaN" in caplog.text
    assert (found.qc["trials_cut_short"], alone.qc["trials_cut_short"]) == ("2 3", "")


def test_trials_that_all_lie_outside_the_recording_are_an_error():
    with pytest.raises(ReadError, match=r"first trial begins at 30\.000 s, outside .* of 10\.000"):
        table(AFTER, Trial(4, 40.0, 43.0, 0))


def test_a_channel_whose_baseline_is_lost_has_no_level(caplog):
    whole, half, none = (
        table(INSIDE, CUT, convention="seed", lost=slice(0, stop)).values["de"].reshape(9, 2, 5)
        for stop in (0, 250, 550)
    )
    np.testing.assert_allclose(half[1:5, 1], whole[1:5, 1], atol=1.0)  # bits
    assert np.isnan(none[1:5, 1]).all()
    none[:5, 1] = whole[:5, 1]
    np.testing.assert_array_equal(none, whole)
    told = "sub-A_ses-1 trial 1: all of the 1 s before it, which .* is lost in FP2: NaN there"
    assert len(re.findall(told, caplog.text)) == 1
