"""Synthetic windows with known answers."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from featpipe.schema import BANDS, KEYS
from models.loading import Windows

CLASSES = ("negative", "neutral", "positive")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def key_table(n_subjects, n_sessions, n_trials, n_windows, dataset="sim") -> pd.DataFrame:
    """Every window of a complete study; the label of trial t is t mod 3."""
    rows = [
        (dataset, str(subject), str(session), trial, window, float(window), window + 1.0)
        for subject in range(1, n_subjects + 1)
        for session in range(1, n_sessions + 1)
        for trial in range(1, n_trials + 1)
        for window in range(n_windows)
    ]
    keys = pd.DataFrame(rows, columns=list(KEYS)[:7])
    keys["label"] = (keys["trial"] % len(CLASSES)).astype("int8")
    keys["label_name"] = np.array(CLASSES)[keys["label"].to_numpy(np.int64)]
    keys["good"] = np.float32(1.0)
    return keys


@pytest.fixture(name="key_table")
def key_table_fixture() -> Callable[..., pd.DataFrame]:
    return key_table


@pytest.fixture(scope="session")
def make_windows() -> Callable[..., Windows]:
    """Function that draws windows: class centres `separation` standard deviations from 0."""

    def make(
        n_subjects=4, n_sessions=1, n_trials=6, n_windows=6, separation=2.0, seed=0, dataset="sim"
    ) -> Windows:
        keys = key_table(n_subjects, n_sessions, n_trials, n_windows, dataset)
        label = keys["label"].to_numpy(np.int64)
        centres = np.random.default_rng(99)  # the same classes whatever the seed
        rng = np.random.default_rng(seed)
        x = {}
        for name, shape in (("eeg", (4, 5)), ("eye", (6,))):
            centre = centres.choice([-1.0, 1.0], size=(len(CLASSES), *shape))
            noise = rng.normal(size=(len(keys), *shape))
            x[name] = (10 + 3 * (separation * centre[label] + noise)).astype(np.float32)
        ch_names = ("FP1", "FP2", "O1", "O2")
        return Windows(
            keys=keys,
            x=x,
            label=label,
            classes=CLASSES,
            ch_names=ch_names,
            bands=BANDS,
            columns={
                "eeg": tuple(f"de_{band}_{name}" for name in ch_names for band in BANDS),
                "eye": tuple(f"eye_{i}" for i in range(6)),
            },
            options={"eeg": {}, "eye": {}},
        )

    return make


@pytest.fixture(scope="session")
def windows(make_windows) -> Windows:
    """Four subjects, six trials of six windows, classes far apart."""
    return make_windows()


@pytest.fixture(scope="session")
def shuffle_labels() -> Callable[[Windows], Windows]:
    """Function that gives every trial of every subject a label of its own, balanced, at random."""

    def shuffle(windows: Windows) -> Windows:
        rng = np.random.default_rng(5)
        label = windows.label.copy()
        for _, rows in windows.keys.groupby("subject").indices.items():
            trial = windows.keys["trial"].to_numpy()[rows]
            trials = np.unique(trial)
            drawn = rng.permutation(np.arange(len(trials)) % len(CLASSES))
            label[rows] = drawn[np.searchsorted(trials, trial)]
        keys = windows.keys.assign(label=label.astype(np.int8))
        return replace(windows, keys=keys, label=label)

    return shuffle
