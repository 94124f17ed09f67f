"""Which windows belong together: tables of two kinds, missing windows."""

import pytest
from lookalikes.outputs import CHANNELS, features, grid, write_output

from featpipe.errors import ConfigError
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
