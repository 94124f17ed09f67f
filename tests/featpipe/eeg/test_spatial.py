import mne
import naive_cleaning
import numpy as np
import pytest
from scipy import signal

from featpipe.eeg.bad_channels import BadChannel, ChannelSurvey
from featpipe.eeg.eog_regression import EogRegression
from featpipe.eeg.interpolation import MIN_GOOD, head_montage, interpolation_matrix
from featpipe.eeg.spatial import apply, clean, plan, reference_matrix
from featpipe.errors import ConfigError, ReadError
from featpipe.montage import CAP62
from featpipe.simulate.head import electrode_positions, field

INPUTS = (*CAP62, "M1", "M2", "HEO", "VEO")
N = len(CAP62)
BAD = (
    BadChannel("FP1", "flat", 1.0),
    BadChannel("CB1", "noisy", 0.6),
    BadChannel("C3", "noisy", 1.0),
)
BAD_NAMES = [bad.name for bad in BAD]


@pytest.fixture(scope="module")
def x():
    """Smooth fields over the head, and eyes that reach channels and mastoids alike."""
    rng = np.random.default_rng(4)
    at = electrode_positions((*CAP62, "M1", "M2"))
    sources = 4 * rng.standard_normal((N, 3000))
    brain = field(at, electrode_positions(CAP62)) @ sources
    eyes = 60 * signal.resample(rng.standard_normal((2, 90)), 3000, axis=1)  # below 3 Hz
    return np.vstack([brain + rng.uniform(0, 0.5, (N + 2, 2)) @ eyes, eyes])


@pytest.fixture(scope="module")
def weights(x):
    return weights_of(x)


def weights_of(x):
    regression = EogRegression(len(x), [N + 2, N + 3], 200.0)
    regression.add(x)
    return regression.weights()


def test_nothing_asked_changes_nothing(x):
    spatial = plan(INPUTS, N)
    assert np.array_equal(clean(spatial, x), x[:N])
    assert spatial.bad == spatial.interpolated == spatial.left_bad == ()
    assert spatial.reference == spatial.eog == ()


def test_the_average_reference_makes_the_mean_zero(x):
    spatial = plan(INPUTS, N, reference=("average",))
    y = clean(spatial, x)
    assert np.allclose(y.mean(axis=0), 0, atol=1e-12)
    assert np.allclose(y, x[:N] - x[:N].mean(axis=0), atol=1e-11)


def test_a_bad_channel_has_no_part_in_the_average(x):
    spatial = plan(INPUTS, N, reference=("average",), bad_channels="mark", bad=BAD)
    y = clean(spatial, x)
    good = [i for i, name in enumerate(CAP62) if name not in BAD_NAMES]
    assert np.allclose(y[good].mean(axis=0), 0, atol=1e-12)
    assert np.allclose(y, x[:N] - x[good].mean(axis=0), atol=1e-11)
    assert spatial.left_bad == tuple(BAD_NAMES)


@pytest.mark.parametrize("names", [("M1", "M2"), ("m1",), ("CZ",), ("M2", "M2", "Oz")])
def test_a_named_reference_is_plain_subtraction(x, names):
    rows = [INPUTS.index(name) for name in {name.upper() for name in names}]
    y = clean(plan(INPUTS, N, reference=names), x)
    assert np.allclose(y, x[:N] - x[rows].mean(axis=0), atol=1e-11)


def test_marking_reports_and_changes_nothing(x):
    spatial = plan(INPUTS, N, bad_channels="mark", bad=BAD)
    assert np.array_equal(clean(spatial, x), x[:N])
    assert (spatial.bad, spatial.interpolated, spatial.left_bad) == (BAD, (), tuple(BAD_NAMES))


def interpolated_by_mne(x, names, bad, montage):
    raw = mne.io.RawArray(x, mne.create_info(list(names), 200.0, "eeg"), verbose="ERROR")
    raw.set_montage(montage, match_case=False)
    raw.info["bads"] = list(bad)
    return raw.interpolate_bads(verbose="ERROR").get_data()


def test_interpolation_is_that_of_mne(x):
    spatial = plan(INPUTS, N, bad_channels="interpolate", bad=BAD)
    y = clean(spatial, x)
    assert np.allclose(
        y, interpolated_by_mne(x[:N], CAP62, BAD_NAMES, head_montage(CAP62)), rtol=0, atol=1e-9
    )
    assert spatial.interpolated == tuple(BAD_NAMES)
    assert spatial.left_bad == ()
    assert not spatial.matrix[:, [CAP62.index(name) for name in BAD_NAMES]].any()


def test_the_fitted_sphere_makes_little_difference_on_a_whole_cap():
    names = [name for name in CAP62 if not name.startswith("CB")]
    template = (
        "colin27_1005" if "colin27_1005" in mne.channels.get_builtin_montages() else "standard_1005"
    )
    montage = mne.channels.make_standard_montage(template)
    ours, _ = interpolation_matrix(names, ["FP1", "C3"])
    theirs = interpolated_by_mne(np.eye(len(names)), names, ["FP1", "C3"], montage)
    assert 0 < np.abs(ours - theirs).max() < 0.05


