"""EEG_preprocessed of SEED-VII: a MATLAB file per subject; its variables 1 to 80 are the clips."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from featpipe.datasets.facts import Facts
from featpipe.datasets.gaps import absent
from featpipe.datasets.layout import Choice, Defect, Found
from featpipe.datasets.recording_names import Key, add, stranger
from featpipe.errors import ReadError, few
from featpipe.readers.end_to_end import trial_spans
from featpipe.readers.mat_trials import SFREQ, trial_lengths
from featpipe.recording import Source, Trial

# features and ratings are called so too
_FOLDER = re.compile(r".*preprocessed.*", re.IGNORECASE)
_SUBJECT = re.compile(r"([1-9]\d*)\.mat", re.IGNORECASE)


def is_one(file: Path) -> bool:
    """Tell by its name and folder whether a file is the preprocessed EEG of a subject."""
    return bool(_SUBJECT.fullmatch(file.name) and _FOLDER.fullmatch(file.parent.name))


def find(files: Sequence[Path], of: Facts, choice: Choice) -> Found:
    """List the sessions in the files of all subjects.

    Parameters
    ----------
    files : sequence of Path
        Those that `is_one` takes.
    of : Facts
        Of SEED-VII.
    choice : Choice
        Names of the study and of the classes.

    Returns
    -------
    Found
        A session is the part of its file with the clips that it showed.
    """
    sources = []
    found: dict[Key, Path] = {}
    flaws: list[Defect] = []
    for path in files:
        subject = path.stem
        is_known = subject in of.subjects
        flaws += add(found, (subject, ""), path) if is_known else [stranger(path, "<subject>", of)]
    subjects = {subject: found[subject, ""] for subject in of.subjects if (subject, "") in found}
    for subject, path in subjects.items():
        try:
            lengths = trial_lengths(path)
        except (ReadError, OSError) as error:
            flaws += [Defect(subject, session, str(error)) for session in of.session_names()]
            continue
        for session in of.session_names():
            source, more = _source(subject, session, path, lengths, of, choice)
            sources += [source] * (source is not None)
            flaws += more
    notes = [
        *absent(of, subjects),
        f"{of.title}: no eyes beside preprocessed EEG, which has lost the time between clips",
    ]
    return Found(sources, flaws, notes)


def _source(
    subject: str,
    session: str,
    path: Path,
    lengths: Mapping[int, int],
    of: Facts,
    choice: Choice,
) -> tuple[Source | None, list[Defect]]:
    about = of.session(session)
    clips = [int(stimulus) for stimulus in about.stimuli]
    there = {clip: lengths[clip] for clip in clips if clip in lengths}
    lost = [str(clip) for clip in clips if clip not in there]
    flaws = []
    if lost:
        what = f"{path}: of session {session} it lacks the clips {few(lost)}; download it again"
        flaws.append(Defect(subject, session, what))
    if not there:
        return None, flaws
    spans = {span.trial: (span.start, span.stop) for span in trial_spans(there, SFREQ)}
    trials = [
        Trial(i, *spans[clip], label, str(clip))
        for i, (clip, label) in enumerate(zip(clips, about.labels, strict=True), start=1)
        if clip in spans
    ]
    part = f"{clips[0]}-{clips[-1]}"
    return (
        Source(
            choice.name, subject, session, path, None, None, tuple(trials), choice.classes, part
        ),
        flaws,
    )
