import re
from pathlib import Path

import numpy as np
import pytest

from featpipe.simulate.study import World, draw_world, write_recording
from featpipe.simulate.world import SimulationSettings

SETTINGS = SimulationSettings(n_trials=4, trial_s=8.0, lead_s=3.0, sfreq=250)
NAME = "sub-01_ses-1"
GAP = " " * 8
REAL = "eye/smi_hbn/NDARAA075AMK_Video1"


@pytest.fixture(scope="module")
def world() -> World:
    return draw_world(SETTINGS, 1, 1)


@pytest.fixture(scope="module")
def folder(world, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("smi")
    write_recording(folder, NAME, SETTINGS, world)
    return folder


def read_events(content: bytes) -> list[list[str]]:
    lines = content.decode("utf-8-sig").split("\r\n")
    kinds = r"(Fixation [LR]|Saccade [LR]|Blink [LR]|UserEvent)$"
    return [row for row in (line.split(GAP) for line in lines) if re.match(kinds, row[0])]


def read_samples(content: bytes) -> tuple[dict[str, np.ndarray], list[list[str]]]:
    lines = content.decode().replace("\r", "").split("\n")
    rows = [line.split("\t") for line in lines]
    columns = next(row for row in rows if row[:2] == ["Time", "Type"])
    samples = [row for row in rows if len(row) > 2 and row[1] == "SMP"]
    assert {len(row) for row in samples} == {len(columns)}
    numbers = {
        name: np.array([float(row[i]) for row in samples])
        for i, name in enumerate(columns)
        if name not in ("Type", "Frame", "Aux1")
    }
    return numbers, [row for row in rows if len(row) > 2 and row[1] == "MSG"]


@pytest.fixture(scope="module")
def events(folder):
    return read_events((folder / f"{NAME}_Events.txt").read_bytes())


@pytest.fixture(scope="module")
def recorded(folder):
    return read_samples((folder / f"{NAME}_Samples.txt").read_bytes())


def eye_events(events, kind, eye):
    return [row for row in events if row[0] == f"{kind} {eye}"]


def key(line: bytes) -> bytes:
    """The part of a header line that is the same in every file."""
    return line.replace(b"## ", b"").split(b":")[0].strip()


@pytest.mark.samples
def test_the_event_export_has_the_bytes_of_a_real_one(folder, samples):
    real = (samples / f"{REAL}_Events.txt").read_bytes()
    made = (folder / f"{NAME}_Events.txt").read_bytes()
    lines = {"real": real.split(b"\r\n"), "made": made.split(b"\r\n")}
    assert made.startswith(b"\xef\xbb\xbf[iView]\r\n")
    assert b"\n" not in made.replace(b"\r\n", b"")
    head = {name: its[: its.index(next(filter(is_event, its)))] for name, its in lines.items()}
    assert len(head["made"]) == len(head["real"])
    assert [key(line) for line in head["made"]] == [key(line) for line in head["real"]]
    tables = [line for line in head["real"] if line.startswith(b"Event Type")]
    assert [line for line in head["made"] if line.startswith(b"Event Type")] == tables
    assert shapes(lines["made"]) == shapes(lines["real"])


def is_event(line: bytes) -> bool:
    return bool(re.match(rb"(Fixation|Saccade|Blink) [LR]|UserEvent", line))


def shapes(lines: list[bytes]) -> dict[bytes, set[bytes]]:
    """For each kind of event what its fields look like: digits, decimals, separators."""
    found: dict[bytes, set[bytes]] = {}
    for line in filter(is_event, lines):
        kind = line.split(b" " * 8)[0]
        found.setdefault(kind, set()).add(re.sub(rb"-?\d+", b"9", line[len(kind) :]))
    return found


@pytest.mark.samples
def test_the_sample_export_has_the_bytes_of_a_real_one(folder, samples):
    real = (samples / f"{REAL}_Samples.txt").read_bytes()
    made = (folder / f"{NAME}_Samples.txt").read_bytes()
    assert b"\n" not in made.replace(b"\r\n", b"")
    assert made.endswith(b"\r\n")
    lines = {"real": real.split(b"\n"), "made": made.split(b"\n")}
    at = {
        name: next(i for i, line in enumerate(its) if line.startswith(b"Time\tType"))
        for name, its in lines.items()
    }
    assert lines["made"][at["made"]] == lines["real"][at["real"]]
    header = {name: [key(line) for line in its[: at[name]]] for name, its in lines.items()}
    assert header["made"] == header["real"]

    def patterns(name, kind):
        rows = (line for line in lines[name][at[name] + 1 :] if kind in line)
        return {re.sub(rb"-?\d+", b"9", row) for row in rows}

    assert patterns("made", b"\tSMP\t") == patterns("real", b"\tSMP\t")
    assert patterns("made", b"\tMSG\t") == patterns("real", b"\tMSG\t")


def test_every_file_says_that_it_is_simulated(folder):
    assert b"SIMULATED" in (folder / f"{NAME}.cnt").read_bytes()[:900]
    for what in ("Events", "Samples"):
        assert b"simulated by featpipe" in (folder / f"{NAME}_{what}.txt").read_bytes()


@pytest.mark.parametrize("eye", ["L", "R"])
def test_fixations_are_the_mean_of_their_samples(events, recorded, eye):
    numbers, _ = recorded
    fixations = eye_events(events, "Fixation", eye)
    assert len(fixations) > 50
    for row in fixations:
        start, stop, duration = (int(value) for value in row[3:6])
        inside = (numbers["Time"] >= start) & (numbers["Time"] <= stop)
        x, y = (numbers[f"{eye} POR {axis} [px]"][inside] for axis in "XY")
        size = numbers[f"{eye} Dia X [px]"][inside]
        assert duration == stop - start >= 50000
        assert float(row[6]) == pytest.approx(x.mean(), abs=0.0051)
        assert float(row[7]) == pytest.approx(y.mean(), abs=0.0051)
        assert int(row[8]) == int(np.ptp(x) + 1e-6)
        assert int(row[9]) == int(np.ptp(y) + 1e-6)
        assert float(row[11]) == float(row[12]) == pytest.approx(size.mean(), abs=0.0051)
        assert size.min() > 0


@pytest.mark.parametrize("eye", ["L", "R"])
def test_the_pupil_is_lost_in_blinks_and_nowhere_else(events, recorded, eye):
    numbers, _ = recorded
    blinks = eye_events(events, "Blink", eye)
    assert len(blinks) >= 2
    lost = numbers[f"{eye} Validity"] == 0
    covered = np.zeros(lost.size, dtype=bool)
    for row in blinks:
        covered |= (numbers["Time"] >= int(row[3])) & (numbers["Time"] < int(row[4]))
    assert np.array_equal(lost, covered)
    for name in ("Raw X [px]", "Dia X [px]", "Mapped Diameter [mm]", "POR Y [px]", "EPOS Z"):
        assert np.array_equal(numbers[f"{eye} {name}"] == 0, lost)
    seen = numbers["L Validity"] + numbers["R Validity"]
    assert np.array_equal(numbers["Pupil Confidence"], seen)


@pytest.mark.parametrize("eye", ["L", "R"])
def test_saccades_begin_and_end_where_the_samples_say(events, recorded, eye):
    numbers, _ = recorded
    at = {int(time): i for i, time in enumerate(numbers["Time"])}
    for row in eye_events(events, "Saccade", eye):
        for time, columns in ((row[3], row[6:8]), (row[4], row[8:10])):
            place = [numbers[f"{eye} POR {axis} [px]"][at[int(time)]] for axis in "XY"]
            assert [float(value) for value in columns] == place
        seconds = int(row[5]) * 1e-6
        assert float(row[13]) * seconds == pytest.approx(float(row[10]), abs=0.01)


@pytest.mark.parametrize("eye", ["L", "R"])
def test_events_of_an_eye_fill_the_time_without_overlap(events, eye):
    rows = [row for row in events if row[0].endswith(f" {eye}")]
    start, stop = (np.array([int(row[i]) for row in rows]) for i in (3, 4))
    kinds = [row[0].split()[0] for row in rows]
    holes = start[1:] - stop[:-1]
    assert np.all(holes >= 0)
    for before, after, hole in zip(kinds[:-1], kinds[1:], holes, strict=True):
        if (before, after) == ("Fixation", "Blink"):  # the closing lid is no event
            assert 0 < hole < 110000
        else:
            assert hole == 0
    for kind in ("Fixation", "Saccade", "Blink"):
        numbers = [int(row[2]) for row in rows if row[0].startswith(kind)]
        assert numbers == list(range(1, len(numbers) + 1))


def test_both_files_hold_every_trigger_on_the_trackers_clock(events, recorded, world):
    _, messages = recorded
    codes, times = world.session.codes
    users = [row for row in events if row[0] == "UserEvent"]
    assert [row[4] for row in users] == [f"# Message: {code}" for code in codes]
    assert [row[3] for row in messages] == [row[4] for row in users]
    assert [row[0] for row in messages] == [row[3] for row in users]
    stamps = np.array([int(row[0]) for row in messages])
    intervals = 1e6 * np.diff(times) * (1 + world.session.clock.drift)
    assert np.abs(np.diff(stamps) - intervals).max() <= 1.0
    assert stamps[0] == pytest.approx(
        1e6 * (world.session.clock.offset_s + times[0] * (1 + world.session.clock.drift)), abs=1.0
    )


def test_the_header_counts_the_samples(folder, recorded):
    numbers, _ = recorded
    content = (folder / f"{NAME}_Samples.txt").read_text()
    stated = re.search(r"Number of Samples:\t(\d+)", content)
    assert stated is not None
    assert int(stated[1]) == numbers["Time"].size
    assert np.all(np.diff(numbers["Time"]) > 0)
