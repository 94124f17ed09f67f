"""Recordings of one name: their tables would be one file, or one on a disk that ignores case."""

from featpipe.datasets.layout import Defect, Found
from featpipe.errors import few
from featpipe.recording import Source


def without_shared_names(found: Found) -> Found:
    """Take recordings away that have subject and session of another one.

    Parameters
    ----------
    found : Found
        What a layout makes of a folder.

    Returns
    -------
    Found
        Without any of them, each told in a defect: which is the true one the names do not tell.
    """
    of_name: dict[str, list[Source]] = {}
    for source in found.sources:
        of_name.setdefault(source.name.casefold(), []).append(source)
    told = [_defect(of, group) for group in of_name.values() if len(group) > 1 for of in group]
    if not told:
        return found
    kept = [of for of in found.sources if len(of_name[of.name.casefold()]) == 1]
    return found._replace(sources=kept, defects=[*found.defects, *told])


def _defect(source: Source, group: list[Source]) -> Defect:
    others = few([str(of.eeg or of.eye) for of in group if of is not source])
    what = (
        f"{source.eeg or source.eye}: it is subject {source.subject}, session {source.session}, "
        f"and so is {others} (upper and lower case count as equal, and no session is session 1); "
        "none of them is used: give each a subject or session of its own"
    )
    return Defect(source.subject, source.session, what)
