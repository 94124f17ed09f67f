"""Feature tables and windows of a study of some subjects, with a signal that can be learned."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.montage import CAP62
from featpipe.schema import BANDS, KEYS, eeg_columns
from featpipe.tables import publish, windows_table
from models.loading import Windows

N_CLASSES, N_EYE = 4, 31
WINDOW_S = 4.0
_TRIAL = 35  # windows


def keys_of(subject: str, n_windows: int, session: str = "1") -> pd.DataFrame:
    """Return the key columns of one recording: trials of 35 windows, their classes in turn."""
    trial, window = np.divmod(np.arange(n_windows), _TRIAL)
    label = trial % N_CLASSES
    frame = pd.DataFrame(
        {
            "dataset": "bench", "subject": subject, "session": session,
            "trial": (trial + 1).astype(np.int32), "window": window.astype(np.int32),
            "start_s": WINDOW_S * window, "stop_s": WINDOW_S * (window + 1),
            "label": label.astype(np.int8), "label_name": np.array(list("abcd"))[label],
            "good": np.float32(1),
        }
    )  # fmt: skip
    return frame[list(KEYS)]


def make_windows(n_subjects: int, n_windows: int) -> Windows:
    """Draw noise that the class moves by a third of its spread in four features of each kind."""
    rng = np.random.default_rng(3)
    keys = pd.concat(
        [keys_of(f"{i + 1:02}", n_windows) for i in range(n_subjects)], ignore_index=True
    )
    label = keys["label"].to_numpy(np.int64)
    shapes = {"eeg": (len(CAP62), len(BANDS)), "eye": (N_EYE,)}
    x = {
        name: rng.standard_normal((len(keys), *shape), dtype=np.float32)
        for name, shape in shapes.items()
    }
    signal = np.eye(N_CLASSES, dtype=np.float32)[label] / 3
    x["eeg"][:, :N_CLASSES, 0] += signal
    x["eye"][:, :N_CLASSES] += signal
    columns = {
        "eeg": tuple(eeg_columns("de", BANDS, CAP62)),
        "eye": tuple(f"eye_{i}" for i in range(N_EYE)),
    }
    classes = ("a", "b", "c", "d")
    return Windows(keys, x, label, classes, tuple(CAP62), dict(BANDS), columns, {})


def write_tables(folder: Path, n_subjects: int, n_windows: int) -> list[Path]:
    """Write DE tables of three sessions per subject, as extraction writes them."""
    about = {
        "family": "de", "classes": list("abcd"), "channels": list(CAP62),
        "bands": {name: list(edges) for name, edges in BANDS.items()}, "options": {},
    }  # fmt: skip
    columns = eeg_columns("de", BANDS, CAP62)
    rng = np.random.default_rng(4)
    paths = []
    for subject, session in product(range(1, n_subjects + 1), "123"):
        x = rng.standard_normal((n_windows, len(columns)), dtype=np.float32)
        table = windows_table(keys_of(f"{subject:02}", n_windows, session), x, columns, about)
        paths.append(folder / "de" / f"sub-{subject:02}_ses-{session}.parquet")
        publish(table, paths[-1], folder / ".staging")
    return paths
