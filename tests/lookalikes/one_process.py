"""Every unit of a step in the process of the test: no cluster to start, and no core left out."""

from pipelines.engine import update


def run_step(step, units, out, settings, *, before=None):
    """Bring units up to date one after the other; `pipelines.running.run_step` has them on Dask."""
    return [update(step, unit, {}, out / ".staging") for unit in units]
