"""Layout "seed-vii": SEED-VII, raw EEG with the eyes, or the EEG that it ships preprocessed.

EEG_raw/<subject>_<date>_<session>.cnt, EYE_raw/<same>.tsv, save_info/<same>_trigger_info.csv, and
EEG_preprocessed/<subject>.mat, of which a session is a part (`featpipe.datasets.seed_vii_mat`).
Clips begin and end at the marks of the EEG; in the recordings whose marks are unusable, at the
triggers that were written down, from the start of the recording that the facts have. The eyes are
placed by the clock on the wall (`featpipe.datasets.wall_clock`), because what events an export
holds is only known when all of it is read: marks that both hold are compared with it then, and a
warning says so where they contradict it. Where the wall's clock does not tell, they make the clock.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets import facts, seed_vii_mat
from featpipe.datasets.cnt_headers import open_raw, within
from featpipe.datasets.facts import Facts
from featpipe.datasets.layout import Choice, Defect, Found
from featpipe.datasets.seed_vii_clips import (
    Clips,
    clips_by_clock,
    clips_by_marks,
    pairs,
    wall_times,
)
from featpipe.datasets.session_files import (
    Key,
    SessionFile,
    in_order,
    known_only,
    missing,
    named,
    one_each,
    paths_below,
    require_classes,
    strange,
)
from featpipe.datasets.wall_clock import Offset, eye_offset, read_triggers, since
from featpipe.errors import ConfigError, ReadError
from featpipe.folders import files_below
from featpipe.readers.tobii_start import seconds_of_day, start_of
from featpipe.recording import Source, Trial

NAME = "seed-vii"
_STEM = r"(?P<subject>[1-9]\d*)_(?P<date>\d{8})_(?P<session>\d)"
_EEG = re.compile(rf"{_STEM}\.cnt", re.IGNORECASE)
_EYE = re.compile(rf"{_STEM}\.tsv", re.IGNORECASE)
_TRIGGERS = re.compile(rf"{_STEM}_trigger_info\.csv", re.IGNORECASE)
_EYE_FOLDER = re.compile(r"eye_?raw", re.IGNORECASE)

Recordings = Mapping[Key, SessionFile]


class Parts(NamedTuple):
    """The files of one recording: its EEG, its eyes, its triggers, or None."""

    eeg: SessionFile | None
    eye: SessionFile | None
    triggers: SessionFile | None


class Placed(NamedTuple):
    """One recording: what to read, what is wrong, and how the eyes were placed."""

    source: Source | None
    flaws: list[Defect]
    offset: Offset | None = None


def is_here(root: Path) -> bool:
    """Tell whether a folder holds recordings of SEED-VII, by names alone."""
    files = files_below(root)
    is_raw = any(pattern.fullmatch(file.name) for file in files for pattern in (_EEG, _EYE))
    return is_raw or bool(seed_vii_mat.files_of(files))


def find(root: Path, choice: Choice) -> Found:
    """List the recordings of SEED-VII.

    Parameters
    ----------
    root : Path
        The folder, or any folder around it.
    choice : Choice
        Which EEG: "auto" is the raw one if there is any.

    Returns
    -------
    Found
        Eyes stand beside raw EEG only: in the preprocessed one the time between clips is lost.

    Raises
    ------
    ConfigError
        When what is wanted is not there.
    """
    of, files = facts.facts_of(NAME), files_below(root)
    require_classes(choice, of)
    eeg, eyes, triggers, flaws = _raw_files(files, of)
    subjects = seed_vii_mat.files_of(files)
    wants_raw = choice.eeg != "preprocessed"
    if not ((eeg or eyes) and wants_raw) and not (subjects and choice.eeg != "raw"):
        raise ConfigError(
            f'{root}: no recording of SEED-VII below it for [study] eeg = "{choice.eeg}"; expected '
            "EEG_raw/1_20221001_1.cnt and the like, or EEG_preprocessed/1.mat: correct root or eeg"
        )
    # eyes alone do not keep anybody from the preprocessed EEG
    if choice.eeg == "preprocessed" or (choice.eeg == "auto" and subjects and not eeg):
        return seed_vii_mat.find(subjects, of, choice)
    placed = [
        _recording(key, Parts(eeg.get(key), eyes.get(key), triggers.get(key)), eeg, of, choice)
        for key in sorted(eeg.keys() | eyes.keys(), key=in_order)
    ]
    lacking, notes = missing(eeg, eyes, of)
    notes += _told(placed, of)
    if subjects:
        notes.append(f'{of.title}: raw EEG is used; [study] eeg = "preprocessed" takes the other')
    flaws += [flaw for one in placed for flaw in one.flaws] + lacking
    return Found([one.source for one in placed if one.source], flaws, notes)


def _told(placed: Sequence[Placed], of: Facts) -> list[str]:
    """Tell how well the wall's clock places the eyes, and which EEG it places as well."""
    sources = [one.source for one in placed if one.source and one.source.eeg]
    by_start = [one.eeg.stem for one in sources if one.eeg and one.eeg.stem in of.starts]
    notes = [
        f"{', '.join(by_start)}: clips are at the written triggers, as the marks are unusable, and "
        "the start of the recording is known to the second only"
    ] * bool(by_start)
    offsets = [
        (one.offset, one.source.name) for one in placed
        if one.offset and one.source and one.source.eeg and one.source.eeg.stem not in by_start
    ]  # fmt: skip
    if offsets:
        offset, name = max(offsets, key=lambda one: one[0].spread)
        typical = max(one.typical for one, _ in offsets)
        notes.append(
            f"the eyes of {len(offsets)} recordings are placed by the clock on the wall: half of "
            f"the triggers lie within {1000 * typical:.0f} ms of it in each of them, and all "
            f"within {1000 * offset.spread:.0f} ms ({name} is the worst); whether the eye "
            "tracker's computer showed the same time no file tells"
        )
    return notes


