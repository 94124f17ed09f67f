"""How many windows a training was of: counted where it is made, told wherever it is shown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from featpipe.tables import read_metadata
from models.fitted import Fitted
from models.loading import Windows
from models.types import Fold


def counted(
    windows: Windows, min_good: float, divided: Sequence[Fold], folds: Sequence[Fold]
) -> dict[str, Any]:
    """Count the windows of a training, for the metadata of its outputs.

    Parameters
    ----------
    windows : Windows
        All windows of the study.
    min_good : float
        As `[train] min_good`.
    divided, folds : sequence of Fold
        The folds of the protocol, and what of them the method can learn from and predict.

    Returns
    -------
    dict
        `n_windows`, and of these `n_not_trained_on`, which are too poor; `n_dropped` rows of tables
        without a partner in every modality; `n_unlabelled` windows. Where windows are weighted
        `weight_sum`, of those good enough to be trained on, and `n_weightless` of them with weight
        0. Where windows may lack a modality `n_lacking`, by modality, and `n_untestable`, which
        lack what the method predicts from and are in no score.
    """
    is_poor = windows.keys["good"].to_numpy() < min_good
    found: dict[str, Any] = {
        "n_windows": len(windows.keys),
        "n_dropped": windows.n_dropped,
        "n_unlabelled": windows.n_unlabelled,
        "n_not_trained_on": int(is_poor.sum()),
    }
    if windows.weight is not None:
        weight = windows.weight[~is_poor]
        found |= {"weight_sum": float(weight.sum()), "n_weightless": int((weight == 0).sum())}
    if windows.present is not None:
        n_tested, n_testable = (sum(len(of.test) for of in some) for some in (divided, folds))
        found["n_lacking"] = {name: int((~of).sum()) for name, of in windows.present.items()}
        found["n_untestable"] = n_tested - n_testable
    return found


def noted(fitted: Fitted) -> dict[str, Any]:
    """Count the folds of which there is something to say, for the metadata of outputs.

    Returns
    -------
    dict
        `fold_notes`, text -> number of folds; empty where there is nothing.
    """
    found = dict(Counter(fitted.notes.values()))
    return {"fold_notes": found, "n_folds": len(fitted.probabilities)} if found else {}


def told(about: Mapping[str, Any]) -> list[str]:
    """Say what was counted, as far as there is something to say.

    Parameters
    ----------
    about : mapping
        Metadata of predictions.

    Returns
    -------
    list of str
        A sentence each.
    """
    options, n = about.get("options", {}), about.get("n_windows", 0)
    found = []
    if poor := about.get("n_not_trained_on"):
        found.append(f"{poor} of {n} windows have a `good` below {options.get('min_good'):g} and "
                     "are tested, not trained on")  # fmt: skip
    if "weight_sum" in about:
        text = f"the weights of {n - poor} training windows, their `good`, sum to "
        found.append(f"{text}{about['weight_sum']:.1f}; {about['n_weightless']} have weight 0")
    if dropped := about.get("n_dropped"):
        found.append(f"{dropped} rows of the tables belong to windows that lack a modality and are "
                     "left out")  # fmt: skip
    if lacking := {name: k for name, k in about.get("n_lacking", {}).items() if k}:
        names = " and ".join(f"{k} lack {name}" for name, k in lacking.items())
        found.append(f"of {n} windows {names}, and take part with what they have")
    if untestable := about.get("n_untestable"):
        found.append(f"{about['options']['method']}: {untestable} windows lack what it predicts "
                     "from: never scored")  # fmt: skip
    for text, n_folds in about.get("fold_notes", {}).items():
        where = f"{n_folds} of {about['n_folds']} folds"
        found.append(f"{options['method']}, in {where}: {text}")
    return found


def told_of(out: Path, unit: str) -> list[str]:
    """Say of a training that is published what was counted."""
    path = out / "predictions" / f"{unit}.parquet"
    return told(read_metadata(path)) if path.exists() else []
