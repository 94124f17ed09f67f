"""Windows frame <-> Parquet: self-describing and checksummed.

A file says in its own metadata what it was made from and with which options, so that no sidecar
can tell another story.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from featpipe.errors import NewerSchemaError, OutputError, ReadError
from featpipe.footers import read_footer, sealed
from featpipe.publishing import Published, publish_bytes
from featpipe.regular_files import open_file
from featpipe.schema import KEYS, NULLABLE_KEYS, SCHEMA_VERSION

METADATA_KEY = b"featpipe"


def windows_table(
    keys: pd.DataFrame, values: np.ndarray, columns: Sequence[str], metadata: Mapping[str, Any]
) -> pa.Table:
    """Put key columns and features of one recording into an Arrow table.

    Parameters
    ----------
    keys : pandas.DataFrame
        The columns of `schema.KEYS`, one row per window.
    values : array, shape (n_windows, n_features)
        Features; stored as float32.
    columns : sequence of str
        Names of the features.
    metadata : mapping
        What JSON can hold; kept under the key `featpipe`.

    Returns
    -------
    pyarrow.Table
        Rows sorted by trial and window.
    """
    order = np.lexsort((keys["window"], keys["trial"]))
    if (np.diff(order) != 1).any():  # mostly they are sorted already
        values, keys = values[order], keys.iloc[order]
    by_column = np.asarray(values.T, dtype=np.float32, order="C")
    fields, arrays = [], []
    for name, kind in KEYS.items():
        fields.append(pa.field(name, pa.type_for_alias(kind), nullable=name in NULLABLE_KEYS))
        arrays.append(pa.array(keys[name], type=fields[-1].type, from_pandas=name in NULLABLE_KEYS))
    one_by_one = pa.array(by_column.reshape(-1), type=pa.float32())
    for i, name in zip(range(len(by_column)), columns, strict=True):
        fields.append(pa.field(name, pa.float32(), nullable=False))
        arrays.append(one_by_one.slice(i * len(order), len(order)))
    return with_metadata(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), metadata)


def with_metadata(table: pa.Table, metadata: Mapping[str, Any]) -> pa.Table:
    """Return the table with `metadata` as its only metadata."""
    text = json.dumps(metadata, ensure_ascii=False)
    return table.replace_schema_metadata({METADATA_KEY: text.encode()})


def said_by(table: pa.Table) -> dict[str, Any]:
    """Return what a table that `read_table` returned says of itself; nothing if not ours."""
    return json.loads((table.schema.metadata or {}).get(METADATA_KEY, b"{}"))


def publish(table: pa.Table, path: Path, staging: Path) -> Published:
    """Write a table so that `path` is either the old file or the whole new one.

    Parameters
    ----------
    table : pyarrow.Table
        What to write.
    path : Path
        Where readers find it.
    staging : Path
        Folder for the unfinished file, on the file system of `path`.

    Returns
    -------
    Published
        Rows, bytes and checksum of what was published.

    Raises
    ------
    OutputError
        When the file cannot be written, or came back different.
    """
    content = _encoded(table)
    # of the bytes in memory: the file has to come back equal to them
    found = pq.read_metadata(pa.BufferReader(content))
    if found.num_rows != table.num_rows or found.schema.names != table.schema.names:
        raise OutputError(
            f"{path}: not written: its content came out as {found.num_rows} rows of "
            f"{found.num_columns} columns and not {table.num_rows} of {table.num_columns}; run "
            "again, and have the memory of this machine tested if it happens again"
        )
    return publish_bytes(sealed(content), path, staging, table.num_rows)


def _encoded(table: pa.Table) -> pa.Buffer:
    # Any: pyarrow's annotations know only the all-or-nothing form of these options
    floats: Any = [f.name for f in table.schema if pa.types.is_floating(f.type)]
    strings: Any = [f.name for f in table.schema if pa.types.is_string(f.type)]
    keys: Any = [name for name in table.column_names if name in KEYS]
    stream = pa.BufferOutputStream()
    with pq.ParquetWriter(
        stream,
        table.schema,
        compression="zstd",
        use_dictionary=strings,
        use_byte_stream_split=floats,
        write_page_checksum=True,
        write_statistics=keys,  # nobody looks a window up by its DE
        store_schema=False,  # it would hold the metadata a second time
    ) as writer:
        writer.add_key_value_metadata(table.schema.metadata)
        writer.write_table(table)
    return stream.getvalue()


def read_metadata(path: Path) -> dict[str, Any]:
    """Return what a file says of itself: family, options, sources, fingerprint and more.

    Raises
    ------
    ReadError
        When the file is not a table of ours or is damaged; NewerSchemaError when a later version of
        featpipe made it.
    """
    try:
        stored = pq.read_metadata(pa.BufferReader(read_footer(path))).metadata or {}
    except (OSError, pa.ArrowException) as error:
        raise ReadError(f"{path}: not a readable Parquet file ({error}): delete it") from error
    if METADATA_KEY not in stored:
        raise ReadError(f"{path}: Parquet, but not a table of featpipe: move it elsewhere")
    return _said(path, stored[METADATA_KEY])


def _said(path: Path, stored: bytes) -> dict[str, Any]:
    """Parse what a file says of itself; refuse a schema that is yet to come."""
    try:
        about = json.loads(stored)
        schema = int(about.get("schema_version", SCHEMA_VERSION))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ReadError(
            f"{path}: damaged (what it says of itself is no JSON of ours: {error}): delete it and "
            "run again"
        ) from error
    if schema > SCHEMA_VERSION:
        raise NewerSchemaError(
            f"{path}: made by a newer featpipe (schema {schema}; this version reads up to "
            f"{SCHEMA_VERSION}): install that version, or take another output folder"
        )
    return about


def read_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read one file, its page checksums verified.

    Raises
    ------
    ReadError
        When the file is damaged; NewerSchemaError when a later version of featpipe made it.
    """
    whole_file: Any = {"partitioning": None}  # or a folder named a=b would become a column
    try:
        names = None if columns is None else list(columns)
        read_footer(path)
        table = pq.read_table(path, columns=names, page_checksum_verification=True, **whole_file)
        stored = (table.schema.metadata or {}).get(METADATA_KEY)
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise ReadError(f"{path}: damaged ({error}): delete it and run again") from error
    if stored is not None:
        _said(path, stored)
    return table


def is_as_written(path: Path) -> bool:
    """Tell whether a file holds, byte for byte, what this version writes of its content.

    Then no bit of it can have changed by itself, wherever it lies, and no record is needed to know.

    Raises
    ------
    ReadError
        When the file cannot be read as a table.
    """
    content = sealed(_encoded(read_table(path)))
    with open_file(path) as stream:
        return stream.read(len(content) + 1) == content


def read_features(path: Path | str) -> pd.DataFrame:
    """Read a table, or a folder of them, as one frame.

    Parameters
    ----------
    path : Path or str
        For example `OUT/features/de` or one file in it.

    Returns
    -------
    pandas.DataFrame
        One row per window; keys first, then features.
    """
    path = Path(path)
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path] * path.exists()
    tables = [read_table(file) for file in files]
    if not tables:
        raise ReadError(f"{path}: no .parquet files there: run `featpipe extract` first")
    return pa.concat_tables(tables, promote_options="default").to_pandas()
