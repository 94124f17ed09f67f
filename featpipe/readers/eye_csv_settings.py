"""How a study describes its own tables of eye samples, section [eye.csv].

Only the words are checked here; whether a file has such columns is told when it is read.
"""

from dataclasses import dataclass

from featpipe.errors import ConfigError, unknown
from featpipe.readers.sample_rate import PER_SECOND

GAZE_UNITS = ("px", "norm", "deg")
PUPIL_IN_MM = {"mm": 1.0, "m": 1000.0}
"""Millimetres in one; pupils in other units keep theirs."""
PUPIL_UNITS = (*PUPIL_IN_MM, "px", "au")
MEASURES = ("gaze_x", "gaze_y", "pupil")
_SIDES = ("", "_left", "_right")
COLUMNS = ("time", *(what + side for what in (*MEASURES, "valid") for side in _SIDES), "message")
"""Options that name a column."""


@dataclass(frozen=True)
class EyeCsv:
    """What the columns of a table are called and what they mean.

    Attributes
    ----------
    time : str
        Column of the time, which must rise from row to row.
    time_unit : str
        "s", "ms", "us" or "ns".
    gaze_x, gaze_y, gaze_x_left, gaze_y_left, gaze_x_right, gaze_y_right : str or None
        Columns of the gaze: of both eyes in one, or of each eye.
    gaze_unit : str
        "px", "norm" for shares of the screen, or "deg".
    screen_px : tuple of float or None
        Width and height of the screen, which make pixels of shares; None keeps shares.
    pupil, pupil_left, pupil_right : str or None
        Columns of the pupil's size, likewise. A size of 0 or less is lost.
    pupil_unit : str
        "mm", "m" (which becomes mm), "px" or, unknown, "au".
    valid, valid_left, valid_right : str or None
        Columns that tell whether the eye was seen, likewise.
    valid_values : tuple of str or float
        What stands there when it was; numbers are compared as such, texts without regard to case.
    missing : tuple of str or float
        What stands for a lost gaze or pupil, beside "", "-", ".", "NA" and "NaN".
    message : str or None
        Column of triggers or messages, which may be repeated until they change; "" and "0" are
        none.
    delimiter : str or None
        One character, " " for any number of blanks; None finds it.
    decimal : str or None
        "." or ","; None finds it.
    encoding : str or None
        As Python names it; None finds UTF-8, UTF-16 with a mark, or a code page.
    comment : str or None
        Lines that begin with it are skipped.
    """

    time: str
    time_unit: str = "s"
    gaze_x: str | None = None
    gaze_y: str | None = None
    gaze_x_left: str | None = None
    gaze_y_left: str | None = None
    gaze_x_right: str | None = None
    gaze_y_right: str | None = None
    gaze_unit: str = "px"
    screen_px: tuple[float, float] | None = None
    pupil: str | None = None
    pupil_left: str | None = None
    pupil_right: str | None = None
    pupil_unit: str = "au"
    valid: str | None = None
    valid_left: str | None = None
    valid_right: str | None = None
    valid_values: tuple[str | float, ...] = ()
    missing: tuple[str | float, ...] = ()
    message: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    comment: str | None = None

    def __post_init__(self):
        _refuse_unknown_words(self)
        _refuse_contradictions(self)
        _refuse_unreadable(self)


def named_columns(csv: EyeCsv) -> dict[str, str]:
    """Return option -> column of all columns that a study names."""
    return {option: getattr(csv, option) for option in COLUMNS if getattr(csv, option) is not None}


def option_of(csv: EyeCsv, what: str, side: str) -> str | None:
    """Return the option that names the column of one eye, its own or that of both, or None.

    Parameters
    ----------
    csv : EyeCsv
        The description.
    what : {"gaze_x", "gaze_y", "pupil", "valid"}
        What is asked for.
    side : {"left", "right"}
        The eye.
    """
    columns = named_columns(csv)
    return next((option for option in (f"{what}_{side}", what) if option in columns), None)


def _refuse_unknown_words(csv: EyeCsv) -> None:
    words = {"time_unit": PER_SECOND, "gaze_unit": GAZE_UNITS, "pupil_unit": PUPIL_UNITS}
    for option, known in words.items():
        if getattr(csv, option) not in known:
            raise ConfigError(f"[eye.csv] {unknown(option, getattr(csv, option), known)}")


def _refuse_contradictions(csv: EyeCsv) -> None:
    """Refuse columns that are missing, named twice, or of which there is a half."""
    columns = named_columns(csv)
    for option, column in columns.items():
        if not column.strip():
            raise ConfigError(f"[eye.csv] {option} = {column!r}: expected the name of a column")
        if other := next((o for o in columns if o != option and columns[o] == column), None):
            raise ConfigError(
                f"[eye.csv] {option} and {other} are both {column!r}: a column is one thing; "
                "correct one of them"
            )
        of_both = option.removesuffix("_left").removesuffix("_right")
        if of_both != option and of_both in columns:
            raise ConfigError(
                f"[eye.csv] {option} and {of_both}: name a column of both eyes, or one of each"
            )
        partner = option.translate(str.maketrans("xy", "yx"))
        if option.startswith("gaze") and partner not in columns:
            raise ConfigError(f"[eye.csv] {option} = {column!r} needs {partner}: name its column")
    if not any(option.startswith(("gaze", "pupil")) for option in columns):
        raise ConfigError("[eye.csv] names no gaze and no pupil: add gaze_x and gaze_y, or pupil")
    if any(option.startswith("valid") for option in columns) != bool(csv.valid_values):
        raise ConfigError(
            f"[eye.csv] valid_values = {list(csv.valid_values)}: name a column valid, and which of "
            "its values mean that the eye was seen, e.g. valid_values = [1]"
        )


def _refuse_unreadable(csv: EyeCsv) -> None:
    """Refuse what no table can be read with."""
    if csv.screen_px is not None and (csv.gaze_unit != "norm" or not min(csv.screen_px) > 0):
        raise ConfigError(
            f"[eye.csv] screen_px = {list(csv.screen_px)}: expected width and height in pixels, "
            'and gaze_unit = "norm", of which they make pixels'
        )
    if csv.decimal not in (None, ".", ","):
        raise ConfigError(f"[eye.csv] decimal = {csv.decimal!r}: expected '.' or ','")
    mark = csv.delimiter
    if mark is not None and (len(mark) != 1 or mark in '.+-"\r\n' or mark.isalnum()):
        raise ConfigError(
            f"[eye.csv] delimiter = {mark!r}: expected one character such as ';', a tab, or ' ' "
            "for any number of blanks; without it, it is found"
        )
    if mark is not None and (mark == csv.decimal or not mark.isascii()):
        raise ConfigError(f"[eye.csv] delimiter = {mark!r}: expected ASCII, and not the decimal")
    if csv.comment is not None and not csv.comment.strip():
        raise ConfigError(f"[eye.csv] comment = {csv.comment!r}: expected a mark such as '#'")
    try:
        "time".encode(csv.encoding or "utf-8")
    except (LookupError, ValueError) as error:
        raise ConfigError(
            f"[eye.csv] encoding = {csv.encoding!r}: expected the name of one, such as utf-8, "
            "utf-16, cp1252 or gb18030"
        ) from error
