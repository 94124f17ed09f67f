"""Values that are none, or no signal: tables have NaN and `good` for them, never infinity."""

import re

import numpy as np
import pandas as pd
import pytest
from lookalikes import one_process

from pipelines import running

VALUES = {"nan": np.nan, "inf": np.inf, "minus": -np.inf, "large": 1e30, "tiny": 1e-40, "zero": 0.0}
FAMILIES = "features.eeg=de,psd,de_lds,de_ma,dasm,rasm,de_bandpass"
SPOILT = slice(1500, 2500)  # 3 to 5 s: the last of four windows of trial 1, and three of trial 2


@pytest.fixture
def tables(lab, monkeypatch):
    """Tables of recordings in which one channel has one value for two seconds."""

    monkeypatch.setattr(running, "_run", one_process.run)
    rows = ["subject,session,eeg"]
    for seed, (name, value) in enumerate(VALUES.items()):
        x = 20 * np.random.default_rng(seed).standard_normal((4, 6000))
        x[0, SPOILT] = value
        if name in ("tiny", "zero"):
            x[1] = value
        file = lab.record(name, ("Fp1", "Fp2", "Fz", "Cz"), np.zeros_like(x))
        header = lab.folder / file
        text = header.read_text(encoding="utf-8").replace("INT_16", "IEEE_FLOAT_32")
        header.write_text(re.sub(r"(Ch\d=[^,]*,[^,]*,)[^,]*", r"\g<1>1", text), encoding="utf-8")
        header.with_suffix(".eeg").write_bytes(x.T.astype("<f4").tobytes())
        rows.append(f"{name},1,{file}")
    (lab.folder / "recordings.csv").write_text("\n".join(rows))
    assert lab.extract("--set", FAMILIES) == 0
    return {path: pd.read_parquet(path) for path in lab.out.glob("features/*/*.parquet")}


def test_no_table_has_an_infinite_value(tables):
    assert len(tables) == 7 * len(VALUES)
    for path, frame in tables.items():
        values = frame.select_dtypes("number").to_numpy(float, na_value=np.nan)
        assert not np.isinf(values).any(), path
        assert frame["good"].between(0, 1).all()


def test_what_was_lost_is_nan_and_lowers_good(tables):
    """Of one channel of four for two seconds, or of all the time as well of another one."""
    for path, frame in tables.items():
        if path.parent.name != "de":
            continue
        name = path.stem.removeprefix("sub-").removesuffix("_ses-1")
        lost = frame.filter(like="_FP1").isna().all(axis=1)
        if name in ("tiny", "zero"):
            assert frame.filter(like="_FP2").isna().all(axis=None)
        else:
            assert lost.any()
            assert not lost.all()
            assert (frame.loc[lost, "good"] < 1).all()
            assert frame.filter(like="_CZ").notna().all(axis=None)
