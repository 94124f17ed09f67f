import logging

import numpy as np
import pyarrow as pa
import pytest

from featpipe.errors import ConfigError, ReadError
from featpipe.schema import BANDS, EYE_FEATURES, KEYS, WINDOW_KEYS, eeg_columns
from featpipe.tables import publish, read_table, windows_table
from models.loading import concatenate, load_windows

CHANNELS = ["FP1", "CZ", "OZ"]
CLASSES = ["negative", "neutral", "positive"]
COLUMNS = {"eeg": eeg_columns("de", BANDS, CHANNELS), "eye": list(EYE_FEATURES)}


@pytest.fixture
def write(tmp_path, key_table):
    """Function that writes one recording's table and returns its path and values."""

    def write_table(
        modality, subject, *, drop=(), shuffle=False, columns=None, change=None, **meta
    ):
        keys = key_table(subject, 1, 3, 4)
        keys = keys[keys["subject"] == str(subject)].reset_index(drop=True)
        if change:
            keys = change(keys)
        columns = columns or COLUMNS[modality]
        rng = np.random.default_rng([subject, len(columns)])
        x = rng.normal(size=(len(keys), len(columns))).astype(np.float32)
        keep = np.setdiff1d(np.arange(len(keys)), drop)
        metadata = {"family": modality, "classes": CLASSES, "options": {"window_s": 1.0}}
        if modality == "eeg":
            metadata |= {"channels": CHANNELS, "bands": {k: list(v) for k, v in BANDS.items()}}
        table = windows_table(keys.iloc[keep], x[keep], columns, metadata | meta)
        if shuffle:
            table = table.take(pa.array(rng.permutation(table.num_rows)))
        path = tmp_path / modality / f"sub-{subject}_ses-1.parquet"
        publish(table, path, tmp_path / ".staging")
        return path, x

    return write_table


def test_modalities_meet_on_keys_whatever_the_order_of_rows_and_files(write):
    eeg = {s: write("eeg", s, shuffle=True) for s in (1, 2)}
    eye = {s: write("eye", s, shuffle=True) for s in (2, 1)}
    windows = load_windows(
        {"eeg": [eeg[2][0], eeg[1][0]], "eye": [path for path, _ in eye.values()]}
    )
    assert list(windows.keys.columns) == list(KEYS)
    assert windows.keys[list(WINDOW_KEYS)].equals(
        windows.keys[list(WINDOW_KEYS)].sort_values(list(WINDOW_KEYS), ignore_index=True)
    )
    # files were shuffled, the arrays that went into them were not
    np.testing.assert_array_equal(windows.x["eye"], np.concatenate([eye[1][1], eye[2][1]]))
    flat = windows.x["eeg"].reshape(24, -1)
    np.testing.assert_array_equal(flat, np.concatenate([eeg[1][1], eeg[2][1]]))
    assert windows.n_dropped == windows.n_unlabelled == 0


def test_eeg_is_channels_by_bands(write):
    path, x = write("eeg", 1)
    windows = load_windows({"eeg": [path]})
    assert windows.x["eeg"].shape == (12, 3, 5)
    assert windows.x["eeg"].dtype == np.float32
    assert windows.ch_names == tuple(CHANNELS)
    assert list(windows.bands.items()) == list(BANDS.items())
    column = COLUMNS["eeg"].index("de_alpha_OZ")
    np.testing.assert_array_equal(windows.x["eeg"][:, 2, 2], x[:, column])


def test_pairs_of_channels_are_sites_too(write):
    pairs = ["FP1_FP2", "O1_O2"]
    path, _ = write("eeg", 1, columns=eeg_columns("dasm", BANDS, pairs))
    windows = load_windows({"eeg": [path]})
    assert windows.x["eeg"].shape == (12, 2, 5)
    assert windows.ch_names == tuple(pairs)


