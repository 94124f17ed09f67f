"""What an output's fingerprint covers, and that `show` names what changed: a thousand examples."""

import copy
import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lookalikes.declared_facts import OF_TRAININGS, UNIT, World, marks, tables_of, told

from featpipe.eeg.settings import EegSettings
from featpipe.errors import ConfigError
from featpipe.eye.clock import ClockSettings
from featpipe.eye.settings import EyeSettings
from featpipe.features import de
from featpipe.features.table import FAMILIES, FeatureSettings
from featpipe.readers.eye_csv_settings import EyeCsv
from featpipe.recording import Released, Source, Trial
from featpipe.schema import BANDS
from models.folds import FoldSettings
from models.registry import METHODS
from models.train import TrainSettings
from pipelines.identity import fingerprint
from pipelines.job import options_text
from pipelines.running import RunSettings
from pipelines.steps import extract, released
from pipelines.study import SECTIONS, load_study
from pipelines.study_sections import StudySettings, TrainPlan

MANY = settings(deadline=None, suppress_health_check=list(HealthCheck))
WORD = st.text("abcdefgh", min_size=1, max_size=6)
WORDS = st.lists(WORD, max_size=3, unique=True).map(tuple)
POSITIVE = st.floats(0.01, 100)
PATHS = "says where files lie; their content counts"
CHOOSES = "says which files and trials are meant; these count"

VALUES = {
    StudySettings: {
        "name": WORD,
        "classes": st.lists(WORD, min_size=2, max_size=4, unique=True).map(tuple),
    },
    EegSettings: {
        "sfreq": st.floats(151, 1000),
        "l_freq": st.floats(0.01, 70),
        "h_freq": st.floats(1, 99),
        "baseline": st.sampled_from(["pre", "none"]),
        "baseline_s": POSITIVE,
        "channels": WORDS, "reference": WORDS,
        "notch": st.lists(st.floats(2, 98), max_size=3).map(tuple),
        "eog": WORDS,
        "bad_channels": st.sampled_from(["mark", "interpolate"]),
    },
    EyeSettings: {
        "side": st.sampled_from(["left", "right"]),
        "event_scope": st.just("trial"),
        "pupil_window_s": st.floats(5, 100),
        "pupil_max_gap_s": POSITIVE,
        "pupil": st.just("both"),
        "light": st.just("remove"),
        "light_subjects": WORDS,
        "max_blink_s": POSITIVE,
        "events": st.sampled_from(["export", "detect"]),
        "detector": st.sampled_from(["idt", "ivt"]),
        "max_dispersion": POSITIVE,
        "max_fixation_velocity": POSITIVE,
        "min_fixation_s": POSITIVE,
        "min_blink_s": POSITIVE,
        "px_per_degree": POSITIVE,
        "min_good": st.floats(0.01, 1),
        "csv": st.builds(EyeCsv, st.just("t"), gaze_x=st.just("x"), gaze_y=st.just("y")),
    },
    ClockSettings: {"max_residual_ms": POSITIVE, "max_drift_ppm": POSITIVE},
    FeatureSettings: {
        "eeg": st.lists(st.sampled_from([n for n in FAMILIES if n != "eye"]), max_size=4,
                        unique=True).map(tuple),
        "eye": st.just(False),
        "window_s": POSITIVE,
        "hop_s": POSITIVE.filter(lambda s: s != 1.0),  # what it is without being given
        "convention": st.just("seed"),
    },
    TrainPlan: {
        "methods": st.lists(st.sampled_from(list(METHODS)), min_size=1, max_size=3,
                            unique=True).map(tuple),
        "protocol": st.just("within"),
        "policy": st.just("source-validation"),
        "seeds": st.lists(st.integers(0, 99), min_size=1, max_size=3, unique=True).map(tuple),
        "eeg": st.just("psd"),
        "train_share": st.floats(0.01, 0.59),
        "manner": st.sampled_from(["paper", "marked"]),
        "scaling": st.sampled_from(["subject", "session"]),
        "n_folds": st.integers(4, 9), "precision": st.sampled_from(["high", "medium"]),
        "min_good": st.floats(0.01, 1),
        "weight": st.just("good"),
        "missing": st.just("keep"),
        "options": st.builds(lambda lr: {"mlp": {"lr": lr}}, st.floats(0.01, 1)),
    },
}  # fmt: skip
"""Options that a family declares -> other values than the default."""

