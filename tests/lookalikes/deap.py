"""A folder as DEAP ships it, small: pickles as Python 2 wrote them, MATLAB files, BDF, ratings.

Names, types, channels and trials are those of the release; trials are short, and nobody was
recorded. Trial k of `sNN.dat` is video k; in `sNN.bdf` videos come in a subject's own order.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.io import savemat

from featpipe.datasets.facts import Facts, facts_of
from lookalikes.signals import trial_eeg

SECONDS = 4
TRUE_FACTS = facts_of("deap")
RAW_SFREQ = 512
# BioSemi's order of the same 32, as s01 to s22 have it
TWENTE = tuple(
    "Fp1 AF3 F7 F3 FC1 FC5 T7 C3 CP1 CP5 P7 P3 Pz PO3 O1 Oz O2 PO4 P4 P8 CP6 CP2 C4 T8 FC6 FC2 F4 "
    "F8 AF4 Fp2 Fz Cz".split()
)
OTHERS = ("EXG1 EXG2 EXG3 EXG4 EXG5 EXG6 EXG7 EXG8 GSR1 GSR2 Erg1 Erg2 Resp Plet Temp").split()


class Truth(NamedTuple):
    """What was written.

    Attributes
    ----------
    ratings : dict of int to array, shape (40, 4)
        Subject -> ratings in the order of videos.
    order : dict of int to array of int, shape (40,)
        Subject -> video of each trial, from 1, in the order of presentation.
    labels : dict of int to array of int, shape (40,)
        Subject -> 1 where the video has a valence above 5.
    """

    ratings: dict[int, np.ndarray]
    order: dict[int, np.ndarray]
    labels: dict[int, np.ndarray]


def short_facts(n_trials: int = 40) -> Callable[[str], Facts]:
    """Stand for `facts_of`: videos of 4 s, and as many of them as that."""
    of = TRUE_FACTS.session("1")
    session = replace(of, seconds=(SECONDS,) * n_trials, stimuli=of.stimuli[:n_trials])
    short = replace(TRUE_FACTS, sessions=(session,))
    return lambda name: short if name == "deap" else facts_of(name)


def truth(subjects: Sequence[int], n_trials: int = 40) -> Truth:
    """Draw ratings and orders; half of the videos are liked by most."""
    ratings, order = {}, {}
    for subject in subjects:
        rng = np.random.default_rng(subject)
        one = rng.uniform(1.0, 9.0, (n_trials, 4))
        one[:, 0] = np.where(np.arange(n_trials) % 2, rng.uniform(5.1, 9, n_trials),
                             rng.uniform(1, 4.9, n_trials))  # fmt: skip
        ratings[subject] = one
        order[subject] = 1 + rng.permutation(n_trials)
    labels = {subject: (one[:, 0] > 5).astype(int) for subject, one in ratings.items()}
    return Truth(ratings, order, labels)


def stored_data(subject: int, labels: np.ndarray, sfreq: int = 128) -> np.ndarray:
    """Signal of the preprocessed files, (n_trials, 40, 3 s and the video): noise by the label."""
    rng = np.random.default_rng(1000 + subject)
    n_times = (3 + SECONDS) * sfreq
    return np.array([trial_eeg(rng, label, 40, n_times) for label in labels])


def write_python(
    folder: Path,
    truth: Truth,
    *,
    write: Callable[[Path, dict[str, np.ndarray]], None] | None = None,
) -> None:
    """Write data_preprocessed_python/sNN.dat."""
    inner = folder / "data_preprocessed_python"
    inner.mkdir(parents=True, exist_ok=True)
    for subject, ratings in truth.ratings.items():
        content = {"labels": ratings, "data": stored_data(subject, truth.labels[subject])}
        (write or write_pickle)(inner / f"s{subject:02}.dat", content)


def write_matlab(folder: Path, truth: Truth) -> None:
    """Write data_preprocessed_matlab/sNN.mat."""
    inner = folder / "data_preprocessed_matlab"
    inner.mkdir(parents=True, exist_ok=True)
    for subject, ratings in truth.ratings.items():
        content = {"data": stored_data(subject, truth.labels[subject]), "labels": ratings}
        savemat(inner / f"s{subject:02}.mat", content, do_compression=True)


def write_pickle(path: Path, content: dict[str, np.ndarray]) -> None:
    """Pickle a dict of float64 arrays, protocol 2, byte by byte as Python 2 with NumPy 1 did."""
    out = b"\x80\x02}q\x01("
    for name, array in content.items():
        out += b"U" + bytes([len(name)]) + name.encode()
        out += b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01("
        out += b"".join(b"M" + struct.pack("<H", n) for n in array.shape) + b"t"
        out += b"cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNN" + b"J\xff\xff\xff\xff" * 2
        out += b"K\x00tb\x89T" + struct.pack("<i", array.nbytes) + array.tobytes() + b"tb"
    path.write_bytes(out + b"u.")


def write_original(folder: Path, truth: Truth, *, is_rated: bool = True) -> None:
    """Write data_original/sNN.bdf and metadata_csv/participant_ratings.csv."""
    inner = folder / "data_original"
    inner.mkdir(parents=True, exist_ok=True)
    for subject, order in truth.order.items():
        write_bdf(inner / f"s{subject:02}.bdf", subject, truth.labels[subject][order - 1])
    if is_rated:
        write_ratings(folder / "metadata_csv", truth)


def write_ratings(folder: Path, truth: Truth) -> None:
    """Write participant_ratings.csv: a row per subject and trial, in the order of presentation."""
    names = "Participant_id,Trial,Experiment_id,Start_time,Valence,Arousal,Dominance,Liking"
    rows = [f"{names},Familiarity"]
    for subject, order in truth.order.items():
        for trial, video in enumerate(order, start=1):
            values = ",".join(f"{value:.4f}" for value in truth.ratings[subject][video - 1])
            start = 1_000_000 * 70 * trial
            rows.append(f"{subject},{trial},{video},{start},{values},{'' if subject == 2 else 3}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "participant_ratings.csv").write_text("\r\n".join([*rows, ""]), encoding="utf-8")


def write_bdf(
    path: Path,
    subject: int,
    labels: np.ndarray,
    *,
    sfreq: int = RAW_SFREQ,
    codes: dict[int, int] | None = None,
) -> None:
    """Write trials of 1 s of rating (code 1), 1 s of cross (3), the video (4) and 1 s of cross (5).

    From s24 on Status has no name and its upper bits are set; from s29 on two channels have none.
    Noise is loud by the label while the video runs; `codes` replaces some codes by others.
    """
    eeg = list(TWENTE if subject < 23 else TRUE_FACTS.channels)
    nameless = [""] if subject >= 29 else []
    names = [*eeg, *OTHERS, *nameless, "Status" if subject < 24 else ""]
    stretch = (3 + SECONDS) * sfreq
    rng = np.random.default_rng(2000 + subject)
    status, parts = np.zeros(2 * sfreq, int), [10 * rng.standard_normal((32, 2 * sfreq))]
    for label in labels:
        x = 10 * rng.standard_normal((32, stretch))
        loud = trial_eeg(rng, label, 32, SECONDS * sfreq)
        at = [TRUE_FACTS.channels.index(name) for name in eeg]
        x[:, 2 * sfreq : (2 + SECONDS) * sfreq] = loud[at]
        held = np.zeros(stretch, int)
        for second, code in ((0, 1), (1, 3), (2, 4), (2 + SECONDS, 5)):
            held[second * sfreq : second * sfreq + 40] = (codes or {}).get(code, code)
        parts.append(x)
        status = np.concatenate([status, held])
    status = status + (0x18FF00 if subject >= 24 else 0)
    x = np.concatenate(parts, axis=1)
    counts = np.zeros((len(names), x.shape[1]), int)
    counts[:32] = np.round(x / 0.03125)
    counts[-1] = status
    path.write_bytes(_bdf_head(names, x.shape[1] // sfreq, sfreq) + _records(counts, sfreq))


def _bdf_head(names: Sequence[str], n_records: int, sfreq: int) -> bytes:
    n, is_status = len(names), [i == len(names) - 1 for i in range(len(names))]
    fixed = ["\xffBIOSEMI", "", "", "01.02.10", "10.11.12", str(256 * (n + 1)), "24BIT"]
    fixed += [str(n_records), "1", str(n)]
    widths = [8, 80, 80, 8, 8, 8, 44, 8, 8, 4]
    head = "".join(text.ljust(width) for text, width in zip(fixed, widths, strict=True))
    for width, texts in (
        (16, names),
        (80, ["Triggers and Status" if one else "Active Electrode" for one in is_status]),
        (8, ["Boolean" if one else "uV" for one in is_status]),
        (8, ["-8388608" if one else "-262144" for one in is_status]),
        (8, ["8388607" if one else "262144" for one in is_status]),
        (8, ["-8388608"] * n),
        (8, ["8388607"] * n),
        (80, ["No filtering"] * n),
        (8, [str(sfreq)] * n),
        (32, ["Reserved"] * n),
    ):
        head += "".join(text.ljust(width) for text in texts)
    return head.encode("latin-1")


def _records(counts: np.ndarray, sfreq: int) -> bytes:
    """24-bit numbers, (n_channels, n_times), one record per second."""
    by_record = counts.reshape(len(counts), -1, sfreq).transpose(1, 0, 2)
    return by_record.astype("<i4").reshape(-1, 1).view(np.uint8)[:, :3].tobytes()
