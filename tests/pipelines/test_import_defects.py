"""What is wrong in a folder of released features costs the recording that it is in, by name."""

import os
import pickle
import shutil

import numpy as np
import pandas as pd
import pytest
from lookalikes import released_files as files
from lookalikes.imported_tables import imported, table
from lookalikes.one_worker import one_worker
from scipy.io import loadmat, savemat

from featpipe.readers.feature_files import PARTS
from featpipe.tables import read_metadata
from pipelines.__main__ import run

ONE = ("--only", "subject=2", "--only", "session=3")


class Hostile:
    """A pickle that would run a command when somebody loads it."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A multimodal folder of three subjects with two sessions each."""
    from lookalikes.signals import shrunk

    from featpipe.datasets.facts import facts_of

    root = tmp_path_factory.mktemp("shipped") / "SEED"
    recordings = [(subject, session) for subject in ("1", "2", "10") for session in "123"]
    files.write_multimodal(root, shrunk(facts_of("seed"), 12), recordings, 4.0)
    return root


@pytest.fixture
def root(shipped, tmp_path):
    """A copy that a test may spoil, and its folders of EEG and eyes."""
    root = tmp_path / "SEED"
    shutil.copytree(shipped, root)
    return root


def eeg(root, name):
    return root / "02-EEG-DE-feature/eeg_used_4s" / f"{name}.npz"


def eye(root, name):
    return root / "04-Eye-tracking-feature/eye_tracking_feature" / name


def failures(out):
    frame = pd.read_parquet(out / "failures.parquet")
    return dict(zip(frame["unit"], frame["reason"], strict=True))


def respelled(path, **changes):
    """Write an .npz again with some members changed."""
    with np.load(path) as parts:
        np.savez(path, **{**parts, **changes})


