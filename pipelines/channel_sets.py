"""EEG tables of different caps side by side: methods train on channels that all recordings have."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from featpipe.errors import ConfigError, ReadError, few
from featpipe.features.measures import MEASURES
from featpipe.features.table import FAMILIES
from pipelines.digests import metadata_of
from pipelines.job import Job


def differing_channels(job: Job) -> Iterator[str]:
    """Tell of recordings whose EEG tables have different channels.

    Parameters
    ----------
    job : Job
        The study and its output folder.

    Yields
    ------
    str
        For stderr: one text with the channels that they share, nothing when all have the same.
    """
    plain = [name for name in job.study.features.eeg if not MEASURES[FAMILIES[name].measure].derive]
    for family in plain[:1]:
        files = sorted(job.out.glob(f"features/{family}/*.parquet"))
        if told := _told(_channel_sets(files)):
            yield f"{told}. Only then `featpipe train` can use them together"


def require_same_channels(files: Iterable[Path]) -> None:
    """Refuse EEG tables that cannot be trained on together, before any method is tried.

    Parameters
    ----------
    files : iterable of Path
        Tables of one family.

    Raises
    ------
    ConfigError
        Naming the recordings of each set of channels, and those that all share.
    """
    files = list(files)
    columns = {tuple(pq.read_schema(file).names) for file in files}
    if len(columns) > 1 and (told := _told(_channel_sets(files))):
        raise ConfigError(f"nothing can be trained: {told}")


def _channel_sets(files: Iterable[Path]) -> dict[tuple[str, ...], list[str]]:
    """Channels in the order of the table -> names of the recordings that have these."""
    found: dict[tuple[str, ...], list[str]] = {}
    for file in files:
        try:
            channels = metadata_of(file).get("channels") or ()
        except ReadError:  # told where the table is read
            continue
        found.setdefault(tuple(channels), []).append(file.stem)
    return found


def _told(sets: Mapping[tuple[str, ...], Sequence[str]]) -> str:
    if len(sets) < 2:
        return ""
    listed = "; ".join(f"{len(channels)} ({few(names, 3)})" for channels, names in sets.items())
    first, *others = sets
    common = [channel for channel in first if all(channel in other for other in others)]
    text = f"recordings have different EEG channels: {listed}. "
    if not common:
        return text + "They share none: make a study of each kind"
    line = f"channels = {json.dumps(common, ensure_ascii=False)}"
    return f"{text}Extract again with the {len(common)} that all have, under [eeg]:\n{line}\n"
