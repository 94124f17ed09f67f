"""Two settings in which theory says which method is better; see `tests/truth`.

The same constructions as there, smaller. The expected differences are several points of accuracy,
the noise of a mean over three draws about one.
"""

from functools import partial

from truth import shared_latent, shift
from truth.constructed import trained


def mean_accuracies(draw, runs, options):
    found = trained(draw, (0, 1, 2), runs, options).accuracy
    return found.groupby("method")["accuracy"].mean()


def test_with_a_strong_subject_shift_the_reversal_pays():
    draw = partial(shift.draw, n_windows=shift.N_WINDOWS_QUICK, n_test=6)
    found = mean_accuracies(draw, shift.RUNS[:2], shift.OPTIONS)
    assert found["cscm_sm"] > found["mlp"]


def test_rows_of_the_other_modality_help_where_eyes_are_few():
    draw = partial(shared_latent.draw, n_test=6)
    found = mean_accuracies(draw, shared_latent.RUNS[:2], shared_latent.OPTIONS)
    assert found["mlp_cross"] > found["mlp"]
