"""A small EEG-BIDS data set with eyes beside it, of known truth; simulated.

BrainVision at 500 Hz, white noise whose variance tells the class; pupils that are a line in the
time of the EEG, so that a wrong clock shows.
"""

import json
from zlib import crc32

import numpy as np
from naive_exports import write_brainvision

from lookalikes.bids_eye import EVENTS_SIDECAR, FIRST_MS, SCREEN, SIDECAR, eye_rows, write_table
from lookalikes.signals import trial_eeg

CH_NAMES = ("Fp1", "F3", "Oz", "Pz")
SFREQ = 500
CLASSES = ("negative", "positive")
ONSETS, LENGTH = (2.0, 9.0, 16.0, 23.0), 6.0
SECONDS = 31
START = 0.5
"""Of the eyes, seconds after the first sample of the EEG."""
STEP_MS = 8


def labels(session):
    """Classes of the four trials; another order in each session."""
    return (0, 1, 0, 1) if session % 2 else (1, 0, 0, 1)


def pupil(time):
    """Pupil size at a time of the EEG, s."""
    return 4000.0 + 10.0 * time


def events_text(session):
    """Trials among other events, not in their order."""
    rows = ["onset\tduration\ttrial_type\tvalue\tstim_file"]
    for i, (onset, label) in reversed(list(enumerate(zip(ONSETS, labels(session), strict=True)))):
        rows.append(f"{onset - 1}\t0\tcue\t9\tn/a")
        rows.append(f"{onset}\t{LENGTH}\t{CLASSES[label]}\t{label + 1}\tclip{i + 1}.mp4")
    return "\n".join([*rows, f"{SECONDS - 1}\tn/a\tanswer\t7\tn/a"]) + "\n"


def channels_text(bad=()):
    rows = ["name\ttype\tunits\tstatus"]
    kinds = dict.fromkeys(CH_NAMES, "EEG") | {"X1": "EOG"}
    rows += [f"{n}\t{k}\tµV\t{'bad' if n in bad else 'good'}" for n, k in kinds.items()]
    return "\n".join(rows) + "\n"


def write_recording(
    folder, subject, session, entities="_task-film", eyes=("left", "right"), bad=()
):
    """Write one recording with all that belongs to it; returns its header file."""
    session_name = f"_ses-{session}" if session else ""
    place = folder / f"sub-{subject}" / (f"ses-{session}" if session else "") / "eeg"
    place.mkdir(parents=True, exist_ok=True)
    stem = f"sub-{subject}{session_name}{entities}"
    own = entities.removeprefix("_task-film").encode()  # no two recordings are alike
    rng = np.random.default_rng([int(subject), int(session or 0), *own])
    x = 10 * rng.standard_normal((len(CH_NAMES) + 1, SECONDS * SFREQ))
    for onset, label in zip(ONSETS, labels(int(session or 1)), strict=True):
        at, n_times = int(onset * SFREQ), int(LENGTH * SFREQ)
        x[:-1, at : at + n_times] = trial_eeg(rng, label, len(CH_NAMES), n_times)
    write_brainvision(place, f"{stem}_eeg", (*CH_NAMES, "X1"), x)
    (place / f"{stem}_eeg.json").write_text(json.dumps({"SamplingFrequency": SFREQ}))
    (place / f"{stem}_channels.tsv").write_text(channels_text(bad), "utf-8")
    (place / f"{stem}_events.tsv").write_text(events_text(int(session or 1)), "utf-8")
    for eye in eyes:
        write_eye_of(place, stem, eye)
    return place / f"{stem}_eeg.vhdr"


def write_eye_of(place, stem, eye):
    n_times = int((SECONDS - START - 0.5) * 1000 / STEP_MS)
    rows = eye_rows(n_times, STEP_MS)
    rng = np.random.default_rng(crc32(stem.encode()))  # no two recordings are alike
    rows[:, 1:3] += rng.normal(0, 0.5, (n_times, 2))
    rows[:, 3] = pupil((rows[:, 0] - FIRST_MS) / 1000 + START)
    base = f"{stem}_recording-eye{1 if eye == 'left' else 2}"
    own = {"RecordedEye": eye, "StartTime": START}
    write_table(place / f"{base}_physio.tsv.gz", rows, own)
    said = f"{FIRST_MS + 80}\tn/a\tn/a\tn/a\tRECORD\n"
    write_table(place / f"{base}_physioevents.tsv.gz", said, EVENTS_SIDECAR)


def write_bids(folder, subjects=("01", "02", "10"), sessions=("1", "2")):
    """Write a data set; subjects by number, sessions "" for none."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"Name": "simulated", "BIDSVersion": "1.11.0"}
    (folder / "dataset_description.json").write_text(json.dumps(about))
    rows = ["participant_id\tage", *(f"sub-{subject}\t20" for subject in subjects)]
    (folder / "participants.tsv").write_text("\n".join(rows) + "\n")
    rate = {"SamplingFrequency": 1000 / STEP_MS}
    shared = {key: value for key, value in SIDECAR.items() if key != "StartTime"} | rate
    (folder / "task-film_physio.json").write_text(json.dumps(shared))
    (folder / "task-film_events.json").write_text(json.dumps(SCREEN))
    for subject in subjects:
        for session in sessions:
            write_recording(folder, subject, session)
    return folder
