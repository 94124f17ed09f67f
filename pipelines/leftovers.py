"""Tables in OUT of other options: those that a run replaces, and those that it leaves as they are.

Told so that nobody takes two kinds for one. What is left are tables of recordings that `--only`
left out, and of families that are not asked for.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from featpipe.errors import few
from featpipe.features.table import FAMILIES
from pipelines.job import Job
from pipelines.outdated import contradicted
from pipelines.progress import shown
from pipelines.steps import extract as extraction
from pipelines.steps.choose import table_step
from pipelines.work import Step, Unit

N_WORDS = 200
"""Most characters that are told of what differs: trials are long."""


def unasked(job: Job) -> dict[str, int]:
    """Count the tables of families that earlier runs made and that are not asked for now.

    Parameters
    ----------
    job : Job
        The study and its output folder.

    Returns
    -------
    dict
        Family -> number of tables, without families that have none.
    """
    asked = {*job.study.features.eeg, *["eye"] * job.study.features.eye}
    counts = {
        name: len(list(job.out.glob(f"features/{name}/*.parquet")))
        for name in FAMILIES
        if name not in asked
    }
    return {name: count for name, count in counts.items() if count}


def leftovers(job: Job) -> Iterator[str]:
    """Tell what a run of `extract` has left as it was, one line per kind.

    Parameters
    ----------
    job : Job
        What was run.

    Yields
    ------
    str
        For stderr. Which outputs, why they differ, and the command that makes them anew.
    """
    others = extraction.units(job.study, job.left_out, job.out)
    step = table_step(job.study).step
    stale = {p: why for unit in others for p, why in contradicted(step, unit).items()}
    if stale:
        names = few([path.relative_to(job.out).as_posix() for path in stale])
        yield (
            f"{shown(job.out)} now holds tables of two kinds: {names} of recordings that --only "
            f"left out are not as the options say ({next(iter(stale.values()))}); make them anew "
            f"with `featpipe extract {job.arguments}`"
        )
    for family, count in unasked(job).items():
        yield (
            f"features/{family} is not asked for any more and stays as it was (tables: {count}); "
            "name it in [features] again, or delete the folder"
        )


def made_otherwise(step: Step, units: Sequence[Unit], out: Path) -> Iterator[str]:
    """Tell which tables a run is about to replace because of options, not of new data.

    Parameters
    ----------
    step : Step
        The step that is to run.
    units : sequence of Unit
        Its units.
    out : Path
        Output root.

    Yields
    ------
    str
        One line at most, for stderr.
    """
    reasons = [why for unit in units for why in contradicted(step, unit).values()]
    if reasons:
        few_words = reasons[0] if len(reasons[0]) <= N_WORDS else f"{reasons[0][:N_WORDS]} ..."
        one = len(reasons) == 1
        yield (
            f"{len(reasons)} {'table' if one else 'tables'} of {shown(out)} "
            f"{'was' if one else 'were'} made with other options ({few_words}) and "
            f"{'is' if one else 'are'} made anew"
        )
