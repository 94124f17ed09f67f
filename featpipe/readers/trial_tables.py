"""Tables of events, one per trial, as one recording; also where the events have no times.

The tables that the SEED family ships say how long each fixation, saccade and blink was and in which
order those of one kind came, not when. Onsets are then estimated: the kinds are shuffled evenly
into each other (as many fixations as saccades alternate), and the events laid end to end, drawn out
to the length of the trial. Statistics over a whole trial do not depend on this, those over windows
do, and the latency of saccades is a guess in both.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from featpipe.readers.eye_frames import events_frame
from featpipe.readers.preflight import OK, Check
from featpipe.recording import EyeRecording, TrialSpan, empty_messages, empty_samples
from featpipe.schema import EYE_EVENT_KINDS

LONGEST_S = 3600.0
"""No event and no trial lasts longer; such a number is a slip."""
_N_SHOWN = 3  # flaws


class TrialTable(NamedTuple):
    """What an export holds of one trial.

    Attributes
    ----------
    trial : int
        Number, from 1.
    events : pandas.DataFrame
        Columns `schema.EYE_EVENTS`, each kind in the order of time; durations are known, onsets
        (s from any moment) are so of all events or of none.
    length_s : float
        How long the trial was; NaN where the export does not tell.
    """

    trial: int
    events: pd.DataFrame
    length_s: float


def trial_recording(
    tables: Sequence[TrialTable], units: dict[str, str], kind: str, kinds: Sequence[str]
) -> EyeRecording:
    """Lay the tables of all trials on one clock.

    Parameters
    ----------
    tables : sequence of TrialTable
        In the order of the export; at least one.
    units : dict
        As in `EyeRecording`.
    kind : str
        Name of the format.
    kinds : sequence of str
        Kinds of events that the export tells of.

    Returns
    -------
    EyeRecording
        Without samples. Times that go on from table to table are kept, and are one clock;
        otherwise the trials are laid one after the other, in the order of their numbers.
    """
    is_timed = all(table.events["onset"].notna().all() for table in tables)
    is_one_clock = is_timed and _goes_on([table for table in tables if len(table.events)])
    begin, frames, spans = 0.0, [], []
    for table in sorted(tables, key=lambda table: table.trial):
        events = table.events if is_timed else _with_onsets(table)
        ends = (events["onset"] + events["duration"]).to_numpy(dtype=float)
        stop = max(ends.max(initial=0.0), np.nan_to_num(table.length_s))
        frames.append(events if is_one_clock else events.assign(onset=events["onset"] + begin))
        spans.append(TrialSpan(table.trial, begin, begin + stop))
        begin += stop
    return EyeRecording(
        samples=empty_samples(),
        events=events_frame(frames),
        messages=empty_messages(),
        units=units,
        sfreq=None,
        format=kind,
        event_kinds=tuple(name for name in EYE_EVENT_KINDS if name in kinds),
        onsets="recorded" if is_timed else "estimated",
        trials=() if is_one_clock else tuple(spans),
    )


def flaw_check(flaws: Sequence[str]) -> Check:
    """Return the verdict on a file whose tables could be read, but for some flaws."""
    if not flaws:
        return OK
    more = f"; {len(flaws) - _N_SHOWN} more" if len(flaws) > _N_SHOWN else ""
    return Check("suspicious", "; ".join(flaws[:_N_SHOWN]) + more)


def _goes_on(tables: Sequence[TrialTable]) -> bool:
    """Tell whether every table begins after the one before it ends."""
    onset = [table.events["onset"] for table in tables]
    return all(after.min() > before.max() for before, after in pairwise(onset))


def _with_onsets(table: TrialTable) -> pd.DataFrame:
    """Return the events of a trial with estimated onsets, s from its beginning."""
    of_eyes = [of_eye for _, of_eye in table.events.groupby("eye", sort=True)]
    return events_frame([_end_to_end(of_eye, table.length_s) for of_eye in of_eyes])


def _end_to_end(events: pd.DataFrame, length_s: float) -> pd.DataFrame:
    of_kind = events.groupby("kind")["kind"]
    share = (of_kind.cumcount() + 0.5) / of_kind.transform("size")  # how far into its own kind
    rank = events["kind"].map(EYE_EVENT_KINDS.index)
    events = events.iloc[np.lexsort((rank, share))]
    duration = events["duration"].to_numpy(dtype=float)
    onset = np.cumsum(duration) - duration
    total = duration.sum()
    stretch = length_s / total if total > 0 and length_s > 0 else 1.0
    return events.assign(onset=onset * stretch)
