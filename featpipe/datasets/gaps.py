"""What is not in a folder: subjects that nobody fetched, sessions that are missing."""

from collections.abc import Collection

from featpipe.datasets.facts import Facts
from featpipe.datasets.layout import Defect
from featpipe.datasets.recording_names import Key
from featpipe.errors import few


def gaps(
    facts: Facts, there: Collection[Key], subjects: Collection[str], what: str, form: str
) -> tuple[list[Defect], list[str]]:
    """Tell what is missing.

    Parameters
    ----------
    facts : Facts
        Which subjects and sessions there are.
    there : collection of (subject, session)
        What has a file, sound or not.
    subjects : collection of str
        Of whom something is expected.
    what : str
        "EEG" or "eye recording".
    form : str
        How its file is called, for the message.

    Returns
    -------
    defects : list of Defect
        A missing session of a subject of whom others are there.
    notes : list of str
        At most one, of subjects without any.
    """
    present = {subject for subject, _ in there}
    absent = [subject for subject in facts.subjects if subject in {*subjects} - present]
    defects = [
        Defect(
            subject, session, f"subject {subject}, session {session}: there is no {what} ({form}), "
            "while other sessions of the subject are here: fetch it, or give it its name back",
        )
        for subject in facts.subjects if subject in present and subject in subjects
        for session in facts.session_names() if (subject, session) not in there
    ]  # fmt: skip
    if not absent or not present:
        return defects, []
    return defects, [f"{facts.title}: no {what} of subject {few(absent, 20)} in this folder"]
