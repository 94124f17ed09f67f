"""Families of paired tests: against one method, per value of an option."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from featpipe.errors import ConfigError
from models.comparison import paired_differences
from models.families import COLUMNS, family_differences

BASELINES = ("crd_eeg", "kd_eeg", "pkt_eeg")
BACKBONES = {"dnn": "default", "dgcnn": "backbone=dgcnn"}
TERMS = {"protocol": "loso", "manner": "strict", "policy": "last", "scaling": "train", "eeg": "de"}


def run_of(method, variant="default", test_modality="eeg", seed=0):
    """Scores of nine subjects."""
    rng = np.random.default_rng([*f"{method} {variant}".encode(), seed])
    accuracy = 0.5 + 0.05 * rng.standard_normal(9) + 0.03 * (method == "cmcrd_eeg")
    subject = [str(i) for i in range(9)]
    return pd.DataFrame({"subject": subject, "accuracy": accuracy}).assign(
        method=method, variant=variant, test_modality=test_modality, seed=0, fold="f", **TERMS
    )


@pytest.fixture
def scores():
    methods = (*BASELINES, "cmcrd_eeg")
    return pd.concat([run_of(m, variant) for variant in BACKBONES.values() for m in methods])


def test_a_family_holds_the_others_with_the_value_of_the_reference(scores):
    found = family_differences(scores, "cmcrd_eeg", "backbone")
    assert list(found.columns) == COLUMNS
    for backbone, variant in BACKBONES.items():
        family = found[found["family"] == f"backbone={backbone}"]
        assert tuple(family["method"]) == BASELINES
        assert set(family["variant"]) == {variant}
        alone = paired_differences(scores[scores["variant"] == variant], "cmcrd_eeg")
        pd.testing.assert_frame_equal(family[list(alone.columns)], alone)


def test_p_values_are_adjusted_within_families_and_over_all(scores):
    found = family_differences(scores, "cmcrd_eeg", "backbone")
    for _, family in found.groupby("family"):
        np.testing.assert_allclose(family["p_bh"], stats.false_discovery_control(family["p"]))
    np.testing.assert_allclose(found["p_bh_all"], stats.false_discovery_control(found["p"]))
    assert not np.allclose(found["p_bh"], found["p_bh_all"])


@pytest.mark.parametrize(
    "other",
    [
        run_of("kd_eye", test_modality="eye"),
        run_of("dnn_eeg"),
        run_of("majority", test_modality="none"),
        run_of("cmcrd_eeg", "iew=none"),
        run_of("kd_eeg", "tuned over 20 candidates"),
        run_of("kd_eeg", "backbone=bihdm"),
    ],
    ids=[
        "other modality",
        "no such option",
        "baseline",
        "variant of it",
        "chosen by folds",
        "apart",
    ],
)
def test_what_is_of_no_family_changes_none(scores, other):
    expected = family_differences(scores, "cmcrd_eeg", "backbone")
    found = family_differences(pd.concat([scores, other]), "cmcrd_eeg", "backbone")
    pd.testing.assert_frame_equal(found, expected)


def test_other_options_do_not_divide_a_family(scores):
    variants = {
        "default": "n_negatives=17000",
        "backbone=dgcnn": "n_negatives=17000,backbone=dgcnn",
    }
    is_contrast = scores["method"].isin(["crd_eeg", "cmcrd_eeg"])
    renamed = scores["variant"].where(~is_contrast, scores["variant"].map(variants))
    found = family_differences(scores.assign(variant=renamed), "cmcrd_eeg", "backbone")
    expected = family_differences(scores, "cmcrd_eeg", "backbone")
    values = ["family", "method", "difference", "p_bh", "p_bh_all"]
    pd.testing.assert_frame_equal(found[values], expected[values])


def test_two_references_of_one_value_are_none(scores):
    both = pd.concat([scores, *(run_of("cmcrd_eeg", f"backbone=dgcnn,iew={x}") for x in "ab")])
    is_plain = (both["method"] == "cmcrd_eeg") & (both["variant"] == "backbone=dgcnn")
    found = family_differences(both[~is_plain], "cmcrd_eeg", "backbone")
    assert set(found["family"]) == {"backbone=dnn"}


def test_without_the_reference_nothing_is_compared(scores):
    found = family_differences(scores[scores["method"] != "cmcrd_eeg"], "cmcrd_eeg", "backbone")
    assert found.empty
    assert list(found.columns) == COLUMNS


def test_an_option_that_the_reference_lacks_is_refused(scores):
    with pytest.raises(ConfigError, match="unknown option of cmcrd_eeg 'backbon': did you mean"):
        family_differences(scores, "cmcrd_eeg", "backbon")
