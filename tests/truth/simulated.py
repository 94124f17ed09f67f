"""The simulated study of the demo, and the eyes of any number of other people."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from chaos.telling import told

from featpipe.features.eye_table import eye_table
from featpipe.recording import Source, Trial
from featpipe.schema import EYE_FEATURES
from featpipe.simulate.scanpath import draw_scanpath
from featpipe.simulate.session import draw_session
from featpipe.simulate.study import STUDY, World, record_eyes, simulate_study
from featpipe.simulate.subject import draw_subject
from featpipe.simulate.tracker import track_eyes
from featpipe.simulate.world import CLASSES, SimulationSettings
from models.loading import Windows, load_windows
from pipelines.__main__ import run
from pipelines.study import Study, load_study

N_SUBJECTS, N_QUICK = 8, 3
"""Eight are those of the demo."""
SEEDS = (0, 1, 2, 3, 4)


class Who(NamedTuple):
    """Somebody's eyes on some day.

    Attributes
    ----------
    person : int
        Number of the person, from 1: who somebody is, and what emotions do to these eyes.
    day : int
        Number of everything else that is random: how strongly the clips moved this person, where
        the eyes went, unrest of the pupil, noise. The person's own number gives the recording of
        the study. The clips are the same on all days.
    """

    person: int
    day: int


def settings_of(*, is_quick: bool) -> SimulationSettings:
    """Return what is simulated: the demo's world."""
    return SimulationSettings(n_subjects=N_QUICK if is_quick else N_SUBJECTS)


def whole_study(folder: Path, settings: SimulationSettings) -> Windows:
    """Write raw files of a study, extract, and return all of it."""
    study = simulate_study(folder / "study", settings)
    assert run(["extract", str(study), "--workers", "1"]) == 0
    features = study.parent / "out/features"
    tables = {"eeg": "de", "eye": "eye"}
    return load_windows(
        {name: sorted((features / family).glob("*.parquet")) for name, family in tables.items()}
    )


def eyes(settings: SimulationSettings, whom: Iterable[Who], what: str = "") -> Windows:
    """Return eye windows without any file; a recording of subject "7" on day 9 is called "7-9".

    Parameters
    ----------
    settings : SimulationSettings
        The world.
    whom : iterable of Who
        Whose eyes.
    what : str
        For the progress; "" tells nothing.
    """
    whom = list(whom)
    parts = [_eyes_of(settings, who) for who in (told(what, whom) if what else whom)]
    keys = pd.concat([keys for keys, _ in parts], ignore_index=True)
    return Windows(
        keys=keys,
        x={"eye": np.concatenate([x for _, x in parts]).astype(np.float32)},
        label=keys["label"].to_numpy(np.int64),
        classes=CLASSES,
        ch_names=(),
        bands={},
        columns={"eye": tuple(EYE_FEATURES)},
        options={},
    )


def _eyes_of(settings: SimulationSettings, who: Who) -> tuple[pd.DataFrame, np.ndarray]:
    study = _options()
    person = draw_subject(settings, who.person, 1)
    visit = draw_session(settings, who.day, 1)
    scanpath = draw_scanpath(settings, person, visit)
    world = World(person, visit, scanpath, track_eyes(settings, person, visit, scanpath))
    eye, rows = record_eyes(world)
    trials = tuple(
        Trial(int(row["trial"]), row["onset"], row["offset"], int(row["label"]))
        for row in rows.to_dict("records")
    )
    name = f"{who.person}" if who.person == who.day else f"{who.person}-{who.day}"
    source = Source(study.study.name, name, "1", None, None, 0.0, trials, CLASSES)
    table = eye_table(eye, source, study.eeg.sfreq, study.eye, study.features)
    return table.keys, table.values["eye"]


@cache
def _options() -> Study:
    """Return the options that a simulated study is written with."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "study.toml"
        path.write_text(STUDY, encoding="utf-8")
        return load_study(path)
