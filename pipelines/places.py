"""URLs, and the local folders in which what lies there is worked on.

The program works on local paths. What a URL names has its place in the cache folder, which follows
from the URL alone and leads back to it: `sources/s3/bucket/lab` is a copy of `s3://bucket/lab`.
"""

import os
import re
from functools import cache
from pathlib import Path
from typing import Literal

from featpipe.errors import ConfigError, few, nearest, unknown

STORES = ("s3", "gs", "file")
"""What URLs may begin with; each is a file system of fsspec."""

FLEETING = "memory"
"""A file system of fsspec, too, which ends with its process."""

Kind = Literal["sources", "outputs"]

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SLIP = re.compile(rf"({'|'.join(STORES)}):(/?)(?!/)", re.IGNORECASE)


def is_url(text: str) -> bool:
    """Tell a URL from a path.

    Examples
    --------
    >>> is_url("s3://bucket/lab"), is_url("/data/lab")
    (True, False)
    """
    return _URL.match(text) is not None


def require_no_slip(text: str) -> None:
    """Refuse what would be a path and was meant as a URL: `s3:/lab/out`.

    Raises
    ------
    ConfigError
        With the URL that was meant.
    """
    if match := _SLIP.match(text):
        scheme = match.group(1).lower()
        meant = f"{scheme}:/{'/' * (scheme == 'file')}/{text[match.end() :]}"
        raise ConfigError(
            f"{text}: did you mean {meant}? Of a folder that is called so write ./{text}"
        )


def place_of(url: str, kind: Kind) -> Path:
    """Return the local folder or file in which a URL is worked on.

    Parameters
    ----------
    url : str
        Begins with one of `STORES`.
    kind : {"sources", "outputs"}
        Sources are copies, outputs are made there.

    Raises
    ------
    ConfigError
        When it is no URL that can have a place.
    """
    match = _URL.match(url)
    scheme = match.group(1) if match else ""
    if scheme not in STORES:
        raise ConfigError(f"{url}: {_refusal(scheme)}")
    rest = url.partition("://")[2].rstrip("/")
    parts = (rest.lstrip("/") if scheme == "file" else rest).split("/")
    if any(part in ("", ".", "..") or "\\" in part or not part.isprintable() for part in parts):
        raise ConfigError(
            f"{url}: expected names between single strokes, such as s3://bucket/lab; "
            "'.', '..' and empty names cannot be told apart from others"
        )
    return _cache_folder() / kind / scheme / Path(*parts)


def local(folder: Path, text: str) -> Path:
    """Return the path that a study names, from its folder, or the place of the URL it names."""
    require_no_slip(text)
    return place_of(text, "sources") if is_url(text) else folder / text


def url_of(path: Path, kind: Kind) -> str | None:
    """Return the URL whose place a path is; None of what has no other place."""
    root = _cache_folder() / kind
    if not path.is_relative_to(root) or path == root:
        return None
    scheme, *parts = path.relative_to(root).parts
    return f"{scheme}://{'/' * (scheme == 'file')}{'/'.join(parts)}"


def with_urls(text: str) -> str:
    """Say the URL wherever a message names the place of one."""
    root = re.escape(str(_cache_folder()))
    text = re.sub(rf"{root}/(?:sources|outputs)/file/", "file:///", text)
    return re.sub(rf"{root}/(?:sources|outputs)/({'|'.join(STORES)})/", r"\1://", text)


def notes_of(url: str) -> Path:
    """Return the file that says what of a URL was fetched."""
    place = place_of(url, "sources")
    return _cache_folder() / "fetched" / f"{place.relative_to(_cache_folder() / 'sources')}.json"


def _refusal(scheme: str) -> str:
    known = [f"{store}://" for store in STORES]
    if scheme.lower() == FLEETING:
        return (
            "what is put there ends with the program, and everything made would be lost: name a "
            f"folder, or a URL that begins with {few(known)}"
        )
    alike = nearest(scheme, STORES)  # without "://", which all have in common
    return unknown("kind of store", f"{scheme}://", known, [f"{alike}://"] if alike else [])


def _cache_folder() -> Path:
    named = os.environ.get("FEATPIPE_CACHE")
    return Path(named).absolute() if named else _users_cache()


@cache
def _users_cache() -> Path:
    import platformdirs  # 10 ms that `featpipe --help` does not need

    return platformdirs.user_cache_path("featpipe")
