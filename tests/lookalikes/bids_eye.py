"""Eye recordings as BIDS stores them, written by hand after the standard; simulated."""

import gzip
import json

import numpy as np

COLUMNS = ("timestamp", "x_coordinate", "y_coordinate", "pupil_size")
SIDECAR = {
    "Columns": list(COLUMNS),
    "PhysioType": "eyetrack",
    "SampleCoordinateSystem": "gaze-on-screen",
    "SamplingFrequency": 250,
    "StartTime": 0.5,
    "timestamp": {"Units": "ms", "Origin": "System startup"},
    "x_coordinate": {"Units": "pixel"},
    "y_coordinate": {"Units": "pixel"},
    "pupil_size": {"Units": "arbitrary", "Description": "Pupil area"},
}
EVENTS_SIDECAR = {
    "Columns": ["onset", "duration", "trial_type", "blink", "message"],
    "OnsetSource": "timestamp",
}
SCREEN = {
    "StimulusPresentation": {
        "ScreenDistance": 0.6, "ScreenOrigin": ["top", "left"],
        "ScreenResolution": [1024, 768], "ScreenSize": [0.384, 0.288],
    }
}  # fmt: skip
FIRST_MS = 7186800


def eye_rows(n_times, step_ms=4, shift=0.0):
    """Time in ms, gaze and pupil of an eye that jumps every 0.4 s; (n_times, 4)."""
    i = np.arange(n_times)
    place = (i * step_ms // 400) % 5
    rng = np.random.default_rng(3)
    x = 300.0 + 90 * place + shift + rng.normal(0, 1, n_times)
    y = 250.0 + 60 * (place % 3) + rng.normal(0, 1, n_times)
    pupil = 4600.0 + 200 * np.sin(2 * np.pi * 0.3 * i * step_ms / 1000) + shift
    return np.column_stack([FIRST_MS + i * step_ms, x, y, pupil])


def table_text(rows):
    """Rows as text, lost values n/a."""
    spelled = (["n/a" if value is None or value != value else f"{value:.10g}" for value in row]
               for row in rows)  # fmt: skip
    return "".join("\t".join(row) + "\n" for row in spelled)


def write_table(path, rows, sidecar):
    """Write a gzipped table and its sidecar; rows of numbers, or text."""
    text = rows if isinstance(rows, str) else table_text(rows)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    json_path = path.with_name(path.name.removesuffix(".tsv.gz") + ".json")
    json_path.write_text(json.dumps(sidecar), "utf-8")
    return path


def write_eye(folder, stem="sub-01_task-film", eye="left", rows=None, events="", **changes):
    """Write eye1 or eye2 as `recording-eye1`, with events where text of them is given."""
    number = {"left": 1, "right": 2}[eye]
    rows = eye_rows(2500, shift=10.0 * (number - 1)) if rows is None else rows
    base = f"{stem}_recording-eye{number}"
    sidecar = {k: v for k, v in (SIDECAR | {"RecordedEye": eye} | changes).items() if v is not None}
    if events:
        write_table(folder / f"{base}_physioevents.tsv.gz", events, EVENTS_SIDECAR)
    return write_table(folder / f"{base}_physio.tsv.gz", rows, sidecar)
