"""What a layout is: a function from a downloaded folder to recordings with their trials."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from featpipe.errors import one_line, printable
from featpipe.recording import Source


@dataclass(frozen=True)
class Choice:
    """What of a data set is wanted, as the study says it.

    Attributes
    ----------
    name : str
        Stands in the column `dataset` of every table.
    classes : tuple of str
        Names of the labels.
    eeg : {"auto", "raw", "preprocessed"}
        Which EEG, where a folder holds both; "auto" takes that of which more recordings can be
        used, the raw ones where there are as many.
    rating : str
        Which rating is the label, where labels are ratings ("valence", "arousal" ...).
    threshold : float or None
        Ratings above it are the second class; None is the middle of the scale.
    window_s : float
        Length of the windows, where features are released.
    task : str
        Only recordings of this task, where a data set has several; empty takes all.
    label_column : str
        Column of the events that holds the label; empty leaves it to the layout.
    """

    name: str
    classes: tuple[str, ...]
    eeg: Literal["auto", "raw", "preprocessed"] = "auto"
    rating: str = ""
    threshold: float | None = None
    window_s: float = 1.0
    task: str = ""
    label_column: str = ""


class Defect(NamedTuple):
    """What is missing or wrong in a folder.

    Attributes
    ----------
    subject, session : str
        Whose recording it costs; empty where it costs none.
    what : str
        The file, what is wrong with it, and the next step.
    """

    subject: str
    session: str
    what: str

    @property
    def unit(self) -> str:
        """What it is listed under among failures."""
        whose = f"sub-{self.subject}" * bool(self.subject)
        return "_".join(filter(None, [whose, f"ses-{self.session}" * bool(self.session)])) or "all"


class Found(NamedTuple):
    """What a folder holds.

    Attributes
    ----------
    sources : list of Source
        Recordings that can be tried, ordered by subject (1, 2, 10) and session.
    defects : list of Defect
        Each costs a recording, a trial or a modality; told before any work starts, and in the
        report.
    notes : list of str
        What is as it should be and good to know: whole subjects that were not downloaded, which of
        two releases is used.
    """

    sources: list[Source]
    defects: Sequence[Defect] = ()
    notes: Sequence[str] = ()


def spelled_out(found: Found) -> Found:
    """Spell out what terminals obey, and what is no Unicode, in all that is told of a folder.

    The names of files stand in it, and files may have any name.
    """
    defects = [
        Defect(printable(of.subject), printable(of.session), one_line(of.what))
        for of in found.defects
    ]
    return found._replace(defects=defects, notes=[one_line(note) for note in found.notes])


@dataclass(frozen=True)
class Layout:
    """How one data set lies in a folder.

    Attributes
    ----------
    name : str
        Its key in `LAYOUTS`, and in `featpipe.datasets.facts` where there are facts.
    describes : str
        One line for a list.
    is_here : callable
        (folder) -> whether its files are there, by their names alone; quick and never raises.
    find : callable
        (folder, Choice) -> Found. No signal is read. Raises ConfigError where nothing can be made
        of the folder.
    """

    name: str
    describes: str
    is_here: Callable[[Path], bool]
    find: Callable[[Path, Choice], Found]
