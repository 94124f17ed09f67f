"""The study file: strict reading, defaults, overrides."""

import dataclasses
import re
from pathlib import Path

import pytest

from featpipe.errors import ConfigError
from featpipe.readers.eye_csv_settings import EyeCsv
from pipelines.job import Job, options_text
from pipelines.study import SECTIONS, load_study, resolved

CSV = '[eye.csv]\ntime = "t"\n'
MINIMAL = '[study]\nname = "lab"\nclasses = ["calm", "tense"]\n'


def load(folder, text=MINIMAL, overrides=()):
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return load_study(path, overrides)


def test_defaults_are_the_contract(tmp_path):
    study = load(tmp_path)
    assert (study.eeg.sfreq, study.eeg.l_freq, study.eeg.h_freq) == (200.0, 0.0, 75.0)
    assert (study.eeg.baseline, study.eye.side, study.eye.event_scope) == (
        "trial",
        "auto",
        "window",
    )
    assert (study.features.eeg, study.features.window_s, study.features.hop) == (("de",), 1.0, 1.0)


def test_the_example_of_the_contract_is_read(tmp_path):
    study = load(
        tmp_path,
        """
        [study]
        name = "mylab"
        layout = "table"
        root = "raw"
        recordings = "recordings.csv"
        trials = "trials.csv"
        classes = ["negative", "neutral", "positive"]
        [eeg]
        sfreq = 200.0
        l_freq = 0.0
        h_freq = 75.0
        baseline = "trial"
        [eye]
        side = "auto"
        event_scope = "window"
        [features]
        eeg = ["de", "de_lds"]
        eye = true
        window_s = 1.0
        hop_s = 1.0
        """,
    )
    assert study.features.eeg == ("de", "de_lds")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('[study]\nname = "x"\n', r"\[study\] classes is missing"),
        ("[eeg]\n", r"section \[study\] is missing"),
        (MINIMAL + "[feature]\n", r"unknown section 'feature': did you mean 'features'"),
        (MINIMAL + "[eye_csv]\n", r"unknown section 'eye_csv': did you mean 'eye\.csv'"),
        (MINIMAL + '[eeg]\neog = "Yes"\n', r"eog = \['Yes'\].*did you mean eog = \"auto\"\?"),
        (MINIMAL + '[eeg]\nreference = "avg"\n', r"reference = \['avg'\].*= \"average\"\?"),
        (MINIMAL + "[eeg]\nsfrq = 1\n", r"\[eeg\] unknown key 'sfrq': did you mean 'sfreq'"),
        (MINIMAL + '[eeg]\nsfreq = "fast"\n', r"\[eeg\] sfreq = 'fast'"),
        (MINIMAL + "[eeg]\nh_freq = 120\n", r"h_freq = 120.*expected"),
        (MINIMAL + '[eeg]\nbaseline = "before"\n', r"\[eeg\] baseline = 'before'.*trial"),
        (MINIMAL + '[features]\neeg = ["dee"]\n', r"unknown family 'dee': did you mean 'de'"),
        (MINIMAL + "[features]\nwindow_s = 0\n", r"window_s = 0"),
        (MINIMAL + '[eye]\nside = "middle"\n', r"\[eye\] side"),
        (MINIMAL.replace('"tense"', '"calm"'), "two different names"),
        (MINIMAL + 'layout = "sed"\n', "unknown layout 'sed'"),
        (MINIMAL.replace('"tense"', '"2"'), "'2' could be taken for a label number"),
        (MINIMAL + "[features]\nwindow_s = true\n", r"window_s = True"),
        (MINIMAL + '[features]\nwindow_s = "2"\n', r"window_s = '2'"),
        ("study = 3\n", r"study is a section"),
        (MINIMAL + "[eye]\ncsv = 3\n", r"\[eye\] csv is a section: write \[eye\.csv\]"),
        (MINIMAL + CSV + 'pupl = "p"\n', r"\[eye\.csv\] unknown key 'pupl': did you mean 'pupil'"),
        (MINIMAL + CSV.replace("time", "pupil"), r"\[eye\.csv\] time is missing"),
        (MINIMAL + CSV, r"study\.toml: \[eye\.csv\] names no gaze and no pupil"),
        (MINIMAL + CSV + "pupil = 3\n", r"\[eye\.csv\] pupil = 3.*string"),
        (MINIMAL + CSV + "screen_px = 3\n", r"\[eye\.csv\] screen_px.*"),
        ("[study\n", "not valid TOML"),
    ],
)
def test_mistakes_are_named(tmp_path, text, match):
    with pytest.raises(ConfigError, match=match):
        load(tmp_path, text)


def test_overrides(tmp_path):
    study = load(
        tmp_path,
        overrides=[
            "features.window_s=4",
            'features.eeg=["de_ma"]',
            "eye.side=left",
            "train.options.cscm.subject_weight=2",
        ],
    )
    assert study.features.window_s == 4
    assert study.features.eeg == ("de_ma",)
    assert study.eye.side == "left"
    assert study.train.options == {"cscm": {"subject_weight": 2}}


SECTIONS_OF_ONE_METHOD = """
[[train.options.cscm]]
n_epochs = [1, 2]
[[train.options.cscm]]
dropout = 0.0
"""


def test_an_override_reaches_every_section_of_a_method(tmp_path):
    set_to = ["train.options.cscm.lr=0.1", "train.options.mlp.lr=0.1"]
    study = load(tmp_path, MINIMAL + SECTIONS_OF_ONE_METHOD, set_to)
    assert study.train.options == {
        "cscm": [{"n_epochs": [1, 2], "lr": 0.1}, {"dropout": 0.0, "lr": 0.1}],
        "mlp": {"lr": 0.1},
    }


