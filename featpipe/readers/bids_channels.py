"""What `*_channels.tsv` beside an EEG recording of BIDS says: types of channels, and bad ones.

Units and rates are taken from the recording itself, which the table merely repeats.
"""

import logging
from pathlib import Path

from mne.io import BaseRaw

from featpipe.readers.bids_names import bids_name, sidecars
from featpipe.readers.tsv_text import read_tsv

logger = logging.getLogger(__name__)

_TYPES = {
    "EEG": "eeg", "EOG": "eog", "HEOG": "eog", "VEOG": "eog", "ECG": "ecg", "EMG": "emg",
}  # fmt: skip
_KEPT = ("stim",)
"""The recording knows best which channel holds codes: an analogue TRIG channel holds none."""


def channels_files(path: Path) -> tuple[Path, ...]:
    """Return the table of channels that holds for an EEG recording of BIDS; of others none."""
    name = bids_name(path)
    if name is None or name.suffix != "eeg":
        return ()
    return tuple(sidecars(path, "channels", ".tsv")[-1:])


def apply_channels(path: Path, raw: BaseRaw) -> None:
    """Give the channels of a recording the types and the status that their table says.

    Parameters
    ----------
    path : Path
        The recording.
    raw : mne.io.BaseRaw
        What was read of it; changed in place.

    Raises
    ------
    ReadError
        When the table cannot be read.
    """
    for file in channels_files(path):
        table = read_tsv(file, required=("name",))
        told = table[table["name"].isin(raw.ch_names)]
        if not len(told):
            logger.warning("%s: it names no channel of %s", file, path.name)
        if "type" in told.columns:
            _set_types(raw, dict(zip(told["name"], told["type"], strict=True)))
        if "status" in told.columns:
            status = zip(told["name"], told["status"], strict=True)
            bad = [name for name, word in status if word.lower() == "bad"]
            raw.info["bads"] = list(dict.fromkeys([*raw.info["bads"], *bad]))


def _set_types(raw: BaseRaw, told: dict[str, str]) -> None:
    now = dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))
    wanted = {name: _TYPES.get(kind.upper(), "misc") for name, kind in told.items() if kind}
    changed = {
        name: kind for name, kind in wanted.items() if now[name] not in (kind, *_KEPT)
    }  # fmt: skip
    if changed:
        raw.set_channel_types(changed, on_unit_change="ignore", verbose="ERROR")
