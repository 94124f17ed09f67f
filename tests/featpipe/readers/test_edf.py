"""EDF and BDF: the pre-flight against the size, time stamps, and what MNE makes of the rest."""

from pathlib import Path

import mne
import numpy as np
import pytest
from naive_exports import edf_bytes

from featpipe.eeg.filtering import design
from featpipe.eeg.samples import microvolt
from featpipe.eeg.settings import EegSettings
from featpipe.errors import ConfigError, ReadError
from featpipe.readers import edf, edf_header, edf_samples
from featpipe.readers.edf_clock import check_clock
from featpipe.reading import read_eeg, read_samples

MARKS = [(1.5, "start"), (3.25, "stop")]


@pytest.fixture
def counts() -> np.ndarray:
    return np.random.default_rng(1).integers(-2000, 2000, (3, 600))


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "s1.edf"
    path.write_bytes(content)
    return path


def test_data_and_annotations_come_back(tmp_path, counts):
    path = write(tmp_path, edf_bytes(counts, annotations=MARKS))
    assert edf.check(path) == ("ok", "")
    raw = read_eeg(path)
    assert not raw.preload
    np.testing.assert_allclose(raw.get_data() * 1e6, counts * 0.1, atol=1e-6)
    assert raw.annotations.onset.tolist() == [1.5, 3.25]
    assert raw.annotations.description.tolist() == ["start", "stop"]


def test_latin_1_annotations_are_read(tmp_path, counts):
    content = edf_bytes(counts, annotations=[(2.0, "Augen geöffnet")], encoding="latin-1")
    assert read_eeg(write(tmp_path, content)).annotations.description[0] == "Augen geöffnet"


@pytest.mark.parametrize(
    ("n_samples", "record_s", "rate"),
    [
        (255, "0.996094", 256.0), (255, "0.996093", 256.0), (255, ".9960937", 256.0),
        (85, "0.333333", 255.0), (256, "1", 256.0), (501, "2", 250.5),
        (250, "1.00001", 250 / 1.00001), (255, "0.99601", 255 / 0.99601), (1, "1.5", 1 / 1.5),
    ],
)  # fmt: skip
def test_a_whole_rate_is_found_where_the_header_could_not_tell_it(
    tmp_path, n_samples, record_s, rate
):
    counts = np.random.default_rng(1).integers(-2000, 2000, (2, 10 * n_samples))
    content = bytearray(edf_bytes(counts, sfreq=n_samples))
    content[244:252] = record_s.encode().ljust(8)
    path = write(tmp_path, bytes(content))
    raw = read_eeg(path)
    assert raw.info["sfreq"] == rate
    np.testing.assert_allclose(raw.get_data() * 1e6, counts * 0.1, atol=1e-6)
    stored = read_samples(path, raw, raw.ch_names)
    assert stored is not None
    assert stored.sfreq == rate


def test_a_recording_of_hours_at_256_hz_has_its_ratio_to_200_hz():
    with pytest.raises(ConfigError, match="astray"):
        design(255 / 0.996094, EegSettings(), 3 * 3600 * 256)
    assert design(256.0, EegSettings(), 3 * 3600 * 256).down == 32


@pytest.mark.parametrize(
    ("at", "field"), [(236, "6"), (244, "1.0"), (252, "3"), (184, "1024")]
)  # the numbers of records, seconds, signals and bytes
def test_numbers_may_be_filled_up_with_nul(tmp_path, counts, at, field):
    content = bytearray(edf_bytes(counts))
    width = 4 if at == 252 else 8
    content[at : at + width] = field.encode().ljust(width, b"\0")
    path = write(tmp_path, bytes(content))
    assert edf.check(path) == ("ok", "")
    np.testing.assert_allclose(read_eeg(path).get_data() * 1e6, counts * 0.1, atol=1e-6)


@pytest.mark.parametrize(
    "filters",
    [
        ["HP:0.1Hz LP:75Hz", "HP:0.5Hz LP:35Hz", "HP:DC"], ["HP:n.a. LP:none", "HP:x", "LP:y"],
        ["HP:50Hz LP:10Hz"] * 3,
    ],
)  # fmt: skip
def test_filters_of_the_amplifier_are_no_matter_for_a_warning(tmp_path, counts, caplog, filters):
    content = bytearray(edf_bytes(counts))
    for i, text in enumerate(filters):
        at = 256 + 136 * len(counts) + 80 * i
        content[at : at + 80] = text.encode().ljust(80)
    raw = read_eeg(write(tmp_path, bytes(content)))
    np.testing.assert_allclose(raw.get_data() * 1e6, counts * 0.1, atol=1e-6)
    assert not caplog.records


