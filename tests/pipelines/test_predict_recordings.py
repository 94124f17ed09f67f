"""`featpipe predict` on recordings: the features of `extract`, for models that read EEG as well."""

import copy
import io
import shutil
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from naive_exports import write_brainvision

from featpipe.errors import ConfigError, ReadError
from featpipe.eye.coverage import recorded_span
from featpipe.reading import read_eye
from featpipe.recording import Source, Trial
from featpipe.tables import publish, with_metadata
from models.final import train_on_all
from models.loading import load_windows
from models.methods import cscm
from models.registry import METHODS, make_config
from models.saved import read_model, write_model
from pipelines.__main__ import run
from pipelines.job import open_job
from pipelines.new_recordings import Cut
from pipelines.predicting import predicted, windows_of
from pipelines.steps import extract

OPTIONS = ("features.window_s=2", "features.hop_s=1", "eeg.l_freq=0.5", "eeg.baseline=pre",
           "eeg.baseline_s=0.5", "eeg.reference=average", "features.eeg=de_lds")  # fmt: skip
NAMES = ("Fp1", "Fp2", "Oz")


def of_eeg(net, batch):
    return net.emotion(net.deep(net.shallow(net.transform["eeg"](batch.x["eeg"].flatten(1)))))


@pytest.fixture(scope="module", autouse=True)
def eeg_method():
    """A network that reads EEG, which is not built in."""
    method = replace(
        cscm.MLP, name="mlp_eeg", train_modalities=("eeg",), inputs=("eeg",),
        build=partial(cscm.build, ("eeg",)), predict=of_eeg,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METHODS, "mlp_eeg", method)
        yield


def extracted(job, source, family):
    """The table that `extract` makes of a recording, with all it says of itself."""
    [unit] = extract.units(job.study, [source], job.out)
    for output, table, more in extract.make(unit, extract.outputs(unit, [])):
        if output.facts["family"] == family:
            return with_metadata(table, {**more, **output.facts}), output.path
    raise AssertionError(family)


def features(table):
    return np.stack([table[name].to_numpy() for name in table.column_names[10:]], axis=1)


def model_on(job, sources, family, modality, method, folder):
    paths = []
    for source in sources:
        table, path = extracted(job, source, family)
        publish(table, path, job.out / ".staging")
        paths.append(path)
    windows = load_windows({modality: paths})
    config = make_config(method, {"n_epochs": 1, "batch": 4})
    write_model(train_on_all(windows, method, config=config), folder, job.out / ".staging")
    return folder


@pytest.fixture(scope="module")
def eeg(tmp_path_factory):
    """A study of EEG with three channels at 500 Hz, and the folder of its model."""
    folder, rng = tmp_path_factory.mktemp("eeg"), np.random.default_rng(3)
    (folder / "study.toml").write_text('[study]\nname = "lab"\nclasses = ["a", "b"]\n')
    (folder / "trials.csv").write_text("trial,onset,offset,label\n1,2,6,a\n2,6,11,b\n")
    names = [
        write_brainvision(folder, subject, NAMES, 20 * rng.standard_normal((3, 6000)))
        for subject in ("01", "02")
    ]
    rows = [f"{name[:2]},1,{name}" for name in names]
    (folder / "recordings.csv").write_text("\n".join(["subject,session,eeg", *rows]))
    job = open_job(folder / "study.toml", None, OPTIONS)
    return job, model_on(job, job.sources, "de_lds", "eeg", "mlp_eeg", folder / "model")


def test_eeg_has_the_features_of_extract_to_the_bit(eeg, tmp_path):
    job, folder = eeg
    model = read_model(folder)
    assert model.about["channels"]["eeg"] == ["FP1", "FP2", "OZ"]
    expected = features(extracted(job, job.sources[0], "de_lds")[0])
    assert np.isfinite(expected).all()
    found = windows_of(model, job.sources[0].eeg, Cut(job.sources[0].trials))
    np.testing.assert_array_equal(found.x["eeg"].reshape(len(expected), -1), expected)
    # channels are found by name, in whichever order, and others are none of the model's
    x = np.fromfile(job.sources[0].eeg.with_suffix(".eeg"), "<f4").reshape(-1, 3).T
    other = write_brainvision(tmp_path, "other", ("Cz", "OZ", "EEG Fp2", "FP1"), x[[0, 2, 1, 0]])
    found = windows_of(model, tmp_path / other, Cut(job.sources[0].trials))
    np.testing.assert_array_equal(found.x["eeg"].reshape(len(expected), -1), expected)


def test_a_whole_recording_is_one_trial(eeg):
    job, folder = eeg
    source = job.sources[1]
    whole = Source("new", "x", "1", source.eeg, None, None, (Trial(1, 1.0, 12.0, None),), ("a",))
    found = windows_of(read_model(folder), source.eeg)
    assert list(found.keys["start_s"]) == list(range(11))
    assert set(found.keys["trial"]) == {1}
    table = extracted(job, whole, "de_lds")[0]
    assert len(features(table)) == len(found.keys) - 1  # it begins a second later


