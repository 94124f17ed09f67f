"""Physical dimensions of EDF: known ones are exact, unknown ones are refused, none is assumed."""

from pathlib import Path

import numpy as np
import pytest
from naive_exports import edf_bytes

from featpipe.errors import ReadError
from featpipe.readers import edf
from featpipe.reading import read_eeg

KNOWN = {
    b"uV": 1e-6,
    b"UV": 1e-6,
    b"uv": 1e-6,
    b"microV": 1e-6,
    b"\xb5V": 1e-6,
    "\u00b5V".encode(): 1e-6,
    "\u03bcV".encode(): 1e-6,
    "\u03bcV".encode("gb2312"): 1e-6,
    "\u03bcV".encode("shift_jis"): 1e-6,
    b"nV": 1e-9,
    b"mV": 1e-3,
    b"V": 1.0,
}


@pytest.fixture
def counts() -> np.ndarray:
    return np.random.default_rng(6).integers(-170, 170, (2, 1000))


def write(folder: Path, counts: np.ndarray, *units: bytes, names=("EEG Fp1", "Oz")) -> Path:
    path = folder / "s1.edf"
    path.write_bytes(edf_bytes(counts, units=units, names=names, annotations=[(0.5, "go")]))
    return path


@pytest.mark.parametrize("unit", KNOWN)
def test_known_units_are_exact(tmp_path, counts, unit):
    path = write(tmp_path, counts, unit, b"uV")
    assert edf.check(path) == ("ok", "")
    first, second = read_eeg(path).get_data()
    np.testing.assert_allclose(first, counts[0] * 0.1 * KNOWN[unit], rtol=1e-9)
    np.testing.assert_allclose(second, counts[1] * 0.1e-6, rtol=1e-9)


@pytest.mark.parametrize("unit", [b"uV/cm", b"MV", b"counts", b"dB"])
def test_unknown_units_of_eeg_are_refused(tmp_path, counts, unit):
    path = write(tmp_path, counts, b"uV", unit)
    assert edf.check(path).status == "corrupt"
    with pytest.raises(ReadError, match=rf"s1\.edf: .*dimension of Oz is '{unit.decode()}'"):
        read_eeg(path)


@pytest.mark.parametrize("unit", [b"uV/cm", b"", b"Boolean"])
def test_units_of_other_channels_do_not_matter(tmp_path, counts, unit):
    assert edf.check(write(tmp_path, counts, b"uV", unit, names=("Fp1", "ECG"))) == ("ok", "")


def test_eeg_without_unit_is_taken_for_microvolt_where_that_is_plausible(tmp_path, counts, caplog):
    path = write(tmp_path, counts, b"", b"")
    status, reason = edf.check(path)
    assert status == "suspicious"
    assert "no physical dimension is given for EEG Fp1, Oz; taken for microvolt" in reason
    np.testing.assert_allclose(read_eeg(path).get_data(), counts * 0.1e-6, rtol=1e-9)
    assert "taken for microvolt (standard deviation: 9.75 microvolt)" in caplog.text


def test_eeg_without_unit_is_refused_where_microvolt_is_not_plausible(tmp_path, counts):
    content = write(tmp_path, counts, b"", b"").read_bytes()
    in_volts = content.replace(b"-3276.8 ", b"-.003277").replace(b"3276.7  ", b".0032767")
    path = tmp_path / "s2.edf"
    path.write_bytes(in_volts)
    with pytest.raises(ReadError, match=r"s2\.edf: corrupt: no physical dimension .* 9\.75e-06"):
        read_eeg(path)


def test_flat_eeg_without_unit_has_no_size_to_get_wrong(tmp_path):
    path = write(tmp_path, np.zeros((2, 1000), int), b"", b"-")
    assert "standard deviation: constant" in edf.check(path).reason


def test_other_quantities_are_no_eeg(tmp_path, counts):
    raw = read_eeg(write(tmp_path, counts, b"uV", b"%", names=("Fp1", "Saturation")))
    assert raw.get_channel_types() == ["eeg", "misc"]
    np.testing.assert_allclose(raw.get_data(picks=[1])[0], counts[1] * 0.1, rtol=1e-9)


@pytest.mark.parametrize(
    ("names", "types"),
    [
        (["AF3", "Sequence"], ["eeg", "misc"]),
        (["EEG 3", "Light"], ["eeg", "misc"]),
        (["AF3", "O1"], ["eeg", "eeg"]),
        (["E1", "E2"], ["eeg", "eeg"]),  # no place is named, and these may be electrodes
        (["A7", "B2"], ["eeg", "eeg"]),
    ],
)
def test_what_has_no_unit_and_no_place_beside_electrodes_is_no_eeg(tmp_path, counts, names, types):
    path = write(tmp_path, counts * [[1], [190]], b"uV", b"", names=names)
    raw = read_eeg(path) if types[1] == "misc" else edf.read(path)
    assert raw.get_channel_types() == types


def test_where_nothing_has_a_unit_its_lack_tells_nothing(tmp_path, counts):
    raw = read_eeg(write(tmp_path, counts, b"", b"", names=["Cz", "E17"]))
    assert raw.get_channel_types() == ["eeg", "eeg"]


@pytest.mark.parametrize(
    ("at", "field"), [(112, b"-3276.8 "), (128, b"-32768  "), (104, b"3276.7  ")]
)
def test_a_channel_without_a_range_is_no_eeg(tmp_path, counts, caplog, at, field):
    path = write(tmp_path, counts, b"uV", b"uV")
    content = bytearray(path.read_bytes())
    place = 256 + 3 * at + 8  # of the second of three signals
    content[place : place + 8] = field
    path.write_bytes(content)
    raw = read_eeg(path)
    assert raw.get_channel_types() == ["eeg", "misc"]
    assert "Oz: its physical or digital minimum and maximum are equal" in caplog.text
