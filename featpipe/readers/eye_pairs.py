"""Samples and events that a tracker's software writes into two files, as one recording."""

import logging
import re
import time
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pandas as pd

from featpipe.readers.eye_frames import in_order
from featpipe.readers.fixation_dispersion import add_dispersion
from featpipe.recording import EyeRecording, empty_messages

logger = logging.getLogger(__name__)

_WORD = re.compile(r"samples|events", re.IGNORECASE)
_SWAPPED = {"samples": "events", "events": "samples"}
_SETTLED_NS = 2_000_000_000  # a folder changed later may change again without its time moving


def sibling(path: Path) -> Path | None:
    """Find the other file of a pair such as `X_Samples.txt` and `X_Events.txt`.

    Parameters
    ----------
    path : Path
        Either file.

    Returns
    -------
    Path or None
        The file beside it whose name differs in "samples" and "events" only, without regard to
        case; None when there is none.

    Examples
    --------
    >>> sibling(Path("no_such_folder/S1_Samples.txt")) is None
    True
    """
    words = list(_WORD.finditer(path.name))
    if not words or not path.parent.is_dir():
        return None
    start, stop = words[-1].span()
    wanted = path.name[:start] + _SWAPPED[words[-1][0].lower()] + path.name[stop:]
    found = _listing(path.parent).get(wanted.lower())
    return None if found is None else path.parent / found


def _listing(folder: Path) -> dict[str, str]:
    """Names in a folder by their lower case; listed once for the many recordings it may hold."""
    changed_ns = folder.stat().st_mtime_ns
    is_settled = time.time_ns() - changed_ns > _SETTLED_NS
    return (_names if is_settled else _names.__wrapped__)(folder, changed_ns)


@lru_cache(maxsize=8)
def _names(folder: Path, changed_ns: int) -> dict[str, str]:
    names = sorted((file.name for file in folder.iterdir()), reverse=True)
    return {name.lower(): name for name in names}  # of two that differ in case the first


def is_samples_name(path: Path) -> bool:
    """Tell whether a file of a pair is the one with the samples, by its name."""
    words = _WORD.findall(path.name)
    return bool(words) and words[-1].lower() == "samples"


def join(samples: EyeRecording, events: EyeRecording, kind: str) -> EyeRecording:
    """Put the samples of one file and the events of another into one recording.

    Parameters
    ----------
    samples, events : EyeRecording
        What the two files hold; they share a clock.
    kind : str
        Format of the pair, for the recording.

    Returns
    -------
    EyeRecording
        Messages that both files hold appear once.
    """
    pupils = (samples.units["pupil"], events.units["pupil"])
    told = max(pupils, key=len)
    is_told_by_one = told.startswith("au (") and "au" in pupils
    if pupils[0] != pupils[1] and not is_told_by_one:
        logger.warning(
            "pupils are in %s in the samples and in %s in the events: those of the fixations are "
            "left out",
            *pupils,
        )
        lost = {"pupil_x": float("nan"), "pupil_y": float("nan")}
        events = replace(events, events=events.events.assign(**lost))
        told = pupils[0]
    frame = _matched_eye(samples.samples, events.events)
    return EyeRecording(
        samples=frame,
        events=add_dispersion(events.events, frame, with_last=kind == "smi"),
        messages=_merged(samples.messages, events.messages),
        units={**samples.units, "pupil": told},  # samples without a header do not tell areas
        sfreq=samples.sfreq or events.sfreq,
        format=kind,
        px_per_degree=samples.px_per_degree,
        event_kinds=events.event_kinds,
    )


def _matched_eye(samples: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Give samples that name no eye, hence "left", the one eye that the events name."""
    has_left, has_right = (samples[f"valid_{eye}"].to_numpy().any() for eye in ("left", "right"))
    if not has_left or has_right or set(events["eye"]) != {"right"}:
        return samples
    other = {"left": "right", "right": "left"}
    names = {name: re.sub("left|right", lambda m: other[m[0]], name) for name in samples.columns}
    return samples.rename(columns=names).reindex(columns=samples.columns)


def _merged(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    frames = [frame for frame in (first, second) if len(frame)]
    if not frames:
        return empty_messages()
    both = pd.concat(frames, ignore_index=True)
    return in_order(both.drop_duplicates(), "time")
