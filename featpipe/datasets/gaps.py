"""What is not in a folder: subjects and sessions that nobody fetched, files that are missing."""

from collections.abc import Collection, Iterable

from featpipe.datasets.facts import Facts
from featpipe.datasets.layout import Defect
from featpipe.datasets.recording_names import Key, Named
from featpipe.errors import few


def gaps(
    facts: Facts,
    eeg: Named,
    eyes: Named,
    forms: tuple[str, str],
    kinds: tuple[str, str] = ("EEG", "eye recording"),
) -> tuple[list[Defect], list[str]]:
    """Tell what is missing.

    Parameters
    ----------
    facts : Facts
        Which subjects and sessions there are.
    eeg, eyes : Named
        What has a file, sound or not, and the defects of names: what these cost is here, and they
        have told what is wrong with it.
    forms : tuple of str
        How the files of each are called, for the message.
    kinds : tuple of str
        What they are, for the message.

    Returns
    -------
    defects : list of Defect
        A missing file of a subject of whom others are there; a session of which there is neither
        is missing once.
    notes : list of str
        Whole subjects, sessions that no subject has, a modality of which there is nothing: they
        were not downloaded.
    """
    refused = [{defect[:2] for defect in named.defects} for named in (eeg, eyes)]
    subjects = {subject for subject, _ in (*eeg.files, *eyes.files, *refused[0], *refused[1])}
    keys = [(a, b) for a in facts.subjects if a in subjects for b in facts.session_names()]
    defects, notes = [], absent(facts, subjects) if subjects else []
    of_eyes = [
        key for key in keys if key[0] in facts.eye_subjects and (key in eeg.files or not eeg.files)
    ]
    per_kind = zip((eeg.files, eyes.files), refused, (keys, of_eyes), kinds, forms, strict=True)
    for there, told, wanted, kind, form in per_kind:
        if not there:
            of_use = " that can be used" * bool(told)
            notes.append(f"{facts.title}: no {kind} ({form}) in this folder{of_use}")
            continue
        missing = [k for k in wanted if k not in there and not {k, (k[0], "")} & told]
        unfetched = _unfetched(missing, there, {*eeg.files, *eyes.files})
        if unfetched:
            notes.append(
                f"{facts.title}: sessions without any {kind} here, of any subject: {few(unfetched)}"
            )
        defects += [
            Defect(
                *key, f"{facts.title}: no {kind} of subject {key[0]}, session {key[1]} "
                f"({form}), and other files of the subject are here: fetch it, or give it its name "
                "back",
            )
            for key in missing if key[1] not in unfetched
        ]  # fmt: skip
    return defects, notes


def _unfetched(
    missing: Collection[Key], there: Collection[Key], of_any_kind: Collection[Key]
) -> list[str]:
    """Name the sessions that nobody fetched: no subject has them.

    One subject alone cannot tell: a session of which it has the other kind only is a defect.
    """
    is_one = len({subject for subject, _ in of_any_kind}) == 1
    had = {session for _, session in (of_any_kind if is_one else there)}
    return list(dict.fromkeys(session for _, session in missing if session not in had))


def absent(facts: Facts, subjects: Collection[str]) -> list[str]:
    """Tell in a note which subjects are not here, if any."""
    names = [subject for subject in facts.subjects if subject not in subjects]
    return [f"{facts.title}: subjects that are not here: {few(names, 40)}"] * bool(names)


def wrong_in_unused(facts: Facts, kind: str, defects: Iterable[Defect]) -> list[str]:
    """Tell in notes what is wrong with EEG that is not used: it may be why it is not."""
    return [f"{facts.title}, {kind} EEG, which is not used: {defect.what}" for defect in defects]
