"""Every real recording goes through `extract`, or fails with its defect named."""

import json

import naive
import numpy as np
import pandas as pd
import pytest

from featpipe.errors import ReadError
from featpipe.montage import pick_channels
from featpipe.reading import read_eeg, read_eye, sniff
from featpipe.schema import BANDS, EYE_FEATURES
from featpipe.tables import read_features, read_metadata
from pipelines.__main__ import run

pytestmark = pytest.mark.samples

REFUSED = {
    "S001R01_crlf_damaged.edf": "line ends",
    "test_reduced.edf": "name those of one rate in [eeg] channels",
    "test_raw_h5.set": "not beside it",
    "Analyzer_nV_Export.vhdr": "the longest trial has 0.004 s",
    "eeglab_test.cnt": "no EEG channel among VEOG, HEOG",
}
"""EEG samples that cannot be extracted, and a piece of the reason that must be given."""


def write_study(folder, root, rows, trials, window_s):
    pd.DataFrame(rows).to_csv(folder / "recordings.csv", index=False)
    pd.DataFrame(trials).to_csv(folder / "trials.csv", index=False)
    (folder / "study.toml").write_text(
        f'[study]\nname = "samples"\nroot = {json.dumps(str(root))}\nclasses = ["a", "b"]\n'
        f"[features]\nwindow_s = {window_s}\n"
    )
    return folder / "study.toml"


def subject_of(path):
    return path.name.replace(" ", "-")


def seconds_of(path):
    """Length of an EEG recording; any for one that cannot be opened, extraction must say why."""
    try:
        raw = read_eeg(path)
    except ReadError:
        return 1.0
    return raw.n_times / raw.info["sfreq"]


