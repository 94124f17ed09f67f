"""The checksum over the footer of a Parquet file."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from featpipe.errors import ReadError
from featpipe.footers import read_footer
from featpipe.footers import sealed as seal
from featpipe.tables import publish, read_metadata, read_table, with_metadata


@pytest.fixture
def sealed(tmp_path):
    values = {f"c{i}": np.arange(50, dtype=np.float32) + i for i in range(20)}
    path = tmp_path / "a.parquet"
    publish(with_metadata(pa.table(values), {"schema_version": 1}), path, tmp_path)
    return path


def length_of_footer(content):
    return int.from_bytes(content[-8:-4], "little")


def test_any_bit_of_the_footer_counts(sealed):
    content = sealed.read_bytes()
    for place in range(1, 9 + length_of_footer(content)):
        spoilt = bytearray(content)
        spoilt[-place] ^= 1 << (place % 8)
        sealed.write_bytes(spoilt)
        for read in (read_table, read_metadata):
            with pytest.raises(ReadError, match=r"a\.parquet: .*delete it"):
                read(sealed)


def test_others_read_past_it(sealed):
    own = read_table(sealed).to_pandas()
    pd.testing.assert_frame_equal(pd.read_parquet(sealed), own)
    duckdb, polars = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    assert duckdb.sql(f"select sum(c3) from '{sealed}'").fetchall() == [(own["c3"].sum(),)]
    assert polars.read_parquet(sealed)["c3"].sum() == own["c3"].sum()


def test_a_file_that_nobody_sealed_is_read_as_before(tmp_path):
    path = tmp_path / "theirs.parquet"
    pq.write_table(pa.table({"x": [1, 2]}), path)
    assert read_table(path).to_pydict() == {"x": [1, 2]}
    path.write_bytes(seal(path.read_bytes()))
    assert read_table(path).to_pydict() == {"x": [1, 2]}


def test_a_footer_longer_than_one_read(tmp_path):
    path = tmp_path / "wide.parquet"
    about = {"text": "x" * 200_000, "schema_version": 1}
    publish(with_metadata(pa.table({"x": [1.0]}), about), path, tmp_path)
    assert len(read_footer(path)) > 200_000
    assert read_metadata(path) == about
    content = bytearray(path.read_bytes())
    content[-100_000] ^= 1
    path.write_bytes(content)
    with pytest.raises(ReadError, match="its footer is not the one that was written"):
        read_table(path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"x" * 7, b"\xff" * 100])
def test_what_is_no_parquet_file_is_refused(tmp_path, content):
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    for read in (read_table, read_metadata):
        with pytest.raises(ReadError, match=r"a\.parquet: "):
            read(path)
