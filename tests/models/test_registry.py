from pathlib import Path

import pytest

import models.registry
from featpipe.errors import ConfigError
from models.methods.cscm import Config
from models.protocols import PROTOCOLS
from models.registry import METHODS, get_method, make_config, variant


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ConfigError, match="unknown method 'cscn': did you mean 'cscm'"):
        get_method("cscn")
    with pytest.raises(ConfigError, match="unknown option of cscm 'drop': did you mean 'dropout'"):
        make_config("cscm", {"drop": 0.1})


def test_an_option_of_other_methods_is_told_with_whose_it_is():
    with pytest.raises(ConfigError) as refused:
        make_config("kd_eeg", {"teacher_pred": "out-of-fold"})
    told = str(refused.value)
    assert told.endswith(
        "cmcrd_eeg, cmcrd_eye have it. `featpipe list methods kd_eeg` says what each is"
    )
    with pytest.raises(ConfigError) as refused:
        make_config("kd_eeg", {"teacher": 1})
    assert "have it" not in str(refused.value)


def test_options_change_a_methods_own_defaults():
    assert make_config("cscm", {}) == Config()
    config = make_config("mlp", {"n_epochs": 5})
    assert config == Config(modality_weight=0.0, subject_weight=0.0, n_epochs=5)
    assert make_config("svm", {"exponents": [-2, 0]}).exponents == (-2, 0)


@pytest.mark.parametrize(
    "options", [{"n_epochs": "many"}, {"grl_weight": "both"}, {"n_epochs": 2.5}]
)
def test_wrong_values_name_the_option(options):
    (name,) = options
    with pytest.raises(ConfigError, match=f"option '{name}' of cscm is"):
        make_config("cscm", options)


def test_readme_lists_every_method_and_protocol():
    readme = Path(models.registry.__file__).with_name("README.md").read_text(encoding="utf-8")
    assert [name for name in (*METHODS, *PROTOCOLS) if f"| `{name}` |" not in readme] == []


def test_variant_lists_what_differs_from_the_methods_defaults():
    assert all(variant(name, method.config) == "default" for name, method in METHODS.items())
    config = make_config("cscm", {"n_epochs": 5, "dropout": 0.0, "grl_weight": "grl"})
    assert variant("cscm", config) == "dropout=0,grl_weight=grl,n_epochs=5"
    assert variant("mlp", Config()) == "modality_weight=0.1,subject_weight=0.1"
    assert variant("svm", make_config("svm", {"exponents": (0, 1)})) == "exponents=(0 1)"
