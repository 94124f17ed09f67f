"""Tables that were made otherwise than those of a training are told from those that were not."""

import copy

import pytest

from featpipe.errors import ConfigError
from models.made_alike import made_how, require_made_alike
from models.one_modality import shared_units

DE = (
    {"step": "extract", "family": "de", "units": {"de": "nats"}},
    {"alpha": [8.0, 14.0]},
    {
        "features": {"window_s": 4.0, "hop_s": 4.0, "convention": "nats", "bands": {}},
        "eeg": {"baseline": "trial", "l_freq": 0.0, "reference": [], "channels": []},
    },
)
EYE = (
    {"step": "extract", "family": "eye", "units": {"pupil": "mm", "amplitude": "deg"}},
    {"de1": [0.0, 0.2]},
    {
        "features": {"window_s": 4.0, "pupil_bands": [[0.0, 0.2]]},
        "eye": {"event_scope": "window", "csv": None, "px_per_degree": None, "min_blink_s": None},
        "eeg": {"sfreq": 200.0},
        "clock": {"max_drift_ppm": 200.0},
    },
)


def changed(made, *where, value):
    """A copy of what tables say with another value at a place of it."""
    found = copy.deepcopy(made)
    *path, last = where
    of = found
    for name in path:
        of = of[name]
    of[last] = value
    return found


@pytest.mark.parametrize(
    ("made", "where", "value", "told"),
    [
        (DE, (0, "family"), "de_lds", 'family (model "de", table "de_lds")'),
        (DE, (0, "units", "de"), "log2", 'units.de (model "nats", table "log2")'),
        (DE, (1, "alpha"), (8.0, 13.0), "bands.alpha (model [8.0, 14.0], table [8.0, 13.0])"),
        (DE, (2, "features", "window_s"), 1, "features.window_s (model 4.0, table 1)"),
        (DE, (2, "features", "convention"), "seed", "features.convention"),
        (DE, (2, "eeg", "baseline"), "pre", 'eeg.baseline (model "trial", table "pre")'),
        (DE, (2, "eeg", "reference"), ["average"], 'eeg.reference (model [], table ["average"])'),
        (EYE, (0, "units", "pupil"), "px", "take recordings of the tracker and setup"),
        (EYE, (2, "eye", "event_scope"), "trial", "eye.event_scope"),
        (EYE, (2, "eye", "min_blink_s"), 0.1, "eye.min_blink_s (model null, table 0.1)"),
    ],
)
def test_what_decides_numbers_is_refused_with_both_values(made, where, value, told):
    with pytest.raises(ConfigError) as caught:
        require_made_alike("x", made_how(*made), made_how(*changed(made, *where, value=value)))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("made", "where", "value"),
    [
        (DE, (2, "eeg", "channels"), ["FP1"]),
        (DE, (2, "features", "bands"), {"alpha": [8.0, 14.0]}),
        (DE, (2, "eeg", "reference"), ()),  # a tuple is what JSON makes a list of
        (DE, (2, "features", "window_s"), 4),
        (EYE, (2, "eye", "csv"), {"time": "t"}),
        (EYE, (2, "eye", "px_per_degree"), 40.0),
        (EYE, (2, "eeg", "sfreq"), 250.0),
        (EYE, (2, "clock", "max_drift_ppm"), 300.0),
    ],
)
def test_what_decides_nothing_is_passed_over(made, where, value):
    require_made_alike("x", made_how(*made), made_how(*changed(made, *where, value=value)))


def test_an_option_that_only_another_version_has_is_not_compared():
    newer = changed(DE, 2, "eeg", "new_option", value=3)
    require_made_alike("eeg", made_how(*DE), made_how(*newer))
    require_made_alike("eeg", made_how(*newer), made_how(*DE))
    require_made_alike("eeg", made_how(*DE), {})


def test_tables_of_a_release_are_told_by_the_step_alone():
    released = (
        {"step": "import", "family": "de", "units": {"de": "as released"}},
        {},
        {"tables": "released", "layout": "seed", "features": {"window_s": 1.0, "hop_s": 1.0}},
    )
    with pytest.raises(ConfigError) as caught:
        require_made_alike("eeg", made_how(*released), made_how(*DE))
    assert 'else: step (model "import", table "extract"): give tables that' in str(caught.value)
    other = changed(released, 2, "layout", value="seed-iv")
    require_made_alike("eeg", made_how(*released), made_how(*other))


def test_units_that_differ_within_a_training_bind_nobody():
    assert shared_units([EYE[0], {"units": {"pupil": "px", "amplitude": "deg"}}]) == {
        "amplitude": "deg"
    }
    assert shared_units([EYE[0], EYE[0]]) == EYE[0]["units"]
    assert shared_units([{}, EYE[0]]) == {}
