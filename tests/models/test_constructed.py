"""Two settings in which theory says which method is better; see `tests/truth`.

The same draws as there, with fewer new people. The expected differences are several points of
accuracy, the noise of a mean over five draws and 4000 windows about one.
"""

from functools import partial

from truth import shared_latent, shift
from truth.constructed import trained


def mean_accuracies(draw, seeds, runs):
    found = trained(partial(draw, n_test=4), seeds, runs)
    return found.groupby(["method", "variant"])["accuracy"].mean().droplevel("variant")


def test_with_a_strong_subject_shift_the_reversal_pays():
    found = mean_accuracies(shift.draw, shift.SEEDS, shift.RUNS[:2])
    assert found["cscm_sm"] > found["mlp"]


def test_rows_of_the_other_modality_help_where_eyes_are_few():
    found = mean_accuracies(shared_latent.draw, shared_latent.SEEDS, shared_latent.RUNS[:2])
    assert found["mlp_cross"] > found["mlp"]