WITHOUT_EFFECT = {
    StudySettings: dict.fromkeys(("root", "recordings", "trials"), PATHS)
    | dict.fromkeys(("layout", "eeg", "rating", "threshold", "task", "label_column"), CHOOSES),
    TrainPlan: {
        "device": "where it is computed, not what",
        "subjects": CHOOSES,
        "models": "says what is kept of a training",
    },
    TrainSettings: dict.fromkeys(
        ("device", "n_threads", "fold_chunk", "stacked", "stops_at_nan"),
        "how it is computed, not what",
    )
    | {"precision": "taken from the study's"},
    FoldSettings: dict.fromkeys(("train_share", "n_folds", "min_good"), "taken from the study's"),
    RunSettings: dict.fromkeys(("workers", "scheduler", "fail_fast"), "who does the work"),
}
"""Options that change no output, each with the reason."""

OF_RELEASES = {StudySettings: {"tables", "eye_columns"}}
"""Options of features that a data set ships."""

RECORDS = (*SECTIONS.values(), TrainSettings, FoldSettings, RunSettings)
CHANGES = [(record, name) for record, of in VALUES.items() for name in of]
SECTION_OF = {record: name for name, record in SECTIONS.items()}


@pytest.mark.parametrize("record", RECORDS)
def test_every_option_is_declared_or_known_not_to_matter(record):
    """A new option stands in neither, until somebody has thought of it."""
    declared = set(VALUES.get(record, {})) | OF_RELEASES.get(record, set())
    without = set(WITHOUT_EFFECT.get(record, {}))
    assert declared | without == {field.name for field in fields(record)}
    assert not declared & without


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


def changed(record, name, value):
    try:
        return replace(record, **{name: value})
    except ConfigError:
        return None


def families_concerned(record, name):
    eeg = {"de", "psd", "dasm"}
    if record is StudySettings:
        return {*eeg, "eye"}
    if record is EegSettings:
        return eeg | ({"eye"} if name in ("sfreq", "channels") else set())
    if record in (EyeSettings, ClockSettings):
        return {"eye"} if name == "light_subjects" else {"eye", "pupils"}
    if record is FeatureSettings:
        return eeg if name == "convention" else {*eeg, "eye"}
    return set()


CHANGES_SOME = {"eeg", "eye", "methods", "seeds", "protocol", "policy", "options", "manner",
                "scaling"}  # fmt: skip

READ_WITH = {"train_share": {"protocol": "within"}, "n_folds": {"protocol": "kfold"},
             "scaling": {"manner": "marked"}}  # fmt: skip


@pytest.mark.parametrize(("record", "name"), CHANGES, ids=lambda x: getattr(x, "__name__", x))
@settings(MANY, max_examples=20)
@given(data=st.data())
def test_an_option_changes_the_families_that_declare_it_and_is_named(world, record, name, data):
    study, section = world.study, SECTION_OF[record]
    study = replace(study, train=replace(study.train, **READ_WITH.get(name, {})))
    now = changed(getattr(study, section), name, data.draw(VALUES[record][name]))
    assume(now is not None and getattr(now, name) != getattr(getattr(study, section), name))
    before, after = world.outputs(study), world.outputs(replace(study, **{section: now}))
    assert marks(before) != marks(after)
    texts = told(before, after)
    assert tables_of(texts) <= families_concerned(record, name)
    if name not in CHANGES_SOME:
        assert tables_of(texts) == families_concerned(record, name)
    for output, differing in texts.items():
        names = {text.partition(":")[0] for text in differing}
        assert names, output
        if output.startswith(OF_TRAININGS):
            assert all(text.startswith(("content of ", f"{name}: ")) or " is " in text
                       for text in differing)  # fmt: skip
        else:
            assert names <= expected_names(section, name), names


def expected_names(section, name):
    if section == "study":
        return {{"name": "dataset"}.get(name, name)}
    if name == "window_s":
        return {"features.window_s", "features.hop_s"}
    if name == "convention":
        return {"features.convention", "features.bands.gamma"}
    if name == "csv":
        return {"eye.csv"} | {f"eye.csv.{field.name}" for field in fields(EyeCsv)}
    return {f"{section}.{name}"}


CSV = EyeCsv("t", gaze_x="x", gaze_y="y", gaze_unit="norm", valid="v", valid_values=("1",))
CSV_VALUES = {
    "time": "t2", "time_unit": "ms", "gaze_x": "x2", "gaze_y": "y2", "gaze_unit": "deg",
    "screen_px": (800.0, 600.0), "pupil": "p", "pupil_unit": "mm", "valid": "v2",
    "valid_values": ("2",), "missing": ("-9",), "message": "m", "delimiter": ";", "decimal": ",",
    "encoding": "utf-8", "comment": "#",
}  # fmt: skip
SIDES = [f"{what}_{side}" for what in ("gaze_x", "gaze_y", "pupil", "valid")
         for side in ("left", "right")]  # fmt: skip


