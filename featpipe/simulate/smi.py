"""Write the two text exports of a recording with an SMI remote tracker.

Both have the shape of real exports of a 60 Hz RED: the event detector's file starts with a byte
order mark and separates fields by eight blanks, the converter's sample file by tabs; both end
lines with carriage return and line feed.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from featpipe.simulate.scanpath import DISTANCE_MM, PX_PER_DEG, SCREEN_MM, SCREEN_PX
from featpipe.simulate.tracker import MM_PER_PX, TRACKER_HZ, EyeTrack

DESCRIPTION = "simulated by featpipe"

_EYE_COLUMNS = (
    "L Raw X [px]|L Raw Y [px]|R Raw X [px]|R Raw Y [px]|L Dia X [px]|L Dia Y [px]|"
    "L Mapped Diameter [mm]|R Dia X [px]|R Dia Y [px]|R Mapped Diameter [mm]|L CR1 X [px]|"
    "L CR1 Y [px]|L CR2 X [px]|L CR2 Y [px]|R CR1 X [px]|R CR1 Y [px]|R CR2 X [px]|R CR2 Y [px]|"
    "L POR X [px]|L POR Y [px]|R POR X [px]|R POR Y [px]"
)
_OTHER_COLUMNS = (
    "Timing|L Validity|R Validity|Pupil Confidence|L Plane|R Plane|L EPOS X|L EPOS Y|L EPOS Z|"
    "R EPOS X|R EPOS Y|R EPOS Z|L GVEC X|L GVEC Y|L GVEC Z|R GVEC X|R GVEC Y|R GVEC Z|Trigger|"
    "Frame|Aux1"
)
_SAMPLE = "\t".join(
    ["%d\tSMP\t1", *["%.2f"] * 22, "0\t%d\t%d\t%d\t-1\t-1", *["%.2f"] * 12, "0\t\t"]
)
_WIDE = 255  # converters pad some values with blanks to this length

_TABLES = {
    "Fixations": "Event Type|Trial|Number|Start|End|Duration|Location X|Location Y|Dispersion X|"
    "Dispersion Y|Plane|Avg. Pupil Size X|Avg Pupil Size Y",
    "Saccades": "Event Type|Trial|Number|Start|End|Duration|Start Loc.X|Start Loc.Y|End Loc.X|"
    "End Loc.Y|Amplitude|Peak Speed|Peak Speed At|Average Speed|Peak Accel.|Peak Decel.|"
    "Average Accel.",
    "Blinks": "Event Type|Trial|Number|Start|End|Duration",
    "User Events": "Event Type|Trial|Number|Start|Description",
    "Trigger Line Events": "Event Type|Trial|Number|Start|Duration|Port Status",
}
_GAP = " " * 8

Messages = Sequence[tuple[int, str]]
"""Time in microseconds of the tracker's clock, and text."""


def write_samples(path: Path, track: EyeTrack, messages: Messages, name: str) -> None:
    """Write the sample export (`..._Samples.txt`).

    Parameters
    ----------
    path : Path
        File to write.
    track : EyeTrack
        What the tracker stored.
    messages : sequence of (int, str)
        What the experiment wrote into the recording.
    name : str
        Name of the recording, for the header.
    """
    rows = [(stamp, _SAMPLE % (stamp, *row)) for stamp, *row in _sample_rows(track)]
    rows += [(stamp, f"{stamp}\tMSG\t1\t# Message: {text}") for stamp, text in messages]
    rows.sort(key=lambda row: row[0])
    columns = ["Time", "Type", "Trial", *_EYE_COLUMNS.split("|"), *_OTHER_COLUMNS.split("|")]
    lines = [*_sample_header(name, track.stamp.size), "\t".join(columns)]
    lines += [text for _, text in rows]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode())


def write_events(path: Path, track: EyeTrack, messages: Messages, name: str) -> None:
    """Write the event export (`..._Events.txt`).

    Parameters
    ----------
    path : Path
        File to write.
    track : EyeTrack
        What the tracker stored.
    messages : sequence of (int, str)
        What the experiment wrote into the recording.
    name : str
        Name of the recording, for the header.
    """
    lines = [
        "[iView]",
        f"Converted from: {name}.idf",
        "Date: 02.01.2020 09:00:00",
        f"Version:{_GAP}IDF Event Detector 3.0.20",
        f"Sample Rate:{_GAP}{TRACKER_HZ:.0f}",
        f"Subject: {name}",
        f"Description:{_GAP}{DESCRIPTION:<{_WIDE}}",
    ]
    for title, columns in _TABLES.items():
        lines += ["", "", f"Table Header for {title}:", columns.replace("|", _GAP)]
    lines += ["", ""]
    for number, (stamp, text) in enumerate(messages, start=1):
        lines.append(_GAP.join(["UserEvent", "1", str(number), str(stamp), f"# Message: {text}"]))
    lines += _event_lines(track.events)
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())


