"""SEED-GER and SEED-FRA, the German and French trees of the multimodal release of SEED.

Of their trials nothing is published but what lies in the release: bounds are those of time.txt,
labels those of the windows in `02-EEG-DE-feature`, where these agree with the bounds.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from featpipe.datasets import facts as published
from featpipe.datasets.clip_labels import labels_of_sessions
from featpipe.datasets.facts import Facts
from featpipe.datasets.found_trials import require_classes, sources, trials_within
from featpipe.datasets.gaps import gaps
from featpipe.datasets.layout import Choice, Defect, Found
from featpipe.datasets.multimodal_release import (
    FEATURES,
    MULTIMODAL,
    eye_files,
    raw_files,
)
from featpipe.datasets.raw_recordings import raw_recordings
from featpipe.datasets.release_files import below, in_folder, language_of, packed
from featpipe.datasets.time_lists import Bounds, bounds_of_sessions
from featpipe.errors import ConfigError

_EEG_FORM, _EYE_FORM = "<subject>_<session>.cnt", "<subject>_<session>.xls"


def is_here(name: str, root: Path) -> bool:
    """Tell whether files of one of the two are below a folder that names its language."""
    try:
        files = in_folder(below(root, name), MULTIMODAL, root)
    except (OSError, ConfigError):
        return False
    return any(language_of(root, path) == name for path in files)


def find(name: str, root: Path, choice: Choice) -> Found:
    """List the recordings of one of the two below a folder.

    Parameters
    ----------
    name : {"seed-ger", "seed-fra"}
        Which one.
    root : Path
        Folder; one that names another language of the three is passed over.
    choice : Choice
        Name and classes; there is raw EEG only.

    Returns
    -------
    Found
        Labels are None where the release does not tell them.

    Raises
    ------
    ConfigError
        When there is no recording, or no time.txt that can be understood.
    """
    facts = published.facts_of(name)
    require_classes(choice, facts)
    files = below(root, name)
    raw, eyes = raw_files(root, files, facts), eye_files(root, files, facts)
    bounds, defects = _bounds(root, facts, files, bool(raw.files), choice)
    labels, unlabelled, notes = labels_of_sessions(in_folder(files, FEATURES, root), bounds, facts)
    trials = {
        k: tuple(
            trial._replace(label=labels.get(k, {}).get(trial.trial))
            for trial in trials_within(facts.session(k), bounds)
        )
        for k in facts.session_names()
    }
    recordings, broken, _ = raw_recordings(raw.files, trials.__getitem__, facts)
    lost, more = gaps(facts, raw, eyes, (_EEG_FORM, _EYE_FORM))
    n_clips = len(facts.sessions[0].stimuli)
    said = f"{facts.title}: time.txt has {len(bounds.onsets)} trials, {n_clips} are published"
    return Found(
        sources(choice, recordings, eyes.files, trials.__getitem__),
        [*raw.defects, *defects, *broken, *unlabelled, *eyes.defects, *lost],
        [*[said] * (len(bounds.onsets) != n_clips), *notes, *more],
    )


def _bounds(
    root: Path, facts: Facts, files: Sequence[Path], has_raw: bool, choice: Choice
) -> tuple[Bounds, list[Defect]]:
    """Return the bounds that all recordings share."""
    if choice.eeg == "preprocessed":
        raise ConfigError(
            f'[study] eeg = "preprocessed": {facts.title} has raw EEG only; leave it at "auto"'
        )
    if not has_raw:
        raise ConfigError(
            f"{root}: no recording of {facts.title} is here; expected 01-EEG-raw/{_EEG_FORM} below "
            f"it, in a folder that names no other language; correct [study] root{packed(root)}"
        )
    found, defects = bounds_of_sessions(files, "time.txt", facts)
    if not found:
        why = defects[0].what if defects else "there is none"
        raise ConfigError(
            f"{root}: no time.txt tells when the trials of {facts.title} are ({why}); fetch it "
            "with the release, it lies beside the recordings"
        )
    return next(iter(found.values())), defects


GERMAN, FRENCH = "seed-ger", "seed-fra"
is_german_here, is_french_here = partial(is_here, GERMAN), partial(is_here, FRENCH)
find_german, find_french = partial(find, GERMAN), partial(find, FRENCH)
