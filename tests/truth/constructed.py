"""Windows made from a formula, several draws of them, and what methods make of each draw.

Everything is drawn anew for each seed: the geometry, the people, the noise and the weights. So the
interval over seeds is one over whole repetitions of the experiment. All draws are trained as the
folds of one stack.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from models.loading import Windows, concatenate
from models.registry import make_config, variant
from models.types import Fold
from truth.one_teacher import Lessons
from truth.paired import accuracies


class Draw(NamedTuple):
    """One draw.

    Attributes
    ----------
    windows : Windows
        Of everybody.
    is_test : array of bool, shape (n_windows,)
        Windows of the people to test on.
    """

    windows: Windows
    is_test: np.ndarray


def make_windows(
    x: Mapping[str, np.ndarray],
    label: np.ndarray,
    subject: np.ndarray,
    trial: np.ndarray,
    dataset: str,
    n_classes: int,
) -> Windows:
    """Put arrays together as if they were the tables of a study.

    Parameters
    ----------
    x : mapping
        Modality -> features, shape (n_windows, ...).
    label, subject, trial : array of int, shape (n_windows,)
        What belongs to each row; rows of a subject and trial are its windows.
    dataset : str
        Tells draws apart.
    n_classes : int
        Classes are named by their numbers.
    """
    keys = pd.DataFrame({"dataset": dataset, "subject": subject, "session": "1", "trial": trial})
    window = keys.groupby(["subject", "trial"]).cumcount()
    keys = keys.assign(
        subject=keys["subject"].map("{:02d}".format), window=window, start_s=1.0 * window,
        stop_s=window + 1.0, label=label.astype(np.int8), label_name=label.astype(str),
        good=np.float32(1),
    )  # fmt: skip
    columns = {
        name: tuple(f"{name}_{i}" for i in range(int(np.prod(rows.shape[1:]))))
        for name, rows in x.items()
    }
    return Windows(
        keys=keys,
        x={name: rows.astype(np.float32) for name, rows in x.items()},
        label=label.astype(np.int64),
        classes=tuple(str(i) for i in range(n_classes)),
        ch_names=(),
        bands={},
        columns=columns,
        options={},
    )


class Trained(NamedTuple):
    """What came of some methods on some draws.

    Attributes
    ----------
    accuracy : pandas.DataFrame
        As `paired.accuracies` returns it.
    curves : pandas.DataFrame
        Courses of training, with columns method and variant.
    """

    accuracy: pd.DataFrame
    curves: pd.DataFrame

    def at_end(self, term: str, method: str, variant: str = "default") -> float:
        """Return the value of a term or diagnostic in the last epoch, mean over the draws."""
        of = self.curves[(self.curves["method"] == method) & (self.curves["variant"] == variant)]
        of = of[(of["term"] == term) & (of["epoch"] == of["epoch"].max())]
        return float(of["value"].mean())


def trained(
    draw: Callable[[int], Draw],
    seeds: Sequence[int],
    runs: Sequence[tuple[str, Mapping[str, Any]]],
    common: Mapping[str, Any] | None = None,
) -> Trained:
    """Train methods on every draw and test them on its new people.

    Parameters
    ----------
    draw : callable
        Seed -> Draw.
    seeds : sequence of int
        Which draws; a draw's weights and batches are its own as well.
    runs : sequence of (str, mapping)
        Methods with the options that tell runs apart.
    common : mapping, optional
        Options of all of them, which are not named in `variant`.

    Returns
    -------
    Trained
    """
    draws = [draw(seed) for seed in seeds]
    windows = draws[0].windows
    for one in draws[1:]:
        windows = concatenate(windows, one.windows)
    folds, first = [], 0
    for seed, one in zip(seeds, draws, strict=True):
        rows = first + np.arange(len(one.is_test))
        folds.append(Fold(f"draw-{seed}", rows[~one.is_test], rows[one.is_test]))
        first += len(one.is_test)
    parts, curves = [], []
    lessons = Lessons(windows, folds, seed=0)
    for method, options in runs:
        fitted = lessons.fit(method, make_config(method, {**(common or {}), **options}))
        name = variant(method, make_config(method, options))
        parts.append(accuracies(windows, folds, fitted.probabilities, method, seeds, name))
        curves.append(fitted.curves.assign(method=method, variant=name))
    return Trained(pd.concat(parts, ignore_index=True), pd.concat(curves, ignore_index=True))