def test_nothing_is_interpolated_from_names_that_mean_other_places():
    names = [f"{row}{i}" for row in "ABCDEF" for i in range(1, 9)]  # C3, F4 ... of a BioSemi cap
    matrix, interpolated = interpolation_matrix(names, ["A1", "C3"])
    assert interpolated == ()
    np.testing.assert_array_equal(matrix, np.eye(len(names)))


def test_interpolation_restores_a_smooth_field():
    at = electrode_positions(CAP62)
    smooth = np.vstack([np.ones(N), at.T, at[:, 0] * at[:, 1], at[:, 2] ** 2])
    matrix, _ = interpolation_matrix(CAP62, ["C3", "PZ", "F4"])
    assert np.allclose(matrix @ smooth.T, smooth.T, rtol=0, atol=0.06)


def test_old_names_and_spellings_have_positions():
    names = ["Fp1.", "EEG T3-REF", "t8", "Cz", "Pz", "Oz", "F3", "F4", "P3", "P4", "O1"]
    matrix, done = interpolation_matrix(names, ["EEG T3-REF"])
    new = ["FP1", "T7", "T8", "CZ", "PZ", "OZ", "F3", "F4", "P3", "P4", "O1"]
    assert done == ("EEG T3-REF",)
    assert np.array_equal(matrix, interpolation_matrix(new, ["T7"])[0])


def test_a_channel_without_a_position_keeps_its_signal(x):
    names = ("X7", *INPUTS[1:])
    bad = (BadChannel("X7", "flat", 1.0), BadChannel("C3", "noisy", 1.0))
    spatial = plan(names, N, bad_channels="interpolate", reference=("average",), bad=bad)
    assert spatial.interpolated == ("C3",)
    assert spatial.left_bad == ("X7",)
    y = clean(spatial, x)
    assert np.allclose(y[1:].mean(axis=0), 0, atol=1e-12)  # X7 is not part of the average
    identity = plan(names, N, bad_channels="interpolate", bad=bad).matrix
    assert np.array_equal(identity[0], np.eye(len(names))[0])


def test_too_few_good_channels_are_not_stretched_over_the_head():
    names = list(CAP62[:MIN_GOOD])
    matrix, done = interpolation_matrix(names, names[:1])
    assert done == ()
    assert np.array_equal(matrix, np.eye(MIN_GOOD))
    assert interpolation_matrix([*names, "OZ"], names[:1])[1] == ("FP1",)


def test_eyes_go_first_then_bad_channels_then_the_reference(x, weights):
    options = {"eog": ("HEO", "VEO"), "weights": weights}
    spatial = plan(
        INPUTS, N, bad_channels="interpolate", bad=BAD, reference=("M1", "M2"), **options
    )
    y = x - weights @ x[[N + 2, N + 3]]
    y[:N] = interpolated_by_mne(y[:N], CAP62, BAD_NAMES, head_montage(CAP62))
    assert np.allclose(clean(spatial, x), y[:N] - y[[N, N + 1]].mean(axis=0), atol=1e-9)
    assert spatial.matrix.shape == (N, len(INPUTS))
    assert spatial.eog == ("HEO", "VEO")


def test_the_eyes_are_gone_from_the_result(x, weights):
    spatial = plan(INPUTS, N, reference=("M1", "M2"), eog=("HEO", "VEO"), weights=weights)
    y = clean(spatial, x)
    before, after = (naive_cleaning.within_seconds(np.vstack([z, x[N + 2 :]])) for z in (x[:N], y))
    assert np.abs(np.corrcoef(before)[:N, N:]).max() > 0.3
    assert np.abs(np.corrcoef(after)[:N, N:]).max() < 1e-6


def test_an_eye_channel_that_never_moves_is_not_reported_as_used(weights):
    weights = weights * [1, 0]
    spatial = plan(INPUTS, N, eog=("HEO", "VEO"), weights=weights)
    assert spatial.eog == ("HEO",)
    with pytest.raises(ReadError, match="HEO, VEO never move"):
        plan(INPUTS, N, eog=("HEO", "VEO"), weights=0 * weights)


def test_a_lost_input_stays_where_it_is_needed(x):
    x = x[:, :200].copy()
    c3, m1 = CAP62.index("C3"), INPUTS.index("M1")
    x[c3, 10:20], x[m1, 50:60], x[0, 90] = np.nan, np.nan, np.inf
    bad = (BadChannel("CP3", "flat", 1.0),)
    spatial = plan(INPUTS, N, bad_channels="interpolate", bad=bad)
    lost = np.isnan(clean(spatial, x))
    assert set(np.flatnonzero(lost[:, 15])) == {c3, CAP62.index("CP3")}
    assert not lost[:, 50:60].any()  # no reference: the mastoid is not needed
    assert set(np.flatnonzero(lost[:, 90])) == {0, CAP62.index("CP3")}
    referred = np.isnan(clean(plan(INPUTS, N, reference=("M1", "M2")), x))
    assert referred[:, 50:60].all()
    assert not referred[:, 60:90].any()


