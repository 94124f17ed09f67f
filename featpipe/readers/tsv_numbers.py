"""Columns of numbers from a tab-separated file without a header, gzipped or not, within limits.

A file is read block by block; only the columns that are wanted are kept.
"""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from featpipe.errors import ReadError, printable
from featpipe.readers.gzipped import CutShortError, pieces

MAX_BYTES = 1 << 30
"""Of a file, inflated: 1000 Hz for eight hours have 900 MB. A small one may inflate to any size."""

MAX_ROWS = 1 << 25
"""Of a file: nine hours at 1000 Hz. Each takes 8 bytes in every column that is read."""

LOST = ("n/a", "N/A", "NaN", "nan", "NA", ".", "")
"""How lost values are written; "n/a" is what BIDS prescribes."""

_LONGEST = 1 << 20  # bytes of a line
_TAB, _NEWLINE = 9, 10


class _Block(NamedTuple):
    """Whole lines of a file, the last without its end, and how many stand before them."""

    text: bytes
    n_before: int


def refuse_cut(path: Path) -> None:
    """Read a file to its end, keeping nothing.

    Raises
    ------
    CutShortError
        When a gzipped file ends too early, or a file holds nothing.
    ReadError
        When it is damaged, or larger than `MAX_BYTES` or `MAX_ROWS`.
    """
    n_blocks = 0
    for _ in _blocks(path):
        n_blocks += 1
    if not n_blocks:
        raise CutShortError(f"{path}: it holds no sample; copy or export it again")


def read_columns(path: Path, names: Sequence[str], wanted: Sequence[str]) -> dict[str, np.ndarray]:
    """Read columns of numbers.

    Parameters
    ----------
    path : Path
        The file. A first line that repeats the names is passed over.
    names : sequence of str
        All columns, in order.
    wanted : sequence of str
        Those that are read.

    Returns
    -------
    dict of numpy.ndarray, shape (n_rows,)
        By name; lost values are NaN.

    Raises
    ------
    ReadError
        When a row has more or fewer fields than there are names, or a field is no number; the
        message names file and line. When it is larger than `MAX_BYTES` or `MAX_ROWS`.
    """
    found: dict[str, list[np.ndarray]] = {name: [np.empty(0)] for name in wanted}
    for block in _blocks(path):
        first, _, rest = block.text.partition(b"\n")
        if not block.n_before and is_header(first, names):
            block = _Block(rest, 1)
        if not block.text:
            continue
        _refuse_other_widths(path, block, len(names))
        frame = _parsed(path, block, names, wanted)
        for name in wanted:
            x = frame[name].to_numpy(float)
            found[name].append(np.where(np.isfinite(x), x, np.nan))
    return {name: np.concatenate(found.pop(name)) for name in wanted}


def _blocks(path: Path) -> Iterator[_Block]:
    """Yield a file in whole lines; blank ones at its end are none."""
    rest, n_rows = b"", 0
    for piece in pieces(path, MAX_BYTES):
        if b"\0" in piece:
            raise ReadError(f"{path}: it holds NUL characters, so it is no table; copy it again")
        text = (rest + piece).replace(b"\r\n", b"\n")
        lines = text[: text.rfind(b"\n") + 1].rstrip(b"\n")
        rest = text[len(lines) + 1 :] if lines else text
        if len(rest) > _LONGEST:
            raise ReadError(
                f"{path}: line ends were lost, or it is no table; export or copy it again"
            )
        if lines:
            yield _Block(lines, n_rows)
            n_rows += lines.count(b"\n") + 1
        if n_rows > MAX_ROWS:
            raise ReadError(
                f"{path}: it has more than {MAX_ROWS} rows, which no eye recording has; replace it"
            )
    if rest := rest.removesuffix(b"\r").rstrip(b"\n"):
        yield _Block(rest, n_rows)


def is_header(line: bytes, names: Sequence[str]) -> bool:
    """Tell whether a line repeats the names of the columns, which BIDS forbids and people do."""
    fields = line.decode("utf-8", "replace").lower().split("\t")
    return [field.strip() for field in fields] == [name.lower() for name in names]


def _refuse_other_widths(path: Path, block: _Block, n_fields: int) -> None:
    codes = np.frombuffer(block.text + b"\n", np.uint8)
    ends_field = np.flatnonzero((codes == _TAB) | (codes == _NEWLINE))
    found = np.diff(np.flatnonzero(codes[ends_field] == _NEWLINE), prepend=-1)
    if (found != n_fields).any():
        i_line = int(np.argmax(found != n_fields))
        raise ReadError(
            f"{path}, line {i_line + 1 + block.n_before}: {found[i_line]} fields, where Columns of "
            f"the sidecar names {n_fields}: correct Columns, or copy the file again"
        )


def _parsed(path: Path, block: _Block, names: Sequence[str], wanted: Sequence[str]) -> pd.DataFrame:
    # blank lines were refused with their width, but a table of one column may have them
    how = {
        "sep": "\t", "header": None, "names": list(names), "usecols": list(wanted), "quoting": 3,
        "skip_blank_lines": False, "keep_default_na": False, "encoding_errors": "replace",
    }  # fmt: skip
    try:
        return pd.read_csv(
            io.BytesIO(block.text), dtype="float64", na_values=list(LOST), low_memory=False, **how
        )
    except (ValueError, OverflowError) as error:
        frame = pd.read_csv(io.BytesIO(block.text), dtype="str", **how)
        for name in wanted:
            cells = frame[name].str.strip().mask(frame[name].isin(LOST))
            is_bad = cells.notna().to_numpy() & np.isnan(
                np.array(pd.to_numeric(cells, errors="coerce"), float)
            )
            if is_bad.any():
                i_line = int(np.argmax(is_bad))
                raise ReadError(
                    f"{path}, line {i_line + 1 + block.n_before}: {name} = "
                    f"'{printable(cells.iloc[i_line])}' is no number; lost values are written n/a: "
                    "correct it, or copy the file again"
                ) from error
        raise ReadError(f"{path}: it cannot be read ({error}); copy it again") from error
