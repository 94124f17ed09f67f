"""Tables of what is true in a simulated study, to compare results with."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.schema import BANDS
from featpipe.simulate.head import REGIONS
from featpipe.simulate.scanpath import PX_PER_DEG, Scanpath
from featpipe.simulate.session import Session
from featpipe.simulate.subject import EEG_EFFECTS, EFFECT_UNITS, EYE_EFFECTS, Subject
from featpipe.simulate.world import CLASSES, COURSE_HZ

WINDOW_S = 1.0
"""Length of the windows of the intensity table, s."""

PERSON = (
    "reactivity exponent alpha_hz alpha_db blink_uv pupil_mm anisocoria fixation_s amplitude_deg "
    "blink_hz"
).split()


def recording_truth(
    subject: Subject, session: Session, scanpath: Scanpath
) -> dict[str, pd.DataFrame]:
    """Return everything that is true of one recording.

    Parameters
    ----------
    subject, session, scanpath
        The world of the recording.

    Returns
    -------
    dict
        "windows": intensity per trial and 1-s window; "subjects": the person on that day;
        "effects": what emotion does to that person; "levels": power of the regions at rest;
        "clocks": offset and drift of the tracker; "events": fixations, saccades and blinks on
        the EEG clock. Each begins with the columns dataset ("simulated"), subject, session.
    """
    person = pd.DataFrame({name: [getattr(subject, name)] for name in PERSON})
    clock = session.clock
    tables = {
        "windows": _windows(session),
        "subjects": person,
        "effects": _effects(subject),
        "levels": _levels(subject),
        "clocks": pd.DataFrame({"offset_s": [clock.offset_s], "drift_ppm": [1e6 * clock.drift]}),
        "events": _events(scanpath),
    }
    for table in tables.values():
        table.insert(0, "dataset", "simulated")
        table.insert(1, "subject", session.subject)
        table.insert(2, "session", session.session)
    return tables


def write_truth(folder: Path, recordings: list[dict[str, pd.DataFrame]]) -> None:
    """Write the truth of a study, one Parquet file per table.

    Parameters
    ----------
    folder : Path
        Made when it does not exist.
    recordings : list of dict
        Results of `recording_truth`, in order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in recordings[0]:
        whole = pd.concat([tables[name] for tables in recordings], ignore_index=True)
        whole.to_parquet(folder / f"{name}.parquet", index=False)


def _windows(session: Session) -> pd.DataFrame:
    """Mean intensity of the trial's emotion in each whole window of the trial."""
    rows = []
    course_time = np.arange(session.feeling.shape[1]) / COURSE_HZ
    for trial, onset, offset, label in session.trials.itertuples(index=False):
        for window in range(int((offset - onset) / WINDOW_S + 1e-9)):
            start = window * WINDOW_S
            time = onset + start + (np.arange(20) + 0.5) * WINDOW_S / 20
            intensity = np.interp(time, course_time, session.feeling[label]).mean()
            rows.append((trial, window, start, label, CLASSES[label], intensity))
    names = ["trial", "window", "start_s", "label", "emotion", "intensity"]
    return pd.DataFrame(rows, columns=pd.Index(names))


def _effects(subject: Subject) -> pd.DataFrame:
    """Effects at full intensity in long form: the person's and the population's."""
    rows = []
    tables: list[tuple[str, Mapping, np.ndarray]] = [
        ("eeg", EEG_EFFECTS, subject.eeg_effects),
        ("eye", EYE_EFFECTS, subject.eye_effects),
    ]
    for modality, population, own in tables:
        for (quantity, expected), effects in zip(population.items(), own, strict=True):
            what = quantity if isinstance(quantity, str) else "_".join(quantity[::-1])
            unit = EFFECT_UNITS.get(what, "dB")
            for emotion, mean, effect in zip(CLASSES, expected, effects, strict=True):
                rows.append((modality, what, emotion, unit, effect, mean))
    names = ["modality", "quantity", "emotion", "unit", "effect", "population"]
    return pd.DataFrame(rows, columns=pd.Index(names))


def _levels(subject: Subject) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "region": np.repeat(list(REGIONS), len(BANDS)),
            "band": np.tile(list(BANDS), len(REGIONS)),
            "level_db": subject.level_db.ravel(),
        }
    )


def _events(scanpath: Scanpath) -> pd.DataFrame:
    """Fixations, saccades and blinks as they happened; a blink is from covered to free pupil."""
    is_blink = np.zeros(scanpath.start.size - 1, dtype=bool)
    is_blink[scanpath.blinks[scanpath.blinks < is_blink.size]] = True
    step = np.hypot(np.diff(scanpath.x), np.diff(scanpath.y)) / PX_PER_DEG
    fixations = pd.DataFrame({"onset": scanpath.start, "stop": scanpath.stop})
    saccades = pd.DataFrame(
        {"onset": scanpath.stop[:-1], "stop": scanpath.start[1:], "amplitude": step}
    )
    blinks = pd.DataFrame({"onset": scanpath.closed, "stop": scanpath.opened})
    parts = {
        "fixation": fixations.assign(x=scanpath.x, y=scanpath.y),
        "saccade": saccades[~is_blink],
        "blink": blinks,
    }
    events = pd.concat([part.assign(kind=kind) for kind, part in parts.items() if len(part)])
    events["duration"] = events["stop"] - events["onset"]
    events = events.sort_values("onset", kind="stable", ignore_index=True)
    return events.reindex(columns=["kind", "onset", "duration", "x", "y", "amplitude"])
