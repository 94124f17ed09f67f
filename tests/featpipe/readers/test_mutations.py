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

import mne
import numpy as np
import pytest
from naive_exports import cnt_bytes, edf_bytes
from scipy.io import savemat

from featpipe.errors import ReadError
from featpipe.reading import check, read_eeg

N = int(os.environ.get("FEATPIPE_MUTATIONS", "60"))
COUNTS = np.random.default_rng(4).integers(-2000, 2000, (3, 600))
VHDR = """Brain Vision Data Exchange Header File Version 1.0
[Common Infos]
DataFile=s1.eeg
DataFormat=BINARY
DataOrientation=MULTIPLEXED
NumberOfChannels=3
DataPoints=600
SamplingInterval=1000
[Binary Infos]
BinaryFormat=INT_16
[Channel Infos]
Ch1=Fp1,,0.1,µV
Ch2=Oz,,0.1,µV
Ch3=Cz,,0.1,µV
"""
HEADERS = {"cnt": 1200, "edf": 1024, "bdf": 1024, "vhdr": 400, "set": 3000, "fif": 4000}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Content of a sound file of each format."""
    folder = tmp_path_factory.mktemp("sound")
    edf = edf_bytes(COUNTS)
    words = np.frombuffer(edf[1024:], "<i2").astype("<i4")[:, None].view(np.uint8)
    info = mne.create_info(["Fp1", "Oz", "Cz"], 200.0, "eeg")
    mne.io.RawArray(COUNTS * 1e-8, info, verbose="error").save(folder / "s_raw.fif")
    labels = np.array([("Fp1",), ("Oz",), ("Cz",)], dtype=[("labels", object)])
    eeg = {"nbchan": 3.0, "pnts": 600.0, "trials": 1.0, "srate": 200.0, "xmin": 0.0, "xmax": 2.995,
           "data": COUNTS * 0.1, "chanlocs": labels, "event": [], "epoch": [], "ref": "common",
           "icawinv": [], "icaweights": [], "icasphere": [], "comments": "", "datfile": "",
           "filename": "s.set"}  # fmt: skip
    savemat(folder / "s.set", {"EEG": eeg}, appendmat=False)
    return {
        "cnt": cnt_bytes(COUNTS * 1000, events=[(5, 1), (90, 2), (300, 4)]),
        "edf": edf,
        "bdf": b"\xffBIOSEMI" + edf[8:1024] + words[:, :3].tobytes(),
        "vhdr": VHDR.encode(),
        "fif": (folder / "s_raw.fif").read_bytes(),
        "set": (folder / "s.set").read_bytes(),
    }


def write(folder: Path, kind: str, content: bytes) -> Path:
    path = folder / ("s1_raw.fif" if kind == "fif" else f"s1.{kind}")
    path.write_bytes(content)
    if kind == "vhdr":
        path.with_suffix(".eeg").write_bytes(COUNTS.T.astype("<i2").tobytes())
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
@pytest.mark.parametrize("kind", HEADERS)
def test_changed_bytes_are_read_or_refused(tmp_path, sound, kind):
    rng = random.Random(kind)
    for _ in range(N):
        path = write(tmp_path, kind, mutated(sound[kind], HEADERS[kind], rng))
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


def put(kind, at, field):
    return lambda content: content[:at] + field + content[at + len(field) :]


def said(old, new):
    return lambda content: content.replace(old.encode(), new.encode(), 1)


ABSURD = {
    "cnt channels": ("cnt", put("cnt", 370, b"\xff\xff")),
    "cnt rate 0": ("cnt", put("cnt", 376, b"\0\0")),
    "cnt length": ("cnt", put("cnt", 864, b"\xff\xff\xff\x7f")),
    "cnt events": ("cnt", put("cnt", 886, b"\xff\xff\xff\x7f")),
    "edf signals": ("edf", put("edf", 252, b"9999")),
    "edf negative signals": ("edf", put("edf", 252, b"-3  ")),
    "edf header bytes": ("edf", put("edf", 184, b"99999999")),
    "edf records": ("edf", put("edf", 236, b"99999999")),
    "edf record of 1e-12 s": ("edf", put("edf", 244, b"1e-12   ")),
    "edf record of inf s": ("edf", put("edf", 244, b"inf     ")),
    "edf samples": ("edf", put("edf", 904, b"99999999")),
    "bdf signals": ("bdf", put("bdf", 252, b"9999")),
    "bdf records": ("bdf", put("bdf", 236, b"99999999")),
    "vhdr channels": ("vhdr", said("Channels=3", "Channels=65535")),
    "vhdr channels of 10 digits": ("vhdr", said("Channels=3", "Channels=2147483648")),
    "vhdr points": ("vhdr", said("Points=600", "Points=2147483648")),
    "vhdr rate 1e12": ("vhdr", said("val=1000", "val=0.000001")),
    "vhdr rate nan": ("vhdr", said("val=1000", "val=nan")),
    "vhdr rate 1e-12": ("vhdr", said("val=1000", "val=1e18")),
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
    for name, (kind, change) in ABSURD.items():
        folder = tmp_path / name
        folder.mkdir()
        paths.append(write(folder, kind, change(sound[kind])))
    *told, rise = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ, *map(str, paths)],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout.splitlines()  # fmt: skip
    rise_mb = int(rise) / (1 << 10 if sys.platform == "linux" else 1 << 20)
    assert rise_mb < 100
    for path, line in zip(paths, told, strict=True):
        assert line.startswith((f"refused: {path}", "read: suspicious: ")), line
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