def _raw_files(
    files: Sequence[Path], of: Facts
) -> tuple[Recordings, Recordings, Recordings, list[Defect]]:
    """Return EEG, eyes and triggers by subject and session."""
    of_eyes = [
        file for file in paths_below(files, {".tsv"})
        if _EYE.fullmatch(file.name) or _EYE_FOLDER.fullmatch(file.parent.name)
    ]  # fmt: skip
    eeg, strangers = named(paths_below(files, {".cnt"}), _EEG)
    eyes, strange_eyes = named(of_eyes, _EYE)
    triggers, _ = named(paths_below(files, {".csv"}), _TRIGGERS)
    flaws = strange(strangers, "1_20221001_1.cnt") + strange(strange_eyes, "1_20221001_1.tsv")
    chosen = []
    for found in (eeg, eyes, triggers):
        known, unknown = known_only(found, of)
        one, doubles = one_each(known)
        chosen.append(one)
        flaws += [*unknown, *doubles]
    return *_of_one_date(chosen, flaws), flaws


def _of_one_date(
    chosen: Sequence[dict[Key, SessionFile]], flaws: list[Defect]
) -> tuple[Recordings, Recordings, Recordings]:
    """Leave out eyes and triggers whose date is not that of the EEG beside them."""
    eeg, eyes, triggers = chosen
    for others in (eyes, triggers):
        for key in [key for key in others if key in eeg and others[key].date != eeg[key].date]:
            file = others.pop(key)
            what = (
                f"{file.path}: its date is not that of {eeg[key].path.name}, so that it is of "
                "another recording; it is not read: give it the name that it had in the release"
            )
            flaws.append(Defect(*key, what))
    return eeg, eyes, triggers


