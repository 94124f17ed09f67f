"""The 62-channel cap: names in canonical order, and which channels of a file are EEG."""

import re
from collections.abc import Iterable, Sequence
from itertools import count

from featpipe.errors import ConfigError, few, nearest, unknown

CAP62 = tuple(
    """
    FP1 FPZ FP2 AF3 AF4 F7 F5 F3 F1 FZ F2 F4 F6 F8 FT7 FC5 FC3 FC1 FCZ FC2 FC4 FC6 FT8 T7 C5 C3 C1
    CZ C2 C4 C6 T8 TP7 CP5 CP3 CP1 CPZ CP2 CP4 CP6 TP8 P7 P5 P3 P1 PZ P2 P4 P6 P8 PO7 PO5 PO3 POZ
    PO4 PO6 PO8 CB1 O1 OZ O2 CB2
    """.split()
)
"""The SEED cap, in the order of its channel-order file."""

LEFT_RIGHT = tuple(
    zip(
        "FP1 AF3 F7 F5 F3 F1 FT7 FC5 FC3 FC1 T7 C5 C3 C1 TP7 CP5 CP3 CP1 P7 P5 P3 P1 PO7 PO5 PO3"
        " O1 CB1".split(),
        "FP2 AF4 F8 F6 F4 F2 FT8 FC6 FC4 FC2 T8 C6 C4 C2 TP8 CP6 CP4 CP2 P8 P6 P4 P2 PO8 PO6 PO4"
        " O2 CB2".split(),
        strict=True,
    )
)
"""The 27 pairs of the cap that mirror each other left to right, row by row from the front."""

FRONT_BACK = tuple(
    zip(
        "FT7 FC5 FC3 FC1 FCZ FC2 FC4 FC6 FT8 F7 F5 F3 F1 FZ F2 F4 F6 F8 FP1 FP2 FPZ"
        " AF3 AF4".split(),
        "TP7 CP5 CP3 CP1 CPZ CP2 CP4 CP6 TP8 P7 P5 P3 P1 PZ P2 P4 P6 P8 O1 O2 OZ CB1 CB2".split(),
        strict=True,
    )
)
"""The 23 pairs of the cap that face each other front to back.

Zheng and Lu (2015) count 23. The rows FT-TP, F-P and FP-O are mirror images and give 21 of them.
AF3 and AF4 are what remains in front; that they go with CB1 and CB2, rather than with PO3 and PO4,
is the paper's list as remembered, checked neither against its text nor against the released files.
"""

ALIASES = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}
"""Old names of the 10-20 system and what they are called since 1991."""

_NUMBER = re.compile(r"-\d+$")
_CONTACT = re.compile(r"[A-Z]{2}-\d+")  # of a depth electrode: LM-1, RE-12
_SURROUND = re.compile(r"^EEG[ _-]+|[ _-]+(REF|LE|AVG|CLE)$|[.\s]")
_EYES = r"[HV]?EO.* | .*EOG.* | [ILS]O[12LR]? | [LR]OC(\W.*)? | E[12][-:_/]?[AM][12]"
_EOG = re.compile(_EYES, re.VERBOSE)
"""HEO, VEOGL, LEOG, IO, SO1, ROC, LOC-A2; E1-M2 of sleep recordings, but E1 is a scalp electrode of
other caps."""

_SIDE = r"(L|R|LEFT|RIGHT)"

_NOT_EEG = re.compile(
    rf"""
      M[12] | [LR]M | REF | GND | GROUND | CMS | DRL     # mastoids, reference and ground by name
    | ({_SIDE}[_-]?)? (EAR(LOBE)?S? | MAST) ([_-]?({_SIDE} | [12]))? | ({_SIDE}[_-]?)? MASTOID.*
    | [LR]E | A[12][-+]?A[12]                            # earlobes, also linked
    | {_EYES}
    | E[CK]G.* | EMG.* | ERG.* | EXG\d*                  # heart, muscles, retina, BioSemi externals
    | STI.* | STATUS | D?TRIG.* | EVENT.* | DC\d+ | DIN.* | MARKER.* | ([EB]DF)?ANNOTATION.*
    | .*COUNTER | INTERPOLATED | BATTERY.* | .*TIME_?STAMP.* | RAW_CQ | [CE]Q_.*  # Emotiv's columns
    | HR | HEART_?RATE | CHIN.* | [LR]?LEG(\W.*|\d)? | SNORE.* | AUDIO.* | PACKET.*  # sleep
    | GSR.* | EDA | RESP.* | PLET.* | PULSE.* | TEMP.* | S[AP]O2.* | PHOT(O|IC).*  # body and light
    | ACC.* | GYR.* | [XYZ]_?DIR                         # movement: ACC_X, GYRO, x_dir
    | POL.* | BIP\d+ | AUX\d*                           # spare inputs
    """,
    re.VERBOSE,
)
"""Names, as `standard_name` spells them, of what amplifiers record besides EEG."""