@pytest.fixture(scope="module")
def eeg_run(samples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("eeg")
    paths = [p for p in sorted((samples / "eeg").rglob("*")) if p.is_file() and sniff(p)]
    rows = [{"subject": subject_of(p), "session": 1, "eeg": p.relative_to(samples)} for p in paths]
    trials = [
        {"subject": subject_of(p), "session": 1, "trial": 1, "onset": 0, "label": "a",
         "offset": np.floor(s) if (s := seconds_of(p)) >= 1 else round(s, 3)}
        for p in paths
    ]  # fmt: skip
    study = write_study(folder, samples, rows, trials, 1.0)
    return folder, paths, run(["extract", str(study), "--workers", "2"])


def test_every_eeg_recording_is_extracted_or_named(eeg_run):
    folder, paths, code = eeg_run
    failures = pd.read_parquet(folder / "out/failures.parquet").set_index("subject")["reason"]
    made = {p.stem.removeprefix("sub-") for p in (folder / "out/features/de").glob("*.parquet")}
    assert code == 3
    assert len(paths) >= 20
    assert set(failures.index) == set(REFUSED)
    assert made == {f"{subject_of(p)}_ses-1" for p in paths if p.name not in REFUSED}
    for name, words in REFUSED.items():
        assert name in failures[name]
        assert words in failures[name]


def test_features_carry_the_channels_of_the_file(eeg_run):
    folder, paths, _ = eeg_run
    for path in paths:
        table = folder / f"out/features/de/sub-{subject_of(path)}_ses-1.parquet"
        if path.name in REFUSED:
            continue
        raw = read_eeg(path)
        channels = list(pick_channels(raw.ch_names, raw.get_channel_types()))
        frame = read_features(table)
        assert read_metadata(table)["channels"] == channels
        assert frame.shape[1] == 10 + 5 * len(channels)
        values = frame.iloc[:, 10:].to_numpy()
        is_good = frame["good"] > 0
        assert np.isfinite(values[is_good]).all(), path.name
        assert is_good.any() or read_metadata(table)["qc"]["flat_channels"], path.name


def test_a_recording_of_eog_only_is_extracted_when_its_channels_are_named(samples, tmp_path):
    row = {"subject": "A", "eeg": "eeg/neuroscan_cnt/eeglab_test.cnt"}
    trial = {"trial": 1, "onset": 0, "offset": 100, "label": "a"}
    study = write_study(tmp_path, samples, [row], [trial], 1.0)
    channels = "eeg.channels=['VEOG', 'HEOG']"
    assert run(["extract", str(study), "--workers", "1", "--set", channels]) == 0
    assert read_features(tmp_path / "out/features/de").shape == (100, 20)


@pytest.mark.parametrize(
    ("name", "edge"),
    [
        ("edf_physionet_eegmmidb/S001R03.edf", 0),
        ("ant_cnt/test_CA_208.vhdr", 1),
        ("neuroscan_cnt/scan41_short.cnt", 1),
        ("edf_bdf_mne/eeglab_test.bdf", 1),
    ],
    ids=["EDF at 160 Hz", "BrainVision at 1000 Hz", "Neuroscan at 400 Hz", "BDF at 256 Hz"],
)
def test_numbers_agree_with_mne_and_plain_numpy(eeg_run, samples, name, edge):
    """MNE's own filter and resampling, then DE by the definition: within 5e-3 nats."""
    path = samples / "eeg" / name
    raw = read_eeg(path).load_data()
    raw.pick(list(pick_channels(raw.ch_names, raw.get_channel_types()).values()))
    # at 25/32 MNE's polyphase branches pass DC unequally, and half a millivolt of it comes back as
    # tones at 8, 16 and 24 Hz (8e-3 nats): it is taken off first
    raw.apply_function(lambda x: x - x.mean())
    raw.filter(None, min(75.0, 0.4 * raw.info["sfreq"]), verbose="ERROR")
    if raw.info["sfreq"] > 200:
        raw.resample(200, method="polyphase", verbose="ERROR")
    x, sfreq = 1e6 * raw.get_data(), raw.info["sfreq"]
    n_window = round(sfreq)
    starts = np.arange(0, x.shape[1] - n_window + 1, n_window)
    expected = naive.differential_entropy(x, sfreq, BANDS, n_window, starts)
    found = read_features(eeg_run[0] / f"out/features/de/sub-{path.name}_ses-1.parquet")
    ours = found.iloc[:, 10:].to_numpy().reshape(len(found), -1, 5)
    inner = slice(edge, len(ours) - edge)  # beyond the ends both guess, each in its own way
    np.testing.assert_allclose(ours[inner], expected[: len(ours)][inner], atol=5e-3)
    assert ours.shape[1] == len(raw.ch_names) >= 16


def test_every_eye_recording_that_can_be_read_has_eye_features(samples, tmp_path):
    folders = ("smi_hbn", "smi_emdat", "smi_pymovements", "eyelink", "pupil_labs")
    paths = [p for d in folders for p in sorted((samples / "eye" / d).iterdir()) if sniff(p)]
    rows, trials = [], []
    for path in paths:
        eye = read_eye(path)
        times = [*eye.samples["time"], *eye.events["onset"], *eye.messages["time"]]
        bounds = eye.samples["time"] if len(eye.samples) else eye.events["onset"]
        rows.append({"subject": subject_of(path), "eye": path.relative_to(samples)})
        trials.append({"subject": subject_of(path), "trial": 1, "onset": bounds.min(),
                       "offset": bounds.max(), "label": 1})  # fmt: skip
        assert np.isfinite(times).all()
    for half in (0, 1):  # both names of a pair in one study would be one recording twice
        (tmp_path / f"{half}").mkdir()
        study = write_study(tmp_path / f"{half}", samples, rows[half::2], trials[half::2], 0.05)
        assert run(["extract", str(study), "--workers", "1"]) == 0
    assert len(paths) >= 9
    tables = {path.stem: path for path in tmp_path.glob("?/out/features/eye/*.parquet")}
    for path in paths:
        frame = read_features(tables[f"sub-{subject_of(path)}_ses-1"])
        assert tuple(frame.columns[10:]) == EYE_FEATURES
        seen = frame["good"] > 0
        assert seen.any(), path.name
        # an excerpt and exports without pupil columns
        has_pupil = path.name != "didec_example.txt" and "gaze_positions" not in path.name
        assert np.isfinite(frame.loc[seen, "eye_pupil_x_mean"]).any() == has_pupil, path.name
    events, both = (
        read_features(tables[f"sub-NDARAA075AMK_Video1_{x}.txt_ses-1"])
        for x in ("Events", "Samples")
    )
    np.testing.assert_array_equal(events.iloc[:, 10:], both.iloc[:, 10:])  # either name reads both
