"""Pauses that BrainVision and EEGLAB mark are logged with their times."""

import mne
import numpy as np
import pytest

from featpipe.readers.breaks import log_breaks
from featpipe.reading import read_eeg


def write_brainvision(folder, *positions):
    marks = "".join(f"Mk{i}=New Segment,,{at},1,0\n" for i, at in enumerate(positions, start=1))
    (folder / "s1.vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n"
        f"[Common Infos]\nDataFile=s1.eeg\n[Marker Infos]\n{marks}",
        "utf-8",
    )
    path = folder / "s1.vhdr"
    path.write_text(
        "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\nDataFile=s1.eeg\n"
        "MarkerFile=s1.vmrk\nDataFormat=BINARY\nDataOrientation=MULTIPLEXED\n"
        "NumberOfChannels=1\nSamplingInterval=1000\n[Binary Infos]\nBinaryFormat=INT_16\n"
        "[Channel Infos]\nCh1=Fp1,,0.1,µV\n",
        "utf-8",
    )
    noise = np.random.default_rng(7).integers(-300, 300, 3000)
    (folder / "s1.eeg").write_bytes(noise.astype("<i2").tobytes())
    return path


def test_a_second_segment_is_logged(tmp_path, caplog):
    raw = read_eeg(write_brainvision(tmp_path, 1, 1501))
    assert raw.n_times == 3000
    assert "s1.vhdr: the recording was interrupted at 1.500 s" in caplog.text


def test_the_first_segment_is_no_break(tmp_path, caplog):
    read_eeg(write_brainvision(tmp_path, 1))
    assert caplog.text == ""


@pytest.mark.parametrize("first_samp", [0, 500])
def test_boundaries_are_counted_from_the_first_sample(tmp_path, caplog, first_samp):
    info = mne.create_info(["Fp1"], 100.0, "eeg")
    raw = mne.io.RawArray(np.zeros((1, 900)), info, first_samp=first_samp, verbose="ERROR")
    onsets = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.5, 7.0]
    texts = ["boundary"] * 7 + ["go"]
    raw.set_annotations(mne.Annotations(onsets, [0.0] * 8, texts))
    log_breaks(tmp_path / "s1.set", raw)
    assert "interrupted at 1.000, 2.000, 3.000, 4.000, 5.000 and 1 more s" in caplog.text
