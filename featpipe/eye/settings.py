"""Options of the eye columns, section [eye] of a study."""

from dataclasses import dataclass
from typing import Literal

from featpipe.errors import ConfigError, unknown
from featpipe.eye.side import SIDES
from featpipe.readers.eye_csv_settings import EyeCsv

SCOPES = ("window", "trial")
EVENTS = ("auto", "export", "detect")
DETECTORS = ("auto", "idt", "ivt")
PUPILS = ("side", "both")
LIGHTS = ("keep", "remove")

MIN_PUPIL_WINDOW_S = 5.0
"""A shorter stretch leaves bands of 0.2 Hz without a frequency of their own."""

_POSITIVE = (
    "max_dispersion", "max_fixation_velocity", "min_fixation_s", "min_blink_s", "px_per_degree",
    "pupil_max_gap_s",
)  # fmt: skip


@dataclass(frozen=True)
class EyeSettings:
    """What the eye columns depend on.

    Attributes
    ----------
    side : str
        "left", "right" or "auto": the eye of which there are events where the other has none, else
        the one with the larger share of valid data.
    event_scope : str
        Whether the last nine columns describe the "window" or, as published, the whole "trial";
        the latter are constant over a trial and so tell trials apart.
    pupil_window_s : float
        Stretch of pupil trace around a window that gives its slow-band entropies, s; 5 or more,
        and cut to a shorter trial.
    pupil_max_gap_s : float
        Longest gap of the pupil trace that a straight line bridges, s; entropies of a stretch with
        a longer one are NaN.
    pupil : str
        Sizes of the chosen eye, "side", or of the mean of "both", where both were recorded.
    light : str
        "keep", or "remove": the response to light that the pupils of the other subjects share who
        saw the same clip is taken out of the sizes (`featpipe.eye.light_response`).
    light_subjects : tuple of str
        Whose pupils it is learnt from, never the recording's own; empty: all of the study.
    max_blink_s : float
        Longest blink, s. Event detectors also call it a blink when the track is lost (16.7 s were
        seen), while lids close for 0.1 to 0.4 s; longer ones are lost samples, not events.
    events : str
        "export" takes the events of the tracker's software, "detect" finds them in the samples,
        "auto" does so for the kinds of which the export does not tell (`featpipe.eye.detection`).
    detector : str
        Fixations by dispersion, "idt" as SMI's low-speed detector, by velocity, "ivt", or "auto":
        by velocity from 200 Hz on where degrees are known, else by dispersion.
    max_dispersion : float or None
        Of a fixation, X + Y in the unit of the gaze; None is 50 px, as in SMI's exports, or as much
        in other units (`fixations.MAX_DISPERSION`).
    max_fixation_velocity : float
        Faster samples are no fixation, degrees/s; for "ivt".
    min_fixation_s : float
        Shortest fixation, s; 50 ms is the shortest in SMI's exports.
    min_blink_s : float or None
        Shorter losses are dropouts, s. None is 0.08: SMI, at 60 Hz, calls losses of 67 ms dropouts
        and of 167 ms blinks, and so does Pupil Player at 435 Hz (47 ms and 375 ms); for EyeLink it
        is 0.01, whose own blinks are losses of the pupil from 12 ms on.
    px_per_degree : float or None
        Pixels of the screen in one degree at the eye, for gaze in pixels only; None takes what the
        export tells. Unknown, amplitudes of detected saccades are in the unit of the gaze, and the
        metadata say so.
    min_good : float
        A window of which a smaller share was seen keeps its row, all its columns NaN; 0 to 1.
    csv : EyeCsv or None
        Section [eye.csv]: the columns of eye files that are of no known format.
    """

    side: Literal["auto", "left", "right"] = "auto"
    event_scope: Literal["window", "trial"] = "window"
    pupil_window_s: float = 20.0
    pupil_max_gap_s: float = 5.0
    pupil: Literal["side", "both"] = "side"
    light: Literal["keep", "remove"] = "keep"
    light_subjects: tuple[str, ...] = ()
    max_blink_s: float = 1.0
    events: Literal["auto", "export", "detect"] = "auto"
    detector: Literal["auto", "idt", "ivt"] = "auto"
    max_dispersion: float | None = None
    max_fixation_velocity: float = 30.0
    min_fixation_s: float = 0.05
    min_blink_s: float | None = None
    px_per_degree: float | None = None
    min_good: float = 0.0
    csv: EyeCsv | None = None

    def __post_init__(self):
        if self.side not in SIDES:
            raise ConfigError(unknown("eye side", self.side, SIDES))
        names = {"events": EVENTS, "detector": DETECTORS, "pupil": PUPILS, "light": LIGHTS}
        for name, known in names.items():
            if getattr(self, name) not in known:
                raise ConfigError(unknown(f"[eye] {name}", getattr(self, name), known))
        if self.event_scope not in SCOPES:
            raise ConfigError(unknown("event_scope", self.event_scope, SCOPES))
        if not self.pupil_window_s >= MIN_PUPIL_WINDOW_S:
            raise ConfigError(
                f"pupil_window_s = {self.pupil_window_s:g}: must be {MIN_PUPIL_WINDOW_S:g} s or "
                "more, or the slow pupil bands cannot be told apart; 20 is usual"
            )
        if not self.max_blink_s > 0:
            raise ConfigError(f"max_blink_s = {self.max_blink_s:g}: must be above 0; 1 is usual")
        for name in _POSITIVE:
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"[eye] {name} = {value:g}: must be above 0")
        if not 0 <= self.min_good <= 1:
            raise ConfigError(f"[eye] min_good = {self.min_good:g}: expected a share from 0 to 1")
