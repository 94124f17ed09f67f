"""Features as SEED-IV ships them, imported, against unsmoothed ones in nats of the same windows."""

import json

import numpy as np
import pandas as pd
from lookalikes import released_files
from lookalikes.one_worker import one_worker
from lookalikes.outputs import write_output

from featpipe.datasets import facts
from featpipe.montage import CAP62
from pipelines.__main__ import run

WANTED = [("1", "1"), ("2", "1")]


def test_shipped_features_are_known_as_smoothed_log2_of_ours(tmp_path, capsys):
    known = facts.facts_of("seed-iv")
    truth = released_files.write_seed_iv(tmp_path / "SEED_IV", known, WANTED)
    shipped, ours = tmp_path / "shipped", tmp_path / "ours"
    arguments = ["import", "seed-iv", str(tmp_path / "SEED_IV"), "-o", str(shipped)]
    assert run([*arguments, *one_worker()]) in (0, 3)  # most recordings were not downloaded
    rows, values = [], []
    for subject, session in WANTED:
        de, _, labels = truth[subject, session]
        for k, (x, label) in enumerate(zip(de, labels, strict=True), start=1):
            rows += [(subject, session, k, window, label) for window in range(len(x))]
            values.append(x.reshape(len(x), -1) * np.log(2) / 2)
    keys = pd.DataFrame(rows, columns=["subject", "session", "trial", "window", "label"])
    write_output(ours, "de", keys, np.concatenate(values), CAP62, window_s=4.0,
                 classes=known.classes)  # fmt: skip
    capsys.readouterr()
    page = tmp_path / "bridge.html"
    compared = ["bridge", str(ours), str(shipped), "-o", str(page), "--family", "de=de_lds"]
    assert run([*compared, "--json"]) == 0
    (pair,) = json.loads(capsys.readouterr().out)["pairs"]
    words = " ".join(pair["verdict"])
    assert pair["n_windows"] == len(keys)
    assert pair["warnings"] == []
    assert "A looks like nats, 0.5 ln of power, and B like log2 of power (scale 2.885)" in words
    assert "B is A smoothed by LDS" in words
    assert "The order of channels is the same: all 62" in words