def test_sections_of_one_method_are_shown_as_they_are_read(tmp_path):
    study = load(tmp_path, MINIMAL + SECTIONS_OF_ONE_METHOD)
    text = options_text(Job(study, [], [], tmp_path, ""))
    assert load(tmp_path, text).train.options == study.train.options


@pytest.mark.parametrize("value", ["5", "[5]", "[{lr = 0.1}, 5]", "[]"])
def test_options_of_a_method_are_sections(tmp_path, value):
    with pytest.raises(ConfigError, match=r"options.cscm = .*: write \[train.options.cscm\]"):
        load(tmp_path, MINIMAL + f"[train.options]\ncscm = {value}\n")


def test_a_table_of_eye_samples_is_described_in_a_section_of_its_own(tmp_path):
    assert load(tmp_path).eye.csv is None
    more = (
        'pupil = "p"\nvalid = "ok"\nvalid_values = 1\nmissing = [-1, "lost"]\n[eye]\nside = "left"'
    )
    study = load(tmp_path, MINIMAL + CSV + more, ["eye.csv.time_unit=ms"])
    assert study.eye.side == "left"
    assert study.eye.csv == EyeCsv(
        time="t", time_unit="ms", pupil="p", valid="ok", valid_values=(1,), missing=(-1, "lost")
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [("50", (50.0,)), ("50.0", (50.0,)), ("49.5", (49.5,)), ("[50, 60.5]", (50.0, 60.5))],
)
def test_a_bare_number_is_a_list_of_one(tmp_path, value, expected):
    assert load(tmp_path, MINIMAL + f"[eeg]\nnotch = {value}\n").eeg.notch == expected
    assert load(tmp_path, overrides=[f"eeg.notch={value}"]).eeg.notch == expected


def test_lists_typed_by_hand(tmp_path):
    given = [
        "eeg.notch=50,97.5",
        "train.seeds=0,1",
        "eeg.eog=AUTO",
        "eeg.channels=7",
        "eeg.sfreq=250",
    ]
    study = load(tmp_path, overrides=[*given, "eeg.reference=Average"])
    assert study.eeg.notch == (50.0, 97.5)
    assert study.train.seeds == (0, 1)
    assert (study.eeg.eog, study.eeg.reference) == (("auto",), ("average",))
    assert (study.eeg.channels, study.eeg.sfreq) == (("7",), 250.0)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("eeg.notch=true", r"\[eeg\] notch\.0 = True"),
        ("eeg.notch=mains", r"\[eeg\] notch\.0 = 'mains'.*number"),
        ("train.seeds=0.5", r"\[train\] seeds\.0 = '0\.5'.*integer"),
        ("eeg.notch=nan", r"\[eeg\] notch = nan"),
        ("eeg.eog=none", r"\[eeg\] eog = \['none'\].*leave it out, or write eog = \[\]"),
        ("eeg.reference=Off", r"\[eeg\] reference = .*or write reference = \[\]"),
    ],
)
def test_what_is_no_number_of_the_list_is_named(tmp_path, text, match):
    with pytest.raises(ConfigError, match=match):
        load(tmp_path, overrides=[text])


@pytest.mark.parametrize("text", ["window_s=4", "features.window_s", "features.=3", "=4"])
def test_bad_overrides_are_named(tmp_path, text):
    with pytest.raises(ConfigError, match="--set"):
        load(tmp_path, overrides=[text])


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match="featpipe simulate"):
        load_study(tmp_path / "nothing.toml")


def test_every_option_is_read_somewhere(tmp_path):
    """An option that no code looks at would be a lie."""
    root = Path(__file__).parents[2]
    code = "".join(
        path.read_text(encoding="utf-8")
        for package in ("featpipe", "models", "pipelines")
        for path in (root / package).rglob("*.py")
    )
    for record in SECTIONS.values():
        for field in dataclasses.fields(record):
            assert re.search(rf"\.{field.name}\b", code), f"{record.__name__}.{field.name}"
    assert set(resolved(load(tmp_path))) == set(SECTIONS)


def test_a_number_in_quotes_is_named_as_that(tmp_path):
    for line, number in (('l_freq = "1.0"', "1.0"), ('h_freq = " 40 "', "40")):
        with pytest.raises(ConfigError, match=rf"without quotes: {number}\Z"):
            load(tmp_path, f"{MINIMAL}[eeg]\n{line}\n")
    with pytest.raises(ConfigError, match=r"without quotes: true\Z"):
        load(tmp_path, f'{MINIMAL}[features]\neye = "true"\n')
    with pytest.raises(ConfigError, match=r"valid number\Z"):
        load(tmp_path, f'{MINIMAL}[eeg]\nl_freq = "low"\n')


def test_a_list_of_numbers_is_written_with_commas(tmp_path):
    for text in ("train.seeds=0-3", "train.seeds=1.5", "eeg.notch=50 100"):
        with pytest.raises(ConfigError, match=r"several are separated by commas: 0,1,2,3\Z"):
            load(tmp_path, overrides=[text])
    assert load(tmp_path, overrides=["train.seeds=0,1,2,3"]).train.seeds == (0, 1, 2, 3)


def test_what_show_prints_is_a_study_file(tmp_path):
    study = load(tmp_path, f"{MINIMAL}{CSV}gaze_x = 'x'\ngaze_y = 'y'\n")
    job = Job(study, [], [], tmp_path, "")
    text = options_text(job)
    assert "# min_blink_s is not set" in text
    again = tmp_path / "again.toml"
    again.write_text(text, encoding="utf-8")
    assert resolved(load_study(again)) == resolved(study)
