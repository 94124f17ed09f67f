"""Write a simulated study as the files a laboratory would have, or give one eye recording."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.errors import ConfigError
from featpipe.recording import EyeRecording
from featpipe.schema import EYE_EVENTS, EYE_SAMPLES
from featpipe.simulate.eeg import render_eeg
from featpipe.simulate.head import FILE_CHANNELS
from featpipe.simulate.neuroscan import write_cnt
from featpipe.simulate.scanpath import Scanpath, draw_scanpath
from featpipe.simulate.session import Session, draw_session
from featpipe.simulate.smi import write_events, write_samples
from featpipe.simulate.subject import Subject, draw_subject
from featpipe.simulate.tracker import SIDES, TRACKER_HZ, EyeTrack, track_eyes
from featpipe.simulate.truth import recording_truth, write_truth
from featpipe.simulate.world import CLASSES, SimulationSettings

STUDY = """\
# A simulated study: nobody was recorded. truth/ holds what is true.

[study]
name = "simulated"
layout = "table"
root = "."
recordings = "recordings.csv"
trials = "trials.csv"
classes = ["negative", "neutral", "positive"]

[eeg]
sfreq = 200.0
l_freq = 0.0
h_freq = 75.0
baseline = "trial"

[eye]
side = "auto"
event_scope = "window"

[features]
eeg = ["de"]
eye = true
window_s = 4.0  # two or three fixations a second: shorter windows hold too few events
hop_s = 2.0
"""


@dataclass(frozen=True)
class World:
    """Everything that both recordings of one subject's session are made from."""

    subject: Subject
    session: Session
    scanpath: Scanpath
    track: EyeTrack


def draw_world(settings: SimulationSettings, subject: int, session: int) -> World:
    """Draw one subject's session: the person, the feelings, the eyes, what the tracker saw.

    Parameters
    ----------
    settings : SimulationSettings
        Length and number of trials, seed.
    subject, session : int
        Numbers from 1; they may exceed the settings' counts.

    Returns
    -------
    World
        The same for equal arguments, whatever the counts in the settings.
    """
    person = draw_subject(settings, subject, session)
    visit = draw_session(settings, subject, session)
    scanpath = draw_scanpath(settings, person, visit)
    return World(person, visit, scanpath, track_eyes(settings, person, visit, scanpath))


