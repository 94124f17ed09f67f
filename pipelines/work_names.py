"""What units of a step are called: in file names, and when they are counted for people."""

from collections.abc import Mapping
from typing import Any

_NAMES = {
    **{"train": "trainings", "many_subjects": "trainings", "fit": "models"},
    **{"judge": "candidates", "tune": "tunings"},
}


def units_of(step: str, n: int = 2) -> str:
    """Name the units of a step.

    Parameters
    ----------
    step : str
        Its name.
    n : int
        How many there are.

    Examples
    --------
    >>> units_of("extract", 1), units_of("train")
    ('recording', 'trainings')
    """
    name = _NAMES.get(step, "recordings")
    return name[:-1] if n == 1 else name


def terms_of(options: Mapping[str, Any]) -> str:
    """Name the terms of a training and the family of its EEG tables, as file names have them.

    Parameters
    ----------
    options : mapping
        Of a training: protocol, policy, manner ...

    Examples
    --------
    >>> terms_of({"protocol": "loso", "policy": "last", "manner": "strict", "eeg": "de"})
    'loso_last_de'
    """
    # predictions of earlier versions are all strict, and do not say so
    loose = ("manner", "scaling") if options.get("manner", "strict") != "strict" else ()
    named = (options.get(name) for name in ("protocol", "policy", *loose, "eeg"))
    return "_".join(str(name) for name in named if name)