def test_what_is_not_lost_is_the_plain_product(x):
    rng = np.random.default_rng(6)
    matrix = rng.standard_normal((4, 7)) * (rng.random((4, 7)) < 0.5)
    y = rng.standard_normal((7, 50))
    assert np.allclose(apply(matrix, y), matrix @ y, rtol=0, atol=1e-13)
    y[rng.random(y.shape) < 0.1] = np.nan
    expected = naive_cleaning.apply(matrix, y)
    assert np.allclose(apply(matrix, y), expected, equal_nan=True)
    assert 0 < np.isnan(expected).sum() < expected.size


def test_a_sample_is_the_same_whatever_block_it_comes_in(x, weights):
    spatial = plan(INPUTS, N, reference=("average",), eog=("HEO",), weights=weights[:, :1])
    cuts = [1, 2, 5, 500, 513, 1540, 1541, 2999]
    parts = [clean(spatial, block) for block in np.split(x, cuts, axis=1)]
    assert np.array_equal(np.concatenate(parts, axis=1), clean(spatial, x))


def test_the_average_is_that_of_the_channels_known_at_the_moment(x):
    x = x.copy()
    x[3, 100:110], x[7] = np.nan, np.nan
    y = clean(plan(INPUTS, N, reference=("average",), keeps_level=False), x)
    expected = x[:N] - np.nanmean(x[:N], axis=0)
    assert np.allclose(y, expected, atol=1e-9, equal_nan=True)
    assert np.isnan(y).sum() == 10 + x.shape[1]


def test_an_average_of_levels_is_lost_with_any_of_its_channels(x):
    x = x.copy()
    x[3, 100:110] = np.nan
    y = clean(plan(INPUTS, N, reference=("average",)), x)
    assert np.isnan(y[:, 100:110]).all()
    assert np.array_equal(np.isnan(y).any(axis=0), np.isnan(x[3]))


def test_the_reference_matrix_is_a_projection():
    matrix = reference_matrix(6, [1, 4])
    assert np.allclose(matrix @ matrix, matrix)
    assert np.allclose(matrix @ np.ones(6), 0)


def test_more_bad_than_good_channels_are_refused():
    bad = [BadChannel(name, "uncorrelated", 0.9) for name in CAP62[:32]]
    assert plan(INPUTS, N, bad_channels="mark", bad=bad).left_bad == CAP62[:32]
    for options in (
        {"bad_channels": "keep", "reference": ("average",)},
        {"bad_channels": "interpolate"},
        {"bad_channels": "mark", "reference": ("average",)},
    ):
        with pytest.raises(ReadError, match=r"32 of 62 channels are bad \(FP1 uncorrelated"):
            plan(INPUTS, N, bad=bad, **options)


def test_wrong_names_are_told():
    with pytest.raises(ConfigError, match=r"reference: unknown channel 'M3': did you mean '"):
        plan(INPUTS, N, reference=("M3",))
    with pytest.raises(ConfigError, match='"average" stands alone'):
        plan(INPUTS, N, reference=("average", "M1"))
    with pytest.raises(ConfigError, match=r"eog: unknown channel 'LEO'"):
        plan(INPUTS, N, eog=("LEO",), weights=np.ones((len(INPUTS), 1)))
    with pytest.raises(ReadError, match="reference: C3 is a bad channel"):
        plan(INPUTS, N, reference=("C3",), bad_channels="mark", bad=BAD)
    with pytest.raises(ValueError, match="eog without weights"):
        plan(INPUTS, N, eog=("HEO",))


def test_from_a_pass_over_blocks_to_a_repaired_recording(x):
    rng = np.random.default_rng(2)
    x = x + 0.5 * rng.standard_normal(x.shape)
    spoiled = x.copy()
    spoiled[CAP62.index("C3")] = 5.0
    survey = ChannelSurvey(CAP62, 200.0, 200.0, 75.0)
    regression = EogRegression(len(x), [N + 2, N + 3], 200.0)
    for block in np.split(spoiled, [700, 711, 2000], axis=1):
        survey.add(block[:N], block[:N])
        regression.add(block)
    spatial = plan(
        INPUTS,
        N,
        bad_channels="interpolate",
        eog=("HEO", "VEO"),
        bad=survey.bad_channels(),
        weights=regression.weights(),
    )
    assert spatial.bad == (BadChannel("C3", "flat", 1.0),)
    y = clean(spatial, spoiled)
    truth = clean(plan(INPUTS, N, eog=("HEO", "VEO"), weights=weights_of(x)), x)
    c3 = CAP62.index("C3")
    assert np.allclose(np.delete(y, c3, axis=0), np.delete(truth, c3, axis=0), atol=1e-9)
    assert np.corrcoef(y[c3], truth[c3])[0, 1] > 0.8
