"""What a file of arrays is by its first bytes, and what people have under its name instead."""

import struct
from typing import Literal

from featpipe.errors import ReadError

HEAD_BYTES = 512
NOTHING = "(?!)"
"""The pattern that no name of an array matches."""
BEGUN, ANSWERS = "begun", "answers.json"
"""Files by which the process that reads tells that it runs, and what it found."""

Kind = Literal["mat5", "npz", "npy", "pickle"]

_BYTE_ORDERS = (b"IM", b"MI")
_ARCHIVES = {b"\x1f\x8b": "gzip", b"Rar!": "RAR", b"7z\xbc\xaf": "7-Zip", b"BZh": "bzip2"}
_PICKLES = {bytes([code]) for code in b"\x80(])}cFGIJKLMNSTUVX"}  # with protocol, or before 2
_WEB_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<!--")


def foreign_kind(head: bytes) -> Kind:
    """Tell the kind of a file of arrays.

    Parameters
    ----------
    head : bytes
        Its first 512 bytes, or all that it has.

    Returns
    -------
    {"mat5", "npz", "npy", "pickle"}
        Pickles of protocols 0 and 1 have no signature: "pickle" is also much of what nothing fits.

    Raises
    ------
    ReadError
        When it is something else for certain; the message says what and does not repeat the path.
    """
    if head.startswith(b"MATLAB 5.0"):
        if head[126:128] not in _BYTE_ORDERS:
            raise ReadError("it begins as a MATLAB 5 file and has no byte order; copy it again")
        return "mat5"
    if head.startswith(b"PK\x03\x04"):
        return "npz"
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    _refuse_impostor(head)
    if head[:1] not in _PICKLES:
        text = text_beginning(head)
        begun = f"is text that begins {text!r}" if text else f"begins with {head[:8]!r}"
        raise ReadError(f"it {begun}, as no file of arrays does; copy it again")
    return "pickle"


def _refuse_impostor(head: bytes) -> None:
    """Name what is often found under the name of a data file."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not head:
        raise ReadError("it is empty; copy it again")
    if not head.strip(b"\0"):
        raise ReadError("it begins with zeros only, as broken downloads do; download it again")
    if head.startswith(b"MATLAB 7.3") or b"\x89HDF\r\n\x1a\n" in (head[:8], head[512:520]):
        raise ReadError("MATLAB 7.3 is not read; load it in MATLAB and save it with -v7")
    if _is_matlab_4(head):
        raise ReadError("MATLAB 4 is not read; load it in MATLAB and save it with -v7")
    if start.startswith(_WEB_PAGES):
        raise ReadError(
            "it is a web page, such as a log-in or an error, under the name of the file; log in "
            "and download it again"
        )
    if start.startswith(b"version https://git-lfs"):
        raise ReadError("it is a pointer of Git LFS, not the file; run git lfs pull there")
    for magic, archive in _ARCHIVES.items():
        if head.startswith(magic):
            raise ReadError(f"it is a {archive} archive; unpack it")
    if head.startswith((b"PK\x05\x06", b"PK\x07\x08")):
        raise ReadError("it is an archive without or of several parts; make it again as one")


def _is_matlab_4(head: bytes) -> bool:
    """Tell whether a file begins with five integers and a name as MATLAB 4 had them."""
    for order in "<>":
        if len(head) < 20:
            return False
        kind, n_rows, n_columns, imaginary, n_name = struct.unpack_from(f"{order}5i", head)
        digits = f"{kind:04}"
        is_kind = 0 <= kind < 5000 and digits[1] == "0" and digits[2] < "6" and digits[3] < "3"
        is_sized = min(n_rows, n_columns) >= 0 and imaginary in (0, 1) and 2 <= n_name <= 64
        name = head[20 : 20 + n_name]
        if is_kind and is_sized and name[-1:] == b"\0" and name[:-1].replace(b"_", b"").isalnum():
            return True
    return False


def text_beginning(head: bytes) -> str:
    """Return the beginning of what is plainly text, to be shown to people; empty for the rest."""
    try:
        text = head[:60].decode("ascii")
    except UnicodeDecodeError:
        return ""
    return text if text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable() else ""