def _recording(key: Key, parts: Parts, eeg: Recordings, of: Facts, choice: Choice) -> Placed:
    """Put one recording together; without usable EEG, of its eyes on their own clock."""
    wall, flaws = _wall(parts, len(of.session(key[1]).labels))
    clips, trials = None, []
    if parts.eeg:
        dates = {
            session: file.date for (subject, session), file in eeg.items() if subject == key[0]
        }
        clips, trials, more = _of_eeg(parts.eeg, dates, wall, of)
        flaws += more
    offset, more = _offset(parts, clips, wall)
    flaws += more
    if offset and not clips:
        trials = _trials(pairs([since(time, wall[0]) for time in wall]), key[1], of)
    if not trials:
        return Placed(None, flaws)
    source = Source(
        dataset=choice.name,
        subject=key[0],
        session=key[1],
        eeg=parts.eeg.path if parts.eeg and clips else None,
        eye=parts.eye.path if parts.eye else None,
        eye_offset=offset.seconds if offset else None,
        trials=tuple(trials),
        classes=choice.classes,
    )
    return Placed(source, flaws, offset if clips else None)


def _of_eeg(
    eeg: SessionFile, dates: Mapping[str, str], wall: Sequence[float], of: Facts
) -> tuple[Clips | None, list[Trial], list[Defect]]:
    """Return the clips of a recording and its trials; none where it cannot be used."""
    header, flaws = open_raw(eeg, dates)
    if header is None:
        return None, [], flaws
    clips, more = _clips(eeg, header.marks, wall, of)
    flaws += more
    if clips is None:
        return None, [], flaws
    trials, more = within(_trials(clips.spans(), eeg.session, of), eeg, header.seconds)
    return clips, trials, flaws + more


def _offset(
    parts: Parts, clips: Clips | None, wall: Sequence[float]
) -> tuple[Offset | None, list[Defect]]:
    """Return what places the eyes: on the clock of the EEG, or without it on that of the wall.

    The latter begins with the first trigger, as that of an EEG begins with its first sample.
    """
    eye = parts.eye
    if not eye or not wall:
        return None, []
    start = start_of(eye.path)
    if start is None:
        what = (
            f"{eye.path}: no 'Recording start time' in it: it is aligned on events that the EEG "
            "has too, or not at all; export that column too"
        )
        return None, [Defect(*eye.key, what)]
    moments = clips.eeg if clips else [since(time, wall[0]) for time in wall]
    return eye_offset(moments, wall, start), []


def _wall(parts: Parts, n_clips: int) -> tuple[list[float], list[Defect]]:
    """Return the times of day of a recording's triggers; none where they are missing or wrong."""
    file = parts.triggers
    if file is None:
        known = parts.eeg or parts.eye
        if known is None:
            return [], []
        name = f"{known.path.stem}_trigger_info.csv"
        what = f"{name}: it is not here, and nothing else places eyes and EEG together for sure"
        return [], [Defect(*known.key, f"{what}; download save_info")] * (parts.eye is not None)
    try:
        return wall_times(read_triggers(file.path), n_clips), []
    except (ReadError, OSError) as error:
        place = "" if file.path.name in str(error) else f"{file.path}: "
        return [], [Defect(*file.key, f"{place}{error}; it is not used: download it again")]


def _clips(
    eeg: SessionFile, marks: Sequence[tuple[float, str]], wall: Sequence[float], of: Facts
) -> tuple[Clips | None, list[Defect]]:
    n_clips = len(of.session(eeg.session).labels)
    start = seconds_of_day(of.starts.get(eeg.path.stem, ""))
    try:
        if start is None:
            return clips_by_marks(marks, wall, n_clips), []
        if not wall:
            raise ReadError(f"its marks are unusable, and {eeg.path.stem}_trigger_info.csv is not")
        return clips_by_clock(wall, start), []
    except ReadError as error:
        what = f"{eeg.path}: {error}: nothing tells where its clips are; download it and save_info"
        return None, [Defect(*eeg.key, f"{what} again")]


def _trials(spans: Sequence[tuple[float, float]], session: str, of: Facts) -> list[Trial]:
    about = of.session(session)
    columns = zip(spans, about.labels, about.stimuli, strict=True)
    return [
        Trial(i, *span, label, stimulus)
        for i, (span, label, stimulus) in enumerate(columns, start=1)
    ]
