"""Objects of a store, through fsspec: listed, read, written whole. The only place that knows it.

fsspec is imported where a URL is opened, so that local work does without it. Credentials are its
own: environment variables and the files of each store, never a study and never a message of ours.
"""

import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from featpipe.errors import StoreError, one_line
from featpipe.publishing import make_folder, refused

_LEAST, _BLOCK = 1 << 18, 1 << 23
"""Bytes that are asked for at a time, so many that it takes about a second: progress is told by
them, and each is a request."""

_NEEDS = {"s3": "s3fs", "gs": "gcsfs"}
_MD5 = re.compile("[0-9a-f]{32}")
_AGAIN = "see that it can be reached, and run the same command again: what is finished stays"


class Object(NamedTuple):
    """What a store says of an object.

    Attributes
    ----------
    bytes : int
    mark : str
        Changes with the content: ETag, generation, or the time it was written.
    """

    bytes: int
    mark: str


class Store:
    """What lies below a URL.

    Parameters
    ----------
    url : str
        Of a folder: `s3://bucket/lab`.

    Raises
    ------
    StoreError
        When the package for such URLs is not installed.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        with _answering(self.url):
            from fsspec.core import url_to_fs

            # other runs write there, and an instance keeps credentials: nothing is remembered
            fresh = {"use_listings_cache": False, "skip_instance_cache": True}
            fs, root = url_to_fs(self.url, **fresh)
        self.fs: Any = fs
        self.root = str(root).rstrip("/")
        self._is_folder = "file" in fs.protocol

    def url_of(self, name: str) -> str:
        """Return the URL of an object."""
        return f"{self.url}/{name}"

    def objects(self) -> dict[str, Object]:
        """List what lies below the URL, by name; nothing where there is nothing.

        Raises
        ------
        StoreError
            When the store does not answer, refuses, or has no such bucket.
        """
        with _answering(self.url):
            try:
                found = self.fs.find(self.root, detail=True)
            except FileNotFoundError:
                found = {}
            if not found:
                self._require_bucket()
        return {
            str(path)[len(self.root) + 1 :]: _object(about)
            for path, about in found.items()
            if about["type"] == "file" and str(path).startswith(f"{self.root}/")
        }

    def find(self, name: str) -> Object | None:
        """Return what the store says of one object; None where there is none."""
        with _answering(self.url_of(name)):
            try:
                return _object(self.fs.info(f"{self.root}/{name}"))
            except FileNotFoundError:
                return None

    def written_at(self, name: str) -> float | None:
        """Return when an object was written, s by the store's clock; None where nobody says."""
        with _answering(self.url_of(name)):
            try:
                about = self.fs.info(f"{self.root}/{name}")
            except FileNotFoundError:
                return None
        at = next(
            (about[n] for n in ("LastModified", "mtime", "updated", "created") if about.get(n)),
            None,
        )
        if isinstance(at, str):
            at = datetime.fromisoformat(at)
        return at.timestamp() if isinstance(at, datetime) else at

    def read(self, name: str) -> Iterator[bytes]:
        """Yield the content of an object in blocks."""
        with _answering(self.url_of(name)):
            stream = self.fs.open(f"{self.root}/{name}", "rb", block_size=_BLOCK, cache_type="none")
        size = _LEAST
        try:
            while True:
                start = time.monotonic()
                with _answering(self.url_of(name)):
                    block = stream.read(size)
                if not block:
                    return
                size = _next_size(size, time.monotonic() - start)
                yield block
        finally:
            stream.close()

    def put(self, content: bytes, name: str) -> Object:
        """Write an object whole; what the store then has is compared with what was sent.

        Raises
        ------
        StoreError
            When it cannot be written, or is not what was sent.
        """
        with _answering(self.url_of(name)):
            self._make_folder(name)
            place = f"{self.root}/{name}"
            part = f"{place}.part" if self._is_folder else place  # object stores put whole ones
            self.fs.pipe_file(part, content)
            if part != place:
                self.fs.mv(part, place)
        found = self.find(name)
        if found is None or found.bytes != len(content):
            raise _not_sent(self.url_of(name))
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if found.mark != md5 and self._md5_of(name) != md5:  # of parts, or encrypted
            raise _not_sent(self.url_of(name))
        return found

    def create(self, content: bytes, name: str) -> bool:
        """Write an object unless there is one; tell whether it was written."""
        with _answering(self.url_of(name)):
            self._make_folder(name)
            try:
                self.fs.pipe_file(f"{self.root}/{name}", content, mode="create")
            except FileExistsError:
                return False
        return True

    def delete(self, name: str) -> None:
        """Remove an object; one that is gone is nothing to tell."""
        with _answering(self.url_of(name)):
            try:
                self.fs.rm_file(f"{self.root}/{name}")
            except FileNotFoundError:
                return

    def is_content(self, name: str, found: Object, md5: str) -> bool:
        """Tell whether an object still is as it was found, and has this MD5 sum."""
        if self.find(name) != found:
            return False
        # an ETag that looks like a sum is none where objects are encrypted: read once more
        return md5 == found.mark or not _MD5.fullmatch(found.mark) or self._md5_of(name) == md5

    def _md5_of(self, name: str) -> str:
        state = hashlib.md5(usedforsecurity=False)
        for block in self.read(name):
            state.update(block)
        return state.hexdigest()

    def _make_folder(self, name: str) -> None:
        if self._is_folder:  # object stores have none
            self.fs.makedirs(f"{self.root}/{name}".rpartition("/")[0], exist_ok=True)

    def _require_bucket(self) -> None:
        """Refuse a bucket that is not there: elsewhere an empty folder is one that can be used."""
        bucket = self.root.partition("/")[0]
        if bucket and not self.root.startswith("/") and "memory" not in self.fs.protocol:
            try:
                self.fs.ls(bucket)
            except FileNotFoundError as error:
                raise StoreError(
                    f"{self.url}: there is no bucket {bucket}: correct its name, or create it"
                ) from error


