"""Files of a model that reads several modalities: which go together, and the windows of all."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from featpipe.errors import ConfigError, ReadError
from featpipe.schema import WINDOW_KEYS
from models.joining import check_unique, join
from models.loading import Windows
from pipelines.new_recordings import Cut

TABLE = ".parquet"


def together(files: Sequence[Path], inputs: Sequence[str], method: str) -> list[tuple[Path, ...]]:
    """Divide files into recordings, each with one file of every input, in their order.

    Parameters
    ----------
    files : sequence of Path
        As they were given.
    inputs : sequence of str
        Modalities that the method predicts from.
    method : str
        For the message.

    Raises
    ------
    ConfigError
        When some file is left over.
    """
    n = len(inputs)
    if len(files) % n:
        raise ConfigError(
            f"{method} reads {' and '.join(inputs)}, and files do not come out even "
            f"({len(files)}): give those of each recording one after the other, "
            f"{', then '.join(inputs)}"
        )
    return [tuple(files[i : i + n]) for i in range(0, len(files), n)]


def require_one_clock(files: Sequence[Path], cut: Cut) -> None:
    """Refuse recordings whose windows would be of different times.

    Raises
    ------
    ConfigError
        When nobody says how the clock of the eyes lies to that of the EEG.
    """
    is_known = bool(cut.trials) and cut.eye_offset is not None
    if not is_known and any(file.suffix != TABLE for file in files):
        raise ConfigError(
            "two recordings are cut alike where --trials and --eye-offset say how: give both, or "
            "extract them, and predict their tables"
        )


def joined(parts: Mapping[str, Windows], files: Sequence[Path]) -> Windows:
    """Return the windows that all modalities of a recording have.

    Parameters
    ----------
    parts : mapping
        Modality -> its windows.
    files : sequence of Path
        What they come of, in the same order.

    Raises
    ------
    ReadError
        When they have no window in common.
    """
    frames = {}
    for file, (modality, windows) in zip(files, parts.items(), strict=True):
        # a recording is called after its file
        is_new = file.suffix != TABLE
        keys = windows.keys.assign(subject=files[0].stem) if is_new else windows.keys
        check_unique(keys, str(file))
        frames[modality] = keys
    keys, rows = join(frames)
    if keys.empty:
        [one, other] = ([str(of[name].iloc[0]) for name in WINDOW_KEYS] for of in frames.values())
        raise ReadError(
            f"they have no window in common: the first are {' '.join(one)} and {' '.join(other)}: "
            "give files of one recording"
        )
    first, *others = parts.values()
    return replace(
        first,
        keys=keys,
        x={modality: of.x[modality][rows[modality]] for modality, of in parts.items()},
        label=np.zeros(len(keys), np.int64),
        columns={name: of for part in (first, *others) for name, of in part.columns.items()},
        options={name: of for part in (first, *others) for name, of in part.options.items()},
        tables={name: of for part in (first, *others) for name, of in part.tables.items()},
    )
