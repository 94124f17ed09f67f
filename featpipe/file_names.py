"""What the names of files say of subject and session, by the habits of BIDS and of SEED."""

import re
from pathlib import Path

_BIDS = {name: re.compile(rf"(?:^|[_/\\]){name}-([A-Za-z0-9]+)") for name in ("sub", "ses")}
_NUMBERED = (
    re.compile(r"(?P<subject>\d{1,4})_\d{8}_(?P<session>\d{1,2})"),  # SEED-VII: the date between
    re.compile(r"(?P<subject>\d{1,4})_(?P<session>\d{1,2})(?:_.*)?"),
    re.compile(r"(?P<subject>\d{1,4})_\d{8}"),  # SEED: sessions are the ranks of the dates
)


def guess_names(path: Path) -> tuple[str | None, str | None]:
    """Guess subject and session from the name of a file, BIDS folders included.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    subject, session : str or None

    Examples
    --------
    >>> guess_names(Path("sub-07/ses-2/eeg/sub-07_ses-2_eeg.vhdr"))
    ('07', '2')
    >>> guess_names(Path("1_3_20180804.cnt"))
    ('1', '3')
    >>> guess_names(Path("pilot.edf"))
    (None, None)
    """
    subject, session = (
        found[-1] if (found := pattern.findall(path.as_posix())) else None
        for pattern in _BIDS.values()
    )
    if subject is None and session is None:
        for pattern in _NUMBERED:
            if match := pattern.fullmatch(path.stem):
                return match["subject"], match.groupdict().get("session")
    return subject, session
