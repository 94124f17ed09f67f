"""Equal records of numbers in a file, read block by block into memory of their own.

A memory map opened per block gains nothing: it pays for every page it touches (reading takes 0.7 of
its time at blocks of 1 MB, 1.1 at 4 MB, files in the page cache). What is read is aligned wherever
the data begin (byte 5850 in a .cnt file of 66 channels), does not count a file of 3 GB as resident
memory, and a file that shrinks on a network share is an error, not a SIGBUS.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from featpipe.errors import ReadError


@dataclass(frozen=True)
class Records:
    """A row of equal records.

    Attributes
    ----------
    path : Path
        The file; opened for each block, which costs 5 microseconds, and never kept open.
    data_start : int
        First byte of the first record.
    n_records : int
        How many there are.
    n_numbers : int
        Numbers in a record.
    form : str
        Type of a number as NumPy names it, for example "<i2".
    """

    path: Path
    data_start: int
    n_records: int
    n_numbers: int
    form: str

    def read(self, start: int, stop: int) -> np.ndarray:
        """Read records [start, stop).

        Parameters
        ----------
        start, stop : int
            Records, counted from 0.

        Returns
        -------
        numpy.ndarray, shape (stop - start, n_numbers)
            C-contiguous, aligned, in the byte order of this machine.

        Raises
        ------
        ReadError
            When the file has become shorter, or cannot be opened any more.
        """
        check_span(start, stop, self.n_records)
        numbers = np.empty((stop - start, self.n_numbers), self.form)
        at = self.data_start + start * self.n_numbers * numbers.itemsize
        fill(self.path, at, numbers)
        return numbers.astype(numbers.dtype.newbyteorder("="), copy=False)


def check_span(start: int, stop: int, n_records: int) -> None:
    """Refuse records that a file does not have.

    Parameters
    ----------
    start, stop : int
        Records asked for.
    n_records : int
        Records there are.

    Raises
    ------
    IndexError
        When [start, stop) is not within them.
    """
    if not 0 <= start <= stop <= n_records:
        raise IndexError(f"records [{start}, {stop}) of {n_records}; ask for some that exist")


def fill(path: Path, position: int, numbers: np.ndarray) -> None:
    """Fill an array with the bytes of a file.

    Parameters
    ----------
    path : Path
        The file.
    position : int
        Where to begin, bytes.
    numbers : numpy.ndarray
        C-contiguous; written.

    Raises
    ------
    ReadError
        When the file ends before the array is full, or cannot be opened.
    """
    if not numbers.size:
        return
    try:
        with path.open("rb") as file:
            file.seek(position)
            n_bytes = file.readinto(numbers.data.cast("B"))
    except OSError as error:
        raise ReadError(
            f"{path}: it was opened before and cannot be read now ({error.strerror or error}); see "
            "that its disk is connected, or copy it again"
        ) from error
    if n_bytes < numbers.nbytes:
        raise ReadError(f"{path}: it became shorter while it was read; copy it again")
