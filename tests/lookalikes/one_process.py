"""Every unit of a step in the process of the test: no cluster to start, and no core left out."""

from pipelines import running
from pipelines.digests import select
from pipelines.engine import outputs_of, sources_found, update
from pipelines.progress import tell


def run(step, work, out, settings, remembered, before, spoilt, n_fresh):
    """Do the work of a step here, in the place of `pipelines.running._run`; all else is as ever."""
    with running.Progress(step.name, len(work), 1) as progress, running._telling() as telling:
        for unit in work:
            known = select(sources_found(step, unit), remembered)
            mine = {path: spoilt[path] for path in outputs_of(step, unit) if path in spoilt}
            row = update(step, unit, known, out / ".staging", mine)
            progress.advance(row)
            for text in telling.hear(row.unit, row.notes):
                tell(text)
            yield row
            if row.state == "failed" and settings.fail_fast:
                return