_EARLOBE = re.compile("A[12]")
"""References of clinical caps, and names of scalp electrodes in caps that count their own way."""

_PLACE = re.compile(
    r"""
    ( (AFP | FP | AFF? | F | FF?C | FCC | C | CCP | CPP? | PP?O? | POO | OI? | I) ([1-9] | 10 | Z)
    | (FFT | FT | FTT | T | TTP | TP | TPP) ([789] | 10)
    ) H?                                            # halfway to the next place
    """,
    re.VERBOSE,
)
"""Places of the 10-05 system: rows from front to back, numbered from the middle to the sides."""

_OWN_WAY = re.compile(r"A([3-9]|[12]\d|3[0-2])")


def standard_name(name: str) -> str:
    """Return a channel name as tables spell it.

    Upper case, no dots or blanks, no "EEG " in front or "-REF" behind, T3-T6 by their newer names.

    Parameters
    ----------
    name : str
        Name as the file holds it.

    Returns
    -------
    str
        For example "FC5" for "Fc5.", "FP1" for "EEG Fp1-Ref", "T7" for "T3".

    Examples
    --------
    >>> [standard_name(name) for name in ("Fc5.", "EEG Fp1-Ref", "T3", "FPz")]
    ['FC5', 'FP1', 'T7', 'FPZ']
    """
    short = _SURROUND.sub("", name.upper().strip())
    return ALIASES.get(short, short)


def is_eeg_name(name: str, among: Iterable[str] | None = None) -> bool:
    """Tell whether a name can be an EEG electrode: no mastoid, EOG, ECG, trigger, movement, ...

    Parameters
    ----------
    name : str
        As the file or a table spells it.
    among : iterable of str, optional
        All names of the recording: LM-1 is a mastoid where LM or LM-0 is one of them, and the
        contact of a depth electrode where not.

    Examples
    --------
    >>> [is_eeg_name(name) for name in ("Cz", "M1", "M1-0", "C3-A2")]
    [True, False, False, True]
    >>> is_eeg_name("LM-1", ["LM-1", "LM-2"]), is_eeg_name("LM-1", ["LM", "LM-1"])
    (True, False)
    """
    return not any(_NOT_EEG.fullmatch(short) for short in _with_and_without_number(name, among))


def _with_and_without_number(name: str, among: Iterable[str] | None) -> tuple[str, str]:
    """Spell a name as tables do, and without the number that tells namesakes apart (M1-0)."""
    short = standard_name(name)
    bare = _NUMBER.sub("", short)
    if among is not None and _CONTACT.fullmatch(short):
        first = {bare, f"{bare}-0"}  # of several namesakes
        return short, bare if first & {standard_name(other) for other in among} else short
    return short, bare


def is_place_name(name: str) -> bool:
    """Tell whether a name is that of a place on the scalp: of the 10-05 system, or of our cap.

    Examples
    --------
    >>> [is_place_name(name) for name in ("FT9", "AFp1", "PPO9h", "Iz", "T3", "Cb1", "E7", "GSR")]
    [True, True, True, True, True, True, False, False]
    """
    short = standard_name(name)
    return short in CAP62 or bool(_PLACE.fullmatch(short))


def is_surely_eeg_name(name: str) -> bool:
    """Tell whether a name says "EEG", or begins with a place on the scalp.

    Examples
    --------
    >>> [is_surely_eeg_name(name) for name in ("EEG 3", "EEG(sec)", "C3-A2", "Fp1", "THOR RES")]
    [True, True, True, True, False]
    """
    return name.upper().startswith("EEG") or is_place_name(standard_name(name).split("-")[0])


