"""The note by which a run keeps what lies below a URL to itself, and the sign of life it gives.

The note is an object that is created only if there is none. It outlives a run that was killed, and
no other machine can tell whether it was; so it is written anew every half minute, and one that has
not been for long is nobody's.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from uuid import uuid4

from featpipe.errors import StoreError
from pipelines.owner import NAMELESS, Owner, is_alive, owner_in
from pipelines.progress import tell
from pipelines.store import Store

OWNER = ".cache/owner.json"

BEAT_S = 30.0
"""Between two signs of life."""

SILENT_S = 600.0
"""After which a run without one counts as dead. It may just have had no network; then it learns by
the token in the note that it has been replaced."""


class Claim:
    """What a run holds of a store.

    Parameters
    ----------
    store : Store
    owner : Owner
        This run.
    """

    def __init__(self, store: Store, owner: Owner) -> None:
        self.store, self.owner = store, owner
        self.seen_at = time.time()  # goes on while a machine sleeps

    def require(self, within_s: float = BEAT_S) -> None:
        """Look who has the store now, unless that was done less than `within_s` ago.

        Raises
        ------
        StoreError
            When it is not this run any more.
        """
        if 0 <= time.time() - self.seen_at < within_s:
            return
        found = _owner(self.store)
        if found is None or found.token != self.owner.token:
            who = "its note was removed" if found is None else f"{found.text()} has taken over"
            raise StoreError(
                f"{self.store.url}: this run has it no more, {who}: what was made here is not "
                "sent; run the same command again when nobody is at work there"
            )
        self.seen_at = time.time()

    def beat(self) -> None:
        """Give a sign of life."""
        self.require(0)
        self.store.put(self.owner.note().encode(), OWNER)

    def release(self) -> None:
        """Remove the note if it is this run's; one that cannot be removed is told of."""
        try:
            self.require(0)
        except StoreError:  # told where something was to be sent
            return
        try:
            self.store.delete(OWNER)
        except StoreError as error:
            tell(f"{error}; until that note is deleted other machines wait {_minutes(SILENT_S)}")


_HELD: dict[str, Claim] = {}


@contextmanager
def claimed(store: Store, owner: Owner) -> Iterator[None]:
    """Keep a store to this run, and give signs of life.

    Raises
    ------
    StoreError
        When another run has it that may be alive.
    """
    _take(store, owner)
    claim = _HELD[store.url] = Claim(store, owner)
    is_over = Event()
    beating = Thread(target=_beat, args=(claim, is_over), daemon=True)
    beating.start()
    try:
        yield
    finally:
        is_over.set()
        beating.join()
        del _HELD[store.url]
        claim.release()


def require_ours(store: Store, within_s: float = BEAT_S) -> None:
    """Refuse to write where another run has taken over; see `Claim.require`."""
    if store.url in _HELD:
        _HELD[store.url].require(within_s)


def _beat(claim: Claim, is_over: Event) -> None:
    while not is_over.wait(BEAT_S):
        with suppress(StoreError):  # whoever sends something next is told
            claim.beat()


def _take(store: Store, owner: Owner) -> None:
    note = owner.note().encode()
    if store.create(note, OWNER):
        return
    found = _owner(store) or NAMELESS
    if why := _is_gone(store, found):
        tell(f"{store.url}: taken over from {found.text()}, which {why}")
        if _owner(store) == found:
            store.delete(OWNER)
        if store.create(note, OWNER):
            return
        found = _owner(store) or NAMELESS
    wait = f", or wait until it has been silent for {_minutes(SILENT_S)}" if found.token else ""
    raise StoreError(
        f"{store.url}: {found.text()} is writing there; wait until it is done, or name another "
        f"place with -o; if it was killed, delete {store.url_of(OWNER)}{wait}"
    )


def _is_gone(store: Store, owner: Owner) -> str:
    """Say why an owner is dead; "" where it may be alive."""
    if not is_alive(owner):  # of this machine, whose lock we hold
        return "was killed"
    silent_s = _age(store) if owner.token else 0.0  # earlier versions gave no signs
    return f"gave no sign of life for {_minutes(silent_s)}" if silent_s > SILENT_S else ""


def _age(store: Store) -> float:
    """Return for how long the note has been as it is, s; by the store's clock, not by ours."""
    probe = f"{OWNER}.{uuid4().hex}"
    written = store.written_at(OWNER)
    try:
        store.create(b"now", probe)
        now = store.written_at(probe)
    finally:
        store.delete(probe)
    return 0.0 if written is None or now is None else now - written


def _owner(store: Store) -> Owner | None:
    """Read whose it is; None where it is nobody's, `NAMELESS` where the note is none."""
    try:
        return owner_in(b"".join(store.read(OWNER))) or NAMELESS
    except FileNotFoundError:  # it has just ended
        return None


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes"
