"""Numbers must not move unnoticed: a small study's features against stored ones.

When this fails and the change is meant, raise VERSION in pipelines/steps/extract.py (or the
family's in featpipe/features/table.py), write CHANGELOG under "Results", and store the new numbers:
FEATPIPE_GOLDEN=write pytest tests/pipelines/test_golden.py
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from featpipe.tables import read_features, read_metadata

GOLDEN = Path(__file__).parents[1] / "golden" / "features.json"


@pytest.mark.parametrize("family", ["de", "eye"])
def test_features_are_those_that_were_stored(finished_study, family):
    path = finished_study / f"out/features/{family}/sub-1_ses-1.parquet"
    frame = read_features(path)
    picks = ["good", *frame.columns[10:][:: 37 if family == "de" else 1]]
    found = {name: np.round(frame[name].astype(float), 4).tolist() for name in picks}
    found["version"] = read_metadata(path)["version"]
    stored = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    if os.environ.get("FEATPIPE_GOLDEN") == "write":
        text = json.dumps(stored | {family: found}, sort_keys=True)
        GOLDEN.write_text(text.replace('], "', '],\n"') + "\n")
        return
    assert stored[family].pop("version") == found.pop("version"), "store the new numbers"
    for name, values in stored[family].items():
        np.testing.assert_allclose(
            found[name], values, atol=2e-3, rtol=1e-4, equal_nan=True,
            err_msg=f"{name} moved: raise the version, or fix the regression (see this file)",
        )  # fmt: skip
