"""Files with changed bytes are read or refused: nothing else is raised, and no header is believed.

FEATPIPE_MUTATIONS sets how many of each format, 60 in the ordinary run.
"""

import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from lookalikes.small_files import small_files

from featpipe.errors import ReadError
from featpipe.reading import check, read_eeg

N = int(os.environ.get("FEATPIPE_MUTATIONS", "60"))
HEADERS = {"a.cnt": 1200, "a.edf": 1024, "a.bdf": 768, "a.vhdr": 400, "a.set": 3000,
           "a_raw.fif": 4000}  # fmt: skip
"""File -> bytes of its beginning that are changed."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Content of a sound file of each format."""
    return small_files(tmp_path_factory.mktemp("sound"))


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    if path.suffix == ".vhdr":
        (folder / "b.eeg").write_bytes(np.arange(400, dtype="<i2").tobytes())
    return path


def mutated(content: bytes, n_header: int, rng: random.Random) -> bytes:
    """Change one to four fields of the header; cut one file of ten."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 4))):
        at = rng.randrange(min(n_header, len(content)))
        n = rng.choice((1, 1, 2, 4, 8))
        field = bytes(rng.choice((0, 127, 128, 255, rng.randrange(256))) for _ in range(n))
        changed[at : at + n] = field
    return bytes(changed[: rng.randrange(len(changed))] if rng.random() < 0.1 else changed)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", HEADERS)
def test_changed_bytes_are_read_or_refused(tmp_path, sound, name):
    rng = random.Random(name)
    for _ in range(N):
        path = write(tmp_path, name, mutated(sound[name], HEADERS[name], rng))
        started = time.monotonic()
        status = check(path).status
        try:
            raw = read_eeg(path)
        except ReadError as error:
            refused = str(error)
        else:
            refused = ""
            assert status not in ("corrupt", "truncated")
            assert raw.get_data().shape == (len(raw.ch_names), raw.n_times)
        assert not refused or path.name in refused
        assert time.monotonic() - started < 10


def put(at, field):
    return lambda content: content[:at] + field + content[at + len(field) :]


def said(old, new):
    return lambda content: content.replace(old.encode(), new.encode(), 1)


ABSURD = {
    "cnt channels": ("a.cnt", put(370, b"\xff\xff")),
    "cnt rate 0": ("a.cnt", put(376, b"\0\0")),
    "cnt length": ("a.cnt", put(864, b"\xff\xff\xff\x7f")),
    "cnt events": ("a.cnt", put(886, b"\xff\xff\xff\x7f")),
    "edf signals": ("a.edf", put(252, b"9999")),
    "edf negative signals": ("a.edf", put(252, b"-3  ")),
    "edf header bytes": ("a.edf", put(184, b"99999999")),
    "edf records": ("a.edf", put(236, b"99999999")),
    "edf record of 1e-12 s": ("a.edf", put(244, b"1e-12   ")),
    "edf record of inf s": ("a.edf", put(244, b"inf     ")),
    "edf samples": ("a.edf", put(904, b"99999999")),
    "bdf signals": ("a.bdf", put(252, b"9999")),
    "bdf records": ("a.bdf", put(236, b"99999999")),
    "vhdr channels": ("a.vhdr", said("Channels=2", "Channels=65535")),
    "vhdr channels of 10 digits": ("a.vhdr", said("Channels=2", "Channels=2147483648")),
    "vhdr points": ("a.vhdr", said("Points=200", "Points=2147483648")),
    "vhdr rate 1e12": ("a.vhdr", said("val=10000", "val=0.000001")),
    "vhdr rate nan": ("a.vhdr", said("val=10000", "val=nan")),
    "vhdr rate 1e-12": ("a.vhdr", said("val=10000", "val=1e18")),
}
READ = """
import resource, sys
from pathlib import Path
from featpipe.errors import ReadError
from featpipe.reading import check, read_eeg
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for name in sys.argv[1:]:
    status, reason = check(Path(name))
    try:
        read_eeg(Path(name))
    except ReadError as error:
        print(f"refused: {error}")
    else:
        print(f"read: {status}: {reason}")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_absurd_headers_cost_no_memory(tmp_path, sound):
    paths = []
    for what, (name, change) in ABSURD.items():
        folder = tmp_path / what
        folder.mkdir()
        changed = change(sound[name])
        assert changed != sound[name], what
        paths.append(write(folder, name, changed))
    *told, rise = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ, *map(str, paths)],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout.splitlines()  # fmt: skip
    rise_mb = int(rise) / (1 << 10 if sys.platform == "linux" else 1 << 20)
    assert rise_mb < 100
    for path, line in zip(paths, told, strict=True):
        assert line.startswith((f"refused: {path}", "read: suspicious: ")), line
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
