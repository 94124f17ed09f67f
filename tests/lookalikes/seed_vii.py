"""A folder that looks like SEED-VII: 67 channels, Tobii exports with commas, triggers on the wall.

Dates are those of the release where they are known, and made up for the other recordings.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.io import savemat

from featpipe.datasets.facts import Facts, SessionFacts
from lookalikes.cnt_files import SFREQ, WITH_MASTOIDS, brief, write_raw
from lookalikes.signals import trial_eeg

CH_NAMES = (*WITH_MASTOIDS, "ECG", "HEO", "VEO")
DATES = {
    "1": {"1": "20221001", "3": "20221008"},
    "9": {"1": "20221104", "3": "20221111"},
    "14": {"1": "20221015", "3": "20221022"},
}
EYE_HZ = 100
EYES_BEFORE_S = 7.25
"""The eye tracker was started so long before the amplifier."""
MAT_SECONDS = (3, 4)
"""Odd and even clips of the preprocessed files."""


def two_sessions(of: Facts) -> Facts:
    """Sessions 1 and 3, which have the recordings without usable marks, with short trials."""
    return replace(of, sessions=tuple(brief(of.session(k)) for k in ("1", "3")))


def stem(subject: str, session: str) -> str:
    """Name of a recording's files."""
    return f"{subject}_{DATES[subject][session]}_{session}"


def delay(subject: str, session: str) -> float:
    """Seconds by which the clips of a recording come later than those of the others."""
    return 0.5 * int(session) + int(subject) / 100


def moments(about: SessionFacts, subject: str, session: str) -> np.ndarray:
    """Begin and end of each clip, one after the other, seconds of the EEG."""
    spans = np.stack([about.onsets, about.offsets], axis=1)
    return spans.ravel() + delay(subject, session)


def write_seed_vii(folder: Path, of: Facts, subjects: Sequence[str] = ("1", "9", "14")) -> None:
    """Write the raw recordings of some subjects, with eyes and triggers."""
    for name in ("EEG_raw", "EYE_raw", "save_info"):
        (folder / name).mkdir(parents=True)
    for subject in subjects:
        for session in of.session_names():
            write_recording(folder, of, subject, session)


def write_recording(folder: Path, of: Facts, subject: str, session: str) -> None:
    """Write the files of one recording."""
    name, about = stem(subject, session), of.session(session)
    times = moments(about, subject, session)
    moved = replace(about, onsets=tuple(times[::2]), offsets=tuple(times[1::2]))
    marks = [(round(time * SFREQ), 1 + i % 2) for i, time in enumerate(times)]
    if name == "14_20221015_1":
        marks = []
    elif name in of.starts:
        marks = [(100 + sample // 3, 1) for sample, _ in marks[:27]]
    date, seed = DATES[subject][session], 100 * int(subject) + int(session)
    path = folder / "EEG_raw" / f"{name}.cnt"
    write_raw(path, moved, CH_NAMES, date, marks=marks, seed=seed)
    start = pd.Timestamp(f"{date} {of.starts.get(name, '14:00:00.125')}")
    late = np.random.default_rng(seed).uniform(0, 0.004, times.size) * (name not in of.starts)
    rows = [
        f"{1 + i % 2},{start + pd.Timedelta(seconds=time):%Y-%m-%d %H:%M:%S.%f}"
        for i, time in enumerate(times - late)
    ]
    (folder / "save_info" / f"{name}_trigger_info.csv").write_text("\n".join([*rows, ""]))
    eye_start = start - pd.Timedelta(seconds=EYES_BEFORE_S)
    write_eyes(folder / "EYE_raw" / f"{name}.tsv", moved, eye_start)


def write_eyes(path: Path, about: SessionFacts, start: pd.Timestamp) -> None:
    """Write a Tobii export; pupils are wider where labels are higher."""
    time = np.arange(round((about.offsets[-1] + EYES_BEFORE_S + 1) * EYE_HZ)) / EYE_HZ
    pupil = np.full(time.size, 3.0)
    for onset, offset, label in zip(about.onsets, about.offsets, about.labels, strict=True):
        is_inside = (time >= onset + EYES_BEFORE_S) & (time < offset + EYES_BEFORE_S)
        pupil[is_inside] = 3.0 + 0.2 * label
    in_cycle = np.arange(time.size) % 40  # 350 ms of fixation, 50 ms of saccade
    is_fixation = in_cycle < 35
    left = 500 + 100.0 * (np.arange(time.size) // 40 % 2)
    pupil += int(path.stem.split("_")[0]) / 1000  # nobody's eyes are another's to the bit
    table = pd.DataFrame(
        {
            "Recording timestamp": (1e6 * time).astype(int),
            "Sensor": "Eye Tracker",
            "Participant name": "P",
            "Recording name": "Recording1",
            "Recording date": f"{start:%Y/%m/%d}",
            "Recording start time": f"{start:%H:%M:%S.%f}"[:-3],
            "Event": "",
            "Gaze point left X": left.astype(int),
            "Gaze point left Y": 400,
            "Gaze point right X": left.astype(int),
            "Gaze point right Y": 400,
            "Pupil diameter left": [f"{size:.3f}".replace(".", ",") for size in pupil],
            "Pupil diameter right": [f"{size + 0.1:.3f}".replace(".", ",") for size in pupil],
            "Validity left": "Valid",
            "Validity right": "Valid",
            "Eye movement type": np.where(is_fixation, "Fixation", "Saccade"),
            "Gaze event duration": np.where(is_fixation, 350, 50),
            "Eye movement type index": np.arange(time.size) // 40 + 1,
        }
    )
    table.to_csv(path, sep="\t", index=False)


def write_preprocessed(folder: Path, of: Facts, subjects: Sequence[str]) -> None:
    """Write EEG_preprocessed, whole seconds at 200 Hz, and files of the same names beside it."""
    for name in ("EEG_preprocessed", "EYE_features", "continuous_labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for subject in subjects:
        rng = np.random.default_rng(int(subject))
        clips = {
            stimulus: trial_eeg(rng, label, 62, 200 * MAT_SECONDS[int(stimulus) % 2])
            for about in of.sessions
            for label, stimulus in zip(about.labels, about.stimuli, strict=True)
        }
        savemat(folder / "EEG_preprocessed" / f"{subject}.mat", clips)
        savemat(folder / "EYE_features" / f"{subject}.mat", {"1": np.zeros((62, 33))})
        savemat(folder / "continuous_labels" / f"{subject}.mat", {"1": np.zeros((1, 99))})
