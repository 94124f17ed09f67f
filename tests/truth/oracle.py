"""Somebody who knows the person and the clips: the best that eye features allow.

What the oracle knows
---------------------
Everything that the simulator draws once for a test subject (what each emotion does to the pupil,
fixations, saccades and blinks of this very person, and all habits at rest) and everything about
the clips (order, labels, courses of pull and brightness). It knows them in the form of as many
further days of the same person in front of the same clips as it likes, on which all else is drawn
anew: how strongly the person was moved from second to second, where the eyes went, unrest of the
pupil, noise of the tracker. From these it estimates p(label | the 33 columns of one window,
person, clips), and answers with the most probable label.

Why nobody can beat it
----------------------
A method that was trained on other people is, at the test, a fixed function of the 33 columns. Given
person and clips, windows and labels of the study are one draw from the distribution that the oracle
has learnt, and no function of the columns is right more often, on average over days, than the one
that answers with the most probable label under it. So the oracle's accuracy is an upper bound of
that of every method, but for two things: the oracle learns from `N_DAYS` days, not from infinitely
many, and so stays a little below the bound (what doubling the days still brings is told beside
it); and on the one day of the study somebody can be lucky (so its accuracy is told on other days as
well). A method that reads several windows of a trial at once is not bounded by it.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from chaos.telling import told

from featpipe.simulate.world import SimulationSettings
from models.loading import Windows
from truth.ceiling import left_out
from truth.family import tune
from truth.paired import difference_row, mean_row
from truth.row import Row
from truth.simulated import SEEDS, Who, eyes, settings_of

N_DAYS, N_DAYS_TEST, N_QUICK = 16, 4, 4
KINDS = ("logistic regression", "discriminant analysis", "boosted trees")
"""Of `truth.family`; which of them serves for a person is chosen on that person's days."""


class Found(NamedTuple):
    """What the oracle reaches for one person, as shares.

    Attributes
    ----------
    of_study : float
        On the windows of the study.
    of_other_days : float
        On days that were not learnt from.
    of_half : float
        On the same, learnt from half of the days.
    """

    of_study: float
    of_other_days: float
    of_half: float


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Ask the oracle about the study, and compare it with the network of the study."""
    settings = settings_of(is_quick=is_quick)
    n, seeds = settings.n_subjects, SEEDS[: 1 if is_quick else None]
    study = eyes(settings, [Who(i, i) for i in range(1, n + 1)])
    found = ask(settings, study, is_quick=is_quick)
    table = left_out(study, seeds, ("last",))
    accuracy = found[["subject", "of_study"]].rename(columns={"of_study": "accuracy"})
    same = table.drop(columns="accuracy").merge(accuracy, on="subject", validate="m:1")
    table = pd.concat([table, same.assign(method="oracle")], ignore_index=True)
    made = [mean_row(table, "oracle", "oracle, on the windows of the study")]
    for name, days in (("of_other_days", "all its days"), ("of_half", "half its days")):
        what = f"oracle, on other days of the same people, learnt from {days}"
        made.append(Row(what, 100 * found[name].mean(), is_difference=False))
    made = [row._replace(n=f"{n} subjects") for row in made]
    made.append(difference_row(table, "oracle", "mlp last", f"oracle - `mlp` on {n - 1} others"))
    return made


def ask(settings: SimulationSettings, study: Windows, *, is_quick: bool) -> pd.DataFrame:
    """Ask the oracle about every subject of a study.

    Parameters
    ----------
    settings : SimulationSettings
        The world.
    study : Windows
        Eye windows of the study's subjects.
    is_quick : bool
        Few days; the oracle then is a bad one.

    Returns
    -------
    pandas.DataFrame
        Columns subject and those of `Found`.
    """
    n, n_test = (N_QUICK, 2) if is_quick else (N_DAYS, N_DAYS_TEST)
    people = list(range(1, settings.n_subjects + 1))
    rows = []
    for person in told("oracle of subject", people):
        days = [1_000_000 + 1000 * person + i for i in range(n + n_test)]
        known = eyes(settings, [Who(person, day) for day in days])
        is_mine = (study.keys["subject"] == str(person)).to_numpy(bool)
        found = _ask_of_one(known, n, study.x["eye"][is_mine], study.label[is_mine])
        rows.append({"subject": str(person)} | found._asdict())
    return pd.DataFrame(rows)


def _ask_of_one(known: Windows, n: int, x: np.ndarray, label: np.ndarray) -> Found:
    day = known.keys["subject"].str.partition("-")[2].astype(int).to_numpy()
    day = day - day.min()
    of_half = _learn(known, day, np.flatnonzero(day < n // 2))
    of_all = _learn(known, day, np.flatnonzero(day < n))
    other = np.flatnonzero(day >= n)

    def score(classifier, x: np.ndarray, label: np.ndarray) -> float:
        return float((classifier.predict(x) == label).mean())

    return Found(
        score(of_all, x, label),
        score(of_all, known.x["eye"][other], known.label[other]),
        score(of_half, known.x["eye"][other], known.label[other]),
    )


def _learn(known: Windows, day: np.ndarray, rows: np.ndarray):
    """Fit every kind, and take the one that does best on left-out days among `rows`."""
    x, label = known.x["eye"][rows], known.label[rows]
    tuned = [tune(kind, x, label, day[rows]) for kind in KINDS]
    return max(tuned, key=lambda one: one.score).classifier
