"""Look-alikes of SEED, SEED-GER and SEED-FRA: names, shapes and oddities as described, no person.

Trials are shorter and fewer than in the releases (`small`), and white noise.
"""

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
from naive_seed_eyes import sheet, trial
from naive_workbooks import xls_bytes
from scipy.io import savemat

from featpipe.datasets.facts import Facts, SessionFacts
from featpipe.montage import CAP62
from featpipe.simulate.neuroscan import write_cnt
from lookalikes.signals import trial_eeg

SUBJECTS = ("1", "2", "10")  # as text, 10 comes before 2
INITIALS = {"1": "djc", "2": "jl", "10": "ww"}
GAP_S = 2  # between trials of a raw recording
NUM_SAMPLES_AT = 864  # byte of a .cnt header
CNT_NAMES = (*CAP62[:32], "M1", *CAP62[32:41], "M2", *CAP62[41:], "VEO", "HEO")
"""The 66 channels of the amplifier: the mastoids lie in the middle."""


def small(facts: Facts, n_trials: int = 6, seconds: int = 4) -> Facts:
    """The same data set with its first trials only, of `seconds` to two more, as sessions differ.

    Of sessions without published seconds nothing is told here either: `lengths` has them.
    """
    return replace(facts, sessions=tuple(_small(of, n_trials, seconds) for of in facts.sessions))


def lengths(session: str, n_trials: int = 6, seconds: int = 4) -> tuple[int, ...]:
    """Seconds of the trials of a session, of their own in each."""
    return tuple(seconds + k * int(session) % 3 for k in range(1, n_trials + 1))


def _small(of: SessionFacts, n_trials: int, seconds: int) -> SessionFacts:
    of_session = lengths(of.sessions[0], n_trials, seconds)
    onsets = [float(GAP_S + sum(of_session[:k]) + GAP_S * k) for k in range(n_trials)]
    offsets = [onset + length for onset, length in zip(onsets, of_session, strict=True)]
    return replace(
        of,
        labels=of.labels[:n_trials],
        seconds=of_session if of.seconds else (),
        onsets=tuple(onsets) if of.onsets else (),
        offsets=tuple(offsets) if of.offsets else (),
        stimuli=of.stimuli[:n_trials],
    )


def write_mat(
    path: Path, initials: str, labels: tuple[int, ...], seconds: tuple[int, ...], seed: int,
    *, more: int = 1, packed: bool = False,
) -> Path:  # fmt: skip
    """Write trials of 62 channels at 200 Hz, one sample too many each, 10 before 2."""
    rng = np.random.default_rng(seed)
    content = {
        f"{initials}_eeg{k}": trial_eeg(rng, label, 62, 200 * n + more)
        for k, (label, n) in enumerate(zip(labels, seconds, strict=True), start=1)
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {name: content[name] for name in sorted(content)}, do_compression=packed)
    return path


def write_preprocessed(folder: Path, facts: Facts, subjects=SUBJECTS) -> Path:
    """Write Preprocessed_EEG: a file per subject and date, and what lies among them."""
    for subject in subjects:
        for session in facts.session_names():
            of = facts.session(session)
            name = f"{subject}_{facts.dates[session][subject]}.mat"
            seed = 100 * int(subject) + int(session)
            write_mat(
                folder / name, INITIALS[subject], of.labels, of.seconds, seed, packed=seed == 101
            )
    released = [[facts.released_labels[i] for i in facts.sessions[0].labels]]
    savemat(folder / "label.mat", {"label": np.array(released)})
    (folder / "readme.txt").write_text("label.mat: 1 positive, 0 neutral, -1 negative\n")
    return folder


def time_text(of: SessionFacts) -> str:
    """time.txt: two lists of samples at 1000 Hz, broken into lines, ending as MATLAB has it."""
    lists = []
    for name, times in (("start", of.onsets), ("end", of.offsets)):
        numbers = [f"{round(1000 * time)}" for time in times]
        rows = [",".join(numbers[i : i + 4]) for i in range(0, len(numbers), 4)]
        lists.append(f"{name}_point_list = [{(',' + chr(10) + '   ').join(rows)}];\n")
    return "".join(lists)


def write_raw(
    path: Path, of: SessionFacts, labels: tuple[int, ...], seed: int,
    *, sfreq: int = 1000, declared: int | None = None, until: float | None = None,
) -> Path:  # fmt: skip
    """Write a recording of 66 channels without events; `declared` is NumSamples of its header."""
    rng = np.random.default_rng(seed)
    n_times = int(sfreq * (of.offsets[-1] + GAP_S if until is None else until))
    x = rng.standard_normal((66, n_times))
    cap = [CNT_NAMES.index(name) for name in CAP62]
    for label, onset, offset in zip(labels, of.onsets, of.offsets, strict=True):
        start, stop = (round(time * sfreq) for time in (onset, min(offset, n_times / sfreq)))
        if start < stop:
            x[cap, start:stop] = trial_eeg(rng, label, 62, stop - start)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_cnt(path, x, CNT_NAMES, sfreq, ())
    if declared is not None:
        content = bytearray(path.read_bytes())
        struct.pack_into("<i", content, NUM_SAMPLES_AT, declared)
        path.write_bytes(content)
    return path


def write_raws(folder: Path, facts: Facts, labels=None, subjects=SUBJECTS, sfreq=1000) -> Path:
    """Write recordings <subject>_<session>.cnt and their time.txt; one has a NumSamples of -732."""
    for subject in subjects:
        for session in facts.session_names():
            of = facts.session(session)
            write_raw(
                folder / f"{subject}_{session}.cnt", of, labels or of.labels,
                100 * int(subject) + int(session), sfreq=sfreq,
                declared=-732 if (subject, session) == ("2", "1") else None,
            )  # fmt: skip
    (folder / "time.txt").write_text(time_text(facts.sessions[0]), "utf-8")
    return folder


def eye_trial(subject: str, session: str, number: int) -> dict[str, np.ndarray]:
    """Eye events of some four seconds; none of the second trial is a blink."""
    seed = 10000 * int(subject) + 100 * int(session) + number
    return trial(seed, n_fixations=8, n_blinks=0 if number == 2 else 2)


def write_books(folder: Path, facts: Facts, subjects=SUBJECTS, n_trials: int | None = None) -> Path:
    """Write <subject>_<session>.xls, a sheet per trial."""
    folder.mkdir(parents=True, exist_ok=True)
    for subject in subjects:
        for session in facts.session_names():
            n = n_trials or len(facts.session(session).onsets)
            sheets = {f"{k}": sheet(eye_trial(subject, session, k)) for k in range(1, n + 1)}
            (folder / f"{subject}_{session}.xls").write_bytes(xls_bytes(sheets))
    return folder


def write_window_labels(path: Path, labels, bounds: SessionFacts, window_s: int) -> Path:
    """Write the .npz of a recording's features: labels of windows, trials to train on first."""
    counts = [int((b - a) / window_s) for a, b in zip(bounds.onsets, bounds.offsets, strict=True)]
    parts = [np.full(n, label) for n, label in zip(counts, labels, strict=True)]
    n_train = 2 * len(parts) // 3
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path,
        train_data=np.void(b"\x80\x04}\x94."),  # an empty pickled dict
        test_data=np.void(b"\x80\x04}\x94."),
        train_label=np.concatenate(parts[:n_train]),
        test_label=np.concatenate(parts[n_train:]),
    )
    return path
