"""Events and messages beside an eye recording of BIDS: `*_physioevents.tsv.gz` with its JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from featpipe.errors import ReadError, printable
from featpipe.readers.bids_names import metadata
from featpipe.readers.bids_physio_sidecar import EyeTable
from featpipe.readers.eye_frames import events_frame, messages_frame, told_kinds
from featpipe.readers.gzipped import content
from featpipe.readers.tsv_numbers import LOST, is_header
from featpipe.schema import EYE_EVENT_KINDS

_MAX_BYTES = 1 << 25
_MAX_CELLS = 1 << 21  # all are held as text
_MAX_COLUMNS = 256


class Events(NamedTuple):
    """What one file holds.

    Attributes
    ----------
    events, messages : pandas.DataFrame
        Columns `schema.EYE_EVENTS` and `schema.EYE_MESSAGES`.
    kinds : tuple of str
        Of which kinds it tells.
    """

    events: pd.DataFrame
    messages: pd.DataFrame
    kinds: tuple[str, ...]


def read_events(path: Path, table: EyeTable, time: np.ndarray) -> Events:
    """Read the events beside the file of an eye.

    Parameters
    ----------
    path : Path
        The file.
    table : EyeTable
        The recording they belong to.
    time : numpy.ndarray, shape (n_times,)
        Its times, s.

    Returns
    -------
    Events
        Onsets in seconds of that clock. Fixations, saccades and blinks are those that `trial_type`
        calls so; a saccade whose `blink` is 1 is the movement of the lid and counts as a blink.

    Raises
    ------
    ReadError
        When the file cannot be read, or its onsets are on another column than the time stamps.
    """
    rows = _rows(path)
    onset, duration = _seconds(path, rows, table, time)
    has_onset = np.isfinite(onset)
    kind = _column(rows, "trial_type").str.lower()
    closed = _column(rows, "blink").isin(["1", "1.0", "true"])
    kind = kind.mask(closed & (kind == "saccade"), "blink")
    is_event = (kind.isin(EYE_EVENT_KINDS) & has_onset & (duration > 0)).to_numpy()
    tables = [
        {
            "kind": kind[is_event].to_numpy(str), "eye": np.full(is_event.sum(), eye),
            "onset": onset[is_event], "duration": duration[is_event],
        }
        for eye in table.sides
    ]  # fmt: skip
    events = events_frame(tables if is_event.any() else [])
    said = _column(rows, "message")
    is_said = has_onset & (said != "").to_numpy()
    messages = messages_frame(onset[is_said].tolist(), said[is_said].tolist())
    kinds = {*told_kinds(events), *(["blink"] if len(events) and "blink" in rows.columns else [])}
    return Events(events, messages, tuple(of for of in EYE_EVENT_KINDS if of in kinds))


def join_events(found: Sequence[Events]) -> Events:
    """Put what the files of several eyes hold into one; a message that all have stands once."""
    if not found:
        return Events(events_frame([]), messages_frame([], []), ())
    messages = pd.concat([of.messages for of in found], ignore_index=True).drop_duplicates()
    said = messages_frame(messages["time"].tolist(), messages["text"].tolist())
    kinds = {kind for of in found for kind in of.kinds}
    events = events_frame([of.events for of in found])
    return Events(events, said, tuple(kind for kind in EYE_EVENT_KINDS if kind in kinds))


def _rows(path: Path) -> pd.DataFrame:
    """Return all cells as text, lost ones empty."""
    columns = metadata(path).get("Columns")
    text = content(path, _MAX_BYTES).decode("utf-8", "replace").replace("\r\n", "\n")
    if (n_cells := text.count("\t") + text.count("\n")) > _MAX_CELLS:
        raise ReadError(
            f"{path}: {n_cells} cells, expected at most {_MAX_CELLS}: see whether it is a table of "
            "samples under another name"
        )
    lines = text.rstrip("\n").split("\n") if text.strip() else []
    if not isinstance(columns, list) and path.suffix == ".tsv" and lines:
        columns = lines[0].split("\t")
    names = [str(name) for name in columns] if isinstance(columns, list) else []
    if "onset" not in names or len({*names}) < len(names) or len(names) > _MAX_COLUMNS:
        raise ReadError(
            f"{path}: Columns in its sidecar: expected the different names of its columns, onset "
            "among them; add them"
        )
    if lines and is_header(lines[0].encode(), names):
        lines = lines[1:]
    cells = [[cell.strip().strip('"') for cell in line.split("\t")] for line in lines]
    for i_line, row in enumerate(cells):
        if len(row) != len(names):
            raise ReadError(
                f"{path}, row {i_line + 1}: {len(row)} fields, where Columns of its sidecar names "
                f"{len(names)}; copy it again"
            )
    frame = pd.DataFrame(cells, columns=names, dtype="str")
    return frame.where(~frame.isin(LOST), "")


def _column(rows: pd.DataFrame, name: str) -> pd.Series:
    empty = pd.Series("", rows.index, dtype="str")
    return pd.Series(rows[name]) if name in rows.columns else empty


def _numbers(cells: pd.Series) -> np.ndarray:
    """Return what is a number, NaN for all else."""
    return np.array(pd.to_numeric(cells, errors="coerce"), dtype=float)


def _seconds(
    path: Path, rows: pd.DataFrame, table: EyeTable, time: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return onsets on the clock of the samples and durations, s, NaN where they are lost."""
    onset, duration = (_numbers(_column(rows, name)) for name in ("onset", "duration"))
    source = str(metadata(path).get("OnsetSource", table.time or "n/a"))
    if source == table.time or (source == "timestamp" and table.time):
        return onset / table.per_second, duration / table.per_second
    if source != "n/a":
        raise ReadError(
            f"{path}: OnsetSource = '{printable(source)}' in its sidecar: expected 'timestamp', or "
            "'n/a' where onsets are rows of the samples"
        )
    # Rows of the samples, also before the first. [?] that durations count rows, too, the standard
    # implies and does not say.
    step = 1 / table.sfreq if table.sfreq else float(np.median(np.diff(time)))
    return time[0] + onset * step, duration * step
