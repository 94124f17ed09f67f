"""A file that holds several recordings: which one is read, and that tables depend on it."""

from dataclasses import replace

import mne
import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.readers.preflight import OK
from featpipe.readers.reader import Reader
from featpipe.reading import READERS, preflight, read_eeg
from featpipe.recording import Source, Trial
from pipelines.foresight import foresee
from pipelines.steps.extract import Payload, make, outputs
from pipelines.study import load_study
from pipelines.work import Unit

pytestmark = pytest.mark.usefixtures("in_this_process")

PARTS = {"anna": 10.0, "bert": 20.0}
TRIALS = (Trial(1, 1.0, 4.0, 0), Trial(2, 5.0, 8.0, 1))


def read(path, part=""):
    """Read 10 s of two channels whose amplitude, microvolt, tells the part."""
    assert path.exists()
    scale = 1e-6 * PARTS[part or "anna"]
    x = scale * np.random.default_rng(0).standard_normal((2, 2000))
    return mne.io.RawArray(x, mne.create_info(["Fp1", "Oz"], 200.0, "eeg"), verbose="ERROR")


@pytest.fixture
def shared_file(tmp_path, monkeypatch):
    """Stand for a file of two recordings; its format is made up."""
    reader = Reader("edf", "eeg", (".edf",), read, lambda _: OK, "made up", by_part=True)
    monkeypatch.setitem(READERS, "edf", reader)
    path = tmp_path / "all.edf"
    path.write_bytes(b"both")
    return path


def unit_of(path, part):
    study = path.parent / "study.toml"
    study.write_text('[study]\nname = "lab"\nclasses = ["calm", "tense"]\n', encoding="utf-8")
    source = Source("lab", part or "one", "1", path, None, None, TRIALS, ("calm", "tense"), part)
    return Unit(source.name, {}, Payload(source, load_study(study), path.parent / "out"))


def de_of(path, part):
    unit = unit_of(path, part)
    [(_, table, _)] = make(unit, outputs(unit, []))
    return table.to_pandas()["de_alpha_OZ"].to_numpy()


def test_a_part_is_read_by_name_and_the_first_without(shared_file):
    found = [read_eeg(shared_file, part=part)[:][0] for part in ("", "anna", "bert")]
    spreads = [np.std(volts) for volts in found]
    np.testing.assert_allclose(np.divide(spreads, spreads[0]), [1, 1, 2], rtol=1e-12)


def test_two_recordings_of_one_file_have_tables_of_their_own(shared_file):
    assert foresee(unit_of(shared_file, "bert")) == {}
    difference = de_of(shared_file, "bert") - de_of(shared_file, "anna")
    np.testing.assert_allclose(difference, np.log(2), atol=1e-4)


def test_the_part_is_a_fact_of_the_table_where_there_is_one(shared_file):
    units = [unit_of(shared_file, part) for part in ("anna", "")]
    named, alone = (outputs(unit, [])[0].facts["recording"] for unit in units)
    assert named["eeg_part"] == "anna"
    assert "eeg_part" not in alone  # tables made before there were parts stay as they are


def test_a_part_of_a_file_that_holds_one_recording_is_refused(shared_file, monkeypatch):
    monkeypatch.setitem(READERS, "edf", replace(READERS["edf"], by_part=False))
    with pytest.raises(ReadError, match=r"all\.edf: its recording 'bert' is wanted.*\(edf\) holds"):
        preflight(shared_file, "eeg", part="bert")
    with pytest.raises(ReadError, match="name the file that holds several"):
        read_eeg(shared_file, part="bert")
