"""Orders and pairs told by names, against the published lists and against measured positions."""

import re

import mne
import numpy as np
import pytest

from featpipe.montage import LEFT_RIGHT
from models.encoders.electrodes import ROWS, electrode_pairs, eye_pairs

ROW_OF = {name: i for i, row in enumerate(ROWS) for name in row.split(":")}
BIOSEMI = [f"{bank}{i}" for bank in "AB" for i in range(1, 33)]
EMOTIV = "AF3 F7 F3 FC5 T7 P7 O1 O2 P8 T8 FC6 F4 F8 AF4".split()


def lists(pairs):
    """Return indices: row left, row right, column left, column right."""
    return [[pair[side] for pair in order] for order in pairs for side in (0, 1)]


def named(ch_names):
    """Return the left electrodes, by row and by column."""
    return [[ch_names[pair.left] for pair in order] for order in electrode_pairs(ch_names)]


@pytest.fixture(scope="module")
def positions():
    """Name -> place on the head, x to the right and y to the front, of 10-05 names."""
    is_new = "colin27_1005" in mne.channels.get_builtin_montages()  # as spelled since MNE 1.13
    montage = mne.channels.make_standard_montage("colin27_1005" if is_new else "standard_1005")
    found = montage.get_positions()["ch_pos"]
    return {name.upper(): place for name, place in found.items()}


def test_orders_of_the_cap_are_the_published_ones(cap, load_parity):
    ref = load_parity("bihdm_eeg")
    expected = [ref[f"stream_{name}"].tolist() for name in ("lh", "rh", "lv", "rv")]
    assert lists(electrode_pairs(cap)) == expected


def test_cmcrd_leaves_out_two_pairs(cap):
    whole = lists(electrode_pairs(cap))
    some = lists(electrode_pairs(cap, leave_out=("po5", "CB2")))
    left_out = {cap.index(name) for name in ("PO5", "PO6", "CB1", "CB2")}
    assert some == [[i for i in order if i not in left_out] for order in whole]
    assert [len(order) for order in some] == [25] * 4


def test_pairs_are_those_of_the_asymmetry_features(cap):
    assert {(cap[left], cap[right]) for left, right in electrode_pairs(cap).by_row} == {*LEFT_RIGHT}


def test_the_order_of_the_table_decides_nothing(cap):
    mixed = np.random.default_rng(0).permutation(cap).tolist()
    assert named(mixed) == named(cap)


def test_mirror_images_lie_on_the_other_side(positions):
    names = list(positions)
    pairs = electrode_pairs(names).by_row
    assert len(pairs) > 130
    for pair in pairs:
        left, right = positions[names[pair.left]], positions[names[pair.right]]
        assert left[0] < 0 < right[0]
        np.testing.assert_allclose(left[1:], right[1:], atol=0.013)


def test_rows_run_from_front_to_back_and_within_a_row_to_the_middle(positions):
    by_row, _ = named(list(positions))
    rows: dict[float, list[str]] = {}
    for name in by_row:
        rows.setdefault(ROW_OF[re.sub(r"\d+H?$", "", name)], []).append(name)
    front = [np.mean([positions[name][1] for name in row]) for row in rows.values()]
    assert len(front) > 15
    assert (np.diff(front) < 0).all()
    for row in rows.values():
        x, _, z = np.array([positions[name] for name in row]).T
        angle = np.arctan2(-x, z + 0.06)  # around the head's axis from back to front
        assert (np.diff(angle) < 0).all(), row


def test_columns_run_from_front_to_back(positions, cap):
    _, by_column = named([name for name in cap if name in positions])
    front = np.array([positions[name][1] for name in by_column])
    assert (np.diff(front) > 0).sum() == 3  # four columns begin in front


def test_other_caps_and_spellings():
    assert named(EMOTIV) == [
        "AF3 F7 F3 FC5 T7 P7 O1".split(),
        "F7 T7 P7 AF3 FC5 O1 F3".split(),
    ]
    assert named(["Fp2", "t4", "T3", "fp1", "Cz", "T6", "T5"])[0] == ["fp1", "T3", "T5"]
    assert named(["FCC3h", "FCC4h", "FCC5h", "FCC6h", "FCC3", "FCC4"])[0] == [
        "FCC5h", "FCC3", "FCC3h",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [[], ["CZ", "PZ"], ["F3", "F5", "C4"], BIOSEMI, ["E1", "E2", "A1", "A2"], ["F3", "F4-1"]],
)
def test_what_has_no_mirror_image_is_in_no_pair(names):
    assert electrode_pairs(names) == ((), ())


def test_columns_of_a_left_and_a_right_eye():
    columns = [
        "eye_pupil_left_mean", "eye_blinks", "eye_pupil_left_std", "eye_pupil_right_std",
        "eye_gaze_l_mean", "eye_pupil_right_mean", "eye_gaze_r_mean", "eye_x_right_mean",
    ]  # fmt: skip
    assert lists(eye_pairs(columns)) == [[0, 2, 4], [5, 3, 6], [0, 4, 2], [5, 6, 3]]
    assert eye_pairs(["eye_pupil_x_mean", "eye_pupil_y_mean"]) == ((), ())
