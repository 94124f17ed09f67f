"""`featpipe simulate` with its progress."""

import sys
from pathlib import Path

from rich.progress import Progress as Bar

from featpipe.simulate.study import simulate_study
from featpipe.simulate.world import SimulationSettings
from pipelines.progress import console


def simulate_with_progress(out: Path, settings: SimulationSettings) -> Path:
    """Write a simulated study and return its study file.

    Parameters
    ----------
    out : Path
        New folder, or one that a simulation was written to before.
    settings : SimulationSettings
        Its size and seed.
    """
    with Bar(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("simulate", total=settings.n_subjects * settings.n_sessions)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            if not console.is_terminal:
                sys.stderr.write(f"simulate {done}/{total}\n")

        return simulate_study(out, settings, advance)
