"""From a recording at 1000 Hz to a finished Parquet file of `de`."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.generate import SFREQ, brainvision, neuroscan
from bench.signal_paths import (
    errors_of,
    one_pass,
    one_unit,
    ours,
    read_de,
    reference_de,
    table_of,
    with_mne,
    with_scipy,
)
from bench.size import Size
from bench.table import OURS, Row, timed
from bench.timing import take_turns

COMPARED = (
    "file to Parquet: read, band-limit to 75 Hz, resample to 200 Hz, DE of 62 channels in 5 bands "
    "and 1-s windows; correctness: largest difference from the same in float64, inner windows"
)
FLOOR = "one pass"
NOTES = {
    OURS: "with digest of the source, metadata, checksums, flush to disk",
    "MNE, fft": "half a sample off in time, see resampling",
    FLOOR: "the floor: sum of the mapped numbers of each channel",
}


def rows(folder: Path, size: Size) -> Iterator[Row]:
    """Time every tool on both formats."""
    for kind, write in (("int16 BrainVision", brainvision), ("int32 Neuroscan .cnt", neuroscan)):
        recording = write(folder, size.recording_s)
        case = f"{kind}, {recording.n_channels} channels x {size.recording_s} s at {SFREQ} Hz"
        study = folder / recording.path.stem
        unit = one_unit(study, recording, [(0, size.recording_s)])
        fft, poly, plain = (study / f"{name}.parquet" for name in ("fft", "polyphase", "scipy"))
        tools = {
            OURS: partial(ours, unit),
            "MNE, fft": partial(with_mne, recording, fft, "fft"),
            "MNE, polyphase": partial(with_mne, recording, poly, "polyphase"),
            "SciPy, our FIR": partial(with_scipy, recording, plain),
            FLOOR: partial(one_pass, recording),
        }
        delete = partial(table_of(unit).unlink, missing_ok=True)
        found = take_turns(tools, size.n_runs, {OURS: delete})
        true = reference_de(recording)
        for name, times in found.items():
            errors = {} if name == FLOOR else errors_of(read_de(times.result), true)
            yield timed("end_to_end", case, name, times, errors, COMPARED, NOTES.get(name, ""))
