"""How much is left: the same eye-only network, trained on ten times more simulated subjects.

They are generated one at a time and nothing of them is kept but their eye features. The test
subjects are those of the study, so that the result stands beside leave-one-subject-out.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from featpipe.features.eye_table import eye_table
from featpipe.features.table import FAMILIES
from featpipe.recording import Source, Trial
from featpipe.schema import EYE_FEATURES
from featpipe.simulate.study import simulate_eye
from featpipe.simulate.world import SimulationSettings
from models.evaluate import train_and_test
from models.loading import Windows, load_windows
from models.registry import get_method
from models.train import TrainSettings
from pipelines.study import Study
from pipelines.task_progress import reporter
from pipelines.work import Output, Step, Unit

METHOD, TIMES = "mlp", 10

POLICIES = ("last", "source-validation")
"""Both are run: "last" is like for like with the study's own table; the other does not depend on a
number of epochs that was chosen for small studies."""


class Payload(NamedTuple):
    """What to simulate and what to test on."""

    settings: SimulationSettings
    study: Study
    tables: tuple[Path, ...]
    seed: int
    out: Path


def units(
    settings: SimulationSettings, study: Study, tables: Sequence[Path], out: Path
) -> list[Unit]:
    """Make one unit per seed."""
    return [
        Unit(
            f"{METHOD}_holdout_seed-{seed}",
            {"method": METHOD, "seed": str(seed)},
            Payload(settings, study, tuple(tables), seed, out),
        )
        for seed in study.train.seeds
    ]


def sources(unit: Unit) -> list[Path]:
    """List the eye tables of the test subjects."""
    return list(unit.payload.tables)


def outputs(unit: Unit, listed: list[dict[str, Any]]) -> list[Output]:
    """Name the predictions of the study's subjects, one file per policy."""
    settings, study, _, seed, out = unit.payload
    options = {
        "method": METHOD,
        "protocol": "holdout",
        "seed": seed,
        "times": TIMES,
        "simulation": asdict(settings),
        "eye": asdict(study.eye),
        "window_s": study.features.window_s,
        "hop_s": study.features.hop,
    }
    facts = {
        "step": "many_subjects",
        "family": "predictions",
        "version": [1, get_method(METHOD).version, FAMILIES["eye"].version],
        "sources": listed,
    }
    return [
        Output(
            out / "predictions" / f"{METHOD}_holdout_{policy}_seed-{seed}.parquet",
            facts | {"options": options | {"policy": policy}},
        )
        for policy in POLICIES
    ]


def make(unit: Unit, stale: Sequence[Output]) -> Iterator[tuple[Output, pa.Table, dict[str, Any]]]:
    """Simulate once; train and predict the subjects of the study under every policy."""
    settings, study, tables, seed, out = unit.payload
    report = reporter(out, unit.name)
    test = load_windows({"eye": tables})
    train = simulate_windows(settings, study, test, unit.name)
    how = TrainSettings(device=study.train.device, precision=study.train.precision)
    variant = f"trained on {TIMES * settings.n_subjects} other subjects"
    about = {"classes": list(test.classes), "n_windows": len(train.keys)}
    for output in stale:
        _tell(f"{unit.name}: training, epoch by policy '{output.facts['options']['policy']}'")
        policy = output.facts["options"]["policy"]
        found = train_and_test(
            train, test, METHOD, seed, how, policy=policy,
            on_epoch=lambda epoch: report(epoch.epoch, epoch.n_epochs, "epochs"),
        )  # fmt: skip
        table = pa.Table.from_pandas(found.assign(variant=variant), preserve_index=False)
        yield output, table, about


def _tell(text: str) -> None:
    """Say on stderr what a task of half a minute is about: nothing else is heard of it."""
    sys.stderr.write(f"many_subjects {text}\n")
    sys.stderr.flush()


def simulate_windows(
    settings: SimulationSettings, study: Study, like: Windows, name: str = ""
) -> Windows:
    """Eye features of many simulated subjects that are not in the study.

    Parameters
    ----------
    settings : SimulationSettings
        The world of the study; its subjects are 1 to n_subjects, these are numbered on from there.
    study : Study
        Eye and feature options.
    like : Windows
        The study's own eye windows; classes and columns are taken from here.
    name : str
        Of the task, for its progress on stderr; "" says nothing.

    Returns
    -------
    Windows
        Of `TIMES` times as many subjects.
    """
    first, n = settings.n_subjects + 1, TIMES * settings.n_subjects
    parts = []
    for i in range(n):
        if name and i % max(n // 4, 1) == 0:
            _tell(f"{name}: {i} of {n} subjects simulated")
        parts += [
            _subject_windows(settings, study, first + i, session, like.classes)
            for session in range(1, settings.n_sessions + 1)
        ]
    keys = pd.concat([keys for keys, _ in parts], ignore_index=True)
    return Windows(
        keys=keys,
        x={"eye": np.concatenate([x for _, x in parts]).astype(np.float32)},
        label=keys["label"].to_numpy(np.int64),
        classes=like.classes,
        ch_names=like.ch_names,
        bands=like.bands,
        columns={"eye": tuple(EYE_FEATURES)},
        options=like.options,
    )


def _subject_windows(
    settings: SimulationSettings, study: Study, subject: int, session: int, classes: tuple[str, ...]
) -> tuple[pd.DataFrame, np.ndarray]:
    eye, rows = simulate_eye(settings, subject, session)
    trials = tuple(
        Trial(int(row["trial"]), row["onset"], row["offset"], int(row["label"]))
        for row in rows.to_dict("records")
    )
    source = Source(
        study.study.name, f"extra-{subject}", str(session), None, None, 0.0, trials, classes
    )
    table = eye_table(eye, source, study.eeg.sfreq, study.eye, study.features)
    return table.keys, table.values["eye"]


MANY_SUBJECTS = Step("many_subjects", sources, outputs, make)
