"""A study full of defects: each is named or flagged, and the sound recordings are made."""

import re

import numpy as np
import pandas as pd
import pytest
from naive_exports import cnt_bytes, write_brainvision

from featpipe.tables import read_features
from pipelines.__main__ import run

pytestmark = pytest.mark.usefixtures("in_this_process")

SFREQ, SECONDS = 500, 12


def noise():
    return 20 * np.random.default_rng(0).standard_normal((3, SFREQ * SECONDS))


def write_eeg(folder, name, x, n_declared=3):
    return write_brainvision(folder, name, ("Fp1", "Oz", "Cz"), x, n_declared)


def write_cnt(folder, name, *, keep=None, **options):
    counts = np.round(noise() * 1000).astype(np.int64)
    options = {"events": [(500, 1), (1501, 2), (2003, 3), (3000, 4)], "sfreq": SFREQ, **options}
    (folder / f"{name}.cnt").write_bytes(cnt_bytes(counts, **options)[:keep])
    return f"{name}.cnt"


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    spoiled = noise()
    spoiled[1, 1800:1900] = np.nan
    spoiled[2, 4100] = np.inf
    files = {
        "sound": write_eeg(folder, "sound", noise()),
        "lost": write_eeg(folder, "lost", spoiled),
        "ends-early": write_eeg(folder, "early", noise()[:, : 7 * SFREQ]),
        "starts-late": write_eeg(folder, "late", noise()[:, :SFREQ]),
        "part-of-a-sample": write_eeg(folder, "part", noise()),
        "no-channel": write_eeg(folder, "none", noise(), n_declared=0),
        "sound-cnt": write_cnt(folder, "sound"),
        "cut-cnt": write_cnt(folder, "cut", keep=50_000),
        "not-there": "gone.vhdr",
    }
    part = folder / "part.eeg"
    part.write_bytes(part.read_bytes()[:-5])
    rows = [{"subject": name, "session": 1, "eeg": file} for name, file in files.items()]
    pd.DataFrame(rows).to_csv(folder / "recordings.csv", index=False)
    (folder / "trials.csv").write_text("trial,onset,offset,label\n1,2,6,0\n2,6,11,1\n")
    (folder / "study.toml").write_text('[study]\nname = "bad"\nclasses = ["a", "b"]\n')
    code = run(["extract", str(folder / "study.toml"), "--workers", "1"])
    return folder / "out", code


def table(out, subject):
    return read_features(out / f"features/de/sub-{subject}_ses-1.parquet")


def test_the_sound_ones_are_made_and_the_others_named(extracted):
    out, code = extracted
    assert code == 3
    reasons = pd.read_parquet(out / "failures.parquet").set_index("subject")["reason"]
    for subject, words in {
        "starts-late": r"first trial begins at 2\.000 s, outside the recording of 1\.000",
        "part-of-a-sample": r"part\.eeg has \d+ bytes, which is not a whole number of samples",
        "no-channel": r"NumberOfChannels in the header is 0, where one or more are expected",
        "cut-cnt": r"cut\.cnt: truncated: EventTablePos is \d+, the file ends at byte 50000",
        "not-there": r"gone\.vhdr: there is no such file",
    }.items():
        assert re.search(words, reasons.pop(subject)), subject
    assert reasons.empty
    for subject in ("sound", "sound-cnt"):
        made = table(out, subject)
        assert (made["good"] == 1).all()
        assert np.isfinite(made.iloc[:, 10:].to_numpy()).all()


def test_lost_samples_flag_their_windows_and_no_others(extracted):
    out, _ = extracted
    lost, sound = table(out, "lost"), table(out, "sound")
    is_nan = lost.iloc[:, 10:].isna().to_numpy().reshape(len(lost), 3, 5).all(axis=2)
    # 3.6 to 3.8 s of Oz and 8.2 s of Cz, and the filter around: one window each
    assert np.argwhere(is_nan).tolist() == [[1, 1], [6, 2]]
    assert (lost["good"] < 1).tolist() == [i in (1, 6) for i in range(9)]
    # channels that lost samples are computed in double precision around them
    np.testing.assert_allclose(
        lost.iloc[:, 10:].to_numpy()[~np.repeat(is_nan, 5, axis=1)],
        sound.iloc[:, 10:].to_numpy()[~np.repeat(is_nan, 5, axis=1)],
        atol=1e-5,
    )


def test_a_trial_that_ends_after_the_recording_keeps_its_rows(extracted):
    out, _ = extracted
    made = table(out, "ends-early")
    assert made["good"].tolist() == [1.0] * 5 + [0.0] * 4
    assert made.iloc[5:, 10:].isna().all(axis=None)


def test_a_family_that_is_impossible_costs_no_other_table(lab, capsys):
    options = ("--set", "features.eeg=dcau,de,dcau_ma")
    for _ in range(2):
        assert lab.extract(*options) == 3
        err = capsys.readouterr().err
        assert "02.vhdr: sub-02_ses-1: dcau, dcau_ma: no front-back pair" in err
        assert (table(lab.out, "01")["good"] == 1).all()
    assert not list(lab.out.glob("features/dcau*/*"))


def test_bad_channels_are_told_per_recording_and_most_of_them_with_advice(lab, capfd):
    x = 20 * np.random.default_rng(0).standard_normal((20, SFREQ * SECONDS))
    x[1:] += 40 * np.random.default_rng(1).standard_normal(SFREQ * SECONDS)
    x[0] = 0.0
    names = [f"E{i}" for i in range(1, 21)]
    lab.record("01", names, x)
    lab.record("02", names, np.zeros_like(x))
    assert lab.extract("--set", "eeg.bad_channels=mark") == 0
    err = capfd.readouterr().err
    assert "sub-01_ses-1: 1 of 20 channels are bad (E1 flat)\n" in err
    told = "sub-02_ses-1: 20 of 20 channels are bad (E1 flat, E2 flat, "
    (line,) = [line for line in err.splitlines() if line.startswith(told)]
    assert "E8 flat, ... (20 in all)). Electrodes seldom break together: look at the unit" in line
    assert lab.extract("--set", "eeg.bad_channels=interpolate") == 3
    err = capfd.readouterr().err
    assert "Electrodes seldom break together" in err
    assert 'mend this, or set [eeg] bad_channels = "keep"' in err
