"""Layout "seed-vii": SEED-VII, raw EEG with the eyes, or the EEG that it ships preprocessed.

EEG_raw/<subject>_<date>_<session>.cnt, EYE_raw/<same>.tsv, save_info/<same>_trigger_info.csv, and
EEG_preprocessed/<subject>.mat, of which a session is a part (`featpipe.datasets.seed_vii_mat`).
Clips begin and end at the marks of the EEG; in the recordings whose marks are unusable, at the
triggers that were written down, from the start of the recording that the facts have. The eyes are
placed by the clock on the wall (`featpipe.datasets.wall_clock`), because what events an export
holds is only known when all of it is read: marks that both hold are compared with it then, and a
warning says so where they contradict it. Where the wall's clock does not tell, they make the clock.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from featpipe.datasets import facts, seed_vii_mat
from featpipe.datasets.facts import Facts
from featpipe.datasets.found_trials import require_classes, trials_within
from featpipe.datasets.gaps import gaps, wrong_in_unused
from featpipe.datasets.layout import Choice, Defect, Found
from featpipe.datasets.raw_recordings import Header, opened, within
from featpipe.datasets.recording_names import Key, Named, date_of, in_order
from featpipe.datasets.release_files import packed
from featpipe.datasets.seed_vii_clips import (
    Clips,
    clips_by_clock,
    clips_by_marks,
    pairs,
    wall_times,
)
from featpipe.datasets.seed_vii_files import FORM, has_raw, raw_files
from featpipe.datasets.time_lists import Bounds
from featpipe.datasets.wall_clock import Offset, eye_offset, read_triggers, since
from featpipe.errors import ConfigError, ReadError
from featpipe.folders import files_below
from featpipe.readers.tobii_start import seconds_of_day, start_of
from featpipe.recording import Source, Trial

NAME = "seed-vii"


class Parts(NamedTuple):
    """The files of one recording: its EEG, with a header if usable, eyes, triggers, or None."""

    key: Key
    eeg: Path | None
    header: Header | None
    eye: Path | None
    triggers: Path | None


class Placed(NamedTuple):
    """One recording: what to read, what is wrong, and how the eyes were placed."""

    source: Source | None
    flaws: list[Defect]
    offset: Offset | None = None


def is_here(root: Path) -> bool:
    """Tell whether a folder holds recordings of SEED-VII, by names alone."""
    try:
        files = files_below(root)
    except ConfigError:
        return False
    return has_raw(files) or any(map(seed_vii_mat.is_one, files))


def find(root: Path, choice: Choice) -> Found:
    """List the recordings of SEED-VII.

    Parameters
    ----------
    root : Path
        The folder, or any folder around it.
    choice : Choice
        Which EEG: "auto" is that of which more sessions can be used, the raw one on a tie, or if
        it has eyes and would have as many but for single broken files.

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
    eeg, eyes, triggers = raw_files(files, of)
    mats = list(filter(seed_vii_mat.is_one, files))
    takes_raw = (eeg.files or eyes.files) and choice.eeg != "preprocessed"
    if not takes_raw and not (mats and choice.eeg != "raw"):
        raise ConfigError(
            f'{root}: no recording of SEED-VII below it for [study] eeg = "{choice.eeg}"; expected '
            "EEG_raw/1_20221001_1.cnt and the like, or EEG_preprocessed/1.mat: correct root or eeg"
            f"{packed(root)}"
        )
    stored = seed_vii_mat.find(mats, of, choice) if mats else None
    if stored and choice.eeg == "preprocessed":
        return stored
    # eyes alone do not keep anybody from the preprocessed EEG
    if stored and choice.eeg == "auto" and not eeg.files:
        return _with_notes(stored, wrong_in_unused(of, "raw", eeg.defects))
    raw = _raw(eeg, eyes, triggers, of, choice)
    return _fuller(raw, stored, len(eeg.files), of, choice) if stored else raw


def _fuller(raw: Found, stored: Found, n_files: int, of: Facts, choice: Choice) -> Found:
    """Return the EEG of which more sessions can be used.

    With eyes beside it, which the preprocessed EEG has not, a few broken files of the raw EEG do
    not count against it.
    """
    n_raw, n_stored = _n_with_eeg(raw), _n_with_eeg(stored)
    has_eyes = any(source.eeg and source.eye for source in raw.sources)
    n_counted = n_files if has_eyes and n_files < 2 * n_raw else n_raw
    if choice.eeg == "auto" and n_stored > n_counted:
        note = (
            f"{of.title}: the preprocessed EEG is used, {n_stored} sessions; of the raw EEG here "
            f'{n_raw} can be, and it and the eyes are left out: [study] eeg = "raw" takes those'
        )
        return _with_notes(stored, [*wrong_in_unused(of, "raw", raw.defects), note])
    note = f'{of.title}: raw EEG is used; [study] eeg = "preprocessed" takes the other'
    unused = stored.defects if choice.eeg == "auto" else ()
    return _with_notes(raw, [*wrong_in_unused(of, "preprocessed", unused), note])


