"""One latent space seen by two modalities, and very few eye windows: EEG rows must help.

Construction
------------
A window has a place in a plane. Nine regions lie on a 3 x 3 grid; three classes have three regions
each, dealt at random, so that nothing simpler than a map of the plane tells the classes. EEG is a
linear image of the place in 20 columns with little noise, eye features one in 4 columns with much.
A training trial has one class; each of its windows is in any of the three regions of the class.
EEG is measured in every window. The eye was measured in the first one only, and stands for the
whole trial (as `event_scope = "trial"` does with the last nine eye columns): 27 eye measurements
in all against 2160 of EEG. New people are tested on eye measurements of their own in every
window. People do not differ.

Why theory decides
------------------
The error of a modality that shares a representation is bounded by the complexity of what is shared
over the rows of all modalities, plus that of its own map over its own rows; alone it pays for both
with its own rows (Baxter 2000; Maurer et al. 2016). Here the map of the plane is shared (E_s, E_d,
C_e, fourteen thousand weights), and the eye's own part is a linear map to `N_COMMON` numbers, 32
weights and two per number for its scale. So 27 rows have to find 48 numbers instead of fourteen
thousand. `N_COMMON` is low for all methods because the bound asks for that: at the default of 64
the eye's own map could learn 27 rows by heart. What theory does not say is that gradient descent
uses the shared layers in common; whether it does is what is measured.

Expected, before anything was run: `mlp_cross` is better than `mlp`, which differ in nothing but
the EEG rows; both intervals exclude 0. `cscm`, which also aligns the modalities, is expected to be
better than `mlp` as well.

References
----------
Baxter, J. (2000). A model of inductive bias learning. JAIR 12, 149-198.
Maurer, A., Pontil, M., & Romera-Paredes, B. (2016). The benefit of multitask representation
learning. JMLR 17, 1-32.
"""

from pathlib import Path

import numpy as np

from truth.constructed import Draw, make_windows, trained
from truth.paired import above_0, difference_row, mean_row
from truth.row import Row

SPREAD, EEG_NOISE, EYE_NOISE = 0.15, 0.1, 0.25
"""SD of places around their region's middle, regions being 1 apart, and of each column's noise."""
EEG_SHAPE, N_EYE, N_COMMON = (4, 5), 4, 8
N_TRAIN, N_TEST, N_TRIALS, N_WINDOWS = 3, 20, 9, 80
N_TEST_WINDOWS = 7
"""Of each trial of new people."""
SEEDS = (0, 1, 2, 3, 4)
OPTIONS = {"n_common": N_COMMON}
RUNS = (("mlp", OPTIONS), ("mlp_cross", OPTIONS), ("cscm", OPTIONS))


def draw(seed: int, n_test: int = N_TEST) -> Draw:
    """Draw a study; see the module."""
    rng = np.random.default_rng([8, seed])
    regions = rng.permutation(9).reshape(3, 3)  # of each class
    maps = {
        "eeg": np.linalg.qr(rng.normal(size=(int(np.prod(EEG_SHAPE)), 2)))[0],
        "eye": np.linalg.qr(rng.normal(size=(N_EYE, 2)))[0],
    }
    per_trial = np.repeat([N_WINDOWS, N_TEST_WINDOWS], [N_TRAIN * N_TRIALS, n_test * N_TRIALS])
    trial = np.repeat(np.arange(len(per_trial)), per_trial)
    is_test = trial >= N_TRAIN * N_TRIALS
    label = trial % N_TRIALS % 3
    region = regions[label, rng.integers(3, size=len(label))]
    middle = np.stack([region % 3, region // 3], axis=1) - 1.0
    place = middle + SPREAD * rng.normal(size=middle.shape)
    eeg = place @ maps["eeg"].T
    eye = place @ maps["eye"].T
    eeg += EEG_NOISE * rng.normal(size=eeg.shape)
    eye += EYE_NOISE * rng.normal(size=eye.shape)
    first = np.searchsorted(trial, trial)  # the first window of each window's trial
    eye = np.where(is_test[:, None], eye, eye[first])
    x = {"eeg": eeg.reshape(-1, *EEG_SHAPE), "eye": eye}
    windows = make_windows(x, label, trial // N_TRIALS, trial % N_TRIALS, f"latent-{seed}", 3)
    return Draw(windows, is_test)


def best_possible(n: int = 200_000) -> float:
    """Return the accuracy of the Bayes classifier of eye windows, by drawing many.

    The eye's columns are an isometric image of the plane, so all that can be known is the place
    plus noise; regions are dealt anew each time, as the draws do.
    """
    rng = np.random.default_rng(0)
    middles = np.stack([np.arange(9) % 3, np.arange(9) // 3], axis=1) - 1.0
    n_right, n_deals = 0, 50
    for _ in range(n_deals):
        class_of = np.empty(9, int)
        class_of[rng.permutation(9)] = np.arange(9) // 3
        region = rng.integers(9, size=n // n_deals)
        sd = np.hypot(SPREAD, EYE_NOISE)
        seen = middles[region] + sd * rng.normal(size=(len(region), 2))
        distance = ((seen[:, None] - middles) ** 2).sum(axis=2)
        likelihood = np.exp(-distance / (2 * sd**2))
        of_class = np.stack([likelihood[:, class_of == c].sum(axis=1) for c in range(3)], axis=1)
        n_right += (of_class.argmax(axis=1) == class_of[region]).sum()
    return n_right / (n // n_deals * n_deals)


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Train with and without EEG rows on five studies, test on the eyes of new people."""
    found = trained(draw, SEEDS[: 2 if is_quick else None], RUNS)
    name = f"n_common={N_COMMON}"
    found = found.assign(variant=found["variant"].replace(name, "default"))  # of all alike
    made = [
        Row("latent: best possible (Bayes)", 100 * best_possible(), is_difference=False),
        *(mean_row(found, method, f"latent: {method}") for method, _ in RUNS),
    ]
    for method in ("mlp_cross", "cscm"):
        row = difference_row(
            found, method, "mlp", f"latent: {method} - mlp (EEG rows against none)"
        )
        made.append(row._replace(wanted="both intervals above 0", is_held=above_0(row)))
    return made
