"""Parquet tables of a study -> tensors ready to train on."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pandas as pd
import torch

from bench.size import Size
from bench.table import OURS, Row, timed
from bench.timing import take_turns
from bench.windows import write_tables
from featpipe.schema import KEYS
from models.batches import to_device
from models.loading import load_windows

COMPARED = (
    "read, check, join and sort all windows, into tensors; correctness: largest difference from "
    "the tensors of ours"
)


def rows(folder: Path, size: Size) -> Iterator[Row]:
    """Read the same files with featpipe and with pandas."""
    n_subjects, n_windows = size.loading
    files = write_tables(folder, n_subjects, n_windows)
    tools = {OURS: partial(_ours, files), "pandas.read_parquet": partial(_pandas, files)}
    found = take_turns(tools, size.n_runs)
    ours = found[OURS].result
    case = f"{len(files)} recordings x {n_windows} windows x {ours[0].numel()} features"
    for name, times in found.items():
        difference = float((times.result - ours).abs().max())
        yield timed("loading", case, name, times, {"difference": difference}, COMPARED)


def _ours(files: Sequence[Path]) -> torch.Tensor:
    return to_device(load_windows({"eeg": files}), ["eeg"], "cpu").x["eeg"]


def _pandas(files: Sequence[Path]) -> torch.Tensor:
    """Do what a lab's script does: nothing is checked."""
    frame = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    frame = frame.sort_values(["dataset", "subject", "session", "trial", "window"])
    x = frame.drop(columns=list(KEYS)).to_numpy("float32", copy=True)
    return torch.from_numpy(x).view(len(x), 62, 5)
