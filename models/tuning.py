"""Hyper-parameter search that never sees the test side: nested, at random, on source subjects.

In every fold of a protocol some training subjects are held out (`models.selection`); candidates are
trained on the others and judged on those. The best one of each fold is then trained on the whole
training side and predicts the test side. So folds may choose differently, and the score is that of
the whole procedure, choosing included. What is done for a fold depends on nothing of its test side,
to the last bit: not on which candidates other folds choose, nor on whether they fail there.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from models.ahead import n_epochs_of
from models.candidates import candidates, choose, inner_folds, judge, require_blind
from models.curves import EpochReport
from models.evaluate import parts_of
from models.fitted import Fitted
from models.loading import Windows
from models.parts import Kept, Part, merged
from models.registry import get_method, make_config
from models.train import TrainSettings
from models.types import Fold, Method


class Tuned(NamedTuple):
    """What a search leaves behind.

    Attributes
    ----------
    candidates : list of dict
        Options of each.
    judged : pandas.DataFrame
        Column `candidate` and `models.candidates.JUDGED_COLUMNS`, a row per candidate and fold.
    chosen : dict
        Fold -> number of its candidate.
    fitted : Fitted
        Of the chosen candidates, trained on the whole training side of each fold.
    """

    candidates: list[dict[str, Any]]
    judged: pd.DataFrame
    chosen: dict[str, int]
    fitted: Fitted


def tune(
    windows: Windows,
    method_name: str,
    folds: Sequence[Fold],
    n: int,
    seed: int,
    settings: TrainSettings | None = None,
    options: Mapping[str, Any] | None = None,
    policy: str = "last",
    search_seed: int = 0,
) -> Tuned:
    """Search, choose per fold, and train what was chosen.

    Parameters
    ----------
    windows, method_name, folds, seed, settings, policy
        As in `models.evaluate.fit_folds`; candidates are trained with the same policy.
    n, options, search_seed
        As in `candidates`.

    Raises
    ------
    ConfigError
        When there is nothing to search, the policy looks at the test side, or every candidate
        fails.
    """
    require_blind(policy)
    settings = settings or TrainSettings()
    tried = candidates(method_name, options or {}, n, search_seed)
    configs = [make_config(method_name, of) for of in tried]
    inner = inner_folds(folds, windows, method_name, seed)
    rows = pd.concat(
        judge(windows, method_name, inner, seed, settings, config, policy).assign(candidate=i)
        for i, config in enumerate(configs)
    )
    chosen = choose(rows)
    of_fold = {fold: configs[i] for fold, i in chosen.items()}
    parts = refit_parts(windows, method_name, folds, of_fold, seed, settings, policy)
    fitted = merged([part.fit() for part in parts])
    return Tuned(tried, rows.reset_index(drop=True), chosen, fitted)


def refit_parts(
    windows: Windows,
    method_name: str,
    folds: Sequence[Fold],
    configs: Mapping[str, Any],
    seed: int,
    settings: TrainSettings | None = None,
    policy: str = "last",
) -> list[Part]:
    """Prepare the training of each fold with its own options, on all of its training side.

    Parameters
    ----------
    windows, method_name, folds, seed, settings, policy
        As in `models.evaluate.fit_folds`.
    configs : mapping
        Fold -> its config.

    Returns
    -------
    list of Part
        One per fold: in a stack the loss of another could end it.
    """
    n_epochs = [_n_epochs(method_name, configs[fold.name]) for fold in folds]
    how = (windows, method_name, seed, settings, policy, sum(n_epochs))
    return [
        Part((fold.name,), partial(_refit, fold, configs[fold.name], sum(n_epochs[:i]), how))
        for i, fold in enumerate(folds)
    ]


def _refit(
    fold: Fold,
    config: Any,
    n_before: int,
    how: tuple[Windows, str, int, TrainSettings | None, str, int],
    on_epoch: Callable[[EpochReport], None] | None = None,
    resume: Kept | None = None,
    keep: Callable[[Callable[[], Kept]], None] | None = None,
) -> Fitted:
    """Train one fold; prepared when its turn comes, so that a device holds the windows once."""
    windows, method_name, seed, settings, policy, n_epochs = how
    [part] = parts_of(windows, method_name, [fold], [seed], settings, config, policy)

    def told(report: EpochReport) -> None:
        if on_epoch:
            on_epoch(report._replace(epoch=n_before + report.epoch, n_epochs=n_epochs))

    return part.fit(told, resume, keep)


def _n_epochs(method_name: str, config: Any) -> int:
    method = get_method(method_name)
    if not isinstance(method, Method):
        return 0
    return n_epochs_of(method, config)
