"""Labels of whole trials, and a teacher who sees in which windows there is anything to learn.

Construction
------------
Two emotions, one in each trial; all windows of the trial are labelled with it. But only in a share
`PRESENT` of the windows, drawn anew for each, the emotion is there. EEG is one number: +1 or -1
where the emotion is there, 0 where it is not, and a little noise. The eye has `N_EYE` columns of
noise with an SD of 1; where the emotion is there, `EYE_SHIFT` is added along one direction, of the
sign of the emotion. `N_TRAIN` windows in all are there to learn from. New people are tested on
their eyes in windows that hold the emotion; in others nobody can be right but by luck. People do
not differ.

Why theory decides
------------------
For eyes alone the label is noise in three windows of four, and nothing tells which they are. EEG
tells; whoever knows p(label | EEG) of every window knows which windows to learn from, and the eyes
need not know it at the test (Vapnik & Vashist 2009; Lopez-Paz et al. 2016). How much that is worth
has a closed form for the simplest student, the direction w = sum_i t_i x_i with a target t_i for
each window. With d columns, n windows, a shift of s, and e the sign of the emotion or 0,

    signal n s E[t e], noise of variance n d E[t^2], accuracy Phi(s^2 / sqrt(s^2 + d / (n eta))),

eta = E[t e]^2 / E[t^2]: the student learns as if from eta n windows that all hold the emotion.
Labels have t = +-1, and eta is the square of `PRESENT`: 400 windows are worth 25. What EEG says has
t = E[e | EEG], and eta is nearly `PRESENT` itself; softened with the temperature of KD, 4, it is 77
windows. That makes 77.8 and 86.0 points. Logistic regression has the same gain: 77.9 and 85.9
with much decay, 67.5 and 78.2 with none (mean of 30 draws, p(label | EEG) known).

What theory supposes of the teacher is that it knows p(label | EEG). A teacher who learnt its
windows by heart would say the labels again; so EEG is one number, whose 300 windows without emotion
lie on top of each other. That the student, a network, gains as a direction does is what is
measured.

Expected: `kd_eye` is better than `dnn_eye`, the same network without a teacher; both intervals are
above 0. With what the teacher says of other windows in place of their own, it is not. CRD and CMCRD
have no row to expect: they pass on which windows are alike, for which there is no closed form.

This was written, and its sizes chosen by the closed form, before any network was trained on it.
Because of what was found in `truth.exact_labels` rows with the pairs of a label exchanged were
added afterwards. Here they are worse than no teacher, since windows without the emotion are then
called sure and others doubtful: of a direction eta is `PRESENT` to the third, 6 windows.

References
----------
Vapnik, V., & Vashist, A. (2009). A new learning paradigm: learning using privileged information.
Neural Networks 22, 544-557.
Lopez-Paz, D., Bottou, L., Schoelkopf, B., & Vapnik, V. (2016). Unifying distillation and privileged
information. ICLR 2016.
"""

from pathlib import Path

import numpy as np
from scipy.stats import norm

from truth import taught
from truth.constructed import Draw, make_windows, trained
from truth.row import Row

PRESENT, EEG_NOISE = 0.25, 0.3
N_EYE, EYE_SHIFT = 160, 1.5
N_PEOPLE, N_TRIALS, N_WINDOWS = 4, 10, 10
"""To train on: people, trials of each, windows of each trial."""
N_TRAIN = N_PEOPLE * N_TRIALS * N_WINDOWS
N_TEST, N_TEST_WINDOWS = 20, 20
"""New people, with as many trials; windows of each trial."""
TEMPERATURE = 4
"""Of KD."""


def draw(seed: int, n_test: int = N_TEST) -> Draw:
    """Draw a study; see the module."""
    rng = np.random.default_rng([20, seed])
    person, number, is_test = who(n_test)
    label = number % 2
    emotion = np.where(is_test | (rng.random(len(label)) < PRESENT), 2 * label - 1, 0)
    eeg = emotion + EEG_NOISE * rng.normal(size=len(label))
    direction = rng.normal(size=N_EYE)
    direction *= EYE_SHIFT / np.linalg.norm(direction)
    eye = emotion[:, None] * direction + rng.normal(size=(len(label), N_EYE))
    x = {"eeg": eeg.reshape(-1, 1, 1), "eye": eye}
    return Draw(make_windows(x, label, person, number, f"privileged-{seed}", 2), is_test)


def who(n_test: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return person, number of the trial, and whether somebody is new, of every window."""
    n_trials = np.array([N_PEOPLE, n_test]) * N_TRIALS
    trial = np.repeat(np.arange(n_trials.sum()), np.repeat([N_WINDOWS, N_TEST_WINDOWS], n_trials))
    return trial // N_TRIALS, trial % N_TRIALS, trial >= n_trials[0]


def worth(temperature: float | None = None, n: int = 400_000) -> float:
    """Return eta: how many windows that hold the emotion a window of training is worth.

    Parameters
    ----------
    temperature : float, optional
        Of targets from p(label | EEG); None: targets are labels.
    n : int
        Windows to draw for it.
    """
    rng = np.random.default_rng(0)
    emotion = (rng.random(n) < PRESENT).astype(float)  # the other emotion is its mirror image
    eeg = emotion + EEG_NOISE * rng.normal(size=n)
    target = np.ones(n) if temperature is None else soften(eeg, temperature)
    return float(np.mean(target * emotion) ** 2 / np.mean(target**2))


def soften(eeg: np.ndarray, temperature: float) -> np.ndarray:
    """Return how much more probable the one emotion is than the other, softened; in [-1, 1]."""
    near = {middle: np.exp(-((eeg - middle) ** 2) / (2 * EEG_NOISE**2)) for middle in (-1, 0, 1)}
    both = {sign: (1 - PRESENT) * near[0] + PRESENT * near[sign] for sign in (-1, 1)}
    return np.tanh((np.log(both[1]) - np.log(both[-1])) / (2 * temperature))


def of_direction(eta: float) -> float:
    """Return the accuracy of the direction that is learnt with targets worth eta a window."""
    noise = N_EYE / (N_TRAIN * eta)
    return float(norm.cdf(EYE_SHIFT**2 / np.sqrt(EYE_SHIFT**2 + noise)))


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Train with and without a teacher on five studies, test on the eyes of new people."""
    options = {"n_epochs": 5} if is_quick else {}
    seeds = taught.SEEDS[: 2 if is_quick else None]
    found = trained(draw, seeds, taught.runs("eye"), options).accuracy
    closed = {"labels": of_direction(worth()), "EEG": of_direction(worth(TEMPERATURE))}
    return taught.construction_rows(found, closed, is_helped=True)
