"""What the design of a data set gives away, told by baselines that read no feature."""

from typing import Any

import pandas as pd

from featpipe.errors import few
from models.registry import BASELINES, get_method
from models.types import Method

WORTH_TELLING = 0.05
"""By which a baseline has to beat the most frequent class to be told of, in accuracy."""


def warnings(scores: pd.DataFrame) -> list[str]:
    """Say what a reader of these scores has to know.

    Parameters
    ----------
    scores : pandas.DataFrame
        As `models.scores.scores` returns it, of one protocol, manner, policy, scaling and EEG
        family.

    Returns
    -------
    list of str
        One sentence each; empty where trial lengths and clips tell nothing, and every method was
        tested on all subjects and is better there than guessing.
    """
    by_subject: Any = (
        _guessed_on_average(scores).groupby(["method", "variant", "subject"])["accuracy"].mean()
    )
    of_run: dict[tuple[str, str], float] = (
        by_subject.groupby(["method", "variant"]).mean().to_dict()
    )
    accuracy = {name: of_run[name, variant] for name, variant in of_run if name in BASELINES}
    floor = accuracy.get("majority", float("nan"))
    found = []
    length = accuracy.get("duration_only", float("nan"))
    if length > floor + WORTH_TELLING:
        found.append(_of_lengths(length, floor, sorted({name for name, _ in of_run})))
    clip = accuracy.get("stimulus_only", float("nan"))
    if clip > floor + WORTH_TELLING:
        found.append(
            f"knowing the clip alone gives {clip:.3f}: test clips were trained on, and part of "
            "every accuracy may be the clip and not the emotion; protocol 'loso-loto' leaves the "
            "clips out, too"
        )
    if worse := _not_better(by_subject.unstack(["method", "variant"])):
        found.append(
            f"not better than guessing: {few(worse)}; guessing is the most frequent class, or "
            "classes as often as in training, on average over draws, whichever gives more on the "
            "same subjects"
        )
    return [*found, *fewer_subjects(scores)]


def _not_better(table: Any) -> list[str]:
    """Name the runs that reach no more than guessing does on the subjects that they were tested on.

    Parameters
    ----------
    table : pandas.DataFrame
        Accuracies, a row per subject, a column per method and variant.
    """
    guessed = table[[run for run in table.columns if run[0] in ("majority", "prior")]]
    worse = []
    for name, variant in table.columns:
        reached = table[name, variant].mean()
        is_tested = table[name, variant].notna()
        lowest = guessed[is_tested].mean().max() if guessed.shape[1] else 0.0
        if name not in BASELINES and reached <= lowest:
            worse.append(f"{_named(name, variant)} {reached:.3f} against {lowest:.3f}")
    return worse


def _guessed_on_average(scores: pd.DataFrame) -> pd.DataFrame:
    """Give `prior` the accuracy that its draws have on average, in place of those that were drawn.

    Kappa is (a - e) / (1 - e), where e is what a method reaches on average that names classes as
    often as it did, whichever windows it names them for. It is solved for e.
    """
    if "kappa" not in scores:
        return scores
    accuracy, kappa = scores["accuracy"], scores["kappa"]
    is_drawn = (scores["method"] == "prior") & (kappa < 1)
    expected = (accuracy - kappa) / (1 - kappa)
    return scores.assign(accuracy=accuracy.mask(is_drawn, expected))


def fewer_subjects(scores: pd.DataFrame) -> list[str]:
    """Name the methods that were not tested on all subjects of these scores.

    Parameters
    ----------
    scores : pandas.DataFrame
        As in `warnings`.

    Returns
    -------
    list of str
        One sentence each: a mean over some subjects stands beside means over others.
    """
    n_all = scores["subject"].nunique()
    groups: Any = scores.groupby(["method", "variant"], sort=False)["subject"].nunique()
    return [
        f"{_named(name, variant)} was tested on {n} of {n_all} subjects: its mean and ± are theirs"
        for (name, variant), n in groups.items()
        if n < n_all
    ]


def _named(method: str, variant: str) -> str:
    return method if variant == "default" else f"{method} ({variant})"


def _of_lengths(length: float, floor: float, names: list[str]) -> str:
    """Say what trial lengths give away, and to whom."""
    methods = [get_method(name) for name in names]
    whole = [m.name for m in methods if isinstance(m, Method) and m.whole_trials]
    text = f"the length of a trial alone gives {length:.3f}, the most frequent class {floor:.3f}"
    if whole:
        better = "can read it" if len(whole) > 1 else "can read it, too"
        return f"{text}: {', '.join(whole)} saw whole trials and {better}; compare with that"
    return f"{text}: compare any method that sees whole trials with that"
