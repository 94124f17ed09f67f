"""Which windows belong together: tables of two kinds, missing windows."""

import numpy as np
import pytest
from lookalikes.outputs import CHANNELS, features, grid, trial_codes, write_output

from featpipe.errors import ConfigError
from featpipe.features.agreement import smoothed
from pipelines.bridge_joins import smoothed_windows
from pipelines.bridge_tables import join

N_COLUMNS = 5 * len(CHANNELS)


@pytest.fixture
def keys():
    return grid(n_subjects=2, n_trials=4, n_windows=10)


def write(out, keys, **options):
    return write_output(out, "de", keys, features(keys, N_COLUMNS), **options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"about": {"units": {"de": "as released"}}},
            "units are .* in sub-1.*as released in sub-2",
        ),
        ({"about": {"step": "import"}}, "made from recordings in .*, released features in"),
        ({"about": {"released": {"smoothing": "LDS"}}}, "smoothing is None in .*, LDS in"),
        ({"window_s": 2.0}, "s of a window are 1.0 in 1/1, 2.0 in 2/1"),
    ],
)
def test_two_kinds_of_tables_in_one_family_are_refused(tmp_path, keys, options, told):
    out = tmp_path / "out"
    write(out, keys[keys["subject"] == "1"], about={"units": {"de": "nat"}})
    same = {"about": {"units": {"de": "nat"}}}
    options = {**options, "about": same["about"] | options.get("about", {})}
    write(out, keys[keys["subject"] == "2"], **options)
    with pytest.raises(ConfigError, match=f"two kinds: {told}"):
        join(out, out, ("de", "de"))


def test_windows_missing_inside_trials_are_told_from_shorter_trials(tmp_path, keys):
    a = write(tmp_path / "a", keys)
    inside = (keys["trial"] == 2) & keys["window"].isin([3, 6])
    ends = (keys["trial"] == 3) & (keys["window"] > 7)
    begins = (keys["trial"] == 4) & (keys["window"] < 1)
    b = write(tmp_path / "b", keys[~(inside | ends | begins)])
    assert join(a, b, ("de", "de")).notes == [
        "4 windows only in A: trials are shorter in B, 1/1/3, 2/1/3",
        "2 windows only in A: trials begin later in B, 1/1/4, 2/1/4",
        "4 windows only in A: windows inside trials are missing in B, 1/1/2, 2/1/2",
    ]


def test_whole_trials_are_smoothed_not_what_is_left_of_them_after_the_join(tmp_path, keys):
    a = write(tmp_path / "a", keys)
    x = smoothed(features(keys, N_COLUMNS), trial_codes(keys), "LDS")
    kept = np.random.default_rng(1).random(len(keys)) > 0.4
    b = write_output(tmp_path / "b", "de_lds", keys[kept], x[kept])
    pair = join(a, b, ("de", "de_lds"))
    assert len(pair.keys) == kept.sum()
    assert smoothed_windows(pair.whole_a, "LDS") == pytest.approx(pair.b, abs=1e-4)
    assert smoothed_windows(pair.whole_a, "LDS", [3]) == pytest.approx(pair.b[:, [3]], abs=1e-4)


def test_a_window_missing_in_a_trial_is_a_gap_for_the_smoother(tmp_path, keys):
    x = features(keys, N_COLUMNS).astype(np.float32)
    kept = (keys["window"] != 4).to_numpy()
    out = write_output(tmp_path / "a", "de", keys[kept], x[kept])
    x[~kept] = np.nan
    found = smoothed_windows(join(out, out, ("de", "de")).whole_a, "moving average")
    assert found == pytest.approx(smoothed(x, trial_codes(keys), "moving average")[kept], abs=1e-4)


def test_windows_that_are_numbered_by_time_are_taken_in_their_order(tmp_path, keys):
    x = features(keys, N_COLUMNS).astype(np.float32)
    out = write_output(tmp_path / "a", "de", keys.assign(window=1000 * keys["window"]), x)
    whole = join(out, out, ("de", "de")).whole_a
    assert len(whole.values) == len(keys)
    assert whole.values[whole.rows] == pytest.approx(x)


def test_two_public_data_sets_have_no_subject_in_common(tmp_path, keys):
    for out, name in (("a", "SEED"), ("b", "seed-v")):
        write(tmp_path / out, keys, dataset=name)
    pair = join(tmp_path / "a", tmp_path / "b", ("de", "de"))
    assert "A is of seed, B of seed-v: their subjects are other people" in pair.warnings[0]