def test_a_folder_with_every_defect_gives_all_that_is_sound(small, root, tmp_path, capsys):
    mark = tmp_path / "mark"
    eeg(root, "1_1").unlink()
    whole = eeg(root, "1_2").read_bytes()
    eeg(root, "1_2").write_bytes(whole[: len(whole) // 2])
    eeg(root, "1_3").rename(eeg(root, "subject one"))
    eye(root, "2_1").write_bytes(pickle.dumps(Hostile(mark)))
    respelled(eeg(root, "2_2"), train_data=pickle.dumps({"delta": Hostile(mark)}))
    eye(root, "10_1").write_bytes(eye(root, "10_1").read_bytes()[:5000])
    eye(root, "10_2").unlink()
    code, out = imported("seed", root)
    assert code == 3
    assert not mark.exists()
    told = failures(out)
    assert "no EEG features of subject 1, session 1 (<subject>_<session>" in told["sub-1_ses-1"]
    assert "1_2.npz: it is damaged" in told["sub-1_ses-2"]
    assert "subject one.npz: its name is not <subject>_<session>.npz" in told["seed"]
    for name in ("sub-2_ses-1", "sub-2_ses-2"):
        assert "system, which may run code" in told[name]
    assert "10_1: it is damaged" in told["sub-10_ses-1"]
    assert "no eye features of subject 10, session 2" in told["sub-10_ses-2"]
    made = {family: {path.stem for path in (out / "features" / family).iterdir()}
            for family in ("de", "eye")}  # fmt: skip
    sound = {"sub-2_ses-3", "sub-10_ses-3"}
    assert made["de"] == sound | {"sub-2_ses-1", "sub-10_ses-1", "sub-10_ses-2"}
    without_eeg, with_broken_eeg = {"sub-1_ses-1", "sub-1_ses-3"}, {"sub-1_ses-2", "sub-2_ses-2"}
    assert made["eye"] == sound | without_eeg | with_broken_eeg


def test_labels_of_another_session_are_refused_with_the_trial(small, root):
    with np.load(eeg(root, "1_1")) as parts:
        train, test = parts["train_label"], parts["test_label"]
    respelled(eeg(root, "1_1"), train_label=2 - train, test_label=2 - test)
    code, out = imported("seed", root, "--only", "subject=1")
    assert code == 3
    assert failures(out).keys() == {"sub-1_ses-1"}
    reason = failures(out)["sub-1_ses-1"]
    assert "1_1.npz: trial 1 has label 0, which is class 0, expected 2 as published" in reason
    assert "(10 of 15 trials differ)" in reason


def test_labels_that_change_within_a_trial_are_refused(small, root):
    with np.load(eeg(root, "2_3")) as parts:
        train = parts["train_label"].copy()
    train[1] = 0
    respelled(eeg(root, "2_3"), train_label=train)
    _, out = imported("seed", root, *ONE)
    assert "2_3.npz: windows of trial 1 have labels [0.0, 2.0]" in failures(out)["sub-2_ses-3"]


def test_a_code_that_no_class_has_is_refused(small, root):
    with np.load(eeg(root, "2_3")) as parts:
        respelled(eeg(root, "2_3"), test_label=np.full_like(parts["test_label"], 7))
    _, out = imported("seed", root, *ONE)
    assert "label 7 of trial 10, expected one of [0, 1, 2]" in failures(out)["sub-2_ses-3"]


def test_windows_too_few_or_with_another_end_of_training_are_refused(small, root):
    contents = {name: dict(np.load(eeg(root, name))) for name in ("1_1", "1_2")}
    bands = pickle.loads(contents["1_1"]["test_data"].item())
    fewer = pickle.dumps({band: x[:-1] for band, x in bands.items()})
    labels = contents["1_1"]["test_label"]
    respelled(eeg(root, "1_1"), test_data=fewer, test_label=labels[:-1])
    train, test = (pickle.loads(contents["1_2"][f"{part}_data"].item()) for part in PARTS)
    moved = {band: np.concatenate([train[band][-1:], x]) for band, x in test.items()}
    left = {band: x[:-1] for band, x in train.items()}
    one, two = (contents["1_2"][f"{part}_label"] for part in PARTS)
    respelled(
        eeg(root, "1_2"),
        train_data=pickle.dumps(left),
        train_label=one[:-1],
        test_data=pickle.dumps(moved),
        test_label=np.concatenate([one[-1:], two]),
    )
    _, out = imported("seed", root, "--only", "subject=1")
    assert "windows, expected 60 of 15 trials" in failures(out)["sub-1_ses-1"]
    assert "which is not where a trial ends" in failures(out)["sub-1_ses-2"]


def test_numbers_that_are_none_lower_good(small, root):
    with np.load(eeg(root, "1_1")) as parts:
        bands = pickle.loads(parts["train_data"].item())
    bands["delta"][0, 0] = -np.inf
    bands["theta"][0, :61] = np.nan
    respelled(eeg(root, "1_1"), train_data=pickle.dumps(bands))
    code, out = imported("seed", root, "--only", "subject=1")
    assert code == 0
    frame = table(out, "de")
    assert frame["good"][0] == pytest.approx(1 - 62 / 310)
    assert (frame["good"][1:] == 1).all()
    assert np.isnan(frame["de_delta_FP1"][0])
    assert not np.isinf(frame.filter(like="de_")).any(axis=None)


def test_label_mat_is_compared_with_what_is_published(small, tmp_path):
    root = tmp_path / "SEED"
    files.write_extracted(root, small("seed"), [("1", "1")], 4.0)
    path = root / "ExtractedFeatures_4s/label.mat"
    codes = loadmat(path)["label"]
    codes[0, 6] = 1
    savemat(path, {"label": codes})
    _, out = imported("seed", root, "--only", "session=1")
    assert failures(out)["sub-1_ses-1"].startswith(f"{path}: trial 7 has label 1, which is class 2")


def test_a_variable_of_another_length_or_missing_is_named(small, tmp_path):
    root = tmp_path / "SEED_IV"
    files.write_seed_iv(root, small("seed-iv"), [("1", "1"), ("2", "1")])
    one, two = sorted((root / "eeg_feature_smooth/1").iterdir())
    content = {k: x for k, x in loadmat(one).items() if not k.startswith("__")}
    savemat(one, content | {"de_LDS3": content["de_LDS3"][:, :-1]})
    content.pop("psd_LDS24")
    savemat(two, content)
    code, out = imported("seed-iv", root, "--only", "session=1")
    assert code == 3
    assert (
        "de_lds: trial 3 has shape (62, 5, 5), expected 62 channels" in failures(out)["sub-1_ses-1"]
    )
    assert "psd_lds of trial 24 is not in it" in failures(out)["sub-2_ses-1"]
    assert not (out / "features/de_lds").exists()
    assert len(list((out / "features/eye").iterdir())) == 2  # their trials have published lengths


def test_asm_in_another_order_costs_asm_only(small, tmp_path):
    root = tmp_path / "SEED"
    files.write_extracted(root, small("seed"), [("1", "1")], 4.0)
    (path,) = (root / "ExtractedFeatures_4s").glob("1_*.mat")
    content = {k: x for k, x in loadmat(path).items() if not k.startswith("__")}
    for name in [name for name in content if name.startswith("asm")]:
        content[name] = np.concatenate([content[name][27:], content[name][:27]])
    savemat(path, content)
    code, out = imported("seed", root, "--only", "session=1")
    assert code == 3
    assert "asm_lds, asm_ma: it is not dasm and then rasm" in failures(out)["sub-1_ses-1"]
    assert not (out / "features/asm_lds").exists()
    assert (out / "features/dasm_lds").exists()


def test_a_release_with_noise_for_eeg_is_refused(small, tmp_path):
    root = tmp_path / "SEED-V"
    files.write_seed_v(root, small("seed-v"), ["1"])
    path = root / "EEG_DE_features/1_123.npz"
    with np.load(path) as parts:
        data, label = pickle.loads(parts["data"].item()), parts["label"]
    noise = {k: np.random.default_rng(k).normal(20, 1, x.shape) for k, x in data.items()}
    np.savez(path, data=pickle.dumps(noise), label=label)
    code, out = imported("seed-v", root)
    assert code == 3
    assert "whether its columns run channel by channel" in failures(out)["sub-1_ses-1"]


def with_scaled_de(root, of, scale):
    """SEED-V of one subject with other DE."""
    files.write_seed_v(root, of, ["1"])
    path = root / "EEG_DE_features/1_123.npz"
    with np.load(path) as parts:
        data, label = pickle.loads(parts["data"].item()), parts["label"]
    whole = scale(np.concatenate(list(data.values())))
    ends = np.cumsum([len(x) for x in data.values()])[:-1]
    np.savez(path, data=pickle.dumps(dict(zip(data, np.split(whole, ends), strict=True))),
             label=label)  # fmt: skip


def test_bands_stored_high_to_low_are_refused(small, tmp_path):
    root = tmp_path / "SEED-V"
    with_scaled_de(root, small("seed-v"), lambda x: x.reshape(-1, 5)[:, ::-1].reshape(x.shape))
    code, out = imported("seed-v", root)
    assert code == 3
    assert "delta is above gamma in only 0% of channels" in failures(out)["sub-1_ses-1"]
    assert not (out / "features/de").exists()


def test_standardised_features_are_told_in_metadata_and_quality(small, tmp_path):
    """Over the three sessions of a file: a session of it has other means."""
    root = tmp_path / "SEED-V"
    with_scaled_de(root, small("seed-v"), lambda x: (x - x.mean(axis=0)) / x.std(axis=0))
    code, out = imported("seed-v", root)
    assert code == 0
    about = read_metadata(out / "features/de/sub-1_ses-2.parquet")
    assert "mean 0, deviation 1" in about["released"]["standardised"]
    assert about["qc"]["standardised"].endswith("over the recording, test windows included")
    assert about["qc"]["bands"].startswith("delta above gamma in ")
    assert about["units"]["de"] == "standardised"


def test_content_that_contradicts_its_names_is_told(small, tmp_path, caplog):
    """DE upside down, LDS and moving average exchanged, a trial of zeros, beside right pairs."""
    root = tmp_path / "SEED"
    files.write_extracted(root, small("seed"), [("1", "1")], 4.0)
    (path,) = (root / "ExtractedFeatures_4s").glob("1_*.mat")
    content = {k: x for k, x in loadmat(path).items() if not k.startswith("__")}
    for lds in [name for name in content if "LDS" in name]:
        average = lds.replace("LDS", "movingAve")
        content[lds], content[average] = content[average], content[lds]
    for name in [name for name in content if name.startswith("de_")]:
        content[name] = content[name][::-1]
    content["de_LDS3"] = np.zeros_like(content["de_LDS3"])
    savemat(path, content)
    _, out = imported("seed", root, "--only", "session=1")
    assert "their names may be exchanged" in caplog.text
    assert "27 of 27 pairs of dasm_ma are of other channels of DE" in caplog.text
    assert "all numbers are 0, taken as lost: trial 3 of de_lds" in caplog.text
    frame = table(out, "de_lds")
    assert (frame["good"] == (frame["trial"] != 3)).all()


def test_training_that_ends_with_another_clip_is_refused(small, tmp_path, monkeypatch):
    monkeypatch.setitem(files.N_TRAIN, 15, 8)
    root = tmp_path / "SEED"
    files.write_multimodal(root, small("seed"), [("2", "3")], 4.0)
    _, out = imported("seed", root, *ONE)
    assert "training ends with trial 8, expected trial 9" in failures(out)["sub-2_ses-3"]


def test_one_recording_that_was_saved_anew_under_another_name_is_not_trained_on(small, tmp_path):
    root, dates = tmp_path / "SEED-IV", small("seed-iv").dates["1"]
    files.write_seed_iv(root, small("seed-iv"), [("1", "1"), ("3", "1")])
    for kind in ("eeg", "eye"):
        folder = root / f"{kind}_feature_smooth/1"
        content = loadmat(folder / f"1_{dates['1']}.mat")
        variables = {name: x for name, x in content.items() if not name.startswith("__")}
        savemat(folder / f"2_{dates['2']}.mat", variables, do_compression=False)
    code, out = imported("seed-iv", root)
    assert code == 0  # files of another size: nothing shows yet
    options = ("--method", "majority", "--seeds", "0", *one_worker())
    assert run(["train", str(out / "study.toml"), "-o", str(out), *options]) == 3
    (why,) = set(failures(out).values())
    first, second = (out / f"features/de_lds/sub-{k}_ses-1.parquet" for k in "12")
    assert why.startswith(f"{second}: its numbers are those of {first}, in 24 trials")
    assert "under two names would be trained on and tested on" in why
    (root / f"eeg_feature_smooth/1/2_{dates['2']}.mat").unlink()
    (root / f"eye_feature_smooth/1/2_{dates['2']}.mat").unlink()
    assert run(["train", str(out / "study.toml"), "-o", str(out), *options]) == 0
