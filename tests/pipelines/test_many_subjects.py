"""The last step of the demo is announced, and heard of while it works."""

from pipelines import demo
from pipelines.steps import many_subjects
from pipelines.steps.extract import table_path
from pipelines.study import find_recordings, load_study


def test_the_demo_announces_all_of_its_steps():
    text = demo.INTRODUCTION.format(n=8, many=80, out="demo")
    assert [line[0] for line in text.splitlines()[1:]] == ["1", "2", "3", "4"]
    assert "80 other simulated subjects" in text


def test_it_tells_how_far_it_is(finished_study, monkeypatch, capsys):
    monkeypatch.setattr(many_subjects, "TIMES", 1)
    study = load_study(finished_study / "study.toml", ["train.seeds=[0]"])
    out = finished_study / "out"
    tables = [table_path(out, "eye", source) for source in find_recordings(study).sources]
    settings = demo.SimulationSettings(n_subjects=3, n_trials=3, trial_s=8.0)
    [unit] = many_subjects.units(settings, study, tables, out)
    outputs = many_subjects.outputs(unit, [])
    next(iter(many_subjects.make(unit, outputs)))
    told = capsys.readouterr().err.splitlines()
    assert "many_subjects mlp_holdout_seed-0: 1 of 3 subjects simulated" in told
    assert told[-1] == "many_subjects mlp_holdout_seed-0: training, epoch by policy 'last'"