def _with_notes(found: Found, notes: Sequence[str]) -> Found:
    return found._replace(notes=[*found.notes, *notes])


def _n_with_eeg(found: Found) -> int:
    return sum(source.eeg is not None for source in found.sources)


def _raw(eeg: Named, eyes: Named, triggers: Named, of: Facts, choice: Choice) -> Found:
    """List the raw recordings, from the files of EEG, eyes and triggers."""
    headers, broken, _ = opened(eeg.files, lambda subject: _dates(eeg.files, subject))
    keys = in_order({**eeg.files, **eyes.files})
    parts = [
        Parts(k, eeg.files.get(k), headers.get(k), eyes.files.get(k), triggers.files.get(k))
        for k in keys
    ]
    placed = [_recording(part, of, choice) for part in parts]
    lacking, notes = gaps(of, eeg, eyes, (f"{FORM}.cnt", f"{FORM}.tsv"))
    flaws = [*eeg.defects, *eyes.defects, *triggers.defects]
    defects = [*flaws, *broken, *(flaw for one in placed for flaw in one.flaws), *lacking]
    sources = [one.source for one in placed if one.source]
    return Found(sources, defects, [*notes, *_told(placed, of)])


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


def _dates(eeg: Mapping[Key, Path], subject: str) -> dict[str, str]:
    return {session: date_of(path) for (whose, session), path in eeg.items() if whose == subject}


def _recording(parts: Parts, of: Facts, choice: Choice) -> Placed:
    """Put one recording together; without usable EEG, of its eyes on their own clock."""
    subject, session = parts.key
    wall, flaws = _wall(parts, len(of.session(session).labels))
    clips, trials = None, ()
    if parts.eeg and parts.header:
        clips, more = _clips(parts.key, parts.eeg, parts.header.marks, wall, of)
        flaws += more
    if parts.eeg and parts.header and clips:
        trials = _trials(clips.spans(), session, of)
        trials, more = within(parts.key, parts.eeg, trials, parts.header.seconds)
        flaws += more
    offset, more = _offset(parts, clips, wall)
    flaws += more
    if offset and not clips:
        trials = _trials(pairs([since(time, wall[0]) for time in wall]), session, of)
    if not trials:
        return Placed(None, flaws)
    source = Source(
        dataset=choice.name,
        subject=subject,
        session=session,
        eeg=parts.eeg if clips else None,
        eye=parts.eye,
        eye_offset=offset.seconds if offset else None,
        trials=trials,
        classes=choice.classes,
    )
    return Placed(source, flaws, offset if clips else None)


def _offset(
    parts: Parts, clips: Clips | None, wall: Sequence[float]
) -> tuple[Offset | None, list[Defect]]:
    """Return what places the eyes: on the clock of the EEG, or without it on that of the wall.

    The latter begins with the first trigger, as that of an EEG begins with its first sample.
    """
    eye = parts.eye
    if not eye or not wall:
        return None, []
    start = start_of(eye)
    if start is None:
        what = (
            f"{eye}: no 'Recording start time' in it: it is aligned on events that the EEG "
            "has too, or not at all; export that column too"
        )
        return None, [Defect(*parts.key, what)]
    moments = clips.eeg if clips else [since(time, wall[0]) for time in wall]
    return eye_offset(moments, wall, start), []


def _wall(parts: Parts, n_clips: int) -> tuple[list[float], list[Defect]]:
    """Return the times of day of a recording's triggers; none where they are missing or wrong."""
    file = parts.triggers
    if file is None:
        known = parts.eeg or parts.eye
        if known is None:
            return [], []
        name = f"{known.stem}_trigger_info.csv"
        what = f"{name}: it is not here, and nothing else places eyes and EEG together for sure"
        return [], [Defect(*parts.key, f"{what}; download save_info")] * (parts.eye is not None)
    try:
        return wall_times(read_triggers(file), n_clips), []
    except (ReadError, OSError) as error:
        place = "" if file.name in str(error) else f"{file}: "
        return [], [Defect(*parts.key, f"{place}{error}; it is not used: download it again")]


def _clips(
    key: Key, eeg: Path, marks: Sequence[tuple[float, str]], wall: Sequence[float], of: Facts
) -> tuple[Clips | None, list[Defect]]:
    n_clips = len(of.session(key[1]).labels)
    start = seconds_of_day(of.starts.get(eeg.stem, ""))
    try:
        if start is None:
            return clips_by_marks(marks, wall, n_clips), []
        if not wall:
            raise ReadError(
                f"its marks are unusable, and {eeg.stem}_trigger_info.csv, whose times stand in "
                "for them, is missing or unusable too"
            )
        return clips_by_clock(wall, start), []
    except ReadError as error:
        what = f"{eeg}: {error}: nothing tells where its clips are; download it and save_info"
        return None, [Defect(*key, f"{what} again")]


def _trials(spans: Sequence[tuple[float, float]], session: str, of: Facts) -> tuple[Trial, ...]:
    return trials_within(of.session(session), Bounds(*zip(*spans, strict=True)))