def simulate_study(
    out: Path,
    settings: SimulationSettings,
    on_progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write a study: raw recordings, study file, list of recordings, list of trials, truth.

    Parameters
    ----------
    out : Path
        Folder of the study, made when it does not exist. The same simulation may be written
        into it again.
    settings : SimulationSettings
        What to simulate.
    on_progress : callable, optional
        Called with (recordings done, recordings in total) after each recording.

    Returns
    -------
    Path
        The study file, `out/study.toml`.

    Raises
    ------
    ConfigError
        When `out` is a file, or holds a study that is not this one.
    OSError
        When the folder cannot be made or written.
    """
    out = Path(out)
    _refuse_other_studies(out, settings)
    (out / "raw").mkdir(parents=True, exist_ok=True)
    pairs = [
        (subject, session)
        for subject in range(1, settings.n_subjects + 1)
        for session in range(1, settings.n_sessions + 1)
    ]
    recordings, trials, truths = [], [], []
    for n_done, (subject, session) in enumerate(pairs, start=1):
        world = draw_world(settings, subject, session)
        name = f"sub-{subject:02d}_ses-{session}"
        write_recording(out / "raw", name, settings, world)
        row = {"subject": subject, "session": session}
        recordings.append(row | {"eeg": f"raw/{name}.cnt", "eye": f"raw/{name}_Events.txt"})
        trials.append(_trial_rows(world.session).assign(**row))
        truths.append(recording_truth(world.subject, world.session, world.scanpath))
        if on_progress is not None:
            on_progress(n_done, len(pairs))
    columns = ["subject", "session", "trial", "onset", "offset", "label"]
    write_truth(out / "truth", truths)
    _write_csv(out / "recordings.csv", pd.DataFrame(recordings))
    _write_csv(out / "trials.csv", pd.concat(trials).reindex(columns=columns))
    (out / "study.toml").write_text(STUDY, encoding="utf-8", newline="\n")
    _settings_file(out).write_text(json.dumps(asdict(settings)) + "\n", encoding="utf-8")
    return out / "study.toml"


def _settings_file(out: Path) -> Path:
    return out / "truth" / "settings.json"


def _refuse_other_studies(out: Path, settings: SimulationSettings) -> None:
    """Let only the same simulation be written again: a study of people must not be lost."""
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out} is a file: name a folder for the simulated study")
    if not any((out / name).exists() for name in ("study.toml", "recordings.csv", "trials.csv")):
        return
    try:
        same = json.loads(_settings_file(out).read_text(encoding="utf-8")) == asdict(settings)
    except (OSError, ValueError):
        same = False
    if not same:
        raise ConfigError(f"{out} holds another study: name a new folder for the simulated one")


def write_recording(folder: Path, name: str, settings: SimulationSettings, world: World) -> None:
    """Write the three files of one recording.

    Parameters
    ----------
    folder : Path
        Must exist.
    name : str
        Files are `<name>.cnt`, `<name>_Events.txt` and `<name>_Samples.txt`.
    settings : SimulationSettings
        Sampling rate and seed.
    world : World
        What to record.
    """
    codes, times = world.session.codes
    marks = zip(np.rint(times * settings.sfreq).astype(int), codes, strict=True)
    channels = render_eeg(settings, world.subject, world.session, world.scanpath)
    write_cnt(
        folder / f"{name}.cnt",
        channels,
        FILE_CHANNELS,
        settings.sfreq,
        [(int(sample), int(code)) for sample, code in marks],
        session=f"ses-{world.session.session}",
    )
    messages = list(zip(*_messages(world.session), strict=True))
    write_events(folder / f"{name}_Events.txt", world.track, messages, name)
    write_samples(folder / f"{name}_Samples.txt", world.track, messages, name)


def simulate_eye(
    settings: SimulationSettings, subject: int, session: int
) -> tuple[EyeRecording, pd.DataFrame]:
    """Return the eye side of one recording without rendering EEG or writing a file.

    Parameters
    ----------
    settings : SimulationSettings
        Length and number of trials, seed.
    subject, session : int
        Numbers from 1; they may exceed the settings' counts.

    Returns
    -------
    EyeRecording
        The numbers of the files that `simulate_study` writes, on the EEG clock in s.
    pandas.DataFrame
        Columns `schema.TRIALS`.
    """
    return record_eyes(draw_world(settings, subject, session))


def record_eyes(world: World) -> tuple[EyeRecording, pd.DataFrame]:
    """Return the eye side of a recording of any world, such as one person meeting another's day.

    Parameters
    ----------
    world : World
        What to record.

    Returns
    -------
    EyeRecording, pandas.DataFrame
        As of `simulate_eye`.
    """
    track, visit = world.track, world.session
    stamps, texts = _messages(visit)
    recording = EyeRecording(
        samples=_samples_frame(track, visit),
        events=_events_frame(track, visit),
        messages=pd.DataFrame({"time": visit.clock.eeg_s(stamps), "text": texts}),
        units={"gaze": "px", "pupil": "px", "dispersion": "px"},
        sfreq=TRACKER_HZ,
        format="smi",
    )
    return recording, visit.trials


def _messages(session: Session) -> tuple[np.ndarray, list[str]]:
    """When and what the experiment wrote into the eye recording: the trigger codes."""
    codes, times = session.codes
    return session.clock.stamp(times), [str(code) for code in codes]


def _samples_frame(track: EyeTrack, session: Session) -> pd.DataFrame:
    columns: dict[str, np.ndarray] = {"time": session.clock.eeg_s(track.stamp)}
    for side, gaze, pupil in zip(SIDES, track.gaze, track.pupil, strict=True):
        seen = pupil > 0
        columns[f"valid_{side}"] = seen
        for axis, place in zip("xy", gaze, strict=True):
            columns[f"gaze_{axis}_{side}"] = np.where(seen, place, np.nan)
            columns[f"pupil_{axis}_{side}"] = np.where(seen, pupil, np.nan)
    return pd.DataFrame(columns).reindex(columns=list(EYE_SAMPLES))


def _events_frame(track: EyeTrack, session: Session) -> pd.DataFrame:
    events = track.events.sort_values("start", kind="stable", ignore_index=True)
    onset = session.clock.eeg_s(events["start"].to_numpy())
    stop = session.clock.eeg_s(events["stop"].to_numpy())
    frame = events.assign(
        onset=onset, duration=stop - onset, pupil_x=events["pupil"], pupil_y=events["pupil"]
    )
    return frame.reindex(columns=list(EYE_EVENTS))


def _trial_rows(session: Session) -> pd.DataFrame:
    return session.trials.assign(label=[CLASSES[label] for label in session.trials["label"]])


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    path.write_text(table.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="\n")
