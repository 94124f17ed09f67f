"""Recordings whose content is that of another one: it would be trained on and tested on.

A download that stored one file under two names leaves no trace in either: the sizes are right, the
labels are those of the name. Which name is the true one the content does not tell, so that neither
is used. Files are compared by size, and where these are equal by content
(`featpipe.datasets.file_content`). The same numbers in files of another size or compression are
found when their tables are trained on (`models.repeats`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from featpipe.datasets.file_content import digest_of
from featpipe.datasets.layout import Defect, Found
from featpipe.errors import ReadError, few
from featpipe.readers.mat_trials import initials_of
from featpipe.reading import sniff, source_files
from featpipe.recording import Source
from featpipe.scanning import Finding

Modality = Literal["eeg", "eye"]

_OWN_CLOCK = ("smi_workbook", "seed_iv_eye")  # a clock in each trial: they need no EEG


def without_copies(found: Found) -> Found:
    """Take EEG and eye recordings away whose content another recording has too.

    Parameters
    ----------
    found : Found
        What a layout makes of a folder, or a lab's lists. Several recordings in one file are no
        copies.

    Returns
    -------
    Found
        Without the copies, each told in a defect; a recording keeps what is its own: eyes whose
        clock does not hang on the EEG, or the EEG.
    """
    sources, told = list(found.sources), []
    modalities: tuple[Modality, Modality] = ("eeg", "eye")
    for modality in modalities:
        whose = _recordings_of_files(sources, modality)
        lost = [group for group in _alike(whose) if len(group) > 1]
        told += [_defect(path, group, whose) for group in lost for path in group]
        paths = {path for group in lost for path in group}
        sources = [kept for of in sources if (kept := _without(of, modality, paths))]
    return found._replace(sources=sources, defects=[*found.defects, *told])


def copied(findings: Iterable[Finding]) -> list[tuple[Path, ...]]:
    """Group recordings of equal content among those that a scan found.

    Parameters
    ----------
    findings : iterable of Finding
        Unusable ones do not count.

    Returns
    -------
    list of tuple of Path
        Each of two files or more.
    """
    sound = {
        one.path: one.files
        for one in findings
        if one.modality and one.status in ("ok", "suspicious")
    }
    found = _equal({path: _largest(files) for path, files in sound.items()})
    return [tuple(group) for group in found if len(group) > 1]


def _recordings_of_files(sources: Sequence[Source], modality: Modality) -> dict[Path, list[Source]]:
    found: dict[Path, list[Source]] = {}
    for of in sources:
        path = getattr(of, modality)
        if path is not None:
            found.setdefault(path, []).append(of)
    return found


def _alike(whose: dict[Path, list[Source]]) -> Iterator[list[Path]]:
    """Group recordings by the content of the file that holds their numbers."""
    data = {}
    for path, (of, *_) in whose.items():
        with suppress(ReadError, OSError):  # told by its layout, or when it is read
            data[path] = _data_file(path, of)
    yield from _equal(data)


def _equal(data: Mapping[Path, Path]) -> Iterator[list[Path]]:
    """Group recordings by their data files; content is read only where sizes are equal."""
    by_size: dict[int, list[Path]] = {}
    for path, file in data.items():
        with suppress(OSError):
            by_size.setdefault(file.stat().st_size, []).append(path)
    for size, group in by_size.items():
        by_digest: dict[bytes, list[Path]] = {}
        for path in group if size and len(group) > 1 else ():
            with suppress(ReadError, OSError):
                by_digest.setdefault(digest_of(data[path]), []).append(path)
        yield from by_digest.values()


def _data_file(path: Path, of: Source) -> Path:
    """Return the largest file of a recording: a header beside its numbers may name the subject.

    Features of a release are one file, of a kind that is none of recordings.
    """
    return path if of.released is not None else _largest(source_files(path))


def _largest(files: Sequence[Path]) -> Path:
    return max(files, key=lambda file: file.stat().st_size)


def _defect(path: Path, group: Sequence[Path], whose: dict[Path, list[Source]]) -> Defect:
    others = [f"{other} ({_named(whose[other])})" for other in group if other != path]
    first = whose[path][0]
    what = (
        f"{path}: its content is that of {few(others)}; which of them is the true one is unknown, "
        f"and none is used: fetch all of them again{_hint(path, group, whose)}"
    )
    return Defect(first.subject, first.session if len(whose[path]) == 1 else "", what)


def _named(sources: Sequence[Source]) -> str:
    session = f", session {sources[0].session}" if len(sources) == 1 else ""
    return f"subject {sources[0].subject}{session}"


def _hint(path: Path, group: Sequence[Path], whose: dict[Path, list[Source]]) -> str:
    """Say whose initials the variables of a MATLAB file have, where other files tell."""
    own = initials_of(path) if path.suffix.lower() == ".mat" else ""
    if not own:
        return ""
    subjects = {whose[file][0].subject for file in group}
    of_initials = {
        whose[file][0].subject for file in whose
        if file not in group and whose[file][0].subject in subjects and initials_of(file) == own
    }  # fmt: skip
    if len(subjects) == 1 or len(of_initials) != 1:
        return ""
    return f". Its variables are called {own}_eeg<k>, as those of subject {of_initials.pop()} are"


def _without(source: Source, modality: Modality, paths: set[Path]) -> Source | None:
    """Return what is left of a recording; None where nothing can be used."""
    if getattr(source, modality) not in paths:
        return source
    left = replace(source, eye=None)
    if modality == "eeg":
        left = replace(source, eeg=None, eeg_part="")
    is_usable = left.eeg is not None or (left.eye is not None and _has_clock(left))
    return left if is_usable else None


def _has_clock(source: Source) -> bool:
    """Tell whether eyes can be placed without the EEG."""
    if source.eye_offset is not None or source.released is not None:
        return True
    return source.eye is not None and sniff(source.eye) in _OWN_CLOCK
