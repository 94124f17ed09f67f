"""Mutated files of every input format, read in a process that must neither end nor hang."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import mkdtemp

import naive_foreign
from lookalikes.small_files import EEG, EYE

from chaos.mutated import LONGEST_S
from chaos.row import Row
from chaos.telling import told

N, N_QUICK = 500, 50
FOREIGN = ("mat", "mat_compressed", "npz", "pickle", "dat")
"""What only a child with limits reads; its forms are those of `naive_foreign`."""


def rows(folder: Path, *, is_quick: bool) -> list[Row]:
    """Mutate and read; a row per format, and one of files that were cut."""
    n = N_QUICK if is_quick else N
    found, n_mutated, n_cut = [], Counter[str](), Counter[str]()
    for name in told("format", [*EEG, *EYE, *FOREIGN]):
        place = Path(mkdtemp(dir=folder))
        mutated, cut = foreign(name, place, n) if name in FOREIGN else read(name, place, n)
        found.append(row(name, n, mutated))
        n_mutated += mutated
        n_cut += cut
    n_flagged = n_cut["refused"] + n_cut["flagged"]
    what = "cut a file whose header tells its size"
    return [
        summary(found, n_mutated),
        *found,
        Row(what, n_cut.total(), f"{n_flagged} flagged", "all", n_cut["read"] == 0),
    ]


def summary(formats: list[Row], came: Counter[str]) -> Row:
    """Sum up the rows of all formats."""
    n, n_held = len(formats), sum(row.is_held for row in formats)
    n_files = sum(row.n for row in formats)
    figure = (
        f"{came['ended']} crashes of the parent, {came['hung']} hangs, {others(came, n_files)} "
        f"other errors in {n_held} of {n} formats"
    )
    what = f"read mutated files, {formats[0].n} of each of {n} formats"
    return Row(what, n_files, figure, "all", n_held == n)


def others(came: Counter[str], n: int) -> int:
    """Count the files that neither were read or refused nor ended or stopped their process."""
    return n - sum(came[kind] for kind in ("read", "flagged", "refused", "hung", "ended"))


def row(name: str, n: int, found: Counter[str]) -> Row:
    """Sum up what came of the mutations of one format."""
    n_hung, n_ended, n_other = found["hung"], found["ended"], others(found, n)
    figure = (
        f"{n_ended} crashes, {n_hung} hangs, {n_other} other errors; {found['refused']} refused"
    )
    wanted = f"0 crashes, 0 hangs over {LONGEST_S} s"
    is_held = not (n_hung or n_ended or n_other)
    return Row(f"mutate {name}", n, figure, wanted, is_held, is_detail=True)


def read(name: str, folder: Path, n: int) -> tuple[Counter[str], Counter[str]]:
    """Read `n` mutated files and some that were cut; go on behind one that ended the process."""
    found: dict[str, Counter[str]] = {"mutated": Counter(), "cut": Counter()}
    first = 0
    while first < n:
        place = Path(mkdtemp(dir=folder))
        command = [sys.executable, "-m", "chaos.mutated", name, str(place), str(first), str(n)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            first, kind, came = json.loads(line)
            known = came in ("read", "flagged", "refused")
            found[kind][came if known else "other"] += 1
            if not known:
                sys.stderr.write(f"    {name}, {kind} {first}: {came}\n")
            first += 1
        if done.returncode:
            found["mutated"]["hung" if "Timeout (" in done.stderr else "ended"] += 1
            sys.stderr.write(f"    {name}, {first}: {done.stderr[-2000:]}\n")
            first += 1
    return found["mutated"], found["cut"]


def foreign(form: str, folder: Path, n: int) -> tuple[Counter[str], Counter[str]]:
    """Read mutated files as the child does that reads them for everybody."""
    command = [sys.executable, naive_foreign.__file__, form, str(folder), str(n)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
        return Counter(hung=1) if "Timeout (" in done.stderr else Counter(ended=1), Counter()
    counts = json.loads(done.stdout)
    return Counter(read=counts["n_read"], refused=counts["n_refused"]), Counter()
