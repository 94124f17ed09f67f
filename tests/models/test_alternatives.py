import pytest

from featpipe.errors import ConfigError
from models.alternatives import alternatives


def test_single_options_are_one_alternative():
    assert alternatives("cscm", {}) == [{}]
    assert alternatives("cscm", {"n_epochs": 5, "dropout": 0}) == [{"n_epochs": 5, "dropout": 0}]


def test_lists_are_combined_and_the_last_changes_fastest():
    found = alternatives("cmcrd_eeg", {"backbone": ["dnn", "dgcnn"], "us_gate": [True, False]})
    assert [tuple(one.values()) for one in found] == [
        ("dnn", True), ("dnn", False), ("dgcnn", True), ("dgcnn", False),
    ]  # fmt: skip


def test_an_option_that_is_a_tuple_takes_a_list_of_lists():
    assert alternatives("svm", {"exponents": [0, 2]}) == [{"exponents": [0, 2]}]
    assert alternatives("svm", {"exponents": [[0, 2], [4]]}) == [
        {"exponents": [0, 2]}, {"exponents": [4]},
    ]  # fmt: skip
    assert alternatives("bihdm_eeg", {"leave_out": [[], ["CZ"]]}) == [
        {"leave_out": []}, {"leave_out": ["CZ"]},
    ]  # fmt: skip


def test_several_sections_are_combined_each_by_itself():
    found = alternatives("svm", [{"held_out": [0.2, 0.4]}, {"exponents": [0]}])
    assert found == [{"held_out": 0.2}, {"held_out": 0.4}, {"exponents": [0]}]


def test_sections_that_say_the_same_are_refused():
    sections = [{"n_epochs": [5, 7]}, {"n_epochs": 7, "dropout": 0.2}]
    with pytest.raises(ConfigError, match=r"of cscm: \{'n_epochs': 7.* would be trained twice"):
        alternatives("cscm", sections)


def test_what_is_single_stays_as_it_is():
    for one in alternatives("svm", {"exponents": [[0, 2], [4]], "held_out": [0.2, 0.4]}):
        assert alternatives("svm", one) == [one]


@pytest.mark.parametrize("value", [["many"], [5, "many"], [], [[5]]])
def test_a_wrong_value_in_a_list_names_the_option(value):
    with pytest.raises(ConfigError, match="option 'n_epochs' of cscm is"):
        alternatives("cscm", {"n_epochs": value})


def test_an_option_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match="unknown option of cscm 'drop'"):
        alternatives("cscm", {"drop": [0.1, 0.2]})


@pytest.mark.parametrize("value", [[5, 7, 5], [5, 5.0], [5, "5"]])
def test_a_value_that_stands_twice_is_refused(value):
    with pytest.raises(ConfigError, match=r"option 'n_epochs' of cscm is .* twice"):
        alternatives("cscm", {"n_epochs": value})


def test_no_section_at_all_is_refused():
    with pytest.raises(ConfigError, match=r"options of kd_eeg are \[\]: {} takes the defaults"):
        alternatives("kd_eeg", [])