def test_labels_classes_and_options(write):
    windows = load_windows({"eye": [write("eye", 1)[0]]})
    np.testing.assert_array_equal(windows.label, np.repeat([1, 2, 0], 4))
    assert windows.label.dtype == np.int64
    assert windows.classes == tuple(CLASSES)
    assert windows.options == {"eye": {"window_s": 1.0}}
    assert windows.columns == {"eye": EYE_FEATURES}


def test_windows_without_a_partner_are_dropped_and_counted(write, caplog):
    eeg, x_eeg = write("eeg", 1, drop=[0, 5])
    eye, x_eye = write("eye", 1, drop=[5, 6, 7])
    with caplog.at_level(logging.INFO, logger="models.loading"):
        windows = load_windows({"eeg": [eeg], "eye": [eye]})
    kept = [1, 2, 3, 4, 8, 9, 10, 11]
    np.testing.assert_array_equal(windows.x["eye"], x_eye[kept])
    np.testing.assert_array_equal(windows.x["eeg"].reshape(8, -1), x_eeg[kept])
    assert windows.n_dropped == 3  # window 0 of the eye, windows 6 and 7 of the EEG
    assert "3 without a partner" in caplog.text


def test_windows_without_a_label_are_dropped_and_counted(write):
    def unlabel(keys):
        label = keys["label"].astype("Int8").where(keys["trial"] != 2)
        return keys.assign(label=label, label_name=keys["label_name"].where(keys["trial"] != 2))

    eeg, _ = write("eeg", 1, change=unlabel)
    eye, x_eye = write("eye", 1, change=unlabel)
    windows = load_windows({"eeg": [eeg], "eye": [eye]})
    assert windows.n_unlabelled == 4
    assert set(windows.keys["trial"]) == {1, 3}
    np.testing.assert_array_equal(windows.x["eye"], x_eye[[0, 1, 2, 3, 8, 9, 10, 11]])


def test_good_is_that_of_the_worse_modality(write):
    eeg, _ = write("eeg", 1, change=lambda keys: keys.assign(good=np.float32(0.9)))
    eye, _ = write("eye", 1, change=lambda k: k.assign(good=np.linspace(0, 1, 12, dtype="f4")))
    good = load_windows({"eeg": [eeg], "eye": [eye]}).keys["good"]
    np.testing.assert_allclose(good, np.minimum(0.9, np.linspace(0, 1, 12)), atol=1e-6)


def test_infinite_features_count_as_missing(write, tmp_path, key_table):
    x = np.zeros((12, 33), np.float32)
    x[3, 4] = -np.inf
    table = windows_table(key_table(1, 1, 3, 4), x, EYE_FEATURES, {"classes": CLASSES})
    publish(table, tmp_path / "a.parquet", tmp_path)
    found = load_windows({"eye": [tmp_path / "a.parquet"]}).x["eye"]
    assert np.isnan(found[3, 4])
    assert np.isnan(found).sum() == 1


def test_differing_columns_name_file_difference_and_remedy(write):
    first, _ = write("eeg", 1)
    other, _ = write("eeg", 2, columns=eeg_columns("de", BANDS, ["FP1", "CZ", "PZ"]))
    with pytest.raises(ConfigError, match=r"sub-2_ses-1.*lacks de_delta_OZ.*adds de_delta_PZ") as e:
        load_windows({"eeg": [first, other]})
    assert "[eeg] channels" in str(e.value)
    turned, _ = write("eeg", 2, columns=COLUMNS["eeg"][::-1])
    with pytest.raises(ConfigError, match="the same names in another order"):
        load_windows({"eeg": [first, turned]})


