"""What lighting does to the pupils of all who see one clip, and how to take it out.

The pupils of subjects who see the same clip share its brightness. Their traces, one column a
subject, are taken for A + B + C with A the response to light, common to all but for its size, B
what concerns the subject, C noise; A is the first principal component. Emotions that a clip raises
in everybody are common as well and go with it: take it out where brightness was not controlled, and
say so. Nothing here is done by default.

References
----------
Soleymani, Pantic and Pun (2012). Multimodal emotion recognition in response to videos.
https://doi.org/10.1109/T-AFFC.2011.37
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from featpipe.errors import ReadError

MIN_SUBJECTS = 5
"""Of fewer, the component is what one of them did. Ours."""


class LightResponse(NamedTuple):
    """The time course that the pupils of one clip share.

    Attributes
    ----------
    course : numpy.ndarray, shape (n_times,)
        Of mean 0 and length 1.
    share : float
        Of the variance of the traces it was fitted to.
    subjects : tuple of str
        Whose traces these were.
    """

    course: np.ndarray
    share: float
    subjects: tuple[str, ...]


def fit_light_response(traces: np.ndarray, subjects: Sequence[str], clip: str) -> LightResponse:
    """Find the time course that all subjects share.

    Give it the training subjects only, where a model is tested on others: a course fitted to all
    knows the test subjects.

    Parameters
    ----------
    traces : array, shape (n_subjects, n_times)
        From `featpipe.eye.pupil.pupil_trace`, from the onset of the clip on. Each is brought to a
        mean of 0 and a variance of 1, so that a large pupil has no larger say.
    subjects : sequence of str
        Whose they are, one each.
    clip : str
        Its name, for messages.

    Returns
    -------
    LightResponse

    Raises
    ------
    ReadError
        With fewer than 5 different subjects, with gaps, or with a pupil that never changes.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> light = np.sin(np.arange(400) / 20)
    >>> traces = np.outer(rng.uniform(1, 2, 6), light) + 0.1 * rng.standard_normal((6, 400))
    >>> response = fit_light_response(traces, list("abcdef"), "clip 1")
    >>> bool(abs(np.corrcoef(response.course, light)[0, 1]) > 0.99)
    True
    """
    traces = np.atleast_2d(np.asarray(traces, dtype=np.float64))
    _check(traces, subjects, clip)
    centred = traces - traces.mean(axis=1, keepdims=True)
    centred /= centred.std(axis=1, keepdims=True)
    _, singular, courses = np.linalg.svd(centred, full_matrices=False)
    course = courses[0] * np.sign((centred @ courses[0]).sum())  # as most pupils go
    return LightResponse(course, float(singular[0] ** 2 / (singular**2).sum()), tuple(subjects))


def light_in(trace: np.ndarray, response: LightResponse) -> np.ndarray:
    """Return what of a trace is the response to light, whoever's trace it is.

    Parameters
    ----------
    trace : array, shape (n_times,)
        Of the same clip, from its onset on; of any subject. NaN in gaps.
    response : LightResponse
        From `fit_light_response`.

    Returns
    -------
    numpy.ndarray, shape (n_times,)
        The course times its size, by least squares over what is known; of mean 0 without gaps.

    Raises
    ------
    ReadError
        When the trace has another length than those of the fit, or is known in less than half.
    """
    trace = np.asarray(trace, dtype=np.float64)
    if trace.shape != response.course.shape:
        raise ReadError(
            f"a pupil trace of {trace.size} samples, and the light response was fitted to "
            f"{response.course.size}: cut both to the same part of the clip"
        )
    known = np.isfinite(trace)
    if 2 * known.sum() < trace.size:
        raise ReadError(
            "more than half of a pupil trace is lost: raise pupil_max_gap_s, or leave the trial out"
        )
    course = response.course[known] - response.course[known].mean()
    return response.course * (course @ trace[known] / (course @ course))


def _check(traces: np.ndarray, subjects: Sequence[str], clip: str) -> None:
    if len(traces) != len(subjects):
        raise ValueError(f"{len(traces)} traces of {len(subjects)} subjects; give one name each")
    if len(set(subjects)) < MIN_SUBJECTS or len(set(subjects)) < len(subjects):
        raise ReadError(
            f"{clip}: the response to light needs {MIN_SUBJECTS} different subjects who saw it, "
            f"one trace each; there are {len(set(subjects))} in {len(subjects)} traces: leave the "
            "light in, or bring more subjects"
        )
    for subject, trace in zip(subjects, traces, strict=True):
        if not np.isfinite(trace).all():
            raise ReadError(
                f"{clip}: the pupil trace of subject {subject} has gaps: raise pupil_max_gap_s, or "
                "leave the subject out of the fit"
            )
        if np.ptp(trace) <= 1e-9 * np.abs(trace).max():
            raise ReadError(
                f"{clip}: the pupil of subject {subject} never changes: leave it out of the fit"
            )
