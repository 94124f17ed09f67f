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
        method=method,
        variant=variant,
        test_modality=test_modality,
        seed=0,
        fold="f",
        role="",
        **TERMS,
    )


def differences_of(*args):
    return family_differences(*args).tests


@pytest.fixture
def scores():
    methods = (*BASELINES, "cmcrd_eeg")
    return pd.concat([run_of(m, variant) for variant in BACKBONES.values() for m in methods])


def test_a_family_holds_the_others_with_the_value_of_the_reference(scores):
    found = differences_of(scores, "cmcrd_eeg", "backbone")
    assert list(found.columns) == COLUMNS
    for backbone, variant in BACKBONES.items():
        family = found[found["family"] == f"backbone={backbone}"]
        assert tuple(family["method"]) == BASELINES
        assert set(family["variant"]) == {variant}
        alone = paired_differences(scores[scores["variant"] == variant], "cmcrd_eeg")
        pd.testing.assert_frame_equal(family[list(alone.columns)], alone)


def test_p_values_are_adjusted_within_families_and_over_all(scores):
    found = differences_of(scores, "cmcrd_eeg", "backbone")
    for _, family in found.groupby("family"):
        np.testing.assert_allclose(family["p_bh"], stats.false_discovery_control(family["p"]))
    np.testing.assert_allclose(found["p_bh_all"], stats.false_discovery_control(found["p"]))
    assert not np.allclose(found["p_bh"], found["p_bh_all"])


OTHERS = {  # and why they are in no family
    "other modality": (run_of("kd_eye", test_modality="eye"), "tested on eye"),
    "no such option": (run_of("dnn_eeg"), "no option backbone"),
    "baseline": (run_of("majority", test_modality="none"), None),
    "variant of it": (
        run_of("cmcrd_eeg", "iew=none"),
        "another cmcrd_eeg with backbone=dnn sets fewer options",
    ),
    "chosen by folds": (run_of("kd_eeg", "tuned over 20 candidates"), "folds chose backbone"),
    "searched": (
        run_of("kd_eeg", "tuned over 20 candidates, backbone=dgcnn"),
        "tuned over 20 candidates, cmcrd_eeg not tuned",
    ),
    "apart": (run_of("kd_eeg", "backbone=bihdm"), "no cmcrd_eeg with backbone=bihdm"),
    "control": (run_of("kd_eeg", "pairs=shuffled"), "a control: pairs=shuffled"),
    "other control": (
        run_of("pkt_eeg", "backbone=dgcnn,pairs=same-label"),
        "a control: pairs=same-label",
    ),
    "control of it": (run_of("cmcrd_eeg", "pairs=shuffled"), "a control: pairs=shuffled"),
    "quicker": (run_of("crd_eeg", "every=16"), "every=16, of cmcrd_eeg 1"),
    "other negatives": (
        run_of("crd_eeg", "n_negatives=17000,backbone=dgcnn"),
        "n_negatives=17000, of cmcrd_eeg 900",
    ),
    "other windows": (run_of("kd_eeg", "min_good=0.5"), "min_good=0.5, of cmcrd_eeg as usual"),
    "teacher": (
        run_of("kd_eeg", "teacher_batch=16").assign(role="teacher"),
        "trained as teacher of others alone",
    ),
    "other weight": (
        run_of("kd_eeg", "weight=3"),
        "another kd_eeg with backbone=dnn sets fewer options",
    ),
}


@pytest.mark.parametrize(("other", "why"), OTHERS.values(), ids=OTHERS)
def test_what_is_of_no_family_changes_none_and_is_named(scores, other, why):
    expected = differences_of(scores, "cmcrd_eeg", "backbone")
    found, left_out = family_differences(pd.concat([scores, other]), "cmcrd_eeg", "backbone")
    pd.testing.assert_frame_equal(found, expected)
    run = (other["method"][0], other["variant"][0])
    assert left_out == ({run: why} if why else {})


def test_runs_with_the_options_of_the_reference_are_compared_with_it(scores):
    """The default of crd_eeg does not stand in for that with as many negatives as the reference."""
    is_other = (scores["method"] == "cmcrd_eeg") & (scores["variant"] == "default")
    more = [run_of(m, "n_negatives=17000") for m in ("cmcrd_eeg", "crd_eeg")]
    frame = pd.concat([scores[~is_other], *more])
    found, left_out = family_differences(frame, "cmcrd_eeg", "backbone")
    of_dnn = found[found["family"] == "backbone=dnn"]
    rows = list(zip(of_dnn["method"], of_dnn["variant"], strict=True))
    assert rows == [("kd_eeg", "default"), ("pkt_eeg", "default"), ("crd_eeg", "n_negatives=17000")]
    assert left_out == {("crd_eeg", "default"): "n_negatives=900, of cmcrd_eeg 17000"}


def test_other_options_do_not_divide_a_family(scores):
    variants = {
        "default": "n_negatives=17000",
        "backbone=dgcnn": "n_negatives=17000,backbone=dgcnn",
    }
    is_contrast = scores["method"].isin(["crd_eeg", "cmcrd_eeg"])
    renamed = scores["variant"].where(~is_contrast, scores["variant"].map(variants))
    found = differences_of(scores.assign(variant=renamed), "cmcrd_eeg", "backbone")
    expected = differences_of(scores, "cmcrd_eeg", "backbone")
    values = ["family", "method", "difference", "p_bh", "p_bh_all"]
    pd.testing.assert_frame_equal(found[values], expected[values])


def test_two_references_of_one_value_have_a_family_each(scores):
    both = pd.concat([scores, *(run_of("cmcrd_eeg", f"backbone=dgcnn,iew={x}") for x in "ab")])
    is_plain = (both["method"] == "cmcrd_eeg") & (both["variant"] == "backbone=dgcnn")
    found, left_out = family_differences(both[~is_plain], "cmcrd_eeg", "backbone")
    of_dgcnn = [f"backbone=dgcnn, iew={x}" for x in "ab"]
    assert list(found["family"].unique()) == ["backbone=dnn", *of_dgcnn]
    for name in of_dgcnn:
        assert tuple(found[found["family"] == name]["method"]) == BASELINES
    np.testing.assert_allclose(found["p_bh_all"], stats.false_discovery_control(found["p"]))
    assert not left_out


def test_families_of_controls_are_made_when_asked_for(scores):
    controls = [run_of(m, "pairs=shuffled") for m in ("kd_eeg", "cmcrd_eeg")]
    of_dnn = scores[scores["variant"] == "default"]
    found, left_out = family_differences(pd.concat([of_dnn, *controls]), "cmcrd_eeg", "pairs")
    in_families = list(zip(found["family"], found["method"], strict=True))
    expected = [*(("pairs=own", name) for name in BASELINES), ("pairs=shuffled", "kd_eeg")]
    assert in_families == expected
    assert not left_out


def test_a_reference_that_nothing_is_like_is_named(scores):
    other = run_of("cmcrd_eeg", "backbone=bihdm")
    _, left_out = family_differences(pd.concat([scores, other]), "cmcrd_eeg", "backbone")
    assert left_out == {("cmcrd_eeg", "backbone=bihdm"): "no other run is like it"}


def test_without_the_reference_nothing_is_compared(scores):
    found = differences_of(scores[scores["method"] != "cmcrd_eeg"], "cmcrd_eeg", "backbone")
    assert found.empty
    assert list(found.columns) == COLUMNS


def test_an_option_that_the_reference_lacks_is_refused(scores):
    with pytest.raises(ConfigError, match="unknown option of cmcrd_eeg 'backbon': did you mean"):
        family_differences(scores, "cmcrd_eeg", "backbon")
