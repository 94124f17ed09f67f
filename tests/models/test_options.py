"""Options of methods are listed with what stands in the code, and nowhere by hand."""

from dataclasses import fields

import pytest

from featpipe.errors import ConfigError
from models.options import options_of
from models.registry import METHODS, make_config


@pytest.mark.parametrize("name", METHODS)
def test_every_option_of_a_method_has_its_default_and_a_line(name):
    config = METHODS[name].config
    found = options_of(name)
    assert [of.name for of in found] == [field.name for field in fields(config)]
    assert all(of.default == getattr(config, of.name) for of in found)
    assert [of.name for of in found if not of.describes or not of.expected] == []


def test_an_option_of_several_records_is_described_by_the_nearest():
    found = {of.name: of for of in options_of("cmcrd_eeg")}
    assert found["weight"].describes.startswith("Of the distillation loss beside")
    assert found["weight"].default == METHODS["cmcrd_eeg"].config.weight
    assert found["guidance"].expected == '"relabel", "signed", "logratio", "none"'
    assert found["momentum"].expected == "float, 0 or more, less than 1"
    assert found["teacher_batch"].expected == "int, 2 or more"
    assert {of.name: of.expected for of in options_of("svm")}["exponents"] == "list of int"


@pytest.mark.parametrize(
    ("method", "option", "value"),
    [
        ("crd_eeg", "n_negatives", -1), ("crd_eeg", "tau", 0.0), ("cmcrd_eye", "momentum", 1.0),
        ("crd_eeg", "every", 0), ("kd_eeg", "teacher_epochs", 0), ("kd_eye", "teacher_batch", 1),
        ("decision_fusion", "n_epochs", 0), ("cscm", "dropout", 1.0), ("bihdm_eeg", "n_nodes", 0),
        ("dgcnn_eye", "warm_up", 1.0), ("dnn_eeg", "lr", -0.1), ("dnn_eeg", "confusion", -1.0),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_by_the_name_of_the_method_that_was_asked_for(
    method, option, value
):
    with pytest.raises(ConfigError, match=f"^option '{option}' of {method} is {value}: .* than"):
        make_config(method, {option: value})
