"""Raw Neuroscan recordings of the SEED family: real orders of channels, slips of real headers."""

import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from featpipe.datasets.facts import Facts, SessionFacts
from featpipe.montage import CAP62
from featpipe.simulate.neuroscan import write_cnt
from lookalikes.signals import deviation

SFREQ = 200
"""Hz; the real ones have 1000."""

_AT = CAP62.index("TP7"), CAP62.index("TP8") + 1
WITH_MASTOIDS = (*CAP62[: _AT[0]], "M1", *CAP62[_AT[0] : _AT[1]], "M2", *CAP62[_AT[1] :])
"""The mastoids stand in the middle, as the cap is wired."""


def brief(of: SessionFacts, length_s: int = 2, pause_s: int = 1) -> SessionFacts:
    """The same session with short trials, so that its files are small."""
    onsets = [float(pause_s + i * (length_s + pause_s)) for i in range(len(of.labels))]
    ends = [onset + length_s for onset in onsets]
    return SessionFacts(
        of.sessions, of.labels, (length_s,) * len(ends), tuple(onsets), tuple(ends), of.stimuli
    )


def brief_facts(of: Facts) -> Facts:
    """The same data set with short trials."""
    return replace(of, sessions=tuple(map(brief, of.sessions)))


def write_raw(
    path: Path,
    about: SessionFacts,
    ch_names: Sequence[str],
    date: str,
    *,
    marks: Sequence[tuple[int, int]] = (),
    n_declared: int | None = None,
    seed: int = 0,
) -> None:
    """Write noise that is louder in trials of higher labels, 1 s longer than the last trial.

    `date` is YYYYMMDD; `marks` are samples and codes; `n_declared` is what NumSamples shall say.
    """
    rng = np.random.default_rng(seed)
    n_times = round((about.offsets[-1] + 1) * SFREQ)
    scale = np.ones((len(ch_names), n_times), np.float32)
    channels = [CAP62.index(name) if name in CAP62 else 0 for name in ch_names]
    for onset, offset, label in zip(about.onsets, about.offsets, about.labels, strict=True):
        loud = [deviation(label, channel) for channel in channels]
        scale[:, round(onset * SFREQ) : round(offset * SFREQ)] = np.array(loud)[:, None]
    x = scale * rng.standard_normal(scale.shape, dtype=np.float32)
    write_cnt(path, x, ch_names, SFREQ, marks)
    with path.open("r+b") as file:
        file.seek(225)
        file.write(f"{date[4:6]}/{date[6:]}/{date[2:4]}".encode())
        if n_declared is not None:
            file.seek(864)
            file.write(struct.pack("<i", n_declared))
