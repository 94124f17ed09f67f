"""The listing of a folder: one finding per recording, whatever its state."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import mne
import numpy as np
import pytest
from naive_exports import cnt_bytes, edf_bytes

from featpipe.file_names import guess_names
from featpipe.scanning import passed_over, scan


@pytest.fixture
def counts() -> np.ndarray:
    walk = np.cumsum(np.random.default_rng(3).standard_normal((4, 1000)), axis=1)
    return np.round(walk * 30_000).astype(np.int64)


def test_one_finding_per_recording_in_order(tmp_path, counts):
    folder = tmp_path / "sub-02" / "ses-1" / "eeg"
    folder.mkdir(parents=True)
    (folder / "sub-02_ses-1_eeg.edf").write_bytes(edf_bytes(counts // 10_000))
    (tmp_path / "1_3_20180804.cnt").write_bytes(cnt_bytes(counts, events=[(10, 1), (500, 2)]))
    (tmp_path / "notes.txt").write_text("nothing", "utf-8")
    (tmp_path / ".hidden.cnt").write_bytes(cnt_bytes(counts))
    cnt, edf = scan([tmp_path])
    assert (cnt.path.name, cnt.format, cnt.modality) == ("1_3_20180804.cnt", "neuroscan_cnt", "eeg")
    assert (cnt.subject, cnt.session, cnt.status, cnt.reason) == ("1", "3", "ok", "")
    assert (cnt.sfreq, cnt.n_channels, cnt.duration_s, cnt.n_triggers) == (1000, 4, 1, 2)
    assert (edf.subject, edf.session, edf.format, edf.duration_s) == ("02", "1", "edf", 10)
    assert edf.files == (edf.path,)
    assert (edf.first_s, edf.last_s) == (None, None)


def test_bad_files_are_findings_and_do_not_stop_the_rest(tmp_path, counts):
    good = cnt_bytes(counts, events=[(10, 1)])
    (tmp_path / "1.cnt").write_bytes(good[:4000])
    (tmp_path / "2.cnt").write_bytes(b"")
    (tmp_path / "3.cnt").write_bytes(b"RIFF" + good[4:])
    (tmp_path / "4.cnt").write_bytes(good)
    (tmp_path / "5.cnt").write_bytes(cnt_bytes(counts, declared=-732, events=[(10, 1)]))
    found = list(scan([tmp_path]))
    assert [finding.status for finding in found] == [
        "truncated",
        "truncated",
        "corrupt",
        "ok",
        "suspicious",
    ]
    assert all(bool(finding.reason) == (finding.status != "ok") for finding in found)
    assert "empty" in found[1].reason
    assert "not an ANT" in found[2].reason
    assert found[4].duration_s == 1
    assert found[0].sfreq is None


def test_a_file_that_is_named_is_reported_even_when_it_is_nothing(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("nothing", "utf-8")
    (found,) = scan([path, tmp_path, path])
    assert (found.path, found.format, found.status) == (path, None, "suspicious")
    assert "no known recording" in found.reason
    assert passed_over(tmp_path, []) == [path]
    assert passed_over(tmp_path, [found]) == []
    (missing,) = scan([tmp_path / "gone.cnt"])
    assert missing.status == "corrupt"
    assert "no such file" in missing.reason


def test_linked_folders_are_gone_into_once(tmp_path, counts):
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "raw"
    elsewhere.mkdir()
    (folder / "here").mkdir(parents=True)
    (elsewhere / "1.cnt").write_bytes(cnt_bytes(counts))
    (folder / "a").symlink_to(elsewhere, target_is_directory=True)
    (folder / "b").symlink_to(elsewhere, target_is_directory=True)
    (elsewhere / "circle").symlink_to(folder, target_is_directory=True)
    (folder / "gone").symlink_to(tmp_path / "nowhere", target_is_directory=True)
    assert [found.path for found in scan([folder])] == [folder / "a" / "1.cnt"]


def test_eeg_of_several_rates_is_a_choice_and_no_damage(tmp_path, counts):
    path = tmp_path / "s1.edf"
    content = edf_bytes(counts[:3] // 10_000, names=["Fp1", "O1", "O2"], every=[1, 2, 1])
    path.write_bytes(content)
    (found,) = scan([tmp_path])
    assert (found.status, found.format, found.sfreq) == ("suspicious", "edf", None)
    assert "Fp1, O2 100 Hz; O1 50 Hz; name those of one rate in [eeg] channels" in found.reason
    path.write_bytes(content + b"\0\0")
    (found,) = scan([tmp_path])
    assert found.reason.startswith("10 records are declared")
    assert "Fp1, O2 100 Hz" in found.reason


def test_the_start_is_that_of_the_header(tmp_path):
    raw = mne.io.RawArray(
        np.zeros((1, 100)), mne.create_info(["Oz"], 100.0, "eeg"), verbose="ERROR"
    )
    begin = datetime(2018, 8, 4, 10, 30, tzinfo=UTC)
    for name, start in (("a_raw.fif", begin), ("b_raw.fif", None)):
        raw.set_meas_date(start)
        raw.save(tmp_path / name, verbose="ERROR")
    assert [found.start for found in scan([tmp_path])] == [begin, None]


def test_the_parts_of_a_split_file_are_one_recording(tmp_path):
    info = mne.create_info(["Fp1", "Oz"], 1000.0, "eeg")
    raw = mne.io.RawArray(
        np.random.default_rng(0).standard_normal((2, 400_000)), info, verbose="ERROR"
    )
    raw.save(tmp_path / "s1_raw.fif", split_size="2MB", verbose="ERROR")
    (found,) = scan([tmp_path])
    assert found.path.name == "s1_raw.fif"
    assert len(found.files) == len(list(tmp_path.iterdir())) > 1
    assert found.duration_s == 400


@pytest.mark.samples
def test_a_pair_is_one_finding_under_its_samples(samples, tmp_path):
    for file in (samples / "eye/smi_hbn").iterdir():
        shutil.copy(file, tmp_path)
    (found,) = scan([tmp_path])
    assert found.path.name == "NDARAA075AMK_Video1_Samples.txt"
    assert [file.name for file in found.files] == [
        "NDARAA075AMK_Video1_Samples.txt",
        "NDARAA075AMK_Video1_Events.txt",
    ]
    assert (found.modality, found.sfreq, found.n_channels, found.n_triggers) == ("eye", 60, 2, 3)
    assert found.duration_s == pytest.approx(122.3, abs=0.1)
    assert (found.first_s, found.last_s) == pytest.approx((2882.291, 3004.627), abs=0.001)
    (named,) = scan([tmp_path / "NDARAA075AMK_Video1_Events.txt"])
    assert named.path.name == "NDARAA075AMK_Video1_Events.txt"
    assert named.n_triggers == 3


@pytest.mark.samples
def test_the_whole_folder_of_samples(samples):
    found = {finding.path.name: finding for finding in scan([samples])}
    assert len(found) == 41
    bad = {name: f.status for name, f in found.items() if f.status in ("truncated", "corrupt")}
    names = (
        "S001R01_crlf_damaged.edf", "test_raw_h5.set",
        "MSNV_Study_1_Data_Export.tsv",  # without a column of time
    )  # fmt: skip
    assert bad == dict.fromkeys(names, "corrupt")
    mixed = found.pop("test_reduced.edf")
    assert (mixed.status, mixed.sfreq) == ("suspicious", None)
    assert "several sampling rates" in mixed.reason
    assert all(f.duration_s is not None for name, f in found.items() if name not in bad)
    unsampled = {name for name, f in found.items() if not f.sfreq and name not in bad}
    events = ("4Ctest_fixation.csv", "P123456_Data_Fixations.tsv", "P61-Event-Data.tsv")
    assert unsampled == set(events)
    assert [file.suffix for file in found["testbva.vhdr"].files] == [".vhdr", ".dat", ".vmrk"]
    assert found["S001R03.edf"].n_triggers == 30


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sub-01/ses-2/eye/sub-01_ses-2_task-film_Samples.txt", ("01", "2")),
        ("sub-7_eeg.vhdr", ("7", None)),
        ("1_1_20180804.cnt", ("1", "1")),
        ("16_3.cnt", ("16", "3")),
        ("3_20180804_2.cnt", ("3", "2")),
        ("3_20180804.cnt", ("3", None)),
        ("S001R03.edf", (None, None)),
        ("20180804_1.cnt", (None, None)),
    ],
)
def test_subject_and_session_are_guessed_from_the_name(name, expected):
    assert guess_names(Path("/study") / name) == expected
