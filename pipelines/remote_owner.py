"""One run at a time writes below a URL, and only on what it has seen of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from featpipe.errors import StoreError
from pipelines.claims import claimed
from pipelines.owner import Owner
from pipelines.places import url_of
from pipelines.sending import MANIFEST, load_sent
from pipelines.store import Store


@contextmanager
def owned_there(out: Path, owner: Owner) -> Iterator[None]:
    """Keep what lies below the URL of an output folder to this run; nothing where it has none.

    Parameters
    ----------
    out : Path
        Output root, which this process has on this machine already.
    owner : Owner
        This run.

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
    with claimed(store, owner):
        _require_unchanged(store, out)
        yield


def _require_unchanged(store: Store, out: Path) -> None:
    known = load_sent(out).get(MANIFEST)
    if store.find(MANIFEST) != (known and known.found):
        raise StoreError(
            f"{store.url}: another run has written there just now: run the same command again"
        )
