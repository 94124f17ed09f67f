"""What the design of a data set gives away, told by baselines that read no feature."""

from typing import Any

import pandas as pd

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
        tested on all subjects and is better there than all baselines.
    """
    by_subject: Any = scores.groupby(["method", "variant", "subject"])["accuracy"].mean()
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
    table: Any = by_subject.unstack(["method", "variant"])
    guessed = table[[run for run in table.columns if run[0] in ("majority", "prior")]]
    for (name, variant), reached in of_run.items():
        if name in BASELINES:
            continue
        is_tested = table[name, variant].notna()
        lowest = guessed[is_tested].mean().max() if guessed.shape[1] else 0.0
        if reached <= lowest:
            named = _named(name, variant)
            found.append(f"{named} is not better than guessing: {reached:.3f} against {lowest:.3f}")
    return [*found, *fewer_subjects(scores)]


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
