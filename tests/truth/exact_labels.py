"""Labels that are right in every window, and told by the eyes: a teacher has nothing to add.

Construction
------------
As many people, trials and windows as in `truth.privileged`, and as many columns of eyes, all noise
with an SD of 1. The label of a window is the side of a plane through 0 on which its eyes lie: it is
exact, and whoever knows the plane needs nothing else. EEG is +1 or -1 by the label, and noise. So
it tells the label of 98 windows in 100, of every window with a doubt of its own; but given the
label it has nothing to do with the eyes, neither with how far from the plane they are nor with
anything else. New people are tested on all their windows. People do not differ.

Why theory decides
------------------
Given the label, what a teacher says of a window is independent of what the student sees of it: the
label with noise on it. A student who has the label can learn nothing from it, and pays for the
noise. For the direction w = sum_i t_i x_i, with d columns, n windows and eta as in
`truth.privileged`, the angle to the true direction has cos^2 = 1 / (1 + pi d / (2 n eta)), and the
accuracy is 1 - angle / pi: 78.7 points from labels (eta is 1), 77.7 from what EEG says, softened as
by KD. 21 points are left to gain, and a teacher gains none of them. Logistic regression loses by
it, too: 84.8 and 80.1 without decay, 78.7 and 77.8 with much of it (mean of 30 draws).

What theory does not exclude is that KD, as another loss for the same labels, smooths where
cross-entropy learns by heart; if that gains anything, it is no privileged information.

Expected: `kd_eye` is not better than `dnn_eye`: not both intervals are above 0. No row is expected
of CRD and CMCRD, but theory says the same of them.

This was written, and its sizes taken from `truth.privileged`, before any network was trained on it.

What came of it
---------------
It did not come so: `kd_eye` is 1.3 points better than `dnn_eye`, and both intervals are above 0.
None of that is privileged information. Given the label, EEG is independent of the eyes, so what it
tells of this window and of another one with the same label are draws of one distribution; and with
the pairs of a label exchanged, `kd_eye` gains as much (1.1). It is the other loss for the same
labels, which the argument could not exclude: the network alone learns its 400 windows by heart,
until all are right and certain, and is 5 points worse than a direction; KD asks for finite logits,
with ten times the weight of the labels. So a student alone is no yardstick for what a teacher's
modality is worth; the same loss with a teacher of other windows of the label is one.

CRD and CMCRD at their published weight, 0.02, are the student alone, whoever teaches.
"""

from pathlib import Path

import numpy as np

from truth import taught
from truth.constructed import Draw, make_windows, trained
from truth.privileged import N_EYE, N_TEST, N_TRAIN, TEMPERATURE, who
from truth.row import Row

EEG_NOISE = 0.5


def draw(seed: int, n_test: int = N_TEST) -> Draw:
    """Draw a study; see the module."""
    rng = np.random.default_rng([21, seed])
    person, number, is_test = who(n_test)
    label = number % 2
    sign = 2 * label - 1
    eeg = sign + EEG_NOISE * rng.normal(size=len(label))
    normal = rng.normal(size=N_EYE)
    normal /= np.linalg.norm(normal)
    eye = rng.normal(size=(len(label), N_EYE))
    side = np.sign(eye @ normal)
    eye -= ((side != sign) * 2 * (eye @ normal))[:, None] * normal  # its mirror image
    x = {"eeg": eeg.reshape(-1, 1, 1), "eye": eye}
    return Draw(make_windows(x, label, person, number, f"exact-{seed}", 2), is_test)


def worth(temperature: float | None = None, n: int = 400_000) -> float:
    """Return eta: how many windows a window of training is worth.

    Parameters
    ----------
    temperature : float, optional
        Of targets from p(label | EEG); None: targets are labels.
    n : int
        Windows to draw for it.
    """
    if temperature is None:
        return 1.0
    eeg = 1 + EEG_NOISE * np.random.default_rng(0).normal(size=n)
    target = np.tanh(eeg / (EEG_NOISE**2 * temperature))
    return float(target.mean() ** 2 / np.mean(target**2))


def of_direction(eta: float) -> float:
    """Return the accuracy of the direction that is learnt with targets worth eta a window."""
    angle = np.arctan(np.sqrt(np.pi * N_EYE / (2 * N_TRAIN * eta)))
    return float(1 - angle / np.pi)


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Train with and without a teacher on five studies, test on the eyes of new people."""
    options = {"n_epochs": 5} if is_quick else {}
    seeds = taught.SEEDS[: 2 if is_quick else None]
    found = trained(draw, seeds, taught.runs("eye"), options).accuracy
    closed = {"labels": of_direction(worth()), "EEG": of_direction(worth(TEMPERATURE))}
    return taught.construction_rows(found, closed, is_helped=False)
