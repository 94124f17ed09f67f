"""Recordings that lie in a store: copied to this machine before the work, when new or changed.

A recording's identity is its content, so nothing behind the copy knows where it came from.
"""

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import click
from filelock import FileLock

from featpipe.errors import N_SAID, ConfigError, few, printable
from featpipe.publishing import make_folder, write_text
from featpipe.readers.brainvision_header import read_header
from featpipe.recording import Source
from pipelines.file_progress import FileProgress
from pipelines.inner_names import leads_out
from pipelines.places import is_url, notes_of, place_of, url_of
from pipelines.store import Object, Store, fetch
from pipelines.study import Study, list_path
from pipelines.study_sections import TABLE

_AT_ONCE = 4
_OF_ONE = re.compile(
    "samples|events|gaze_positions|pupil_positions|fixations|blinks", re.IGNORECASE
)
"""What tells the files of one eye export apart."""

Copies = dict[str, tuple[Object, tuple[int, int]]]
"""Name -> the object it was copied from, and size and time of the copy."""


def fetch_lists(study: Study) -> None:
    """Copy what has to be there to list the recordings of a study.

    That are its tables of recordings and trials; of the other layouts, which are told by their
    folders, all that lies below root.

    Raises
    ------
    StoreError
        When the store does not answer, or has nothing there.
    """
    about = study.study
    if about.layout != TABLE:
        if is_url(about.root):
            with _bringing(about.root) as bring:
                bring(lambda objects: objects)
        return
    for path in (list_path(study, about.recordings), list_path(study, about.trials)):
        url = url_of(path, "sources")
        if url is not None:
            folder, _, name = url.rpartition("/")
            with _bringing(folder) as bring:
                bring(lambda _, name=name: [name])


def fetch_recordings(
    study: Study, meant: Iterable[Source], others: Iterable[Source], *, is_fetching: bool = True
) -> None:
    """Copy the files of recordings, with those that belong to them.

    Parameters
    ----------
    study : Study
        Of the layout "table"; those of others are there already.
    meant, others : iterable of Source
        Recordings that are worked on, and the rest of the study, whose files stay where they are.
    is_fetching : bool
        Else what would be copied is told of.

    Raises
    ------
    StoreError
        When the store does not answer. An object that is not there costs its recording only.
    """
    root = study.study.root
    if not is_url(root) or study.study.layout != TABLE:
        return
    named, of_others = _names(root, meant), _names(root, others)
    with _bringing(root) as bring:
        bring(lambda objects: _with_companions(named, of_others, objects), is_fetching=is_fetching)
        bring(lambda _: _named_in_headers(root, named), is_fetching=is_fetching)


def _names(root: str, sources: Iterable[Source]) -> list[str]:
    """Name the files that are listed, within root; what lies elsewhere is not fetched."""
    folder, found = place_of(root, "sources"), []
    for file in (f for source in sources for f in (source.eeg, source.eye) if f is not None):
        if not file.is_relative_to(folder):
            continue
        name = file.relative_to(folder)
        if ".." in name.parts:
            raise ConfigError(f"{root}/{name.as_posix()}: '..' leads nowhere in a store")
        found.append(name.as_posix())
    return found


def _with_companions(
    named: Iterable[str], of_others: Iterable[str], objects: Iterable[str]
) -> list[str]:
    """Add the objects beside each that have its name and another ending."""
    mine, taken = set(named), {_of_one(name) for name in of_others}
    wanted = {_of_one(name) for name in mine} - taken
    return sorted(mine | {name for name in objects if _of_one(name) in wanted})


def _of_one(name: str) -> str:
    path = PurePosixPath(name)
    return str(path.parent / _OF_ONE.sub("", path.stem))


def _named_in_headers(root: str, named: Iterable[str]) -> list[str]:
    """Name the files that BrainVision headers name, which may be called anything."""
    folder, found = place_of(root, "sources"), []
    for name in named:
        path = folder / name
        if path.suffix.lower() in (".vhdr", ".ahdr") and path.exists():
            try:
                header = read_header(path)
            except ValueError:  # its recording fails with the reason
                continue
            files = [file for file in (header.data, header.markers) if file is not None]
            names = [f.relative_to(folder).as_posix() for f in files if f.is_relative_to(folder)]
            found += [name for name in names if not leads_out(name)]  # a header may say "../x"
    return found


