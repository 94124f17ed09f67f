"""One run at a time writes below a URL: an object that is created only if there is none says whose.

It outlives a run that was killed, and no other machine can tell whether it was; so it is cleared by
the next run on the same machine, or by hand.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from featpipe.errors import StoreError
from pipelines.owner import NAMELESS, Owner, is_alive, owner_in, this_process
from pipelines.places import url_of
from pipelines.sending import MANIFEST, load_sent
from pipelines.store import Store

OWNER = ".cache/owner.json"


@contextmanager
def owned_there(out: Path) -> Iterator[None]:
    """Keep what lies below the URL of an output folder to this process; nothing where it has none.

    Parameters
    ----------
    out : Path
        Output root, which this process has on this machine already.

    Raises
    ------
    StoreError
        When a run elsewhere has it, or has written since its manifest was read here.
    """
    url = url_of(out, "outputs")
    if url is None:
        yield
        return
    store = Store(url)
    _take(store)
    try:
        _require_unchanged(store, out)
        yield
    finally:
        store.delete(OWNER)


def _take(store: Store) -> None:
    note = this_process().note().encode()
    if store.create(note, OWNER):
        return
    owner = _owner(store)
    if not is_alive(owner):  # of this machine, whose lock we hold: it was killed
        store.delete(OWNER)
        if store.create(note, OWNER):
            return
    raise StoreError(
        f"{store.url}: {owner.text()} is writing there; wait until it is done, or name another "
        f"place with -o; if it was killed, delete {store.url_of(OWNER)}"
    )


def _owner(store: Store) -> Owner:
    try:
        return owner_in(b"".join(store.read(OWNER))) or NAMELESS
    except FileNotFoundError:  # it has just ended
        return NAMELESS


def _require_unchanged(store: Store, out: Path) -> None:
    known = load_sent(out).get(MANIFEST)
    if store.find(MANIFEST) != (known and known.found):
        raise StoreError(
            f"{store.url}: another run has written there just now: run the same command again"
        )
