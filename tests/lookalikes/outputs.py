"""Output folders with tables of known content, without any recording behind them."""

from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.schema import BANDS, EYE_FEATURES, eeg_columns
from featpipe.tables import publish, windows_table
from pipelines.bridge_numbers import measure
from pipelines.bridge_tables import join
from pipelines.bridge_words import verdict

CHANNELS = ("FP1", "FPZ", "FP2", "T7", "CZ", "T8", "O1", "OZ", "O2")


def grid(n_subjects=3, n_sessions=1, n_trials=8, n_windows=20, n_classes=2):
    """Keys of every window: subject, session, trial, window, label."""
    rows = [
        (str(subject + 1), str(session + 1), trial + 1, window, trial % n_classes)
        for subject in range(n_subjects)
        for session in range(n_sessions)
        for trial in range(n_trials)
        for window in range(n_windows)
    ]
    return pd.DataFrame(rows, columns=["subject", "session", "trial", "window", "label"])


def trial_codes(keys):
    """Number of each window's trial over all recordings."""
    return keys.groupby(["subject", "session", "trial"], sort=False).ngroup().to_numpy()


def features(keys, n_columns, seed=0, effect=0.0, spread=0.5):
    """White noise within trials around a level per trial; the class moves every third column."""
    rng = np.random.default_rng(seed)
    trial = trial_codes(keys)
    x = rng.standard_normal((len(keys), n_columns))
    x += spread * rng.standard_normal((trial.max() + 1, n_columns))[trial]
    x[:, ::3] += effect * keys["label"].to_numpy()[:, np.newaxis]
    return x + 20


def write_output(
    out: Path, family: str, keys, x, channels=CHANNELS, *, dataset="lab", window_s=1.0,
    classes=("sad", "happy", "calm"), columns=None, about=None,
):  # fmt: skip
    """Write one file per recording; x (n_windows, n_columns) is channel-major."""
    is_eye = family == "eye"
    stem = family.removesuffix("_lds").removesuffix("_ma")
    columns = columns or (EYE_FEATURES if is_eye else eeg_columns(stem, BANDS, channels))
    keys = keys.assign(
        dataset=dataset,
        start_s=keys["window"] * window_s,
        stop_s=(keys["window"] + 1) * window_s,
        label_name=[classes[label] for label in keys["label"]],
        good=1.0,
    )
    about = {"family": family, "classes": list(classes)} | (about or {})
    about |= {} if is_eye else {"bands": {k: list(v) for k, v in BANDS.items()}}
    about |= {"recording": {"dataset": dataset}}
    for (subject, session), rows in keys.groupby(["subject", "session"]).indices.items():
        table = windows_table(keys.iloc[rows], x[rows], columns, about)
        path = out / "features" / family / f"sub-{subject}_ses-{session}.parquet"
        publish(table, path, out / ".staging")
    return out


def autoregression(keys, n_columns, phi, seed=3):
    """Series of variance 1 whose neighbouring windows correlate by `phi`, started in each trial."""
    trial = trial_codes(keys)
    x = np.random.default_rng(seed).standard_normal((len(keys), n_columns))
    for i in np.flatnonzero(np.r_[False, np.diff(trial) == 0]):
        x[i] = phi * x[i - 1] + np.sqrt(1 - phi * phi) * x[i]
    return x


def bridged(folder: Path, keys, a, b, *, keys_b=None, has_probes=False):
    """Write two outputs of DE; return the pair, its numbers and the verdict as one text."""
    for name, one, x in (("a", keys, a), ("b", keys if keys_b is None else keys_b, b)):
        write_output(folder / name, "de", one, x)
    pair = join(folder / "a", folder / "b", ("de", "de"))
    numbers = measure(pair, has_probes=has_probes)
    return pair, numbers, " ".join(verdict(pair, numbers))