@pytest.mark.parametrize("name", [*CSV_VALUES, *SIDES])
def test_every_option_of_tables_of_samples_counts(world, name):
    assert {*CSV_VALUES, *SIDES} == {field.name for field in fields(EyeCsv)}
    if name in CSV_VALUES:
        now = replace(CSV, **{name: CSV_VALUES[name]})
    else:
        what, _, side = name.rpartition("_")
        columns = {f"{of}_{side}": of for of in ("gaze_x", "gaze_y", what)}
        of_valid = {"valid_values": ("1",)} if what == "valid" else {}
        now = EyeCsv("t", gaze_unit="norm", **columns, **of_valid)
    before, after = (
        world.outputs(replace(world.study, eye=replace(world.study.eye, csv=of)))
        for of in (CSV, now)
    )
    texts = told(before, after)
    assert tables_of(texts) == {"eye", "pupils"}
    assert any(text.startswith(f"eye.csv.{name}: ") for text in texts[f"features/eye/{UNIT}"])


SOURCE = {
    "dataset": WORD, "subject": WORD, "session": WORD, "eye_offset": POSITIVE,
    "trials": st.lists(st.builds(Trial, st.integers(1, 9), POSITIVE, POSITIVE, st.integers(0, 1)),
                       min_size=1, max_size=3).map(tuple),
    "classes": WORDS, "eeg_part": WORD, "channels": st.lists(WORD, min_size=1).map(tuple),
}  # fmt: skip
"""What the study says of a recording; other values than those of the world."""


@MANY
@given(data=st.data())
def test_what_the_study_says_of_a_recording_counts(world, data):
    of_files = {"eeg", "eye", "released"}  # their content counts; of the last, below
    assert SOURCE.keys() | of_files == {field.name for field in fields(Source)}
    name = data.draw(st.sampled_from(sorted(SOURCE)))
    value = data.draw(SOURCE[name])
    assume(value != getattr(world.source, name))
    before, after = world.outputs(), world.outputs(source=replace(world.source, **{name: value}))
    assert marks(before) != marks(after)
    if name in ("subject", "session"):
        return  # another file
    for output, texts in told(before, after).items():
        if output.startswith("features"):
            shown = {text.partition(":")[0] for text in texts}
            assert shown == {name}, texts


@settings(MANY, max_examples=250)
@given(place=st.integers(0, 63), bit=st.integers(0, 7), which=st.sampled_from(["eeg", "eye"]))
def test_any_bit_of_a_source_counts(world, place, bit, which):
    path = getattr(world, which)
    before, content = world.outputs(), path.read_bytes()
    spoilt = bytearray(content)
    spoilt[place] ^= 1 << bit
    try:
        path.write_bytes(spoilt)
        texts = told(before, world.outputs())
    finally:
        path.write_bytes(content)
    eeg = {"de", "psd", "dasm"} if which == "eeg" else set()
    assert tables_of(texts) == {*eeg, "eye", "pupils"}
    assert texts[f"features/eye/{UNIT}"] == [f"content of {path.name} changed"]


@settings(MANY, max_examples=250)
@given(band=st.sampled_from(sorted(BANDS)), edge=st.integers(0, 1), by=st.floats(0.01, 3))
def test_a_band_edge_counts(world, band, edge, by):
    before, edges = world.outputs(), BANDS[band]
    moved = tuple(e + by * (i == edge) for i, e in enumerate(edges))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BANDS, band, moved)
        texts = told(before, world.outputs())
    assert tables_of(texts) == {"de", "psd", "dasm"}
    name = f"features.bands.{band}: {json.dumps(list(edges))} -> {json.dumps(list(moved))}"
    assert texts[f"features/de/{UNIT}"] == [name]


def test_band_edges_of_seed_and_of_pupils_count(world, monkeypatch):
    seed = replace(world.study, features=replace(world.study.features, convention="seed"))
    before, pupils = world.outputs(seed), world.outputs()
    monkeypatch.setitem(de.SEED_BANDS, "gamma", (31.0, 49.0))
    assert tables_of(told(before, world.outputs(seed))) == {"de", "dasm"}
    monkeypatch.setattr(extract, "PUPIL_BANDS", ((0.0, 0.3),))
    assert tables_of(told(pupils, world.outputs())) == {"eye"}


RELEASED = {
    "window_s": 4.0, "eeg_form": "f", "eye_form": "f", "families": ("de",), "first_trial": 2,
    "codes": (1, 0), "order": "band", "axes": ("window",), "eye_axes": ("column",),
    "eye_order": "seed", "n_train": 3, "de_unit": "bit",
}  # fmt: skip
RELEASED_WITHOUT = {"labels": "its content counts, as a source",
                    "witnesses": "their content counts, as sources",
                    "eye_documented": "the study says it: eye_columns"}  # fmt: skip