def test_tables_that_do_not_belong_together(write, caplog):
    eye, _ = write("eye", 1)
    with pytest.raises(ConfigError, match=r"classes are \['a', 'b'\]"):
        load_windows({"eye": [eye, write("eye", 2, classes=["a", "b"])[0]]})
    with pytest.raises(ConfigError, match="must name the same classes"):
        load_windows({"eye": [eye], "eeg": [write("eeg", 1, classes=["a", "b"])[0]]})
    with pytest.raises(ConfigError, match=r"window dataset sim, subject 1, .* is twice in the eye"):
        load_windows({"eye": [eye, eye]})
    moved, _ = write(
        "eeg", 1, change=lambda k: k.assign(label=((k["label"] + 1) % 3).astype("int8"))
    )
    with pytest.raises(ConfigError, match=r"12 windows have another label in eye than in eeg"):
        load_windows({"eye": [eye], "eeg": [moved]})
    load_windows({"eye": [eye, write("eye", 2, options={"window_s": 4.0})[0]]})
    assert "options differ" in caplog.text


def test_one_recording_under_two_names_is_refused(write, tmp_path):
    path, _ = write("eye", 1)
    other = tmp_path / "eye/sub-2_ses-1.parquet"

    def saved_under_another_name(change):
        table = read_table(path)
        subject = pa.array(["2"] * table.num_rows, table.schema.field("subject").type)
        i_subject = table.column_names.index("subject")
        table = change(table.set_column(i_subject, table.schema.field("subject"), subject))
        publish(table, other, tmp_path / ".staging")
        return load_windows({"eye": [other, path]})

    for change in (lambda table: table, lambda table: table.slice(4), lambda t: t.slice(0, 11)):
        with pytest.raises(ConfigError, match=f"{other}: its numbers are those of {path}, in [23]"):
            saved_under_another_name(change)


@pytest.mark.parametrize("value", [0.0, 1.0, np.nan])
def test_windows_without_events_are_alike_and_no_copies(tmp_path, key_table, value):
    files = []
    for subject in (1, 2):
        keys = key_table(subject, 1, 3, 4)
        keys = keys[keys["subject"] == str(subject)].reset_index(drop=True)
        x = np.full((12, 33), value, np.float32)
        x[:, 3] = 2.0
        table = windows_table(keys, x, EYE_FEATURES, {"classes": CLASSES})
        files.append(tmp_path / f"sub-{subject}_ses-1.parquet")
        publish(table, files[-1], tmp_path / ".staging")
    assert len(load_windows({"eye": files}).keys) == 24


def test_tables_of_different_units_are_told(write, caplog):
    files = [write("eye", 1, units={"pupil": "mm"})[0], write("eye", 2, units={"pupil": "au"})[0]]
    load_windows({"eye": files})
    assert (
        f"{files[1]}: its columns are in pupil au, those of {files[0]} in pupil mm" in caplog.text
    )


def test_nothing_to_load(write):
    with pytest.raises(ConfigError, match="no modality given"):
        load_windows({})
    with pytest.raises(ConfigError, match="'eye': no feature files"):
        load_windows({"eye": []})
    eeg, eye = write("eeg", 1)[0], write("eye", 2)[0]
    with pytest.raises(ConfigError, match=r"no labelled window.*12 eeg, 12 eye"):
        load_windows({"eeg": [eeg], "eye": [eye]})


def test_a_damaged_file_is_refused(write):
    path, _ = write("eye", 1)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x10
    path.write_bytes(content)
    with pytest.raises(ReadError, match="sub-1_ses-1"):
        load_windows({"eye": [path]})


def test_concatenate(make_windows):
    one, two = make_windows(n_subjects=2), make_windows(n_subjects=1, seed=3, dataset="other")
    both = concatenate(one, two)
    np.testing.assert_array_equal(both.x["eeg"], np.concatenate([one.x["eeg"], two.x["eeg"]]))
    assert both.keys["dataset"].value_counts().to_dict() == {"sim": 72, "other": 36}
    with pytest.raises(ConfigError, match="is twice in the two sets"):
        concatenate(one, one)
    renamed = type(two)(**{**vars(two), "classes": ("a", "b", "c")})
    with pytest.raises(ConfigError, match="their classes differ"):
        concatenate(one, renamed)
