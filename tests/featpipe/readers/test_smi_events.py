"""SMI events: three separators, both headers, every kind of row."""

from pathlib import Path

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.readers import smi_events
from featpipe.schema import EYE_EVENTS

OLD = """[iView]
Converted from:\tx.idf
Sample Rate:\t60
Subject:\tS1

Table Header for Fixations:
Event Type|Trial|Number|Start|End|Duration|Location X|Location Y|Dispersion X|Dispersion Y|Plane|\
Avg. Pupil Size X|Avg Pupil Size Y

Table Header for Saccades:
Event Type|Trial|Number|Start|End|Duration|Start Loc.X|Start Loc.Y|End Loc.X|End Loc.Y|Amplitude|\
Peak Speed

Table Header for Blinks:
Event Type|Trial|Number|Start|End|Duration

Table Header for User Events:
Event Type|Trial|Number|Start|Description

UserEvent|1|1|1500000|# Message: 81
Saccade L|1|1|1000000|1100000|100000|812.98|561.38|619.17|526.23|5.93|281.33
Fixation L|1|1|1100000|1350000|250000|631.42|510.28|24|26|-1|27.33|27.5
Fixation R|1|1|1100000|1340000|240000|631.42|510.28|14|16|-1|28.33|28.5
Blink R|1|1|1340000|1500000|160000
"""
NEW = (
    OLD.replace("[iView]", "[BeGaze]")
    .replace("Dispersion Y|", "Dispersion Y|AOI hit|Image|")
    .replace("Avg Pupil", "Avg. Pupil")
    .replace("|24|26|", "|24|26|-|-|")
    .replace("|14|16|", "|14|16|-|-|")
)


def write(tmp_path: Path, text: str, separator: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "S1_list.txt"
    path.write_bytes(text.replace("|", separator).encode(encoding))
    return path


@pytest.mark.parametrize("separator", ["\t", ",", ";", " " * 8], ids=["tab", "comma", "semi", "8"])
@pytest.mark.parametrize("text", [OLD, NEW], ids=["iView", "BeGaze"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_every_dialect_gives_the_same_events(tmp_path, text, separator, newline):
    path = write(tmp_path, text.replace("\n", newline), separator, "utf-8-sig")
    assert smi_events.check(path) == ("ok", "")
    eye = smi_events.read(path)
    assert tuple(eye.events.columns) == EYE_EVENTS
    assert eye.events["kind"].tolist() == ["saccade", "fixation", "fixation", "blink"]
    assert eye.events["eye"].tolist() == ["left", "left", "right", "right"]
    assert eye.events["onset"].tolist() == [1.0, 1.1, 1.1, 1.34]
    assert eye.events["duration"].tolist() == [0.1, 0.25, 0.24, 0.16]
    left = eye.events.loc[1, ["pupil_x", "pupil_y", "dispersion_x", "dispersion_y"]]
    assert left.tolist() == [27.33, 27.5, 24, 26]
    assert eye.events["amplitude"][0] == 5.93
    assert eye.events["amplitude"][1:].isna().all()
    assert eye.events.loc[0, "pupil_x":"dispersion_y"].isna().all()
    assert eye.messages.to_numpy().tolist() == [[1.5, "81"]]
    assert eye.units == {"gaze": "px", "pupil": "px", "dispersion": "px"}
    assert eye.sfreq == 60


def test_a_decimal_comma(tmp_path):
    eye = smi_events.read(write(tmp_path, OLD.replace(".33", ",33").replace(".5", ",5"), ";"))
    assert eye.events["pupil_x"][1] == 27.33


def test_millimetres_and_visual_intakes_of_glasses(tmp_path):
    text = OLD.replace("Fixation", "Visual Intake").replace("Size X|", "Size X [mm]|")
    eye = smi_events.read(write(tmp_path, text, ","))
    assert eye.units["pupil"] == "mm"
    assert eye.events["pupil_x"].max() == 28.33
    assert (eye.events["kind"] == "fixation").sum() == 2


def test_a_message_may_hold_the_separator(tmp_path):
    text = OLD.replace("# Message: 81", "# Message: left, x=9, y=7")
    assert smi_events.read(write(tmp_path, text, ",")).messages["text"][0] == "left, x=9, y=7"


def test_lost_tracking_stays_as_the_tracker_wrote_it(tmp_path):
    text = OLD.replace("|1500000|160000\n", "|18040000|16700000\n")
    events = smi_events.read(write(tmp_path, text, "\t")).events
    assert events["duration"].iloc[-1] == 16.7


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("|27.33|", "|27.x|", r"S1_list\.txt, line 20: field 12 is '27.x', not a number"),
        ("|1340000|1500000|160000", "|||", r"S1_list\.txt, line 22: field 4"),
        (
            "|1500000|# Message",
            "|soon|# Message",
            r"S1_list\.txt, line 18: a user event has a start",
        ),
    ],
)
def test_a_malformed_row_is_named(tmp_path, old, new, message):
    with pytest.raises(ReadError, match=message):
        smi_events.read(write(tmp_path, OLD.replace(old, new), "\t"))


def test_headers_without_rows_are_suspicious(tmp_path):
    path = write(tmp_path, OLD[: OLD.index("UserEvent")], "\t")
    assert smi_events.check(path).status == "suspicious"
    assert len(smi_events.read(path).events) == 0


def test_trigger_lines_are_messages(tmp_path):
    rows = "Trigger Line Event|1|1|1200000|10000|7\nTrigger Line Event|1|2|1210000|90000|0\n"
    eye = smi_events.read(write(tmp_path, OLD + rows, "\t"))
    assert eye.messages.to_numpy().tolist() == [[1.2, "7"], [1.5, "81"]]
    with pytest.raises(ReadError, match="the state of the port"):
        smi_events.read(write(tmp_path, OLD + "Trigger Line Event|1|1|1200000\n", "\t"))


@pytest.mark.samples
@pytest.mark.parametrize(
    ("name", "counts", "n_messages", "sfreq"),
    [
        ("smi_hbn/NDARAA075AMK_Video1_Events.txt", (534, 535, 533, 529, 7, 9), 3, 60),
        ("smi_emdat/SMI_Sample_67_Events.txt", (5271, 5272, 5180, 5299, 181, 228), 416, 120),
    ],
)
def test_the_samples_hold_what_was_counted(samples, name, counts, n_messages, sfreq):
    eye = smi_events.read(samples / "eye" / name)
    found = eye.events.groupby(["kind", "eye"]).size()
    kinds = [(k, side) for k in ("fixation", "saccade", "blink") for side in ("left", "right")]
    assert tuple(found[pair] for pair in kinds) == counts
    assert len(eye.messages) == n_messages
    assert eye.sfreq == sfreq
    lines = (samples / "eye" / name).read_text("utf-8-sig").splitlines()
    n_rows = sum(line.startswith(("Fixation", "Saccade", "Blink")) for line in lines)
    assert len(eye.events) == n_rows
    fixations = eye.events[eye.events["kind"] == "fixation"]
    assert np.isfinite(fixations.drop(columns=["kind", "eye", "amplitude"]).to_numpy()).all()
    shortest = {60: 0.04998, 120: 0.0802}[sfreq]
    assert fixations["duration"].min() == pytest.approx(shortest, abs=1e-4)