def test_where_tables_come_from_counts(world):
    before = world.outputs()
    study = SimpleNamespace(study=SimpleNamespace(layout="seed", eye_columns="confirmed"),
                            features=world.study.features)  # fmt: skip
    [unit] = extract.units(study, [replace(world.source, released=Released(1.0))], world.folder)
    for output in released.outputs(unit, []):
        name = f"features/{output.facts['family']}/{UNIT}"
        assert "step extract -> import" in told(before, {name: output.facts})[name]


@pytest.mark.parametrize("name", [*RELEASED, "eye_columns", "window"])
def test_what_is_said_of_released_features_counts(world, name):
    assert RELEASED.keys() | RELEASED_WITHOUT.keys() == set(Released._fields)
    about = SimpleNamespace(layout="seed", eye_columns="confirmed")
    features = replace(world.study.features, window_s=2.0 if name == "window" else 1.0)
    now = Released(1.0)._replace(**({name: RELEASED[name]} if name in RELEASED else {}))
    other = (
        SimpleNamespace(layout="seed", eye_columns="documented") if name == "eye_columns" else about
    )
    facts = []
    for said, of, how in ((about, Released(1.0), world.study.features), (other, now, features)):
        study = SimpleNamespace(study=said, features=how)
        [unit] = extract.units(study, [replace(world.source, released=of)], world.folder)
        found = released.outputs(unit, [])
        facts.append({o.path.relative_to(world.folder).as_posix(): o.facts for o in found})
    texts = told(*facts)
    assert tables_of(texts) == ({"eye"} if name == "eye_columns" else {"de", "psd", "dasm", "eye"})
    word = {"eye_columns": "eye.columns", "window": "features.window_s"}.get(
        name, f"released.{name}"
    )
    assert any(text.startswith(f"{word}: ") for text in texts[f"features/eye/{UNIT}"])


@settings(MANY, max_examples=60)
@given(seed=st.integers(0, 1 << 30))
def test_comments_order_of_keys_and_paths_do_not_count(world, seed):
    """The whole folder moves, all its files are touched, its study is written another way."""
    chance, folder = random.Random(seed), world.folder / f"moved-{seed}"
    shutil.copytree(world.folder, folder, ignore=shutil.ignore_patterns("moved-*"))
    try:
        job: Any = SimpleNamespace(study=world.study)
        path = folder / "other name.toml"
        path.write_text(shuffled(options_text(job), chance))
        for file in (folder / "a.edf", folder / "b.txt"):
            os.utime(file, (chance.randrange(1 << 30),) * 2)
        eeg = (folder / "a.edf").rename(folder / "renamed.edf")
        other = copy.copy(world)
        other.folder = folder
        source = replace(world.source, eeg=eeg, eye=folder / "b.txt")
        assert marks(other.outputs(load_study(path), source)) == marks(world.outputs())
    finally:
        shutil.rmtree(folder)


def shuffled(text, chance):
    sections = [f"[{part}" for part in f"\n{text}".split("\n[")[1:]]
    chance.shuffle(sections)
    lines = []
    for head, *keys in (section.strip().splitlines() for section in sections):
        chance.shuffle(keys)
        lines += [head, *(f"{key}  # {chance.random()}" if chance.random() < 0.5 else key
                          for key in keys), "# a comment"]  # fmt: skip
    return "\n".join(lines)


def test_another_process_with_another_order_of_hashes_gives_the_same_marks(world):
    code = (
        "import sys, json, dataclasses\nfrom pipelines.study import load_study\n"
        "from pipelines.steps import extract\nfrom pipelines.identity import fingerprint\n"
        "from featpipe.recording import Source, Trial\nfrom pathlib import Path\n"
        "study = load_study(Path(sys.argv[1]))\n"
        "source = Source('lab', '01', '1', Path('x/a.edf'), Path('x/b.txt'), 0.5,"
        " (Trial(1, 0.0, 9.0, 0, 'clip'),), ('a', 'b'))\n"
        "[unit] = extract.units(study, [source], Path('elsewhere'))\n"
        "print(json.dumps([fingerprint(o.facts) for o in extract.outputs(unit, [])]))"
    )
    [unit] = extract.units(world.study, [world.source], world.folder)
    own = [fingerprint(output.facts) for output in extract.outputs(unit, [])]
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(world.folder / "study.toml")], check=True,
            capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": seed},
        )  # fmt: skip
        assert json.loads(done.stdout) == own