def is_eog_name(name: str, among: Iterable[str] | None = None) -> bool:
    """Tell whether a name is that of an electrode beside the eyes.

    Parameters
    ----------
    name, among
        As in `is_eeg_name`.

    Examples
    --------
    >>> [is_eog_name(name) for name in ("VEO", "HEOG", "EOG left", "LOC-A2", "FP1", "GEO")]
    [True, True, True, True, False, False]
    """
    shorts = _with_and_without_number(name, among)
    return any(_EOG.fullmatch(short) is not None for short in shorts)


def unknown_channel(name: str, known: Iterable[str]) -> str:
    """Say that a recording has no such channel; no scalp electrode is near to a mastoid.

    Parameters
    ----------
    name : str
        The channel that was asked for.
    known : iterable of str
        Those that there are.

    Returns
    -------
    str
        The message for a ConfigError.

    Examples
    --------
    >>> unknown_channel("M1", ["P1", "P2"])
    "unknown channel 'M1': the recording has none like it. Known: P1, P2."
    >>> unknown_channel("M1", ["P1", "M2"])
    "unknown channel 'M1': did you mean 'M2'? Known: P1, M2."
    """
    known = list(known)
    alike = [other for other in known if is_eeg_name(other) == is_eeg_name(name)]
    if nearest(name, alike):
        return unknown("channel", name, known, alike)
    return f"unknown channel {name!r}: the recording has none like it. Known: {few(known)}."


def counts_its_own_way(ch_names: Iterable[str]) -> bool:
    """Tell whether a cap numbers its electrodes in rows of its own (A1 to A32, B1 ...).

    Many of its names (C3, F4) look like places of the 10-20 system and are other ones, so nothing
    may be concluded from them. The 10-05 system has A1 and A2, the earlobes, and no further A.

    Parameters
    ----------
    ch_names : iterable of str
        Names as the file or a table spells them.

    Examples
    --------
    >>> counts_its_own_way(["A1", "A2", "A4", "A5", "C3", "C4"])
    True
    >>> counts_its_own_way(["A1", "A2", "C3", "C4"])
    False
    """
    return any(_OWN_WAY.fullmatch(standard_name(name)) for name in ch_names)


def pick_channels(
    ch_names: Sequence[str],
    ch_types: Sequence[str],
    wanted: Iterable[str] | None = None,
) -> dict[str, str]:
    """Choose the EEG channels of a recording and name them for the tables.

    Parameters
    ----------
    ch_names, ch_types : sequence of str
        Names and MNE types of the recording's channels, in file order.
    wanted : iterable of str, optional
        Names to take, in this order, whatever else the file holds. By default the 62 cap channels
        in canonical order when the file holds them all, otherwise every EEG channel in file order.

    Returns
    -------
    dict
        Table name -> name in the file, in table order.

    Raises
    ------
    ConfigError
        When a wanted channel is not in the file, or no EEG channel is.
    """
    found: dict[str, str] = {}
    own = {standard_name(name) for name in ch_names}
    is_plain = wanted is None
    has_earlobes = not counts_its_own_way(ch_names)
    for name, kind in zip(ch_names, ch_types, strict=True):
        short = standard_name(name)
        is_eeg = kind == "eeg" and is_eeg_name(name, ch_names)
        is_earlobe = _EARLOBE.fullmatch(_NUMBER.sub("", short)) is not None
        if is_plain and (not is_eeg or (has_earlobes and is_earlobe)):
            continue
        if short in found:  # two electrodes of one name: keep both, told apart by position
            numbered = (f"{short}-{i}" for i in count(1))
            short = next(free for free in numbered if free not in found and free not in own)
        found[short] = name
    if wanted is not None:
        names = [standard_name(name) for name in wanted]
        missing = [name for name in names if name not in found]
        if missing:
            raise ConfigError(f"[eeg] channels: {unknown_channel(missing[0], found)}")
        return {name: found[name] for name in names}
    if not found:
        raise ConfigError(f"no EEG channel among {few(ch_names)}: name some in [eeg] channels")
    if all(name in found for name in CAP62):
        return {name: found[name] for name in CAP62}
    return found
