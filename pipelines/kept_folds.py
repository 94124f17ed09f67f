"""Finished folds of a training, and where the others stand, kept until the unit is published.

They lie in `OUT/.cache/folds/<unit>/<fingerprint>/`. The fingerprint covers what that of the unit
covers, and what might move a bit besides: the device and the versions of the libraries. A folder of
another fingerprint is no use to anybody and is removed.
"""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from featpipe import __version__
from featpipe.publishing import require_no_objection
from models.curves import EpochReport
from models.fitted import Fitted
from models.kept import read_kept, write_kept
from models.parts import Kept, Part, from_kept, merged, to_kept
from pipelines.engine import fingerprint
from pipelines.task_progress import GOES_ON
from pipelines.work import Unit

EVERY_S = 30.0
"""Between two looks at where a training stands. Writing it takes some tens of milliseconds."""

WORTH_S = 0.2
"""Folds that took less are trained again sooner than their file is flushed to disk."""


class Folder(NamedTuple):
    """Where the folds of one unit are kept.

    Attributes
    ----------
    path, staging : Path
        The folder, and the one for unfinished files.
    fingerprint : str
        What everything in the folder has to claim.
    """

    path: Path
    staging: Path
    fingerprint: str


def folder_of(out: Path, unit: Unit, facts: Mapping[str, Any], device: str) -> Folder:
    """Name the folder of a unit, and remove those of its earlier fingerprints.

    Parameters
    ----------
    out : Path
        Output root.
    unit : Unit
        What is trained.
    facts : mapping
        All that every output of the unit depends on.
    device : str
        Where it is trained.
    """
    mark = fingerprint({**facts, "device": device, "versions": _versions()})
    around = out / ".cache" / "folds" / unit.name
    require_no_objection()  # another run may train the same here by now
    for other in around.glob("*"):
        if other.name != mark:
            shutil.rmtree(other, ignore_errors=True)
    return Folder(around / mark, out / ".staging", mark)


def fit_kept(
    parts: Sequence[Part], folder: Folder, report: Callable[[int, int, str], None]
) -> tuple[Fitted, float]:
    """Train what is not kept, and put it together with what is.

    Parameters
    ----------
    parts : sequence of Part
        All folds of the unit.
    folder : Folder
        Where finished folds are looked for and kept.
    report : callable
        Takes done, total and "epochs", "folds" or, once where an earlier run stood, `GOES_ON`.

    Returns
    -------
    fitted : Fitted
        Equal, to the last bit on one kind of CPU, to what training in one go gives; of folds that
        were kept the fitted estimators are missing.
    seconds : float
        That all of it took to train, in whichever run.
    """
    found, n_folds = [], 0
    total = sum(len(part.folds) for part in parts)
    for part in parts:
        first, n_folds = n_folds + 1, n_folds + len(part.folds)
        place = folder.path / f"folds-{first:04d}-{n_folds:04d}.parquet"
        # behind the last part everything is published at once
        found.append(_fit_part(part, place, folder, report, is_last=n_folds == total))
        if not any(found[-1][0].epochs.values()):
            report(n_folds, total, "folds")
    return merged([fitted for fitted, _ in found]), sum(seconds for _, seconds in found)


def forget(folder: Folder) -> None:
    """Remove what was kept of a unit that is published now."""
    require_no_objection()
    shutil.rmtree(folder.path.parent, ignore_errors=True)


def _fit_part(
    part: Part,
    place: Path,
    folder: Folder,
    report: Callable[[int, int, str], None],
    *,
    is_last: bool,
) -> tuple[Fitted, float]:
    """Return a part and the seconds it took, from its file if there is one."""
    claim = {"fingerprint": folder.fingerprint, "folds": list(part.folds)}
    finished = read_kept(place, claim)
    if finished is not None:
        return from_kept(finished), finished.facts["seconds"]
    standing, half = place.with_suffix(".half.parquet"), claim | {"finished": False}
    state = read_kept(standing, half)
    start = time.perf_counter() - (state.facts["seconds"] if state else 0.0)

    def timed(kept: Kept) -> Kept:
        return Kept(kept.arrays, {**kept.facts, "seconds": time.perf_counter() - start})

    looked = time.monotonic()

    def keep(stands: Callable[[], Kept]) -> None:
        nonlocal looked
        if time.monotonic() - looked >= EVERY_S:
            write_kept(timed(stands()), standing, half, folder.staging)
            looked = time.monotonic()

    is_told = state is None

    def on_epoch(epoch: EpochReport) -> None:
        nonlocal is_told
        if not is_told:
            report(epoch.epoch, epoch.n_epochs, GOES_ON)
            is_told = True
        report(epoch.epoch, epoch.n_epochs, "epochs")

    fitted = part.fit(on_epoch, state, keep)
    kept = timed(to_kept(fitted))
    if not is_last and kept.facts["seconds"] >= WORTH_S:
        write_kept(kept, place, claim, folder.staging)
        require_no_objection()
        standing.unlink(missing_ok=True)
    return fitted, kept.facts["seconds"]


@cache
def _versions() -> dict[str, str]:
    libraries = ("numpy", "pandas", "scikit-learn", "scipy", "torch")
    return {"featpipe": __version__} | {name: version(name) for name in libraries}
