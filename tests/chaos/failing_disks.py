"""A disk that fails at its n-th call, for n = 1, 2, ... until a run gets by without it."""

from pathlib import Path

from chaos.as_tests import outcomes
from chaos.row import Row

EXTRACT = "test_extraction_survives_a_failure_at_any_call"
BEHIND = "test_what_comes_behind_extraction_survives_it_too"
CASES = {
    f"{EXTRACT}[full]": "`extract`, disk full from call n on",
    f"{EXTRACT}[hiccup]": "`extract`, call n fails with an I/O error",
    f"{BEHIND}[train]": "`train`, disk full from call n on",
    f"{BEHIND}[report]": "`report`, disk full from call n on",
}


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Fail at every call; each time look at what is left, and go on with a sound disk."""
    found = outcomes(folder, "pipelines/test_full_disk.py", EXTRACT, BEHIND)
    figure = "exit 4, whole files, the next run byte-identical: {calls} of {calls}"
    return [
        found[name].row(f"{what}, for every n", "{calls}", figure, "all")
        for name, what in CASES.items()
    ]