@pytest.fixture
def told(eeg, capsys, tmp_path):
    """Function that predicts a recording and returns code, predictions and messages."""

    def predict(*words, ch_names=NAMES, n_times=3000):
        rng = np.random.default_rng(5)
        x = 20 * rng.standard_normal((len(ch_names), n_times))
        file = tmp_path / write_brainvision(tmp_path, "new", ch_names, x)
        capsys.readouterr()
        code = run(["predict", str(eeg[1]), str(file), *map(str, words)])
        out, err = capsys.readouterr()
        return code, pd.read_csv(io.StringIO(out)) if out else None, err

    return predict


def test_trials_are_cut_as_a_table_of_them_says(told, tmp_path):
    trials = tmp_path / "some.csv"
    trials.write_text("onset,offset\n0.5,3.5\n4,6\n")
    code, found, _ = told("--trials", trials)
    assert code == 0
    assert list(found["trial"]) == [1, 1, 2]
    assert list(found["start_s"]) == [0, 1, 0]
    trials.write_text("trial,onset,offset,label\n7,4,6,happy\n")
    assert list(told("--trials", trials)[1]["trial"]) == [7]
    trials.write_text("subject,session,trial,onset,offset,label\n1,2,8,4,6,happy\n")
    assert list(told("--trials", trials)[1]["trial"]) == [8]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("onset\n1\n", "column 'offset' is missing"),
        ("onset,offset\n3,1\n", "line 2: onset = 3, offset = 1"),
        ("onset,offset\n1,3\n2,4\n", "trial 2 begins at 2 s, before trial 1"),
        ("trial,onset,offset\n1,1,3\n1,4,6\n", "trial 1 is listed twice"),
        ("onset,end\n1,3\n", "unknown column 'end'"),
        (
            "subject,session,trial,onset,offset,label\n1,1,1,1,3,a\n1,2,1,1,3,a\n2,1,1,1,3,b\n",
            "trials of 3 recordings, expected those of one: keep its rows only; the columns are",
        ),
        (None, "no such file; it lists onset and offset"),
    ],
)
def test_trials_that_cannot_be_are_refused_before_any_recording(told, tmp_path, text, said):
    trials = tmp_path / "some.csv"
    if text is not None:
        trials.write_text(text)
    code, found, err = told("--trials", trials)
    assert (code, found) == (1, None)
    assert said in err


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"ch_names": ("Fp1", "Cz")}, "lacks 2 of the 3 channels that the model reads: FP2, OZ"),
        ({"n_times": 700}, "it is 1.4 s long and holds no window of 2 s"),
    ],
)
def test_what_the_model_cannot_read_is_refused_by_name(told, about, said):
    code, found, err = told(**about)
    assert (code, found) == (2, None)
    assert said in err


@pytest.mark.parametrize(("sfreq", "said"), [(1000, None), (80, "gamma band would be 31-32 Hz")])
def test_other_rates_are_resampled_or_refused(eeg, tmp_path, sfreq, said):
    """Below twice the highest band's end a recording has another band, whatever it is called."""
    file = tmp_path / write_brainvision(
        tmp_path, "new", NAMES, 20 * np.random.default_rng(5).standard_normal((3, 5 * sfreq))
    )
    text = file.read_text().replace("SamplingInterval=2000", f"SamplingInterval={1e6 / sfreq}")
    file.write_text(text)
    if said is None:
        assert len(windows_of(read_model(eeg[1]), file).keys) == 4
    else:
        with pytest.raises(ReadError, match=said):
            windows_of(read_model(eeg[1]), file)


@pytest.fixture
def eyes(finished_study, tmp_path):
    """A study of eyes alone, whose trials lie on the trackers' own clocks, and its model."""
    recordings, trials = ["subject,session,eye"], ["subject,trial,onset,offset,label"]
    for i in (1, 2):
        for name in ("Samples", "Events"):
            shutil.copy(finished_study / f"raw/sub-0{i}_ses-1_{name}.txt", tmp_path)
        first, _ = recorded_span(read_eye(tmp_path / f"sub-0{i}_ses-1_Samples.txt"))
        recordings.append(f"{i},1,sub-0{i}_ses-1_Samples.txt")
        trials += [f"{i},{t},{first + 6 * t},{first + 6 * t + 5},{'ab'[t % 2]}" for t in (1, 2, 3)]
    (tmp_path / "study.toml").write_text('[study]\nname = "eyes"\nclasses = ["a", "b"]\n')
    (tmp_path / "recordings.csv").write_text("\n".join(recordings))
    (tmp_path / "trials.csv").write_text("\n".join(trials))
    job = open_job(tmp_path / "study.toml", None, ("features.window_s=2", "eye.events=detect"))
    return job, model_on(job, job.sources, "eye", "eye", "mlp", tmp_path / "model")


