"""Neuroscan .cnt: every fault that published files show, and the exact sample of every event."""

import struct
from pathlib import Path

import mne
import numpy as np
import pytest
from naive_exports import cnt_bytes

from featpipe.errors import ReadError
from featpipe.montage import pick_channels
from featpipe.readers import neuroscan_cnt
from featpipe.readers.neuroscan_evidence import sample_width
from featpipe.readers.neuroscan_header import read_setup
from featpipe.reading import read_eeg, read_samples

LSB_UV = 0.0303658 / 204.8
N_CHANNELS, N_TIMES = 6, 2000
EVENTS = [(0, 3), (1, 1), (777, 2), (1001, 255), (1999, 4)]


@pytest.fixture
def counts() -> np.ndarray:
    """Counts of some 50 microvolt, slowly varying, at 32-bit resolution."""
    rng = np.random.default_rng(5)
    walk = np.cumsum(rng.standard_normal((N_CHANNELS, N_TIMES)), axis=1)
    return np.round(walk * 50 / 10 / LSB_UV).astype(np.int64)


@pytest.fixture
def small(counts: np.ndarray) -> np.ndarray:
    """Counts of a 16-bit amplifier."""
    return np.round(counts * LSB_UV / 0.0839).astype(np.int64)


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "s1.cnt"
    path.write_bytes(content)
    return path


def samples_of(raw: mne.io.BaseRaw) -> list[tuple[int, str]]:
    onsets = np.round(raw.annotations.onset * raw.info["sfreq"]).astype(int)
    return list(zip(onsets.tolist(), raw.annotations.description.tolist(), strict=True))


@pytest.mark.parametrize("table", [1, 2, 3])
def test_counts_and_events_come_back_exactly(tmp_path, counts, table):
    path = write(tmp_path, cnt_bytes(counts, events=EVENTS, table=table))
    assert neuroscan_cnt.check(path) == ("ok", "")
    raw = read_eeg(path)
    np.testing.assert_allclose(raw.get_data() * 1e6, counts * LSB_UV, rtol=1e-6)
    assert samples_of(raw) == [(sample, str(code)) for sample, code in EVENTS]
    assert not raw.preload
    assert raw.info["meas_date"].isoformat() == "2020-01-02T10:11:12+00:00"


def test_equals_mne_where_mne_is_right(tmp_path, counts):
    path = write(tmp_path, cnt_bytes(counts, events=EVENTS))
    theirs = mne.io.read_raw_cnt(path, data_format="int32", verbose="ERROR")
    np.testing.assert_allclose(read_eeg(path).get_data(), theirs.get_data(), rtol=1e-12)
    early = np.round(theirs.annotations.onset * 1000).astype(int)
    assert early[2:].tolist() == [sample - 1 for sample, _ in EVENTS[2:]]


def test_any_piece_equals_the_whole(tmp_path, counts, monkeypatch):
    monkeypatch.setattr(neuroscan_cnt, "_MOST_NUMBERS", 7 * N_CHANNELS)
    raw = read_eeg(write(tmp_path, cnt_bytes(counts, block=8)))
    whole = counts * LSB_UV * 1e-6
    for start, stop in ((0, 1), (3, 30), (8, 16), (1995, 2000)):
        np.testing.assert_allclose(raw[:, start:stop][0], whole[:, start:stop], rtol=1e-6)
    np.testing.assert_allclose(raw.get_data(picks=[4, 1]), whole[[4, 1]], rtol=1e-6)


def test_projected_data_equal_the_projection_of_the_data(tmp_path, counts):
    raw = read_eeg(write(tmp_path, cnt_bytes(counts)))
    referenced = raw.copy().set_eeg_reference(projection=True, verbose="ERROR").apply_proj()
    whole = counts * LSB_UV * 1e-6
    np.testing.assert_allclose(referenced[:, 5:90][0], (whole - whole.mean(0))[:, 5:90], atol=1e-12)


@pytest.mark.parametrize(
    ("width", "declared"),
    [(2, -732), (2, 0), (2, 4000), (2, 2080), (2, 1), (4, -732), (4, 0), (4, 2080), (4, 1)],
)
def test_a_wrong_number_of_samples_is_seen_and_not_believed(
    tmp_path, counts, small, declared, width
):
    data, lsb = (counts, LSB_UV) if width == 4 else (small, 0.0839)
    content = cnt_bytes(data, width=width, lsb_uv=lsb, declared=declared, events=EVENTS)
    path = write(tmp_path, content)
    status, reason = neuroscan_cnt.check(path)
    assert status == "suspicious"
    assert str(declared) in reason
    assert "2000" in reason
    np.testing.assert_allclose(read_eeg(path).get_data() * 1e6, data * lsb, rtol=1e-6)


