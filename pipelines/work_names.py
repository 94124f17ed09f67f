"""What units of a step are called when they are counted for people."""

_NAMES = {"train": "trainings", "many_subjects": "trainings"}


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
