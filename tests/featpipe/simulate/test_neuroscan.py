import struct

import mne
import numpy as np
import pytest

from featpipe.simulate.head import FILE_CHANNELS
from featpipe.simulate.neuroscan import UV_PER_COUNT, write_cnt

N_CHANNELS, N_TIMES, SFREQ = 66, 5000, 1000
DATA_AT = 900 + 75 * N_CHANNELS
MARKS = [(1000, 1), (2500, 101), (4999, 2)]


@pytest.fixture(scope="module")
def channels():
    rng = np.random.default_rng(0)
    offset = rng.normal(0.0, 500.0, (N_CHANNELS, 1))
    return (offset + rng.normal(0.0, 30.0, (N_CHANNELS, N_TIMES))).astype(np.float32)


@pytest.fixture(scope="module")
def path(channels, tmp_path_factory):
    path = tmp_path_factory.mktemp("neuroscan") / "made.cnt"
    write_cnt(path, channels, FILE_CHANNELS, SFREQ, MARKS)
    return path


@pytest.mark.parametrize("data_format", ["auto", "int32"])
def test_mne_reads_the_microvolts_within_one_count(path, channels, data_format):
    raw = mne.io.read_raw_cnt(path, data_format=data_format, preload=True, verbose="warning")
    assert tuple(raw.ch_names) == FILE_CHANNELS
    assert raw.info["sfreq"] == SFREQ
    assert raw.n_times == N_TIMES
    assert raw.info["bads"] == []
    error = np.abs(raw.get_data(units="uV") - channels)
    assert error.max() <= UV_PER_COUNT
    assert error.max() > 0  # counts are whole numbers


def test_mne_reads_date_places_and_subject(path):
    raw = mne.io.read_raw_cnt(path, data_format="int32", verbose="warning")
    assert raw.info["meas_date"].strftime("%Y-%m-%d") == "2020-01-02"
    assert raw.info["subject_info"]["last_name"] == "SIMULATED"
    places = np.array([channel["loc"][:3] for channel in raw.info["chs"]])
    assert np.all(np.isfinite(places))
    assert len(np.unique(places.round(6), axis=0)) == N_CHANNELS


def test_marks_are_stored_at_their_samples_byte(path):
    raw = mne.io.read_raw_cnt(path, data_format="int32", verbose="warning")
    assert list(raw.annotations.description) == [str(code) for _, code in MARKS]
    # MNE reports the sample before the one whose byte position is stored
    assert np.round(raw.annotations.onset * SFREQ) == pytest.approx([at - 1 for at, _ in MARKS])
    content = path.read_bytes()
    table_at = struct.unpack_from("<i", content, 886)[0]
    kind, size, _ = struct.unpack_from("<Bii", content, table_at)
    assert (kind, size) == (2, 19 * len(MARKS))
    for i, (sample, code) in enumerate(MARKS):
        stored_code, at = struct.unpack_from("<H2xi", content, table_at + 9 + 19 * i)
        assert stored_code == code
        assert at == DATA_AT + 4 * N_CHANNELS * sample


def test_header_and_file_size_agree(path):
    content = path.read_bytes()
    assert content[:11] == b"Version 3.0"
    assert struct.unpack_from("<H", content, 370)[0] == N_CHANNELS
    assert struct.unpack_from("<H", content, 376)[0] == SFREQ
    assert struct.unpack_from("<i", content, 864)[0] == N_TIMES
    assert struct.unpack_from("<i", content, 886)[0] == DATA_AT + 4 * N_CHANNELS * N_TIMES
    assert struct.unpack_from("<i", content, 353)[0] == len(MARKS)
    assert struct.unpack_from("<i", content, 894)[0] <= 1
    assert struct.unpack_from("<f", content, 890)[0] == pytest.approx(N_TIMES / SFREQ)
    veo, heo = struct.unpack_from("<2h", content, 402)
    assert (FILE_CHANNELS[veo], FILE_CHANNELS[heo]) == ("VEO", "HEO")
    month, day, _ = content[225:233].decode().split("/")
    assert int(day) <= 12
    assert int(month) <= 12
    expected = DATA_AT + 4 * N_CHANNELS * N_TIMES + 9 + 19 * len(MARKS)
    assert len(content) == expected


def test_values_that_do_not_fit_are_clipped_not_wrapped(tmp_path):
    path = tmp_path / "loud.cnt"
    loud = np.array([[1e6, -1e6, 0.0, 1.0]])
    write_cnt(path, loud, ["CZ"], 250, [(0, 1)])
    raw = mne.io.read_raw_cnt(path, data_format="int32", verbose="warning")
    read = raw.get_data(units="uV")[0]
    assert read[0] == pytest.approx(2**31 * UV_PER_COUNT, rel=1e-6)
    assert read[1] == pytest.approx(-(2**31) * UV_PER_COUNT, rel=1e-6)
    assert read[3] == pytest.approx(1.0, abs=UV_PER_COUNT)
