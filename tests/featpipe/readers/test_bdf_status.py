"""Status channels of BDF files that have lost their name, and their codes."""

import numpy as np
import pytest
from lookalikes import deap
from naive_exports import edf_bytes

from featpipe.errors import ReadError
from featpipe.montage import pick_channels
from featpipe.readers.bdf_status import status_codes
from featpipe.reading import read_eeg, read_samples

LABELS = np.array([0, 1])
CODES = [1, 3, 4, 5] * 2
SECONDS = [2, 3, 4, 8, 9, 10, 11, 15]


@pytest.fixture(params=[1, 23, 24, 30])
def recording(request, tmp_path):
    """One with a named Status, one in the other order, one without the name, one with two such."""
    path = tmp_path / f"s{request.param:02}.bdf"
    deap.write_bdf(path, request.param, LABELS, sfreq=128)
    return path


def test_codes_are_low_bytes_with_their_samples(recording):
    found = status_codes(recording)
    assert found.code.tolist() == CODES
    assert (found.sample / found.sfreq).tolist() == SECONDS
    assert found.n_times == 16 * 128


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_has_no_name_is_no_eeg(recording):
    raw = read_eeg(recording)
    kinds = dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))
    assert raw.ch_names[-1] == "Status"
    assert kinds["Status"] == "stim"
    assert kinds.get("CH48", "misc") in ("misc", "stim")
    picks = pick_channels(raw.ch_names, raw.get_channel_types())
    assert set(picks.values()) == set(deap.TWENTE)
    texts = [int(text) & 0xFF for text in raw.annotations.description]
    assert [code for code in texts if code] == CODES


def test_stored_numbers_are_those_of_mne(recording):
    raw = read_eeg(recording)
    samples = read_samples(recording, raw, ["Fp1", "Cz"])
    assert samples is not None
    assert samples.n_times == raw.n_times


def test_a_file_without_such_a_channel_is_refused(tmp_path):
    path = tmp_path / "a.edf"
    path.write_bytes(edf_bytes(np.zeros((2, 400), int)))
    with pytest.raises(ReadError, match=r"a\.edf: no Status channel in it"):
        status_codes(path)