def test_a_contradiction_is_refused_with_a_remedy(tmp_path, counts):
    path = write(tmp_path, cnt_bytes(counts, declared=2 * N_TIMES, events=EVENTS))
    with pytest.raises(ReadError, match=r"NumSamples: 16-bit.*numbers: 32-bit.*correct NumSam"):
        read_eeg(path)


def test_no_evidence_is_refused_with_a_remedy(tmp_path):
    path = write(tmp_path, cnt_bytes(np.zeros((2, 400), int), declared=-732))
    with pytest.raises(ReadError, match=r"nothing tells 16-bit from 32-bit"):
        read_eeg(path)


@pytest.mark.parametrize(
    "intervals", [[100], [102], [100, 150, 200, 250, 300], [50, 150, 250, 450]]
)
def test_triggers_on_a_grid_do_not_make_16_bits_32(tmp_path, small, intervals):
    places = np.cumsum([2, *intervals * (1800 // sum(intervals))])
    events = [(int(place), 1) for place in places]
    path = write(tmp_path, cnt_bytes(small, width=2, lsb_uv=0.0839, declared=-732, events=events))
    np.testing.assert_allclose(read_eeg(path).get_data() * 1e6, small * 0.0839, rtol=1e-6)


IRREGULAR = np.cumsum([2, *[6, 10, 14, 22, 26, 34] * 6])
"""37 even places."""


def test_irregular_events_tell_32_bit_where_nothing_else_does(tmp_path):
    events = [(int(place) // 2, 1) for place in IRREGULAR]
    silence = np.zeros((2, N_TIMES), int)
    path = write(tmp_path, cnt_bytes(silence, declared=-732, events=events))
    assert read_eeg(path).n_times == N_TIMES
    path = write(tmp_path, cnt_bytes(silence, declared=-732, events=events[:9]))
    with pytest.raises(ReadError, match="nothing tells 16-bit from 32-bit"):
        read_eeg(path)


@pytest.mark.parametrize("n_events", [5, 9, 37])
@pytest.mark.parametrize("declared", [N_TIMES, -732])
def test_even_events_do_not_outvote_the_header_or_the_numbers(tmp_path, small, declared, n_events):
    events = [(int(place), 1) for place in IRREGULAR[:n_events]]
    content = cnt_bytes(small, width=2, lsb_uv=0.0839, declared=declared, events=events)
    np.testing.assert_allclose(
        read_eeg(write(tmp_path, content)).get_data() * 1e6, small * 0.0839, rtol=1e-6
    )
    silence = np.zeros((2, N_TIMES), int)
    path = write(tmp_path, cnt_bytes(silence, width=2, declared=N_TIMES, events=events))
    assert read_eeg(path).n_times == N_TIMES


@pytest.mark.parametrize("offset_mv", [0.0, 2.0, 90.0])
@pytest.mark.parametrize("scale", [0.01, 0.2, 1.0, 30.0, 1000.0])
def test_the_numbers_alone_tell_32_bit(tmp_path, counts, scale, offset_mv):
    offsets = np.linspace(-1, 1, N_CHANNELS)[:, None] * offset_mv * 1e3 / LSB_UV
    data = np.round(np.clip(counts * scale + offsets, -(2**31), 2**31 - 1)).astype(np.int64)
    assert width_of(tmp_path, data, 4, LSB_UV) == 4


@pytest.mark.parametrize("scale", [0.05, 1.0, 10.0, 1000.0])
def test_the_numbers_alone_tell_16_bit(tmp_path, small, scale):
    data = np.round(np.clip(small * scale, -32768, 32767)).astype(np.int64)
    assert width_of(tmp_path, data, 2, 0.0839) == 2


@pytest.mark.parametrize("place", ["begin", "end", "begin and end"])
def test_zeros_do_not_make_16_bits_32(tmp_path, small, place):
    """An amplifier that is switched on late, or stopped early, writes zeros."""
    zeros = np.zeros((N_CHANNELS, 40_000), int)
    parts = {
        "begin": [zeros, small],
        "end": [small, zeros],
        "begin and end": [zeros, small, small, zeros],
    }[place]
    assert width_of(tmp_path, np.concatenate(parts, axis=1), 2, 0.0839) == 2


@pytest.mark.parametrize("level", [0, 1, -1, 255])
def test_a_dead_channel_beside_a_living_one_is_no_upper_half(tmp_path, small, level):
    data = np.stack([small[0] - small[0].min(), np.full(N_TIMES, level)])
    path = write(tmp_path, cnt_bytes(data, width=2, lsb_uv=0.0839, declared=-732))
    with pytest.raises(ReadError, match="nothing tells 16-bit from 32-bit"):
        read_eeg(path)


def test_two_like_channels_that_hardly_move_are_no_halves(tmp_path):
    steps = np.random.default_rng(7).integers(-1, 2, N_TIMES)
    walk = np.cumsum(steps) - np.cumsum(steps).mean().astype(int)
    assert width_of(tmp_path, np.stack([walk, walk]), 2, 0.0839) == 2


def width_of(tmp_path: Path, data: np.ndarray, width: int, lsb: float) -> int:
    path = write(tmp_path, cnt_bytes(data, width=width, lsb_uv=lsb, declared=-732))
    setup = read_setup(path)
    assert setup.events is not None
    return sample_width(path, setup, setup.events)


def test_the_declared_seconds_are_a_witness(tmp_path):
    silence = np.zeros((2, 400), int)
    path = write(tmp_path, cnt_bytes(silence, declared=0, seconds=0.4))
    assert read_eeg(path).n_times == 400


def test_no_events_is_fine(tmp_path, counts):
    raw = read_eeg(write(tmp_path, cnt_bytes(counts)))
    assert len(raw.annotations) == 0
    assert raw.n_times == N_TIMES


def test_bytes_behind_the_event_table_do_not_matter(tmp_path, counts):
    path = write(tmp_path, cnt_bytes(counts, events=EVENTS) + bytes(100_000))
    assert neuroscan_cnt.check(path).status == "ok"
    assert read_eeg(path).n_times == N_TIMES


@pytest.mark.parametrize("n_bytes", [0, 5, 899, 1000, 5000, 30_000])
def test_a_cut_file_is_refused(tmp_path, counts, n_bytes):
    path = write(tmp_path, cnt_bytes(counts, events=EVENTS)[:n_bytes])
    with pytest.raises(ReadError, match=r"s1\.cnt: (truncated|corrupt): .*(copy|header|ends)"):
        read_eeg(path)


def test_a_recording_that_was_not_closed_is_truncated(tmp_path, counts):
    path = write(tmp_path, cnt_bytes(counts, table=None))
    assert neuroscan_cnt.check(path).status == "truncated"
    with pytest.raises(ReadError, match="EventTablePos says 0"):
        read_eeg(path)


def test_a_table_at_the_wrong_place_is_corrupt(tmp_path, counts):
    content = bytearray(cnt_bytes(counts, events=EVENTS))
    struct.pack_into("<i", content, 886, 20_000)
    path = write(tmp_path, bytes(content))
    assert neuroscan_cnt.check(path).status == "corrupt"
    assert "20000" in neuroscan_cnt.check(path).reason


def test_lost_bytes_in_the_data_are_seen(tmp_path, counts):
    content = bytearray(cnt_bytes(counts, events=EVENTS))
    del content[6000:6005]
    (position,) = struct.unpack_from("<i", content, 886)
    struct.pack_into("<i", content, 886, position - 5)
    with pytest.raises(ReadError, match="no whole number of samples of 6 channels"):
        read_eeg(write(tmp_path, bytes(content)))


def test_line_end_conversion_is_seen(tmp_path, counts):
    content = cnt_bytes(counts, events=EVENTS).replace(b"\n", b"\r\n")
    with pytest.raises(ReadError, match="every LF in the binary data follows a CR"):
        read_eeg(write(tmp_path, content))


@pytest.mark.parametrize("name", ["RIFF", "text"])
def test_another_content_is_named(tmp_path, counts, name):
    content = cnt_bytes(counts, events=EVENTS)
    content = b"RIFF" + content[4:] if name == "RIFF" else b"subject,session\n1,1\n" * 200
    with pytest.raises(ReadError, match=r"not an ANT|not with 'Version"):
        read_eeg(write(tmp_path, content))


def test_true_blocks_are_put_in_order(tmp_path, small):
    path = write(tmp_path, cnt_bytes(small, width=2, lsb_uv=0.0839, block=40, events=EVENTS))
    np.testing.assert_allclose(read_eeg(path).get_data() * 1e6, small * 0.0839, rtol=1e-6)


def test_blocks_that_only_the_header_has_are_not_believed(tmp_path, small):
    path = write(tmp_path, cnt_bytes(small, width=2, lsb_uv=0.0839, block_bytes=16))
    assert "blocks of 16 bytes" in neuroscan_cnt.check(path).reason
    np.testing.assert_allclose(read_eeg(path).get_data() * 1e6, small * 0.0839, rtol=1e-6)


def test_channels_keep_the_order_and_the_names_of_the_file(tmp_path, counts):
    names = ["veo", "Oz", "FP1", "M2", "Cz", "trig"]
    raw = read_eeg(write(tmp_path, cnt_bytes(counts, names=names, baseline=12)))
    assert raw.ch_names == names
    assert set(raw.get_channel_types()) == {"eeg"}
    np.testing.assert_allclose(raw.get_data() * 1e6, (counts - 12) * LSB_UV, rtol=1e-5)


def test_later_namesakes_are_numbered_and_told(tmp_path, counts, caplog):
    names = ["FP1", "EKG", "M2", "", "EKG", "VEO"]
    path = write(tmp_path, cnt_bytes(counts, names=names))
    raw = read_eeg(path)
    assert raw.ch_names == ["FP1", "EKG", "M2", "CH4", "EKG-1", "VEO"]
    (record,) = caplog.records
    assert "told apart as CH4, EKG-1" in record.message
    assert list(pick_channels(raw.ch_names, raw.get_channel_types())) == ["FP1", "CH4"]
    assert read_samples(path, raw, ["EKG-1"]) is not None


def test_rejected_spans_become_bad_annotations(tmp_path, counts):
    events = [(100, 5), (200, 0), (450, 0), (500, 6), (900, 0)]
    path = write(tmp_path, cnt_bytes(counts, events=events, keypads=[0, 0xC0, 0xD0, 2, 0xC0]))
    raw = read_eeg(path)
    assert samples_of(raw) == [
        (100, "5"),
        (200, "BAD_0"),
        (500, "KeyPad Response 2"),
        (900, "BAD_0"),
    ]
    np.testing.assert_allclose(raw.annotations.duration, [0, 0.25, 0, 1.1])


def test_an_unreadable_date_is_none(tmp_path, counts):
    assert read_eeg(write(tmp_path, cnt_bytes(counts, date="28/13/20"))).info["meas_date"] is None


def test_a_file_beyond_4_gib_finds_its_table(tmp_path):
    n_channels, step = 64, 256
    n_times = (1 << 32) // step + 1000
    start = 900 + 75 * n_channels
    content = bytearray(cnt_bytes(np.zeros((n_channels, 1), int), declared=n_times))
    position = start + n_times * step
    struct.pack_into("<I", content, 886, position % (1 << 32))
    late = start + (n_times - 10) * step - (1 << 32)
    places = [start + 5 * step, start + 2_000_000 * step, late]
    records = [struct.pack("<HBBI", i + 1, 0, 0, place) for i, place in enumerate(places)]
    path = tmp_path / "s1.cnt"
    with path.open("wb") as file:
        file.write(content[:start])
        file.seek(position)  # sparse: no 4 GiB are written
        file.write(struct.pack("<Bii", 1, 24, 0) + b"".join(records))
    raw = read_eeg(path)
    assert raw.n_times == n_times
    assert samples_of(raw) == [(5, "1"), (2_000_000, "2"), (n_times - 10, "3")]
    assert raw.get_data(start=n_times - 3).shape == (n_channels, 3)


@pytest.mark.samples
def test_the_scan_4_sample(samples):
    path = samples / "eeg/neuroscan_cnt/scan41_short.cnt"
    raw = read_eeg(path)
    theirs = mne.io.read_raw_cnt(path, data_format="int16", verbose="ERROR")
    np.testing.assert_allclose(raw.get_data(), theirs.get_data(), rtol=1e-12)
    assert samples_of(raw) == [(334, "7"), (1011, "7"), (1665, "109"), (2325, "7"), (2985, "109")]


@pytest.mark.samples
def test_the_eeglab_sample_is_smooth_only_sample_after_sample(samples):
    path = samples / "eeg/neuroscan_cnt/eeglab_test.cnt"
    raw = read_eeg(path)
    data = raw.get_data()
    assert data.shape == (2, 25605)
    theirs = mne.io.read_raw_cnt(
        path, data_format="int16", recompute_n_samples=True, verbose="ERROR"
    )
    mixed = theirs.get_data(stop=25600)
    assert np.abs(np.diff(data)).mean() < np.abs(np.diff(mixed)).mean() / 100
    assert samples_of(raw)[:2] == [(3737, "0"), (4241, "Keyboard Response 1")]
