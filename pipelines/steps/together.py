"""Several seeds of one training as one task, on devices where that costs little more than one.

A step of a small network on a GPU is bound by the launching of its kernels, however many networks
it moves. On the CPU it is bound by arithmetic: there a task per seed keeps more workers busy.
Files, their claims and failures are those of the seeds, whichever way they came about.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.engine import fingerprints, is_features, listed, outputs_of
from pipelines.steps import train
from pipelines.steps.ahead import units_ahead
from pipelines.work import Made, Output, Row, Step, Unit


class Payload(NamedTuple):
    """What a task of several seeds needs.

    Attributes
    ----------
    units : tuple of Unit
        Of `pipelines.steps.train`, alike but for the seed.
    tables : mapping
        Theirs.
    """

    units: tuple[Unit, ...]
    tables: Mapping[str, tuple[Path, ...]]


def together(units: Sequence[Unit]) -> list[Unit]:
    """Make one task of the seeds of each training that asks for a GPU; others are one each.

    Parameters
    ----------
    units : sequence of Unit
        Of `pipelines.steps.train`.
    """
    groups: dict[str, list[Unit]] = {}
    for unit in units:
        groups.setdefault(_stem(unit) if unit.on_gpu else unit.name, []).append(unit)
    found = []
    for some in groups.values():
        seeds = [unit.keys["seed"] for unit in some]
        name = some[0].name if len(some) == 1 else f"{_stem(some[0])}_seeds-{'-'.join(seeds)}"
        keys = {**some[0].keys, "seed": ",".join(seeds)}
        found.append(Unit(name, keys, Payload(tuple(some), some[0].payload.tables), some[0].on_gpu))
    return found


def _stem(unit: Unit) -> str:
    return unit.name.removesuffix(f"_seed-{unit.keys['seed']}")


def sources(task: Unit) -> list[Path]:
    """List the files that any of the seeds depends on; see `train.sources`."""
    return list(dict.fromkeys(path for unit in task.payload.units for path in train.sources(unit)))


def outputs(task: Unit, read: list[dict[str, Any]]) -> list[Output]:
    """Name the outputs of all seeds, each with the claim that it has by itself."""
    return [
        output for unit in task.payload.units for output in train.outputs(unit, _own(unit, read))
    ]


def make(task: Unit, stale: Sequence[Output]) -> Iterator[Made]:
    """Train the seeds of which something is stale."""
    of_path = {output.path: output.facts["sources"] for output in stale}
    wanted = []
    for unit in task.payload.units:
        found = [of_path[path] for path in outputs_of(train.TRAIN, unit) if path in of_path]
        wanted += [(unit, of_unit) for of_unit in found[:1]]
    return train.make_seeds(task, wanted)


def apart(row: Row, task: Unit) -> list[Row]:
    """Say what happened to each seed of a task.

    Parameters
    ----------
    row : Row
        What happened to the task.
    task : Unit
        From `together`.

    Returns
    -------
    list of Row
        Of a task that failed, seeds that were published before count as made, and those of which
        nothing was stale as kept.
    """
    return [_of_seed(row, unit) for unit in task.payload.units]


def _of_seed(row: Row, unit: Unit) -> Row:
    paths = {str(path) for path in outputs_of(train.TRAIN, unit)}
    files = {path: about for path, about in row.files.items() if path in paths}
    own = replace(row, unit=unit.name, keys=unit.keys, files=files)
    if row.state == "failed" and row.unmade:
        mine = fingerprints(train.TRAIN, unit, _digests(row, unit)).values()
        unmade = tuple(mark for mark in row.unmade if mark in mine)
        if unmade:
            return replace(own, unmade=unmade)
        own = replace(own, state="made", error="", reason="", unmade=None)
    return own if files or own.state == "failed" else replace(own, state="kept", notes=())


def _digests(row: Row, unit: Unit) -> dict[str, Any]:
    digests = {name: (listed(Path(name), digest), digest) for name, digest in row.digests.items()}
    own = _own(unit, [about for about, _ in digests.values()])
    return {name: digest for name, (about, digest) in digests.items() if about in own}


def _own(unit: Unit, read: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the networks that other seeds start from."""
    ahead = {of.name for of in units_ahead(unit, train.units).values()}
    return [of for of in read if is_features(of) or Path(of["name"]).parent.name in ahead]


TOGETHER = Step(train.TRAIN.name, sources, outputs, make)
