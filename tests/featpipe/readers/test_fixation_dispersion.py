"""Dispersion of fixations against a loop."""

import numpy as np
import pandas as pd
import pytest

from featpipe.readers.eye_frames import events_frame
from featpipe.readers.fixation_dispersion import add_dispersion
from featpipe.reading import read_eye
from featpipe.recording import empty_samples


def frames(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    n_times = 400
    names = [f"gaze_{axis}_{eye}" for eye in ("left", "right") for axis in "xy"]
    gaze = rng.uniform(0, 1000, (n_times, 4))
    gaze[rng.random((n_times, 4)) < 0.2] = np.nan
    samples = empty_samples().reindex(range(n_times))
    samples["time"] = 1000 + np.arange(n_times) * 0.004
    samples[names] = gaze
    onsets = np.sort(rng.choice(n_times, 30, replace=False)) * 0.004 + 1000
    table = {"kind": "fixation", "onset": onsets, "duration": rng.integers(0, 20, 30) * 0.004}
    saccades = {"kind": "saccade", "eye": "left", "onset": onsets, "duration": onsets * 0 + 0.02}
    return events_frame([table | {"eye": "left"}, table | {"eye": "right"}, saccades]), samples


@pytest.mark.parametrize("with_last", [False, True])
def test_equals_a_loop_over_fixations(with_last):
    events, samples = frames(np.random.default_rng(6))
    found = add_dispersion(events, samples, with_last)
    for row in found.itertuples():
        time = samples["time"] - row.onset
        inside = samples[(time > -1e-6) & (time < row.duration + (1e-6 if with_last else -1e-6))]
        for axis in "xy":
            gaze = inside[f"gaze_{axis}_{row.eye}"].to_numpy()
            expected = np.nan
            if row.kind == "fixation" and np.isfinite(gaze).any():
                expected = np.nanmax(gaze) - np.nanmin(gaze)
            np.testing.assert_equal(getattr(row, f"dispersion_{axis}"), expected)


def test_what_the_tracker_gave_is_kept():
    events, samples = frames(np.random.default_rng(7))
    events["dispersion_x"] = 5.0
    assert (add_dispersion(events, samples)["dispersion_x"] == 5).all()


def test_without_samples_there_is_none():
    events, _ = frames(np.random.default_rng(8))
    assert add_dispersion(events, empty_samples())["dispersion_x"].isna().all()


@pytest.mark.samples
@pytest.mark.parametrize("eye", ["left", "right"])
def test_smi_counts_the_last_sample(samples, eye):
    """Its own dispersions are these, the fraction of a pixel cut off."""
    export = read_eye(samples / "eye/smi_hbn/NDARAA075AMK_Video1_Samples.txt")
    theirs = export.events[(export.events["kind"] == "fixation") & (export.events["eye"] == eye)]
    untold = theirs.assign(dispersion_x=np.nan, dispersion_y=np.nan)
    whole, cut = (
        add_dispersion(untold, export.samples, with_last)["dispersion_x"].to_numpy()
        for with_last in (True, False)
    )
    told = theirs["dispersion_x"].to_numpy()
    assert (np.floor(whole) == told).mean() > 0.99
    assert (np.floor(cut) == told).mean() < 0.7
