"""Whoever reads the tables gets the same numbers, in the same order of rows and columns."""

import io
import shutil
import subprocess
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from featpipe.schema import KEYS
from featpipe.tables import read_features

PLACE = ["subject", "session", "trial", "window"]


@pytest.fixture(scope="module", params=["de", "psd"])
def folder(request, scored_lab):
    return scored_lab.out / "features" / request.param


@pytest.fixture(scope="module")
def expected(folder):
    return read_features(folder)


def in_pandas(folder):
    return pd.read_parquet(folder)


def in_polars(folder):
    return pl.read_parquet(folder / "*.parquet").to_pandas()


def in_lazy_polars(folder):
    return pl.scan_parquet(folder / "*.parquet").collect().to_pandas()


def in_duckdb(folder):
    return duckdb.sql(f"select * from '{folder}/*.parquet'").df()


def in_pyarrow(folder):
    return pq.read_table(folder).to_pandas()


def in_a_dataset(folder):
    return ds.dataset(folder, format="parquet").to_table().to_pandas()


READERS = [in_pandas, in_polars, in_lazy_polars, in_duckdb, in_pyarrow, in_a_dataset]


def numbers(frame):
    return {
        name: np.nansum(frame[name].to_numpy(float, na_value=np.nan))
        for name in frame.columns
        if pd.api.types.is_numeric_dtype(frame[name])
    }


@pytest.mark.parametrize("reader", READERS)
def test_rows_columns_and_sums_are_the_same(folder, expected, reader):
    frame = reader(folder)
    assert list(frame.columns) == list(expected.columns)
    assert list(frame.columns[: len(KEYS)]) == list(KEYS)
    assert frame[PLACE].astype(str).equals(expected[PLACE].astype(str))
    assert numbers(frame) == numbers(expected)
    assert list(frame["label_name"]) == list(expected["label_name"])


def test_columns_and_rows_may_be_chosen(folder, expected):
    """Projection and filters: the seal before the footer is in nobody's way."""
    column = expected.columns[-1]
    part = expected.loc[(expected["trial"] == 2) & (expected["subject"] == "02"), column]
    assert len(part)
    chosen = [
        pd.read_parquet(
            folder, columns=[column], filters=[("trial", "==", 2), ("subject", "==", "02")]
        ),
        pl.scan_parquet(folder / "*.parquet")
        .filter((pl.col("trial") == 2) & (pl.col("subject") == "02")).select(column).collect(),
        duckdb.sql(
            f"select \"{column}\" from '{folder}/*.parquet' where trial = 2 and subject = '02'"
        ).df(),
        ds.dataset(folder).to_table(
            [column], filter=(ds.field("trial") == 2) & (ds.field("subject") == "02")
        ).to_pandas(),
    ]  # fmt: skip
    for frame in chosen:
        np.testing.assert_array_equal(frame[column].to_numpy(), part.to_numpy())


def test_statistics_are_those_of_the_rows(folder):
    for path in folder.iterdir():
        about = pq.read_metadata(path)
        frame = pd.read_parquet(path)
        for name in ("trial", "window", "start_s"):
            column = about.row_group(0).column(about.schema.names.index(name))
            told = column.statistics
            assert (told.min, told.max) == (frame[name].min(), frame[name].max())
        said = duckdb.sql(f"select num_rows from parquet_file_metadata('{path}')").df()
        assert said["num_rows"].sum() == len(frame) == about.num_rows


def test_r_reads_the_same(folder, expected):
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("Rscript is not installed")
    script = Path(__file__).parents[1] / "read_in_r.R"
    files = sorted(map(str, folder.iterdir()))
    done = subprocess.run(
        [rscript, str(script), *files], capture_output=True, text=True, check=False
    )
    if "no package called" in done.stderr:
        pytest.skip("R has no package arrow")
    assert done.returncode == 0, done.stderr
    found = pd.read_csv(io.StringIO(done.stdout))
    told = numbers(expected)
    assert list(found["column"]) == list(told)
    np.testing.assert_allclose(found["sum"], list(told.values()), rtol=1e-12)
