"""Experiments that ordinary tests are: they are run as such, and tell what they recorded.

So there is one way of doing each, and a figure is never that of another experiment than the test.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from chaos.row import Row

TESTS = Path(__file__).parents[1]


class Outcome(NamedTuple):
    """What came of one test.

    Attributes
    ----------
    is_passed : bool
        Neither failed nor skipped.
    recorded : mapping
        Name -> text of what it gave to pytest's `record_property`.
    """

    is_passed: bool
    recorded: Mapping[str, str]

    def row(self, what: str, n: int | str, figure: str, wanted: str) -> Row:
        """Make a row; `n` and `figure` may name what was recorded, as `{name}`."""
        if not self.is_passed:
            return Row(what, 0, "the test did not pass", wanted, False)
        times = int(str(n).format_map(self.recorded))
        return Row(what, times, figure.format_map(self.recorded), wanted, True)


def outcomes(folder: Path, file: str, *names: str) -> dict[str, Outcome]:
    """Run tests in a process of their own.

    Parameters
    ----------
    folder : Path
        For their files.
    file : str
        Where they are, within `tests`.
    *names : str
        Their names, without what stands in brackets.

    Returns
    -------
    dict of str to Outcome
        By name, with what stands in brackets.
    """
    report = folder / "report.xml"
    command = [
        sys.executable, "-m", "pytest", *(f"{TESTS / file}::{name}" for name in names),
        "-q", f"--junit-xml={report}", "-o", "junit_family=xunit1", "-p", "no:cacheprovider",
        f"--basetemp={folder / 'made'}",
    ]  # fmt: skip
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        command, cwd=TESTS.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=env, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.stderr.write(done.stdout)
    return {
        case.get("name", ""): _outcome(case) for case in ElementTree.parse(report).iter("testcase")
    }


def _outcome(case: ElementTree.Element) -> Outcome:
    is_passed = not any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))
    recorded = {one.get("name", ""): one.get("value", "") for one in case.iter("property")}
    return Outcome(is_passed, recorded)