def _sample_header(name: str, n_samples: int) -> list[str]:
    width, height = SCREEN_PX
    points = [(0.5, 0.5), (0.05, 0.05), (0.95, 0.05), (0.95, 0.95), (0.05, 0.95)]
    entries = [
        "[iView]",
        f"Converted from:\t{name}.idf",
        "Date:\t02.01.2020 09:00:00",
        "Version:\tIDF Converter 3.0.20",
        "IDF Version:\t9",
        f"Sample Rate:\t{TRACKER_HZ:.0f}",
        "Separator Type:\tUnknown",
        "Trial Count:\t1",
        "Uses Plane File:\tFalse",
        f"Number of Samples:\t{n_samples:<{_WIDE}d}",
        "Reversed:\tnone",
        "[Run]",
        f"Subject:\t{name}",
        f"Description:\t{DESCRIPTION:<{_WIDE}}",
        "[Calibration]",
        f"Calibration Area:\t{width}\t{height}",
        *(
            f"Calibration Point {i}:\tPosition({x * width:.0f};{y * height:.0f})"
            for i, (x, y) in enumerate(points)
        ),
        "[Geometry]",
        f"Stimulus Dimension [mm]:\t{SCREEN_MM[0]}\t{SCREEN_MM[1]}",
        f"Head Distance [mm]:\t{DISTANCE_MM}",
        "[Hardware Setup]",
        "System ID:\tSIMULATED///SMI_REDn Scientific///Binoc",
        "Operating System :\t6.2.9200",
        "iView X Version:\t4.2.1.0",
        "[Filter Settings]",
        "Heuristic:\tFalse",
        "Heuristic Stage:\t0",
        "Bilateral:\tTrue",
        "Gaze Cursor Filter:\tFalse",
        "Saccade Length [px]:\t0",
        "Filter Depth [ms]:\t0",
        "Format:\tLEFT, RIGHT, RAW, DIAMETER, CR, POR, QUALITY, PLANE, EYEPOSITION, GAZEVECTOR, "
        "TRIGGER, MSG, FRAMECOUNTER",
        "",
    ]
    return [f"## {entry}" for entry in entries]


def _sample_rows(track: EyeTrack) -> list[tuple[float, ...]]:
    """Time stamp and the 37 numbers of each row; everything of a lost eye is 0."""
    seen = track.pupil > 0  # (n_eyes, n_samples)
    off_centre = track.gaze - np.array(SCREEN_PX)[:, None] / 2  # (n_eyes, 2, n_samples)
    direction = off_centre / PX_PER_DEG * np.pi / 180
    # the pupil's place in the camera image follows gaze; the two glints hardly do
    raw = np.array([[[1387.0], [490.0]], [[1151.0], [492.0]]]) + 20 * direction
    glint = np.array([[[1384.0], [492.4]], [[1152.0], [494.5]]]) + 4 * direction
    vector = np.concatenate([direction, -np.sqrt(1 - (direction**2).sum(1, keepdims=True))], 1)
    eye = np.array([[-31.0, 60.0, DISTANCE_MM], [31.0, 60.0, DISTANCE_MM]])[:, :, None]
    place = eye + np.zeros((1, 1, track.stamp.size))
    size = np.stack([track.pupil, track.pupil, track.pupil * MM_PER_PX], axis=1)
    glints = np.concatenate([glint, glint + np.array([[6.4], [0.0]])], axis=1)
    numbers = [_both(block, seen) for block in (raw, size, glints, track.gaze)]
    validity = np.vstack([seen, seen.sum(0)])
    tail = [_both(block, seen) for block in (place, vector)]
    table = np.vstack([track.stamp, *numbers, validity, *tail]).T
    return [(int(row[0]), *row[1:]) for row in table.tolist()]


def _both(values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Rows of the left, then of the right eye, shape (2 n, n_samples)."""
    return np.where(seen[:, None, :], values, 0.0).reshape(-1, values.shape[-1])


def _event_lines(events: pd.DataFrame) -> list[str]:
    lines = []
    for event in events.to_dict("records"):
        duration = event["stop"] - event["start"]
        fields = [
            f"{event['kind'].capitalize()} {event['eye'][0].upper()}",
            "1",
            *(f"{value:d}" for value in (event["number"], event["start"], event["stop"], duration)),
        ]
        if event["kind"] == "fixation":
            fields += [f"{event[name]:.2f}" for name in ("x", "y")]
            fields += [f"{event[name]:.0f}" for name in ("dispersion_x", "dispersion_y")]
            fields += ["-1", *[f"{event['pupil']:.2f}"] * 2]
        elif event["kind"] == "saccade":
            mean = event["amplitude"] / (duration * 1e-6)
            peak, gain = 1.6 * mean, 3.2 * mean / (duration * 1e-6)
            places = [event[name] for name in ("x", "y", "to_x", "to_y", "amplitude")]
            fields += [
                f"{value:.2f}" for value in (*places, peak, 0.5, mean, gain, -gain, gain / 2)
            ]
        lines.append(_GAP.join(fields))
    return lines