def fetch(store: Store, name: str, found: Object, path: Path) -> Iterator[int]:
    """Copy an object to a file, whole or not at all.

    Parameters
    ----------
    store : Store
        Where it lies.
    name : str
        Its name there.
    found : Object
        As it was listed.
    path : Path
        Where the copy goes.

    Yields
    ------
    int
        Bytes that have come.

    Raises
    ------
    StoreError
        When the store does not answer, or the object is not what was listed.
    OutputError
        When the copy cannot be written.
    """
    part = path.with_name(f".{path.name[:200]}.part")
    state, n_bytes = hashlib.md5(usedforsecurity=False), 0
    try:
        make_folder(path.parent)
        with part.open("wb") as stream:
            for block in store.read(name):
                stream.write(block)
                state.update(block)
                n_bytes += len(block)
                yield len(block)
        if n_bytes != found.bytes or not store.is_content(name, found, state.hexdigest()):
            raise StoreError(
                f"{store.url_of(name)}: it changed while it was copied ({n_bytes} of {found.bytes} "
                "bytes): run again when whoever writes it is done"
            )
        part.replace(path)
    except StoreError:
        raise
    except OSError as error:
        raise refused(error, path, found.bytes) from error
    finally:
        part.unlink(missing_ok=True)


def _next_size(size: int, seconds: float) -> int:
    if seconds > 2:
        return max(_LEAST, size // 2)
    return min(_BLOCK, 2 * size) if seconds < 0.5 else size


def _object(about: dict[str, Any]) -> Object:
    names = ("ETag", "etag", "generation", "mtime", "created", "LastModified")
    mark = next((about[name] for name in names if about.get(name)), "")
    if isinstance(mark, datetime):  # one store lists seconds and tells a date of a single object
        mark = mark.timestamp()
    return Object(int(about["size"]), str(mark).strip('"'))


def _not_sent(url: str) -> StoreError:
    return StoreError(f"{url}: what the store has is not what was sent: run the same command again")


@contextmanager
def _answering(url: str) -> Iterator[None]:
    """Say in our words what a store has against us; what is not there stays FileNotFoundError."""
    try:
        yield
    except (StoreError, FileNotFoundError, FileExistsError):
        raise
    except ImportError as error:
        scheme = url.partition("://")[0]
        package = _NEEDS.get(scheme, "fsspec")
        how = "pip install gcsfs" if scheme == "gs" else "pip install -e '.[remote]'"
        raise StoreError(f"{url}: such URLs need the package {package}: {how}") from error
    except Exception as error:  # each store has errors of its own libraries
        raise _said(url, error) from error


def _said(url: str, error: Exception) -> StoreError:
    why = one_line(str(error), 300) or type(error).__name__
    is_refused = isinstance(error, PermissionError) or "Credentials" in type(error).__name__
    if is_refused:
        return StoreError(
            f"{url}: the store lets nobody in with these credentials ({why}): correct them where "
            "they come from, for s3 AWS_PROFILE, AWS_ACCESS_KEY_ID or ~/.aws/credentials"
        )
    return StoreError(f"{url}: the store did not do what it was asked ({why}): {_AGAIN}")