def test_eyes_have_the_features_of_extract_to_the_bit(eyes, capsys, tmp_path):
    job, folder = eyes
    source = job.sources[1]
    table, _ = extracted(job, source, "eye")
    found = windows_of(read_model(folder), source.eye, Cut(source.trials))
    np.testing.assert_array_equal(found.x["eye"], features(table))
    # the same trials, counted from the first sample
    first, _ = recorded_span(read_eye(source.eye))
    (tmp_path / "some.csv").write_text("trial,onset,offset\n1,6,11\n2,12,17\n3,18,23\n")
    words = ["predict", str(folder), str(source.eye), "--trials", str(tmp_path / "some.csv")]
    capsys.readouterr()
    assert run(words) == 2
    said = capsys.readouterr().err
    assert f"give --eye-offset: {-first:.3f} if they count from its first sample; if" in said
    assert "the clock_offset_s of this recording" in said
    assert run([*words, "--eye-offset", f"{-first:.6f}"]) == 0
    out, err = capsys.readouterr()
    assert f"--eye-offset {-first:.3f}: taken from end to end of each recording, no drift" in err
    told = pd.read_csv(io.StringIO(out))
    assert list(told["window"]) == list(found.keys["window"])
    np.testing.assert_allclose(told["good"], found.keys["good"], atol=0.02)


def test_a_table_is_cut_already(eyes, capsys):
    job, folder = eyes
    table = next((job.out / "features/eye").glob("*.parquet"))
    assert run(["predict", str(folder), str(table), "--eye-offset", "3"]) == 2
    assert "cut already" in capsys.readouterr().err


def table_with(job, options, family, tmp_path, source=0):
    """The table of a recording of the study, made with some options changed."""
    other = open_job(job.study.path, tmp_path / "other", options)
    table, path = extracted(other, other.sources[source], family)
    publish(table, path, tmp_path / ".staging")
    return path


@pytest.mark.parametrize(
    ("changed", "family", "told"),
    [
        (("features.window_s=2.5",), "de_lds", "features.window_s (model 2.0, table 2.5)"),
        (("eeg.baseline=trial",), "de_lds", 'eeg.baseline (model "pre", table "trial")'),
        (("features.eeg=de",), "de", 'family (model "de_lds", table "de")'),
    ],
)
def test_a_table_of_other_options_is_refused_with_their_names(
    eeg, capsys, tmp_path, changed, family, told
):
    """Its columns are those of the model, to the name."""
    path = table_with(eeg[0], (*OPTIONS, *changed), family, tmp_path)
    capsys.readouterr()
    assert run(["predict", str(eeg[1]), str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"failed: {path}: the eeg table was made otherwise")
    assert told in err
    assert "give the recording itself" in err


def test_a_table_of_the_same_options_is_predicted_without_a_word(eeg, eyes, capsys, tmp_path):
    """The limits of a clock decide no number, and are not the model's."""
    own = ("features.window_s=2", "eye.events=detect")
    same = table_with(eeg[0], OPTIONS, "de_lds", tmp_path)
    alike = table_with(eyes[0], (*own, "clock.max_drift_ppm=90"), "eye", tmp_path / "eyes")
    capsys.readouterr()
    assert run(["predict", str(eeg[1]), str(same)]) == 0
    assert run(["predict", str(eyes[1]), str(alike)]) == 0
    assert capsys.readouterr().err == ""


def test_a_table_that_says_nothing_is_predicted_with_one_line_of_warning(eeg, capsys, tmp_path):
    path = table_with(eeg[0], (*OPTIONS, "eeg.baseline=trial"), "de_lds", tmp_path)
    pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)
    capsys.readouterr()
    assert run(["predict", str(eeg[1]), str(path)]) == 0
    out, err = capsys.readouterr()
    assert len(pd.read_csv(io.StringIO(out))) == pq.read_metadata(path).num_rows
    assert err.count("\n") == 1
    assert f"{path}: it does not say how tables were made, so that nothing was compared" in err


def test_a_recording_in_other_units_is_refused(eyes, capsys):
    """The options are the model's own, but what a tracker writes is not."""
    job, folder = eyes
    model = read_model(folder)
    tables = copy.deepcopy(model.about["tables"])
    assert tables["eye"]["units"]["pupil"] != "furlong"
    tables["eye"]["units"]["pupil"] = "furlong"
    other = model._replace(about={**model.about, "tables": tables})
    with pytest.raises(ConfigError, match=r'units.pupil \(model "furlong", table "'):
        predicted(other, [job.sources[0].eye], cut=Cut(job.sources[0].trials))


def test_released_features_are_made_of_no_recording(eyes):
    job, folder = eyes
    model = read_model(folder)
    tables = {"eye": {**model.about["tables"]["eye"], "step": "import"}}
    other = model._replace(about={**model.about, "tables": tables})
    with pytest.raises(ConfigError, match="features that a data set ships"):
        windows_of(other, job.sources[0].eye)