Choose = Callable[[Mapping[str, Object]], Iterable[str]]
Bring = Callable[..., None]


@contextmanager
def _bringing(url: str) -> Iterator[Bring]:
    """Look at a store, one process at a time, and hand out what copies objects of it."""
    folder, notes = place_of(url, "sources"), notes_of(url)
    make_folder(notes.parent)
    with FileLock(notes.with_suffix(".lock"), fallback_to_soft=False):
        store = Store(url)
        objects, copies = store.objects(), _load(notes)

        def bring(choose: Choose, *, is_fetching: bool = True) -> None:
            wanted = list(choose(objects))
            _forget_gone(folder, objects, wanted, copies)
            if gone := [store.url_of(name) for name in wanted if name not in objects]:
                text = f"not there: {few(gone)}; put it there, or correct the lists of the study"
                click.echo(printable(text, N_SAID), err=True)
            stale = {
                name: objects[name]
                for name in wanted
                if name in objects and not _is_copied(folder / name, objects[name], copies, name)
            }
            try:
                if stale:
                    _tell(store, stale, is_fetching=is_fetching)
                if stale and is_fetching:
                    _fetch_all(store, stale, folder, copies)
            finally:
                write_text(json.dumps(copies, sort_keys=True), notes, notes.parent / ".staging")

        yield bring


def _forget_gone(
    folder: Path, objects: Mapping[str, Object], wanted: Iterable[str], copies: Copies
) -> None:
    """Remove copies of what the store has no more: they would hide that it is gone."""
    for name in {*copies, *wanted} - objects.keys():
        (folder / name).unlink(missing_ok=True)
        copies.pop(name, None)


def _is_copied(path: Path, now: Object, copies: Copies, name: str) -> bool:
    if name not in copies or not path.exists():
        return False
    found, marks = copies[name]
    return found == now and marks == _marks(path)


def _tell(store: Store, stale: Mapping[str, Object], *, is_fetching: bool) -> None:
    files = f"{len(stale)} file{'s' * (len(stale) > 1)}"
    size = f"{sum(found.bytes for found in stale.values()) / 1e6:.1f} MB"
    text = f"fetching {files}, {size}, of {store.url}"
    if not is_fetching:
        text = f"{files}, {size}, of {store.url} are not on this machine; a run fetches them"
    click.echo(printable(text, N_SAID), err=True)


def _fetch_all(store: Store, stale: Mapping[str, Object], folder: Path, copies: Copies) -> None:
    """Copy objects, some at the same time, with progress."""
    total = sum(found.bytes for found in stale.values())
    told = threading.Lock()
    with FileProgress("fetch", total) as progress, ThreadPoolExecutor(_AT_ONCE) as pool:

        def one(name: str) -> None:
            path = folder / place_within(store, name)
            for n_bytes in fetch(store, name, stale[name], path):
                with told:
                    progress.advance(n_bytes)
            copies[name] = (stale[name], _marks(path))

        waiting = [pool.submit(one, name) for name in stale]
        try:
            for done in waiting:
                done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def place_within(store: Store, name: str) -> Path:
    """Return where the copy of an object lies below the copy of its folder.

    Raises
    ------
    ConfigError
        Where the name would lead out of it.
    """
    return place_of(store.url_of(name), "sources").relative_to(place_of(store.url, "sources"))


def _marks(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _load(notes: Path) -> Copies:
    """Load what was copied; a damaged memory costs time."""
    try:
        stored = json.loads(notes.read_text(encoding="utf-8"))
        return {
            name: (Object(*found), (int(marks[0]), int(marks[1])))
            for name, (found, marks) in stored.items()
        }
    except (OSError, ValueError, TypeError, IndexError, AttributeError):
        return {}
