"""Tables that `featpipe import` made, beside their truth."""

import numpy as np
import pandas as pd

from featpipe.schema import KEYS
from pipelines.__main__ import run


def imported(name, root, *options):
    """Run `featpipe import`; its exit code and output folder."""
    out = root.parent / "out"
    return run(["import", name, str(root), "-o", str(out), *options]), out


def table(out, family, subject="1", session="1"):
    return pd.read_parquet(out / f"features/{family}/sub-{subject}_ses-{session}.parquet")


def check_keys(frame, truth, window_s=4.0):
    """Trials, windows, seconds and labels of a table are those of the truth."""
    de, _, labels = truth
    assert list(frame.columns[: len(KEYS)]) == list(KEYS)
    expected = [(k, i, labels[k - 1]) for k, x in enumerate(de, start=1) for i in range(len(x))]
    assert list(zip(frame["trial"], frame["window"], frame["label"], strict=True)) == expected
    np.testing.assert_array_equal(frame["start_s"], frame["window"] * window_s)
    np.testing.assert_array_equal(frame["stop_s"], (frame["window"] + 1) * window_s)
    assert (frame["good"] == 1).all()


def check_column(frame, column, x):
    """A column is that of the truth, up to single precision."""
    np.testing.assert_allclose(frame[column], x, rtol=2e-6, atol=1e-6)
