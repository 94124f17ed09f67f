"""Outputs that lie in a store: what is there is brought to this machine before they are used."""

from collections.abc import Mapping
from pathlib import Path

import click

from featpipe.errors import N_SAID, printable
from pipelines import journal
from pipelines.file_progress import FileProgress
from pipelines.manifest import read_manifest
from pipelines.marks import sha256_of
from pipelines.ownership import owner_of
from pipelines.places import url_of
from pipelines.published import published_files
from pipelines.sending import MANIFEST, Sent, load_sent, save_sent
from pipelines.store import Object, Store, fetch


def pull(out: Path) -> None:
    """Bring what the store's manifest lists, where it is new or has changed; else do nothing.

    Parameters
    ----------
    out : Path
        Output root. What a run of this machine made and could not send stays there, unless another
        machine wrote to the store since.

    Raises
    ------
    StoreError
        When the store does not answer.
    """
    url = url_of(out, "outputs")
    if url is None or owner_of(out) is not None:  # a run is at work in it
        return
    store = Store(url)
    objects, sent = store.objects(), load_sent(out)
    known = sent.get(MANIFEST)
    if objects.get(MANIFEST) != (known and known.found):
        _begin_anew(store, objects, out, sent)
    gone = sent.keys() - objects.keys()
    for name in gone:
        (out / name).unlink(missing_ok=True)
        del sent[name]
    manifest = read_manifest(out)
    for name in manifest.strays:
        text = f"{store.url_of(MANIFEST)}: it names {name!r}, which leads out of the folder"
        click.echo(printable(f"{text}: not fetched; ask who else writes there", N_SAID), err=True)
    stale = {
        name: objects[name]
        for name in manifest.files
        if name in objects and not _is_here(out / name, objects[name], sent.get(name))
    }
    _bring(store, stale, out, sent)
    if out.is_dir():
        save_sent(out, sent)


def _is_here(path: Path, found: Object, known: Sent | None) -> bool:
    return known is not None and known.found == found and path.exists()


def _begin_anew(
    store: Store, objects: Mapping[str, Object], out: Path, sent: dict[str, Sent]
) -> None:
    """Take the store's manifest for ours, and forget what it does not list."""
    if MANIFEST not in objects:
        return  # deleted there: what it listed goes as well, object by object
    _bring(store, {MANIFEST: objects[MANIFEST]}, out, sent)
    listed = read_manifest(out).files
    for path in published_files(out, sent):
        name = path.relative_to(out).as_posix()
        if name not in listed and name != MANIFEST:
            path.unlink()
            sent.pop(name, None)
    journal.close(out)


def _bring(store: Store, stale: Mapping[str, Object], out: Path, sent: dict[str, Sent]) -> None:
    if not stale:
        return
    if stale.keys() != {MANIFEST}:
        total = sum(found.bytes for found in stale.values())
        text = f"fetching {len(stale)} outputs, {total / 1e6:.1f} MB, of {store.url}"
        click.echo(printable(text, N_SAID), err=True)
    with FileProgress("fetch", sum(found.bytes for found in stale.values())) as progress:
        for name, found in stale.items():
            try:
                for n_bytes in fetch(store, name, found, out / name):
                    progress.advance(n_bytes)
            except FileNotFoundError:  # `verify` and the next run tell
                continue
            sent[name] = Sent(found, sha256_of(out / name))
