"""A strong subject shift and nothing else: removing the subject reversal must cost accuracy.

Construction
------------
Two classes whose means lie `DISTANCE` standard deviations apart, isotropic noise, the same for
everybody. Each person adds an offset that is the same in all windows: +-`SHIFT` along one direction
and a normal number of that size along another. Both are orthogonal to the line between the classes;
all is then turned by a random rotation, so that no column is special. In training, people with a
positive offset along the first direction mostly have class 1 (`SHARE` of their windows), the others
mostly class 0. New people have the same offsets and as many windows of one class as of the other.

A shift whose direction says nothing about the label would not decide anything: whoever minimises
the cross-entropy learns to ignore it.

Why theory decides
------------------
The training rows say the truth when they say that the offset predicts the class: with it the
cross-entropy is lower by I(class; person | signal). So empirical risk minimisation must use it, as
log odds of +-L, L = ln(q / (1 - q)), q = `SHARE`; of a new person it says nothing, and the share of
right answers falls from Phi(d/2) to (Phi(d/2 - L/d) + Phi(d/2 + L/d)) / 2. A representation in
which the offset counts t of what it should tells people apart, and pays for that in the reversed
loss. To second order in L, in nats, with v = d^2 + q (1 - q) d^4 the variance of the log odds,

    gain(t) = 1/2 L^2 E[p (1 - p)] (2 t - t^2),    price(t) = gamma 1/2 (L^2 / v) t^2,

so that the best t is 1 / (1 + gamma / (v E[p (1 - p)])), below 1 for every gamma > 0: about 0.6 at
the method's own gamma of 0.1, and 0.13 at 1. Accuracy on new people falls with t everywhere.
The price of the signal itself (people differ in how often they are of a class, so it tells them
apart as well) is gamma 1/2 ((2 q - 1) d / 2)^2, less than half of what it gains even at gamma = 1,
so it stays (Zhao et al., ICML 2019, is about the case where it does not). All of that supposes
that the adversary is as good as it can be and that training arrives; whether they are is measured.

Expected: `cscm_sm` at its defaults is better than the same network with subject_weight = 0, which
is `mlp`; both intervals exclude 0. The rows with larger weights are there to see the dose; by
theory they are better still.

This is the second construction. The first had 200 windows a person and 50 epochs, and gave +0.3
points [-0.1, +0.7] and, at weight 1, +0.3. Its argument was wrong: it is about the population, and
networks of twenty thousand weights learnt those 2400 windows by heart (93 % of them right, where
80 % can be known), so that a training window told nothing of what the offset is worth. Now there
are 2000 windows a person and 5 epochs, as many steps as before. One draw of that kind was looked
at while the reason was looked for (0.54 for `mlp`, 0.61 at 0.1, 0.64 at 0.3; at 1 training
diverged); the seeds below are new ones.
"""

from functools import partial
from pathlib import Path

import numpy as np
from scipy.stats import norm

from models.registry import make_config, variant
from truth.constructed import Draw, make_windows, trained
from truth.paired import above_0, difference_row, mean_row
from truth.row import Row

N_FEATURES, DISTANCE, SHIFT, SHARE = 12, 0.8, 3.0, 0.8
N_TRAIN, N_WINDOWS = 12, 2000
"""People to train on (half of each kind), and windows of each."""
N_TEST, N_TEST_WINDOWS = 20, 200
N_WINDOWS_QUICK = 800
SEEDS = (0, 1, 2, 3, 4)
OPTIONS = {"n_epochs": 5}
"""Of all methods: enough steps to learn, too few passes to learn by heart."""
RUNS = (
    ("mlp", {}),
    ("cscm_sm", {}),
    ("cscm_sm", {"subject_weight": 0.3}),
    ("cscm_sm", {"subject_weight": 1.0}),
)


def draw(seed: int, n_windows: int = N_WINDOWS, n_test: int = N_TEST) -> Draw:
    """Draw a study; see the module."""
    rng = np.random.default_rng([17, seed])
    n_people = N_TRAIN + n_test
    is_positive = np.arange(n_people) % 2 == 1
    is_new = np.arange(n_people) >= N_TRAIN
    share = np.where(is_new, 0.5, np.where(is_positive, SHARE, 1 - SHARE))
    counts = np.where(is_new, N_TEST_WINDOWS, n_windows)
    person = np.repeat(np.arange(n_people), counts)
    # exact shares, so that chance does not add a difference of its own
    label = np.concatenate(
        [np.arange(n) < round(q * n) for q, n in zip(share, counts, strict=True)]
    )
    offset = np.stack([np.where(is_positive, SHIFT, -SHIFT), SHIFT * rng.normal(size=n_people)])
    x = rng.normal(size=(len(label), N_FEATURES))
    x[:, 0] += DISTANCE * (label - 0.5)
    x[:, 1:3] += offset.T[person]
    rotation = np.linalg.qr(rng.normal(size=(N_FEATURES, N_FEATURES)))[0]
    label = label.astype(int)
    windows = make_windows({"eye": x @ rotation}, label, person, label, f"shift-{seed}", 2)
    return Draw(windows, is_new[person])


def closed_forms() -> dict[str, float]:
    """Return the accuracy on new people without use of the offset, and with full use of it."""
    d, odds = DISTANCE, np.log(SHARE / (1 - SHARE))
    misled = norm.cdf(d / 2 - odds / d) + norm.cdf(d / 2 + odds / d)
    return {"blind": float(norm.cdf(d / 2)), "misled": float(misled / 2)}


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Train with and without the reversal on five studies, test on new people."""
    how = partial(draw, n_windows=N_WINDOWS_QUICK if is_quick else N_WINDOWS)
    found = trained(how, SEEDS[: 2 if is_quick else None], RUNS, OPTIONS)
    made = [
        Row("closed form, believing the offset", 100 * closed_forms()["misled"],
            is_difference=False),
        Row("closed form, blind to it", 100 * closed_forms()["blind"], is_difference=False),
        mean_row(found.accuracy, "mlp", "`mlp`"),
    ]  # fmt: skip
    for method, options in RUNS[1:]:
        name = variant(method, make_config(method, options))
        row = difference_row(found.accuracy, method, "mlp", variant=name)
        weight = make_config(method, options).subject_weight
        # the loss is multiplied by the weight; chance is ln(n)
        loss = found.at_end("subject", method, name) / weight
        row = row._replace(
            what=f"`{method}` (subject_weight {weight:g}) - `mlp`; loss of the adversary "
            f"{loss:.2f} nats, chance {np.log(N_TRAIN):.2f}"
        )
        if not options:
            row = row._replace(wanted="both intervals above 0", is_held=above_0(row))
        made.append(row)
    return made
