"""Layout "deap": 32 subjects with 40 music videos each, as preprocessed or as recorded.

Trial k of a preprocessed file is video k. In the recordings trials have the order in which the
subject saw them. The name of the stimulus is that of the video in both.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from featpipe.datasets import facts
from featpipe.datasets.deap_files import RATINGS, DeapFiles, deap_files, is_here
from featpipe.datasets.deap_original import original_trials, read_ratings
from featpipe.datasets.facts import Facts
from featpipe.datasets.gaps import absent
from featpipe.datasets.layout import Choice, Defect, Found
from featpipe.datasets.rated import SESSION, Rating, label_of, rated_source, rating_of
from featpipe.datasets.release_files import packed
from featpipe.errors import ConfigError, ReadError
from featpipe.readers.deap_trials import Contents, contents_of
from featpipe.readers.end_to_end import trial_spans
from featpipe.recording import Source, Trial

__all__ = ["find", "is_here"]


def find(root: Path, choice: Choice) -> Found:
    """List the recordings of DEAP.

    Parameters
    ----------
    root : Path
        The folder that it was unpacked in.
    choice : Choice
        `eeg`, `rating` and `threshold` matter. "auto" takes the BDF files where their table of
        ratings is there.

    Returns
    -------
    Found

    Raises
    ------
    ConfigError
        When nothing of it is there, or what the study asks for.
    """
    of, files = facts.facts_of("deap"), deap_files(root)
    rating = rating_of(of, choice)
    is_raw = _takes_original(root, files, choice)
    chosen = files.original if is_raw else files.preprocessed()
    if is_raw:
        sources, defects = _original(files, of, rating, choice)
    else:
        sources, defects = _preprocessed(list(chosen.items()), of, rating, choice)
    others = {*files.original, *files.preprocessed()} - chosen.keys()
    defects += [*files.defects, *_elsewhere(others, is_raw)]
    return Found(sources, defects, list(_notes(of, files, is_raw, {*chosen, *others})))


def _takes_original(root: Path, files: DeapFiles, choice: Choice) -> bool:
    """Decide which of the two releases is read."""
    has_raw, has_other = bool(files.original), bool(files.preprocessed())
    if not has_raw and not has_other:
        raise ConfigError(
            f"{root}: no s01.dat, s01.mat or s01.bdf in it; [study] root names the folder that "
            "data_preprocessed_python, data_preprocessed_matlab or data_original lies in"
            f"{packed(root)}"
        )
    if choice.eeg == "preprocessed" and not has_other:
        raise ConfigError(
            f'[study] eeg = "preprocessed": {root} holds BDF files only; get '
            'data_preprocessed_python, or say eeg = "raw"'
        )
    if choice.eeg == "raw" and not has_raw:
        raise ConfigError(f'[study] eeg = "raw": no sNN.bdf in {root}; get data_original')
    if choice.eeg == "preprocessed" or not has_raw:
        return False
    if files.ratings is None and (choice.eeg == "raw" or not has_other):
        raise ConfigError(
            f"{root}: no {RATINGS} in it, without which nobody can tell which video a trial of a "
            "BDF file showed; get the metadata (metadata_csv) and put them there"
        )
    return files.ratings is not None


def _original(
    files: DeapFiles, of: Facts, rating: Rating, choice: Choice
) -> tuple[list[Source], list[Defect]]:
    assert files.ratings is not None
    shown = read_ratings(files.ratings, of, rating)
    sources, defects = [], []
    for subject, path in files.original.items():
        try:
            trials, flaws = original_trials(path, shown.get(subject, {}), of, rating)
        except ReadError as error:
            defects.append(Defect(subject, SESSION, str(error)))
            continue
        defects += [Defect(subject, SESSION, flaw) for flaw in flaws]
        sources.append(rated_source(choice, subject, path, trials, channels=of.channels))
    return sources, defects


def _preprocessed(
    files: Sequence[tuple[str, Path]], of: Facts, rating: Rating, choice: Choice
) -> tuple[list[Source], list[Defect]]:
    there = contents_of([path for _, path in files])
    sources, defects = [], []
    for subject, path in files:
        try:
            trials, flaws = _stored_trials(path, there[path], of, rating)
        except ReadError as error:
            defects.append(Defect(subject, SESSION, str(error)))
            continue
        defects += [Defect(subject, SESSION, flaw) for flaw in flaws]
        sources.append(rated_source(choice, subject, path, trials))
    return sources, defects


def _stored_trials(
    path: Path, contents: Contents | ReadError, of: Facts, rating: Rating
) -> tuple[list[Trial], list[str]]:
    """Trials of a preprocessed file, and what is wrong with their lengths and ratings."""
    session, sfreq = of.session(SESSION), of.sfreq["preprocessed"]
    if isinstance(contents, ReadError):
        raise ReadError(str(contents))
    (n_trials, _, n_times), ratings = contents
    if n_trials != len(session.stimuli) or ratings.shape[1] <= rating.place:
        raise ReadError(
            f"{path}: {n_trials} trials with {ratings.shape[1]} ratings, expected "
            f"{len(session.stimuli)} with {len(of.ratings)}; copy it again"
        )
    spans = trial_spans(dict.fromkeys(range(1, n_trials + 1), n_times), sfreq)
    trials, strange = [], set()
    for span, video, seconds, value in zip(
        spans, session.stimuli, session.seconds, ratings[:, rating.place], strict=True
    ):
        onset = span.start + of.before_s
        offset = min(onset + seconds, span.stop)
        if round(sfreq * (of.before_s + seconds)) != n_times:
            strange.add(f"trials of {n_times / sfreq:g} s, expected {of.before_s + seconds:g}")
        if label_of(rating, value) is None and value == value:
            strange.add(f"{rating.name} outside of {rating.low:g} to {rating.high:g}")
        if offset > onset:
            trials.append(Trial(span.trial, onset, offset, label_of(rating, value), video))
    flaws = [f"{path}: {what}; what is there is used, copy it again" for what in sorted(strange)]
    return trials, flaws


def _elsewhere(subjects: set[str], is_raw: bool) -> Iterator[Defect]:
    """Tell of subjects that are there in the release that is not read."""
    other, this = ("preprocessed", "BDF") if is_raw else ("BDF", "preprocessed")
    setting = "preprocessed" if is_raw else "raw"
    for subject in sorted(subjects, key=int):
        what = f"subject {subject}: there is a {other} file and no {this} one; get it, or say "
        yield Defect(subject, SESSION, f'{what}[study] eeg = "{setting}" for all')


def _notes(of: Facts, files: DeapFiles, is_raw: bool, there: set[str]) -> Iterator[str]:
    if is_raw and files.preprocessed():
        yield 'DEAP: the BDF files are read; [study] eeg = "preprocessed" takes the others'
    if is_raw:
        yield 'DEAP: EXG1 to EXG4 are the EOG: [eeg] eog = ["EXG1", "EXG2", "EXG3", "EXG4"]'
    if files.original and not is_raw:
        why = "" if files.ratings else f", because {RATINGS} is not there"
        yield f"DEAP: the preprocessed files are read and not the BDF files{why}"
    if not is_raw:
        yield f"DEAP: {of.defects[0].what}; {of.defects[0].remedy}"
    yield from absent(of, there)
