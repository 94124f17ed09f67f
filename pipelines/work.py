"""Records of the work: a kind of it, what one task does, what it makes, and what came of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from featpipe.publishing import Published
from pipelines.digests import Digest
from pipelines.notes import Note


class Output(NamedTuple):
    """One file that a unit makes.

    Attributes
    ----------
    path : Path
        Where it is published.
    facts : dict
        All it depends on: step, version, options, sources and, where one recording is meant, what
        the study says of it.
    """

    path: Path
    facts: dict[str, Any]


class Unit(NamedTuple):
    """The work that one task does.

    Attributes
    ----------
    name : str
        For messages: "sub-3_ses-1".
    keys : dict
        What identifies it in tables of failures, for example subject and session.
    payload : object
        What the step's functions need; travels to the worker.
    on_gpu : bool
        Whether it computes on a GPU, which tasks of one machine share.
    """

    name: str
    keys: dict[str, str]
    payload: Any
    on_gpu: bool = False


class Step(NamedTuple):
    """A kind of work.

    Attributes
    ----------
    name : str
    sources : callable
        (unit) -> files whose content the outputs depend on. May raise ReadError.
    outputs : callable
        (unit, sources as listed in metadata) -> Outputs.
    make : callable
        (unit, stale outputs) -> yields (output, table, further metadata).
    """

    name: str
    sources: Callable[[Unit], Sequence[Path]]
    outputs: Callable[[Unit, list[dict[str, Any]]], Sequence[Output]]
    make: Callable[[Unit, Sequence[Output]], Iterable[tuple[Output, pa.Table, dict[str, Any]]]]


@dataclass(frozen=True)
class Row:
    """What happened to a unit.

    `unmade` are the fingerprints of what it failed to make; None where nobody could say.
    `is_passing` tells a failure that may go well the next time: a disk or network out of reach.
    `meets_all` tells one that all others would meet: no room where outputs go.
    `notes` are the warnings that were heard meanwhile.
    """

    step: str
    unit: str
    keys: Mapping[str, str]
    state: str  # made | kept | failed
    seconds: float = 0.0
    error: str = ""
    reason: str = ""
    files: Mapping[str, Published] = field(default_factory=dict)
    digests: Mapping[str, Digest] = field(default_factory=dict)
    unmade: tuple[str, ...] | None = None
    is_passing: bool = False
    notes: tuple[Note, ...] = ()
    meets_all: bool = False
