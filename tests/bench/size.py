"""How large a run is: the figures for the README, or one that continuous integration can afford."""

from typing import NamedTuple


class Size(NamedTuple):
    """Amounts of generated data and of repetition.

    Attributes
    ----------
    recording_s : int
        Length of the recordings that are timed, seconds; a multiple of 15.
    n_runs : int
        Timed runs of each tool, after one that is not timed.
    memory_s : tuple of int
        Lengths of the recordings whose peak memory is measured, multiples of `recording_s`.
    n_recordings : int
        Recordings that one and two workers share.
    n_verbs : int
        Timed runs of the whole `featpipe extract` with one and with two workers.
    n_unchanged : int
        Recordings of the rerun that finds nothing to do.
    training, loading : tuple of (int, int)
        Subjects and windows per recording of what is trained on and read.
    bank : tuple of int
        Rows of a memory bank, and negatives per window.
    table : tuple of int
        Subjects and windows of each, of the table that is planned.
    may_install : bool
        Whether to install TorchEEG where it is not there yet.
    """

    recording_s: int
    n_runs: int
    memory_s: tuple[int, ...]
    n_recordings: int
    n_verbs: int
    n_unchanged: int
    training: tuple[int, int]
    loading: tuple[int, int]
    bank: tuple[int, int]
    table: tuple[int, int]
    may_install: bool


FULL = Size(
    600, 5, (600, 3 * 3600), 8, 3, 45, (15, 2505), (15, 3394), (35_364, 21_000), (16, 1823), True
)
QUICK = Size(60, 2, (600, 1800), 4, 0, 12, (4, 200), (4, 300), (3000, 1500), (4, 200), False)
