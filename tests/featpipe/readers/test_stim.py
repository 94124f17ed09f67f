"""Trigger codes of a stim channel as annotations."""

import mne
import numpy as np
import pytest

from featpipe.readers import stim


def recording(codes: np.ndarray, first_samp: int = 0) -> mne.io.BaseRaw:
    info = mne.create_info(["Fp1", "Status"], 100.0, ["eeg", "stim"])
    data = np.stack([np.zeros(len(codes)), codes])
    raw = mne.io.RawArray(data, info, first_samp=first_samp, verbose="ERROR")
    raw.set_annotations(mne.Annotations([0.1], [0.0], ["mark"]))
    return raw


@pytest.mark.parametrize("block_s", [0.03, 0.5, 60.0])
@pytest.mark.parametrize("first_samp", [0, 250])
def test_each_change_to_a_code_is_a_trigger(monkeypatch, block_s, first_samp):
    monkeypatch.setattr(stim, "_BLOCK_S", block_s)
    codes = np.full(300, 1 << 20)
    codes[50:60] |= 7
    codes[60:70] |= 9
    codes[299] |= 1
    raw = recording(codes, first_samp)
    stim.annotate_stim(raw)
    onsets = np.round((raw.annotations.onset - raw.first_time) * 100).astype(int)
    found = list(zip(onsets.tolist(), raw.annotations.description.tolist(), strict=True))
    assert found == [(10, "mark"), (50, "7"), (60, "9"), (299, "1")]


def test_the_state_of_the_line_at_the_start_is_no_trigger():
    raw = recording(np.repeat([255, 254, 255], 50))
    stim.annotate_stim(raw)
    assert raw.annotations.description.tolist() == ["mark", "254", "255"]


def test_a_recording_without_stim_channel_is_left_alone():
    raw = recording(np.repeat([0, 5], 50)).pick("eeg")
    stim.annotate_stim(raw)
    assert raw.annotations.description.tolist() == ["mark"]
