"""Numbers as files store them: equal to MNE's, given only where they are, and guarded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from mne.io import BaseRaw
from naive_exports import cnt_bytes, edf_bytes

from featpipe.eeg.samples import Samples
from featpipe.errors import ConfigError
from featpipe.readers.through_mne import samples_through_mne
from featpipe.reading import READERS, read_eeg, read_samples
from featpipe.simulate.neuroscan import write_cnt

STORED = {
    "Andy_101-raw.vhdr": np.float32,
    "test_CA_208.vhdr": np.float32,
    "Analyzer_nV_Export.vhdr": np.float32,
    "bv_dig_test.vhdr": np.int16,
    "test_VAmp.ahdr": np.float32,
    "testbva.vhdr": np.float32,
    "chtypes_edf.edf": np.int16,
    "eeglab_test.bdf": np.int32,
    "eeglab_test.edf": np.int16,
    "subsecond_starttime.edf": np.int16,
    "test_bdf_stim_channel.bdf": np.int32,
    "test_utf8_annotations.edf": np.int16,
    "S001R03.edf": np.int16,
    "eeglab_test.cnt": np.int16,
    "scan41_short.cnt": np.int16,
}
NOT_STORED = {  # MNE decodes them, or they are discontinuous
    *("Andy_101-raw.cnt", "test_CA_208.cnt", "MB0400FU.EDF"),
    *("eeglab_data.set", "test_raw_chanloc.set", "test_raw_event_duration.set"),
}
BV_HEADER = """Brain Vision Data Exchange Header File Version 1.0
[Common Infos]
DataFile=s1.eeg
DataFormat=BINARY
DataOrientation={orientation}
NumberOfChannels=4
DataPoints=700
SamplingInterval=2000
[Binary Infos]
BinaryFormat={form}
[Channel Infos]
Ch1=Fp1,,0.1,µV
Ch2=Oz,,2.5,nV
Ch3=Cz,,0.001,mV
Ch4=Resp,,0.5,ARU
"""


def spread(samples: Samples, numbers: np.ndarray) -> np.ndarray:
    """Microvolt of whole records, (n_channels, n): one record behind the other."""
    rows = [
        np.concatenate([record[place : place + samples.n_per_record] for record in numbers])
        for place in samples.first
    ]
    return (np.array(rows, float) - samples.offset[:, None]) * samples.scale[:, None]


def expect_the_numbers_of_mne(samples: Samples, raw: BaseRaw, ch_names: Sequence[str]) -> None:
    n, n_times = samples.n_per_record, samples.n_times
    picks = np.array([raw.ch_names.index(name) for name in ch_names])
    expected = 1e6 * np.asarray(raw.get_data(picks))
    assert (n_times, samples.sfreq) == (raw.n_times, raw.info["sfreq"])
    assert samples.first.dtype == np.int64
    assert samples.offset.dtype == samples.scale.dtype == np.float64
    n_records = -(-n_times // n)
    numbers = samples.read(0, n_records)
    assert numbers.flags.c_contiguous
    assert numbers.flags.aligned
    assert numbers.dtype.isnative
    found = spread(samples, numbers)[:, :n_times]
    sizes = np.abs(expected).max(axis=1, keepdims=True)
    assert np.all(np.abs(found - expected) <= 1e-9 * sizes)
    for start, stop in ((0, 1), (n_records // 3, n_records // 2), (n_records - 1, n_records)):
        np.testing.assert_array_equal(samples.read(start, stop), numbers[start:stop])


def both_ways(path: Path, raw: BaseRaw, ch_names: Sequence[str]) -> list[Samples]:
    stored = read_samples(path, raw, ch_names)
    assert stored is not None
    return [stored, samples_through_mne(raw, ch_names)]


def permuted(names: Sequence[str]) -> list[str]:
    return np.random.default_rng(1).permutation(names)[: len(names) // 2 + 1].tolist()


@pytest.mark.samples
@pytest.mark.parametrize("name", sorted({*STORED, *NOT_STORED}))
def test_real_recordings_give_the_numbers_of_mne(samples, name, caplog):
    path = next(file for file in (samples / "eeg").rglob(name))
    raw = read_eeg(path)
    kinds = raw.get_channel_types()
    names = [name for name, kind in zip(raw.ch_names, kinds, strict=True) if kind != "stim"]
    caplog.clear()
    for wanted in (names, permuted(names)):
        stored = read_samples(path, raw, wanted)
        assert (stored is not None) == (name in STORED)
        if stored is not None:
            assert stored.read(0, 1).dtype == STORED[name]
            expect_the_numbers_of_mne(stored, raw, wanted)
        expect_the_numbers_of_mne(samples_through_mne(raw, wanted), raw, wanted)
    assert caplog.records == []


@pytest.fixture
def counts() -> np.ndarray:
    return np.random.default_rng(3).integers(-30_000, 30_000, (4, 700))


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("block", [1, 7])
@pytest.mark.parametrize("width", [2, 4])
def test_neuroscan(tmp_path, counts, width, block):
    smooth = np.cumsum(counts, axis=1) // 1000  # blocks are believed where they are smoother
    content = cnt_bytes(
        smooth,
        width=width,
        block=block,
        baseline=-77,
        lsb_uv=0.0839,
        events=[(i, 1) for i in (3, 6, 9, 12)],
    )
    path = write(tmp_path / "s1.cnt", content)
    raw = read_eeg(path)
    for names in (raw.ch_names, ["C3", "C0"]):
        for found in both_ways(path, raw, names):
            expect_the_numbers_of_mne(found, raw, names)
    stored = read_samples(path, raw, ["C2"])
    assert stored is not None
    assert (stored.n_per_record, stored.first.tolist()) == (block, [2 * block])
    assert stored.offset.tolist() == [-77]
    np.testing.assert_allclose(stored.scale, 0.0839, rtol=1e-6)
    np.testing.assert_array_equal(stored.read(0, 100 // block).dtype, f"i{width}")


def test_neuroscan_of_the_simulation(tmp_path):
    volts = np.random.default_rng(0).standard_normal((3, 5000)) * 40
    write_cnt(tmp_path / "s1.cnt", volts, ["FP1", "OZ", "VEO"], 1000, [(10, 1), (3000, 2)])
    raw = read_eeg(tmp_path / "s1.cnt")
    for found in both_ways(tmp_path / "s1.cnt", raw, ["OZ", "FP1"]):
        expect_the_numbers_of_mne(found, raw, ["OZ", "FP1"])


def write_brainvision(folder: Path, counts: np.ndarray, form: str, orientation: str) -> Path:
    kind = {"INT_16": "<i2", "INT_32": "<i4", "IEEE_FLOAT_32": "<f4"}[form]
    rows = counts.T if orientation == "MULTIPLEXED" else counts
    (folder / "s1.eeg").write_bytes(rows.astype(kind).tobytes())
    path = folder / "s1.vhdr"
    path.write_text(BV_HEADER.format(form=form, orientation=orientation), "utf-8")
    return path


@pytest.mark.parametrize("form", ["INT_16", "INT_32", "IEEE_FLOAT_32"])
def test_brainvision_with_a_resolution_and_unit_per_channel(tmp_path, counts, form):
    path = write_brainvision(tmp_path, counts + 0.25, form, "MULTIPLEXED")
    raw = read_eeg(path)
    assert raw.get_channel_types() == ["eeg", "eeg", "eeg", "misc"]
    for names in (raw.ch_names, ["Resp", "Fp1", "Cz"]):
        for found in both_ways(path, raw, names):
            expect_the_numbers_of_mne(found, raw, names)
    stored = read_samples(path, raw, raw.ch_names)
    assert stored is not None
    np.testing.assert_allclose(stored.scale, [0.1, 0.0025, 1.0, 0.5e6])


def test_brainvision_keeps_what_is_no_number(tmp_path, counts):
    odd = counts.astype(np.float32)
    odd[0, :50], odd[1, -3:], odd[2, 40] = np.nan, np.inf, -np.inf
    path = write_brainvision(tmp_path, odd, "IEEE_FLOAT_32", "MULTIPLEXED")
    stored = read_samples(path, read_eeg(path), ["Fp1", "Oz", "Cz"])
    assert stored is not None
    assert np.isnan(stored.read(0, 50)[:, 0]).all()


def test_brainvision_channel_after_channel_is_read_through_mne(tmp_path, counts):
    path = write_brainvision(tmp_path, counts, "INT_16", "VECTORIZED")
    raw = read_eeg(path)
    assert read_samples(path, raw, ["Oz"]) is None
    expect_the_numbers_of_mne(samples_through_mne(raw, ["Oz", "Fp1"]), raw, ["Oz", "Fp1"])


@dataclass(frozen=True)
class Signal:
    """A signal of a generated EDF or BDF file; what MNE takes for the annotations has no range."""

    label: str
    unit: str
    physical: tuple[str, str]
    digital: tuple[int, int]
    n_samples: int = 20


N_RECORDS = 30


def signals(limit: int) -> list[Signal]:
    return [
        Signal("Fp1", "uV", ("-3276.8", "3276.7"), (-limit, limit - 1)),
        Signal("Oz", "mV", ("5", "-5"), (-limit, limit - 1)),  # inverted
        Signal("EDF Annotations", "", ("-1", "1"), (-limit, limit - 1), 31),
        Signal("Cz", "nV", ("100000", "900000"), (0, 2047)),  # an offset
        Signal("C3", "uV", ("-200", "300.5"), (limit - 1, -limit)),
        Signal("Pulse", "bpm", ("0", "250"), (-100, 1000)),
        Signal("Pz", "V", ("-.001", ".002"), (-2048, 2047)),
    ]


def write_edf(path: Path, rows: list[Signal], width: int, reserved: str = "") -> Path:
    rng = np.random.default_rng(8)
    magic = b"0       " if width == 2 else b"\xffBIOSEMI"
    fixed = f"{'X':80}{'X':80}01.02.2010.11.12{256 * (1 + len(rows)):<8}{reserved:44}"
    head = magic + f"{fixed}{N_RECORDS:<8}{1:<8}{len(rows):<4}".encode()
    labels = [row.label.replace("EDF", "EDF" if width == 2 else "BDF") for row in rows]
    for n, texts in (
        (16, labels),
        (80, [""] * len(rows)),
        (8, [row.unit for row in rows]),
        *[(8, [row.physical[i] for row in rows]) for i in (0, 1)],
        *[(8, [row.digital[i] for row in rows]) for i in (0, 1)],
        (80, [""] * len(rows)),
        (8, [row.n_samples for row in rows]),
        (32, [""] * len(rows)),
    ):
        head += "".join(f"{text!s:{n}}" for text in texts).encode()
    body = b""
    for i in range(N_RECORDS):
        for row in rows:
            if "Annotations" in row.label:
                body += f"+{i}\x14\x14\0".encode().ljust(width * row.n_samples, b"\0")
                continue
            lowest, highest = sorted(row.digital)
            numbers = rng.integers(lowest, highest, row.n_samples, endpoint=True)
            body += b"".join(int(x).to_bytes(width, "little", signed=True) for x in numbers)
    return write(path, head + body)


@pytest.mark.parametrize(("suffix", "width"), [("edf", 2), ("bdf", 3)])
def test_edf_and_bdf_with_ranges_of_every_kind(tmp_path, suffix, width):
    path = write_edf(tmp_path / f"s1.{suffix}", signals(1 << (8 * width - 1)), width)
    raw = read_eeg(path)
    assert raw.n_times == 600
    for names in (raw.ch_names, ["Pz", "Oz", "Pulse"]):
        for found in both_ways(path, raw, names):
            expect_the_numbers_of_mne(found, raw, names)
    stored = read_samples(path, raw, ["Cz", "Oz"])
    assert stored is not None
    assert (stored.n_per_record, stored.first.tolist()) == (20, [71, 20])  # 31 are annotations
    assert stored.read(2, 5).shape == (3, 151)
    assert stored.largest == -min(signal.digital[0] for signal in signals(1 << (8 * width - 1)))


def test_24_bit_numbers_keep_their_sign(tmp_path):
    path = write_edf(tmp_path / "s1.bdf", signals(1 << 23)[:1], 3)
    edges = [-(1 << 23), -1, 0, 1, (1 << 23) - 1] * 4
    content = bytearray(path.read_bytes())
    content[512:572] = b"".join(x.to_bytes(3, "little", signed=True) for x in edges)
    raw = read_eeg(write(path, bytes(content)))
    stored = read_samples(path, raw, ["Fp1"])
    assert stored is not None
    assert stored.read(0, 1).tolist() == [edges]


def test_a_discontinuous_edf_is_read_through_mne(tmp_path):
    path = write_edf(tmp_path / "s1.edf", signals(1 << 15), 2, "EDF+D")
    assert read_samples(path, read_eeg(path), ["Oz"]) is None


def test_of_several_rates_those_of_the_eeg_are_given(tmp_path):
    rows = [replace(signals(1 << 15)[0], label="ECG", n_samples=10), *signals(1 << 15)[:2]]
    path = write_edf(tmp_path / "s1.edf", rows, 2)
    raw = read_eeg(path)
    for samples in both_ways(path, raw, ["Oz", "Fp1"]):
        expect_the_numbers_of_mne(samples, raw, ["Oz", "Fp1"])


def test_a_status_channel_is_read_through_mne(tmp_path):
    rows = [*signals(1 << 23)[:1], replace(signals(1 << 23)[0], label="Status")]
    path = write_edf(tmp_path / "s1.bdf", rows, 3)
    raw = read_eeg(path)
    assert read_samples(path, raw, ["Fp1", "Status"]) is None
    assert read_samples(path, raw, ["Fp1"]) is not None


@pytest.fixture(params=["cnt", "edf", "vhdr"])
def recording(tmp_path, counts, request) -> Path:
    """One small recording per format, 4 channels and 700 samples."""
    if request.param == "cnt":
        return write(tmp_path / "s1.cnt", cnt_bytes(counts * 1000, events=[(9, 1)]))
    if request.param == "edf":
        return write(tmp_path / "s1.edf", edf_bytes(counts))
    return write_brainvision(tmp_path, counts, "INT_16", "MULTIPLEXED")


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.load_data(),
        lambda raw: raw.crop(0.0, 0.3),
        lambda raw: raw.crop(0.3, reset_first_samp=True),
        lambda raw: raw.append(raw.copy()),
        lambda raw: raw.set_eeg_reference(projection=True).apply_proj(),
    ],
    ids=["loaded", "cut behind", "cut before", "joined", "projected"],
)
def test_a_recording_that_was_changed_is_read_through_mne(recording, change):
    raw = read_eeg(recording)
    name = raw.ch_names[0]
    assert read_samples(recording, raw, [name]) is not None
    change(raw)
    assert read_samples(recording, raw, [name]) is None
    found = samples_through_mne(raw, [name])
    expect_the_numbers_of_mne(found, raw, [name])


def test_another_recording_is_not_taken_for_this_one(recording, tmp_path):
    raw = read_eeg(recording)
    (tmp_path / "b").mkdir()
    for file in tmp_path.glob("s1.*"):
        (tmp_path / "b" / file.name).write_bytes(file.read_bytes())
    assert read_samples(tmp_path / "b" / recording.name, raw, raw.ch_names) is None


def test_channels_may_be_dropped_moved_renamed_and_retyped(recording):
    raw = read_eeg(recording)
    names = raw.ch_names
    raw.pick([names[3], names[1], names[2]]).reorder_channels([names[2], names[3], names[1]])
    raw.rename_channels({names[1]: "X9"}).set_channel_types({names[2]: "eog"})
    raw.set_annotations(None)
    wanted = ["X9", names[2], names[3]]
    for found in both_ways(recording, raw, wanted):
        expect_the_numbers_of_mne(found, raw, wanted)


@pytest.mark.parametrize("function", [read_samples, lambda _, *rest: samples_through_mne(*rest)])
def test_an_unknown_channel_is_named(recording, function):
    raw = read_eeg(recording)
    with pytest.raises(ConfigError, match="unknown channel 'QZ'"):
        function(recording, raw, ["QZ"])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda good: replace(good, scale=good.scale * (1 + 1e-8)),
        lambda good: replace(good, offset=good.offset + 1.0),
        lambda good: replace(good, first=good.first[::-1]),
        lambda good: replace(good, n_times=good.n_times - 1),
        lambda good: replace(good, sfreq=good.sfreq * 2),
        lambda good: replace(good, read=lambda *span: np.roll(good.read(*span), 1, axis=1)),
    ],
    ids=["scale", "offset", "first", "n_times", "sfreq", "read"],
)
def test_numbers_that_differ_from_those_of_mne_are_not_given(recording, spoil, monkeypatch, caplog):
    name = {".cnt": "neuroscan_cnt", ".edf": "edf", ".vhdr": "brainvision"}[recording.suffix]
    reader = READERS[name]
    good = reader.samples
    assert good is not None
    spoiled = replace(reader, samples=lambda *arguments: spoil(good(*arguments)))
    monkeypatch.setitem(READERS, name, spoiled)
    raw = read_eeg(recording)
    assert read_samples(recording, raw, raw.ch_names) is None
    assert f"{recording.name}: its numbers as stored and as MNE gives them differ" in caplog.text
