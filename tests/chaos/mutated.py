"""Read mutated files of one format in this process, one line of JSON for each.

    python -m chaos.mutated NAME FOLDER FIRST LAST

It is what `chaos.mutations` counts: as main process of a run that meets such files it must neither
end nor hang. A file that takes more than 10 s ends it.
"""

import faulthandler
import json
import logging
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import naive_foreign
from lookalikes.small_files import CSV, EEG, small_files

from featpipe.errors import ReadError
from featpipe.reading import check, read_eeg, read_eye, source_files

LONGEST_S = 10
COMPANION = "b.eeg"
"""The data of `a.vhdr`; every other mutation is one of them."""
N_CUTS = 20
CHECKED = ("a.cnt", "b.cnt", "a.edf", "a.bdf", "a_raw.fif", "a.set", "hdf5.set", "a.vhdr")
"""Formats that declare how much there is, so that a file that was cut contradicts itself."""


def mutants(content: bytes, name: str, n: int) -> Iterator[bytes]:
    """Yield mutated content, as `naive_foreign` spoils files."""
    yield from naive_foreign.changed(content, n, seed=sum(name.encode()))


def cuts(content: bytes) -> list[bytes]:
    """Cut a file behind 20 numbers of bytes."""
    chance = random.Random(20)
    return [content[: chance.randrange(1, len(content))] for _ in range(N_CUTS)]


def outcome(path: Path, is_eeg: bool) -> str:
    """Do what a run does with a file; say how that ended."""
    try:
        csv = CSV if path.name == "lab.csv" else None
        source_files(path, csv)
        status = check(path, csv).status
        if is_eeg:
            read_eeg(path).get_data()
        else:
            read_eye(path, csv)
    except ReadError:
        return "refused"
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:200]
    return "read" if status == "ok" else "flagged"


def read_all(name: str, folder: Path, first: int, last: int) -> None:
    """Read the mutations `first` to `last` of a format, then, at the end, files that were cut."""
    files = small_files(folder) | {COMPANION: bytes(range(200)) * 4}
    spoilt = {name: [*mutants(files[name], name, last)]}
    if name == "a.vhdr":
        spoilt[COMPANION] = [*mutants(files[COMPANION], COMPANION, last)]
    whole = {one: files[one] for one in (name, COMPANION)}
    cut = COMPANION if name == "a.vhdr" else name
    shortened = cuts(files[cut]) if name in CHECKED else []
    for i in range(first, last + len(shortened)):
        changed = dict(whole)
        if i < last:
            which = [*spoilt][i % len(spoilt)]
            changed[which] = spoilt[which][i]
        else:
            changed[cut] = shortened[i - last]
        place = folder / str(i)  # a new folder: overwriting waits for the disk
        place.mkdir()
        for file, content in changed.items():
            (place / file).write_bytes(content)
        faulthandler.dump_traceback_later(LONGEST_S, exit=True)
        found = outcome(place / name, name in EEG)
        faulthandler.cancel_dump_traceback_later()
        sys.stdout.write(json.dumps([i, "cut" if i >= last else "mutated", found]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    faulthandler.enable()
    logging.disable()
    read_all(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