@pytest.mark.parametrize(
    ("names", "last"),
    [(["Cz", "M1", "Cz"], "Cz-1"), (["Cz", "M1", ""], "CH3"), (["Cz", "", ""], "CH3")],
)
def test_the_first_of_several_namesakes_keeps_its_name(tmp_path, counts, caplog, names, last):
    path = write(tmp_path, edf_bytes(counts, names=names))
    raw = read_eeg(path)
    assert raw.ch_names == ["Cz", names[1] or "CH2", last]
    (record,) = caplog.records  # MNE would name others
    assert record.message.endswith(last)
    stored = read_samples(path, raw, [last, "Cz"])
    assert stored is not None
    np.testing.assert_allclose(microvolt(stored, 0, 600), counts[[2, 0]] * 0.1, atol=1e-6)


def test_fewer_records_than_declared_is_truncated(tmp_path, counts):
    path = write(tmp_path, edf_bytes(counts, annotations=MARKS)[:-1000])
    status, reason = edf.check(path)
    assert status == "truncated"
    assert "6 records" in reason
    assert "4.61 are there" in reason
    with pytest.raises(ReadError, match=r"s1\.edf: truncated"):
        read_eeg(path)


def test_a_recording_that_was_not_closed_is_read_to_its_end(tmp_path, counts, caplog):
    path = write(tmp_path, edf_bytes(counts, n_records=-1))
    assert edf.check(path).status == "suspicious"
    assert read_eeg(path).n_times == 600
    assert "was not closed" in caplog.text


def test_more_records_than_declared_is_suspicious(tmp_path, counts):
    path = write(tmp_path, edf_bytes(counts, n_records=4))
    status, reason = edf.check(path)
    assert status == "suspicious"
    assert "4 records are declared, 6.00 are there; 6 are read" in reason
    assert read_eeg(path).n_times == 600


def test_a_lost_byte_is_seen_in_the_time_stamps(tmp_path, counts):
    content = edf_bytes(counts, annotations=MARKS)
    path = write(tmp_path, content[:1900] + content[1901:] + b"\0")
    status, reason = edf.check(path)
    assert status == "corrupt"
    assert "annotations of record 1" in reason


def test_line_end_conversion_is_seen(tmp_path, counts):
    content = edf_bytes(np.tile(counts, 10))
    body = content[1024:].replace(b"\n", b"\r\n")
    assert "follows a CR" in edf.check(write(tmp_path, content[:1024] + body)).reason


@pytest.mark.parametrize(
    ("at", "text", "message"),
    [
        (184, b"99999   ", "do not belong together"),
        (236, b"many    ", "number of records"),
        (252, b"0   ", "0 signals"),
        (0, b"7       ", "begins with"),
    ],
)
def test_a_broken_header_is_corrupt(tmp_path, counts, at, text, message):
    content = bytearray(edf_bytes(counts))
    content[at : at + len(text)] = text
    status, reason = edf.check(write(tmp_path, bytes(content)))
    assert status == "corrupt"
    assert message in reason


def test_records_too_large_for_a_block_go_through_mne(tmp_path, counts, monkeypatch):
    path = write(tmp_path, edf_bytes(counts))
    raw = read_eeg(path)
    assert edf_samples.samples(path, raw, raw.ch_names) is not None
    monkeypatch.setattr(edf_samples, "_LARGEST_RECORD", 10)
    assert edf_samples.samples(path, raw, raw.ch_names) is None


@pytest.mark.samples
def test_the_damaged_sample(samples):
    path = samples / "eeg/damaged/S001R01_crlf_damaged.edf"
    status, reason = edf.check(path)
    assert status == "corrupt"
    assert "follows a CR" in reason
    header = edf_header.read_header(path)
    assert "annotations of record 0" in check_clock(path, header, header.n_records).reason


@pytest.mark.samples
def test_a_status_channel_becomes_annotations(samples):
    path = samples / "eeg/edf_bdf_mne/eeglab_test.bdf"
    raw = read_eeg(path)
    plain = mne.io.read_raw_bdf(path, verbose="ERROR")
    events = mne.find_events(
        plain, shortest_event=1, consecutive=True, mask=0xFFFF, mask_type="and", verbose="ERROR"
    )
    onsets = np.round(raw.annotations.onset * raw.info["sfreq"]).astype(int)
    assert onsets.tolist() == events[:, 0].tolist()
    assert [int(text) for text in raw.annotations.description] == events[:, 2].tolist()
