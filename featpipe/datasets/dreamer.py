"""Layout "dreamer": 23 subjects with 18 film clips each, all in DREAMER.mat."""

import re
from pathlib import Path
from typing import NoReturn

from featpipe.datasets import facts
from featpipe.datasets.facts import Facts
from featpipe.datasets.gaps import absent
from featpipe.datasets.layout import Choice, Defect, Found
from featpipe.datasets.rated import SESSION, Rating, label_of, rated_source, rating_of
from featpipe.datasets.release_files import packed
from featpipe.errors import ConfigError, ReadError, few
from featpipe.folders import files_below
from featpipe.readers.dreamer_mat import Subject, contents
from featpipe.readers.end_to_end import trial_spans
from featpipe.recording import Trial

_FILE = "DREAMER.mat"
_NEARLY = re.compile(r".*dreamer.*\.mat.*", re.IGNORECASE)  # DREAMER (1).mat, DREAMER.mat.part


def is_here(root: Path) -> bool:
    """Tell whether DREAMER.mat lies below a folder."""
    try:
        return bool(_files(root))
    except ConfigError:
        return False


def _files(root: Path) -> list[Path]:
    return [path for path in files_below(root) if path.name.lower() == _FILE.lower()]


def _refuse_without_file(root: Path) -> NoReturn:
    alike = [str(path) for path in files_below(root) if _NEARLY.fullmatch(path.name)]
    hint = f"; if {few(alike)} is it, give it its name back" if alike else ""
    raise ConfigError(
        f"{root}: no {_FILE} in it{hint}; [study] root names its folder{packed(root)}"
    )


def find(root: Path, choice: Choice) -> Found:
    """List the subjects of DREAMER.

    Parameters
    ----------
    root : Path
        The folder that the file lies in, or any above.
    choice : Choice
        `rating` and `threshold` matter.

    Returns
    -------
    Found
        One file for all; `Source.eeg_part` is the subject.

    Raises
    ------
    ConfigError
        When the file is not there, is broken, or the study asks for what is not in it.
    """
    of, files = facts.facts_of("dreamer"), _files(root)
    rating = rating_of(of, choice)
    if not files:
        _refuse_without_file(root)
    if choice.eeg == "raw":
        raise ConfigError('[study] eeg = "raw": DREAMER has one release; leave the line out')
    try:
        there = contents(files[0])
    except ReadError as error:
        raise ConfigError(str(error)) from error
    defects = [
        Defect("", "", f"{path}: {files[0]} is there too and is used; take one of them away")
        for path in files[1:]
    ]
    sources = []
    for number, subject in there.subjects.items():
        try:
            trials, flaws = _trials(files[0], number, subject, of, rating)
        except ReadError as error:
            defects.append(Defect(number, SESSION, str(error)))
            continue
        defects += [Defect(number, SESSION, flaw) for flaw in flaws]
        sources.append(rated_source(choice, number, files[0], trials, eeg_part=number))
    return Found(sources, defects, absent(of, there.subjects))


def _trials(
    path: Path, number: str, subject: Subject, of: Facts, rating: Rating
) -> tuple[list[Trial], list[str]]:
    """Trials of a subject, and what is wrong with single ones."""
    stimuli, values = of.session(SESSION).stimuli, subject.ratings.get(rating.name)
    whose = f"{path}: subject {number}"
    if list(subject.n_times) != list(range(1, len(stimuli) + 1)):
        raise ReadError(
            f"{whose} has {len(subject.n_times)} clips, expected {len(stimuli)}; download it again"
        )
    if values is None or len(values) != len(stimuli):
        raise ReadError(
            f"{whose} has no {len(stimuli)} values of Score{rating.name.capitalize()}; download it "
            "again"
        )
    lengths = {clip: n_times for clip, n_times in subject.n_times.items() if n_times}
    spans = trial_spans(lengths, of.sfreq["preprocessed"])
    missing = [f"{clip}" for clip in subject.n_times if clip not in lengths]
    flaws = [f"{whose}: clips {few(missing)} are empty; the others are used"] if missing else []
    trials = []
    for clip, start, stop in spans:
        value = float(values[clip - 1])
        label = label_of(rating, value)
        if label is None and value == value:
            flaws.append(
                f"{whose}, clip {clip}: {rating.name} = {value:g}, expected {rating.low:g} to "
                f"{rating.high:g}; it is used without a label"
            )
        trials.append(Trial(clip, start, stop, label, stimuli[clip - 1]))
    return trials, flaws
