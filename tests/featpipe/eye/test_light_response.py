import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.eye.light_response import fit_light_response, light_in

N_TIMES = 1200  # a minute at 20 Hz
NAMES = [f"s{i}" for i in range(12)]


@pytest.fixture
def clip():
    """Traces of 12 subjects: light of another size in each, and a slow part of their own."""
    rng = np.random.default_rng(4)
    light = np.convolve(rng.standard_normal(N_TIMES + 79), np.ones(80) / 9, "valid")
    own = np.cumsum(rng.standard_normal((12, N_TIMES)), axis=1) / 40
    own -= own.mean(axis=1, keepdims=True)
    size = rng.uniform(0.5, 1.5, 12)
    return 4 + np.outer(size, light) + own, light, own


def test_the_course_is_that_of_the_light(clip):
    traces, light, _ = clip
    response = fit_light_response(traces, NAMES, "clip")
    assert np.corrcoef(response.course, light)[0, 1] > 0.97  # the sign as well
    assert response.course @ response.course == pytest.approx(1)
    assert abs(response.course.sum()) < 1e-9


def test_it_is_the_first_eigenvector_of_the_covariance(clip):
    traces, _, _ = clip
    z = (traces - traces.mean(axis=1, keepdims=True)) / traces.std(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(z.T @ z)
    response = fit_light_response(traces, NAMES, "clip")
    assert abs(response.course @ vectors[:, -1]) == pytest.approx(1, abs=1e-9)
    assert response.share == pytest.approx(values[-1] / values.sum())


def test_what_is_left_of_a_subject_nobody_fitted_is_its_own(clip):
    traces, _, own = clip
    response = fit_light_response(traces[:11], NAMES[:11], "clip")
    left = traces[11] - light_in(traces[11], response)
    assert abs(response.course @ left) < 1e-9
    assert left.mean() == pytest.approx(traces[11].mean())
    error = np.std(left - left.mean() - own[11])
    assert error < 0.35 * np.std(traces[11] - traces[11].mean() - own[11])
    np.testing.assert_allclose(light_in(left, response), 0, atol=1e-12)
    gappy = np.where(np.arange(N_TIMES) % 300 < 60, np.nan, traces[11])
    known = np.isfinite(gappy)
    design = np.column_stack([response.course[known], np.ones(known.sum())])
    size = np.linalg.lstsq(design, gappy[known], rcond=None)[0][0]
    np.testing.assert_allclose(light_in(gappy, response), size * response.course, atol=1e-12)


def test_sizes_and_units_of_pupils_do_not_matter(clip):
    traces, _, _ = clip
    scale = np.geomspace(0.1, 300, 12)[:, None]
    course = fit_light_response(traces, NAMES, "clip").course
    np.testing.assert_allclose(
        fit_light_response(scale * traces + 7, NAMES, "clip").course, course, atol=1e-9
    )


def test_what_the_data_cannot_support_is_refused(clip):
    traces, _, _ = clip
    with pytest.raises(ReadError, match=r"clip 3: .* needs 5 different subjects.* there are 4"):
        fit_light_response(traces[:4], NAMES[:4], "clip 3")
    with pytest.raises(ReadError, match="there are 5 in 6 traces"):
        fit_light_response(traces[:6], ["a", "a", "b", "c", "d", "e"], "clip")
    lost, dead = traces.copy(), traces.copy()
    lost[3, 100], dead[5] = np.nan, 4.0
    with pytest.raises(ReadError, match="subject s3 has gaps"):
        fit_light_response(lost, NAMES, "clip")
    with pytest.raises(ReadError, match="subject s5 never changes"):
        fit_light_response(dead, NAMES, "clip")
    response = fit_light_response(traces, NAMES, "clip")
    with pytest.raises(ReadError, match=r"1000 samples, and .* 1200"):
        light_in(traces[0, :1000], response)
    lost[3, :601] = np.nan
    with pytest.raises(ReadError, match="more than half"):
        light_in(lost[3], response)
