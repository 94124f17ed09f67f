"""Outputs that belong in a store: each object is put there whole, and the manifest after all of it.

A store has no rename of many objects at once. Who reads by the manifest finds what it lists; what
a run that was cut off has sent no manifest lists, and the next run goes on from there.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import click

from featpipe.errors import N_SAID, StoreError, printable
from featpipe.publishing import Published, write_text
from featpipe.regular_files import content_of
from pipelines import outages
from pipelines.claims import require_ours
from pipelines.inner_names import kept_within
from pipelines.marks import MOST_BYTES, sha256_of
from pipelines.places import url_of
from pipelines.progress import tell
from pipelines.store import Object, Store

MANIFEST = "manifest.json"
OUTDATED = "outdated"


class Sent(NamedTuple):
    """What the store has of a file, as far as this machine knows."""

    found: Object
    sha256: str


def send(out: Path, files: Mapping[Path, Published]) -> None:
    """Put files that were just published into the store, where the outputs belong in one.

    Parameters
    ----------
    out : Path
        Output root. Nothing happens where it is a folder like any other.
    files : mapping of Path to Published

    Notes
    -----
    A store that is out of reach is told of and does not end the run: `send_all` tries again, and
    meanwhile it is left alone most of the time.
    """
    url = url_of(out, "outputs")
    if url is None or not files or outages.is_left_alone(url):
        return
    names = {path.relative_to(out).as_posix(): of.sha256 for path, of in files.items()}
    try:
        _send(Store(url), out, names)
        told = outages.worked(url)
    except StoreError as error:
        told = outages.failed(url, error)
    if told:
        tell(told)


def send_all(out: Path, files: Mapping[str, Published]) -> None:
    """Put what the store lacks there, then the manifest; then remove what it lists no more.

    Parameters
    ----------
    out : Path
        Output root; its manifest is written.
    files : mapping of str to Published
        What the manifest lists.

    Raises
    ------
    StoreError
        When something cannot be sent. The manifest in the store is then the old one, and how much
        is left was told.
    """
    url = url_of(out, "outputs")
    if url is None:
        return
    store = Store(url)
    wanted = {name: of.sha256 for name, of in files.items()} | dict(_set_aside(out))
    last = {MANIFEST: sha256_of(out / MANIFEST)}
    try:
        _send(store, out, wanted)
        require_ours(store, 0)
        _send(store, out, last)
    except StoreError:
        sent = load_sent(out)
        n = sum(name not in sent or sent[name].sha256 != of for name, of in (wanted | last).items())
        files_were, they_lie = ("file was", "it lies") if n == 1 else ("files were", "they lie")
        told = f"{n} {files_were} not sent; {they_lie} in {out}; run the same command again"
        click.echo(printable(told, N_SAID), err=True)  # the folder, for once, and not its URL
        raise
    outages.worked(url)
    sent = load_sent(out)
    for name in sent.keys() - wanted.keys() - {MANIFEST}:
        store.delete(name)
        del sent[name]
    save_sent(out, sent)


def load_sent(out: Path) -> dict[str, Sent]:
    """Load what the store is known to have; a damaged memory costs time."""
    try:
        stored = json.loads(content_of(_place(out), MOST_BYTES))
        sent = {name: Sent(Object(*found), str(sha256)) for name, (found, sha256) in stored.items()}
        return kept_within(sent)[0]
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def save_sent(out: Path, sent: Mapping[str, Sent]) -> None:
    """Remember what the store has."""
    write_text(json.dumps(sent, sort_keys=True), _place(out), out / ".staging")


def _send(store: Store, out: Path, wanted: Mapping[str, str]) -> None:
    """Put what is there as it was published, unless the store has it already."""
    sent = load_sent(out)
    try:
        for name, sha256 in wanted.items():
            path = out / name
            if (name in sent and sent[name].sha256 == sha256) or not path.is_file():
                continue
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() == sha256:  # else damaged here: `verify` tells
                require_ours(store)
                sent[name] = Sent(store.put(content, name), sha256)
    finally:
        save_sent(out, sent)


def _set_aside(out: Path) -> Iterator[tuple[str, str]]:
    """Yield what was moved out of the tables' folders, which nothing lists and nobody deletes."""
    for path in (out / OUTDATED).rglob("*"):
        if path.is_file():
            yield path.relative_to(out).as_posix(), sha256_of(path)


def _place(out: Path) -> Path:
    return out / ".cache" / "sent.json"
