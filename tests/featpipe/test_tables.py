"""Tables: contract columns, other people's readers, whole or not there, damage found."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from featpipe.errors import ReadError
from featpipe.schema import KEYS
from featpipe.tables import publish, read_features, read_metadata, read_table, windows_table


def make(n_windows=6, n_features=4):
    keys = pd.DataFrame(
        {
            "dataset": "lab",
            "subject": "01",
            "session": "1",
            "trial": np.arange(n_windows) // 3 + 1,
            "window": np.arange(n_windows) % 3,
            "start_s": np.arange(n_windows) % 3 * 1.0,
            "stop_s": np.arange(n_windows) % 3 + 1.0,
            "label": pd.array([0, 0, 0, None, None, None], dtype="Int8"),
            "label_name": ["calm"] * 3 + [None] * 3,
            "good": 1.0,
        }
    )
    values = np.random.default_rng(0).standard_normal((n_windows, n_features))
    values[1, 2] = np.nan
    columns = [f"de_delta_C{i}" for i in range(n_features)]
    return windows_table(keys, values, columns, {"family": "de", "µ": [1.5]}), keys, values


@pytest.fixture
def published(tmp_path):
    table, _, _ = make()
    path = tmp_path / "features" / "de" / "sub-01_ses-1.parquet"
    publish(table, path, tmp_path / ".staging")
    return path


def test_schema_is_the_contract(published):
    schema = pq.read_schema(published)
    assert schema.names[: len(KEYS)] == list(KEYS)
    for name, kind in KEYS.items():
        assert schema.field(name).type == pa.type_for_alias(kind), name
        assert schema.field(name).nullable == (name in ("label", "label_name"))
    assert all(str(schema.field(n).type) == "float" for n in schema.names[len(KEYS) :])


def test_storage_is_the_contract(published):
    group = pq.read_metadata(published).row_group(0)
    for i in range(group.num_columns):
        column = group.column(i)
        assert column.compression == "ZSTD"
        if column.physical_type in ("FLOAT", "DOUBLE"):
            assert "BYTE_STREAM_SPLIT" in column.encodings
            assert not column.has_dictionary_page


def test_other_readers_see_plain_files(published):
    folder = published.parent
    frame = pd.read_parquet(folder)
    assert frame["subject"].tolist() == ["01"] * 6  # text stays text
    assert ds.dataset(folder).count_rows() == 6
    pd.testing.assert_frame_equal(read_features(folder), frame)


def test_values_come_back_sorted_as_float32(tmp_path):
    _, keys, values = make()
    shuffled = np.array([5, 2, 0, 4, 1, 3])
    table = windows_table(keys.iloc[shuffled], values[shuffled], list("abcd"), {})
    publish(table, tmp_path / "x.parquet", tmp_path)
    back = read_features(tmp_path / "x.parquet")
    assert (
        back[["trial", "window"]].to_numpy().tolist()
        == keys[["trial", "window"]].to_numpy().tolist()
    )
    np.testing.assert_array_equal(back[list("abcd")].to_numpy(), values.astype(np.float32))


def test_metadata_is_one_json_document(published):
    stored = pq.read_metadata(published).metadata
    assert set(stored) == {b"featpipe"}
    assert (
        json.loads(stored[b"featpipe"]) == read_metadata(published) == {"family": "de", "µ": [1.5]}
    )


def test_equal_tables_are_equal_bytes(tmp_path):
    for name in ("a", "b"):
        publish(make()[0], tmp_path / name, tmp_path / ".staging")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_failed_write_leaves_the_old_file_and_no_rest(published, monkeypatch):
    before = published.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    staging = published.parents[2] / ".staging"
    with pytest.raises(OSError, match="the disk is full"):
        publish(make(n_features=5)[0], published, staging)
    assert published.read_bytes() == before
    assert list(staging.iterdir()) == []


def test_every_flipped_bit_of_the_data_is_found_or_harmless(published):
    """A reader of ours never returns other numbers than were written."""
    clean, raw = read_features(published), published.read_bytes()
    for position in range(4, len(raw) - 8, 97):
        damaged = bytearray(raw)
        damaged[position] ^= 1 << (position % 8)
        published.write_bytes(damaged)
        try:
            found = read_table(published).to_pandas()
        except ReadError:
            continue
        if list(found.columns) == list(clean.columns):
            pd.testing.assert_frame_equal(found, clean)


def test_errors_say_what_to_do(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(ReadError, match=r"x\.parquet.*delete it"):
        read_metadata(tmp_path / "x.parquet")
    with pytest.raises(ReadError, match="featpipe extract"):
        read_features(tmp_path / "nothing")
