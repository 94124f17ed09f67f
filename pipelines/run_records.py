"""What every step of a run notes before and behind its work."""

from collections.abc import Callable, Sequence

from featpipe.errors import OutputError
from pipelines import stopping
from pipelines.dispatch import NO_ROOM
from pipelines.engine import outputs_of
from pipelines.job import Job
from pipelines.journal import begin
from pipelines.passing import meets_all
from pipelines.published import asked_of
from pipelines.work import Step, Unit


def note_begin(step: Step, units: Sequence[Unit], job: Job, *, is_whole: bool) -> None:
    """Note what is asked for before any of it is done: a run may be cut off."""
    outputs = {unit.name: outputs_of(step, unit) for unit in units}
    begin(job.out, asked_of(step.name, outputs, job.out, whole=is_whole))


def write_all(*writings: Callable[[], object]) -> None:
    """Write what is derived; where a run ended for want of room, as much of it as there is for."""
    for writing in writings:
        try:
            writing()
        except OutputError as error:
            if stopping.asked() != NO_ROOM or not meets_all(error):
                raise
