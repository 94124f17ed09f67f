"""What a search draws: within the ranges of the method's card, and the same whatever else is."""

from math import log10

import numpy as np
import pytest

from featpipe.errors import ConfigError
from models.candidates import candidates
from models.registry import METHODS, get_method, make_config
from models.search import Choice, LogRange, draw

SEARCHED = [name for name, method in METHODS.items() if method.search]


@pytest.mark.parametrize("name", SEARCHED)
def test_every_candidate_is_a_config_within_the_ranges(name):
    ranges = get_method(name).search
    found = candidates(name, {}, 12)
    assert found[0] == {}  # the defaults take part
    for options in found[1:]:
        config = make_config(name, options)
        assert options.keys() == ranges.keys()
        for option, where in ranges.items():
            value = getattr(config, option)
            assert value == options[option]
            if isinstance(where, Choice):
                assert value in where.values
            else:
                assert where.low <= value <= where.high
    assert len({make_config(name, options) for options in found}) == len(found) == 12


def test_ranges_hold_the_defaults_and_no_option_without_effect():
    for name in SEARCHED:
        method = get_method(name)
        for option, where in method.search.items():
            default = getattr(method.config, option)
            if isinstance(where, Choice):
                assert default in where.values or option == "exponents"
            else:
                assert where.low <= default <= where.high
    assert {"modality_weight", "subject_weight", "grl_weight"} <= METHODS["cscm"].search.keys()
    assert "modality_weight" not in METHODS["cscm_sm"].search
    assert not {"subject_weight", "grl_weight"} & METHODS["mlp"].search.keys()


def test_the_first_candidates_do_not_depend_on_how_many_there_are():
    few, many = candidates("cscm", {}, 5), candidates("cscm", {}, 40)
    assert many[:5] == few
    assert candidates("cscm", {}, 40) == many
    assert candidates("cscm", {}, 5, search_seed=1)[1:] != few[1:]


def test_methods_with_an_option_in_common_try_the_same_values():
    one, other = candidates("cscm", {}, 8), candidates("mlp", {}, 8)
    assert [c["lr"] for c in one[1:]] == [c["lr"] for c in other[1:]]


def test_what_the_study_settles_is_not_searched():
    found = candidates("cscm", {"n_epochs": 3, "dropout": 0.5}, 6)
    assert found[0] == {"n_epochs": 3, "dropout": 0.5}
    assert {(c["n_epochs"], c["dropout"]) for c in found} == {(3, 0.5)}
    free = candidates("cscm", {}, 6)
    assert [c["lr"] for c in found[1:]] == [c["lr"] for c in free[1:]]


def test_there_are_no_more_than_there_are():
    found = candidates("svm", {}, 100)
    assert len(found) == 18  # the default grid, and 17 single values of C
    assert sorted(c["exponents"] for c in found[1:]) == [(e,) for e in range(-10, 7)]


def test_a_logarithmic_range_is_even_in_octaves():
    rng = np.random.default_rng(1)
    drawn = np.array([draw(LogRange(1e-4, 1e-2), rng) for _ in range(4000)])
    counts, _ = np.histogram(np.log10(drawn), bins=4, range=(-4, -2))
    np.testing.assert_allclose(counts / 4000, 0.25, atol=0.03)
    assert all(float(f"{x:.3g}") == x for x in drawn[:50])
    whole = {draw(LogRange(2, 4), rng) for _ in range(200)}
    assert whole == {2, 3, 4}
    assert all(type(x) is int for x in whole)
    assert log10(max(drawn)) <= -2


@pytest.mark.parametrize(
    ("name", "options", "n", "told"),
    [
        ("majority", {}, 5, "majority: nothing to search, it has no ranges; searched are svm"),
        ("max_fusion", {"n_epochs": 5}, 5, "nothing to search, it has no ranges"),
        ("svm", {"exponents": (0,)}, 5, "all options that could be searched are set"),
        ("cscm", {}, 1, "1 candidates: a choice needs at least 2"),
        ("cscm", {"dropuot": 0.1}, 5, "dropuot"),
    ],
)
def test_a_search_that_is_none_is_refused(name, options, n, told):
    with pytest.raises(ConfigError, match=told):
        candidates(name, options, n)
