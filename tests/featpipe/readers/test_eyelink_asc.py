"""EyeLink .asc: layouts, dialects without header, blinks and their saccades."""

from pathlib import Path

import numpy as np
import pytest

from featpipe.errors import ReadError
from featpipe.readers import eyelink_asc
from featpipe.reading import read_eye, sniff

HEAD = """** CONVERTED FROM s.edf using edfapi 4.2
** TYPE: EDF_FILE BINARY EVENT SAMPLE TAGGED
**

MSG\t900 !CAL
>>>>>>> CALIBRATION (HV9,P-CR) FOR LEFT: <<<<<<<<<
MSG\t901 !CAL Cal coeff:(X=a+bx+cy)
   4357.5  231.64 -84.095
INPUT\t950\t127
START\t1000 \tLEFT\tRIGHT\tSAMPLES\tEVENTS
PUPIL\tAREA
EVENTS\tGAZE\tLEFT\tRIGHT\tRATE\t 500.00\tTRACKING\tCR\tFILTER\t2
SAMPLES\tGAZE\tLEFT\tRIGHT\tRATE\t 500.00\tTRACKING\tCR\tFILTER\t2
"""
BOTH = """SFIX L   1000
1000\t  100.5\t  200.0\t 900.0\t  110.0\t  210.0\t 800.0\t.....
1002\t  103.5\t  201.0\t 902.0\t   .\t   .\t    0.0\t.....
MSG\t1003 trial 1
1004\t  101.5\t  199.0\t 904.0\t  111.0\t  211.0\t 802.0\t.....
EFIX L   1000\t1004\t6\t  101.8\t  200.0\t    902
SSACC R  1000
SBLINK R 1002
EBLINK R 1002\t1002\t2
ESACC R  1000\t1004\t6\t  110.0\t  210.0\t  111.0\t  211.0\t   0.10\t    90
SSACC L  1006
1006\t  150.0\t  250.0\t 905.0\t  150.0\t  250.0\t 805.0\t.....
ESACC L  1006\t1006\t2\t  101.0\t  200.0\t  150.0\t  250.0\t   2.50\t    190
END\t1008 \tSAMPLES\tEVENTS\tRES\t  45.90\t  46.06
"""


def write(tmp_path: Path, text: str, name: str = "s1.asc") -> Path:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def test_two_recordings_in_one_file_are_refused(tmp_path):
    earlier = HEAD.replace("1000", "500") + "500\t1.0\t2.0\t3.0\t1.0\t2.0\t3.0\t.....\n"
    with pytest.raises(ReadError, match=r"line 41: the time falls from 1\.006 to 0\.5 s"):
        eyelink_asc.read(write(tmp_path, HEAD + BOTH + earlier))


def test_a_binocular_file(tmp_path):
    path = write(tmp_path, HEAD + BOTH)
    assert eyelink_asc.check(path) == ("ok", "")
    eye = eyelink_asc.read(path)
    assert eye.samples["time"].tolist() == [1.0, 1.002, 1.004, 1.006]
    assert eye.samples["gaze_x_left"].tolist() == [100.5, 103.5, 101.5, 150.0]
    assert eye.samples["pupil_x_right"].isna().tolist() == [False, True, False, False]
    assert eye.samples["valid_right"].tolist() == [True, False, True, True]
    assert (eye.samples["pupil_y_left"] == eye.samples["pupil_x_left"]).all()
    assert eye.units == {"gaze": "px", "pupil": "au (area)", "dispersion": "px"}
    assert eye.sfreq == 500
    assert eye.px_per_degree == pytest.approx(45.98)
    assert eye.messages["text"].tolist()[2:] == ["INPUT 127", "trial 1"]
    assert eye.messages["time"].tolist()[2:] == [0.95, 1.003]


def test_events_and_their_dispersion(tmp_path):
    events = read_eye(write(tmp_path, HEAD + BOTH)).events
    assert events["kind"].tolist() == ["fixation", "blink", "saccade"]
    fixation, blink, saccade = (events.loc[i] for i in range(3))
    assert fixation["pupil_x"] == fixation["pupil_y"] == 902
    assert (fixation["onset"], fixation["duration"]) == (1.0, 0.006)
    assert (fixation["dispersion_x"], fixation["dispersion_y"]) == (3.0, 2.0)
    assert (blink["eye"], blink["onset"], blink["duration"]) == ("right", 1.002, 0.002)
    assert (saccade["eye"], saccade["amplitude"]) == ("left", 2.5)


def test_a_saccade_whose_start_was_lost_is_left_out(tmp_path):
    lost = "ESACC L  4294967295\t1006\t1010\t  1.0\t  2.0\t  3.0\t  4.0\t   2.50\t    190\n"
    events = read_eye(write(tmp_path, HEAD + BOTH.replace("END", lost + "END"))).events
    assert events["onset"].max() < 2
    assert (events["kind"] == "saccade").sum() == 1


def test_a_saccade_of_the_other_eye_around_a_blink_stays(tmp_path):
    text = (HEAD + BOTH).replace("ESACC R  1000", "ESACC L  1000")
    assert (read_eye(write(tmp_path, text)).events["kind"] == "saccade").sum() == 2


def test_samples_without_header_and_events_beside_them(tmp_path):
    rows = [line for line in BOTH.splitlines() if line[0].isdigit()]
    others = [line for line in BOTH.splitlines() if not line[0].isdigit()]
    path = write(tmp_path, "\n".join(rows), "S1_Samples_a.asc")
    write(tmp_path, HEAD + "\n".join(others), "s1_events_A.asc")
    assert sniff(path) == "eyelink_asc"
    alone, joined = eyelink_asc.read(path), read_eye(path)
    assert alone.sfreq == 500
    assert (len(alone.samples), len(alone.events), len(alone.messages)) == (4, 0, 0)
    assert (len(joined.samples), len(joined.events), len(joined.messages)) == (4, 3, 4)
    assert joined.events["dispersion_x"][0] == 3.0


@pytest.mark.parametrize(("flags", "tail"), [("...", ""), (".C.", ""), ("I..", "\t    0.0")])
def test_one_eye(tmp_path, flags, tail):
    head = HEAD.replace("\tLEFT\tRIGHT", "\tRIGHT")
    text = f"{head}1000.0\t 10.0\t 20.0\t 30.0{tail}\t{flags}\n1000.5\t .\t .\t 0.0{tail}\t...\n"
    eye = eyelink_asc.read(write(tmp_path, text))
    assert eye.samples["time"].tolist() == [1.0, 1.0005]
    assert eye.samples["gaze_x_right"].tolist() == pytest.approx([10, np.nan], nan_ok=True)
    assert not eye.samples["valid_left"].any()


def test_one_eye_without_a_layout_is_named_by_the_events(tmp_path):
    text = "1000\t 10.0\t 20.0\t 30.0\t...\nEFIX R   1000\t1000\t2\t 10.0\t 20.0\t 30\n"
    assert eyelink_asc.read(write(tmp_path, text)).samples["valid_right"].all()


def test_one_eye_that_nothing_names_follows_the_events_file(tmp_path):
    path = write(tmp_path, "1000\t 10.0\t 20.0\t 30.0\t...\n", "samples.asc")
    assert read_eye(path).samples["valid_left"].all()
    write(tmp_path, "EFIX R   1000\t1000\t2\t 10.0\t 20.0\t 30\n", "events.asc")
    eye = read_eye(path)
    assert eye.samples["gaze_x_right"].tolist() == [10]
    assert eye.events["dispersion_x"].tolist() == [0]


def test_blocks_with_other_eyes_keep_their_columns(tmp_path):
    second = HEAD.replace("\tLEFT\tRIGHT", "\tRIGHT")[HEAD.index("START") :]
    text = f"{HEAD}{BOTH}{second}2000\t  7.0\t  8.0\t  9.0\t...\n"
    last = eyelink_asc.read(write(tmp_path, text)).samples.iloc[-1]
    assert last["gaze_x_right"] == 7
    assert np.isnan(last["gaze_x_left"])


def test_samples_without_a_header_are_of_both_eyes_with_five_flags_only(tmp_path):
    both = "".join(f"{1000 + 2 * i}\t1.0\t2.0\t300.0\t4.0\t5.0\t600.0\t.....\n" for i in range(9))
    last = eyelink_asc.read(write(tmp_path, both)).samples.iloc[-1]
    assert (last["gaze_x_left"], last["pupil_x_right"]) == (1, 600)
    remote = both.replace(".....", ".............")
    with pytest.raises(ReadError, match=r"line 1: no line SAMPLES says what its 7 numbers"):
        eyelink_asc.read(write(tmp_path, remote))
    with pytest.raises(ReadError, match=r"its 5 numbers and flags \.\.\. are \(4 are those"):
        eyelink_asc.read(write(tmp_path, "1000\t1.0\t2.0\t300.0\t127.0\t...\n"))


def test_whole_milliseconds_at_two_kilohertz_are_halved(tmp_path):
    head = HEAD.replace("500.00", "2000.00").replace("\tLEFT\tRIGHT", "\tLEFT")
    rows = "".join(f"{1000 + i // 2}\t{i}.0\t200.0\t900.0\t...\n" for i in range(8))
    eye = eyelink_asc.read(write(tmp_path, head + rows))
    np.testing.assert_allclose(eye.samples["time"], 1 + np.arange(8) / 2000)
    assert eye.samples["gaze_x_left"].tolist() == list(range(8))


@pytest.mark.parametrize(
    ("line", "unit"),
    [("PUPIL\tDIAMETER\n", "au (diameter)"), ("", "au"), ("PUPIL\tAREA\n", "au (area)")],
)
def test_the_unit_of_pupils_is_what_the_file_says(tmp_path, line, unit):
    text = HEAD.replace("PUPIL\tAREA\n", line) + BOTH
    assert eyelink_asc.read(write(tmp_path, text)).units["pupil"] == unit


def test_a_number_in_front_of_a_message_is_its_delay(tmp_path):
    sent = [
        "7 SYNCTIME",
        "-2 trial 5",
        "0 TRIAL_START",
        "81",
        "81 82",
        "TRIALID 3",
        "-4 SYNC 766 0",
    ]
    text = HEAD + "".join(f"MSG\t{2000 + 100 * i} {m}\n" for i, m in enumerate(sent)) + BOTH
    frame = eyelink_asc.read(write(tmp_path, text)).messages
    frame = frame[frame["time"] > 1.9]
    expected = ["SYNCTIME", "trial 5", "TRIAL_START", "81", "81 82", "TRIALID 3", "SYNC 766 0"]
    assert frame["text"].tolist() == expected
    np.testing.assert_allclose(frame["time"], [1.993, 2.102, 2.2, 2.3, 2.4, 2.5, 2.604])


def test_head_referenced_gaze_has_its_own_unit(tmp_path):
    text = HEAD.replace("SAMPLES\tGAZE", "SAMPLES\tHREF") + BOTH
    assert eyelink_asc.read(write(tmp_path, text)).units["gaze"] == "href"


def test_a_missing_end_is_suspicious(tmp_path):
    path = write(tmp_path, HEAD + BOTH[: BOTH.index("END\t")])
    assert eyelink_asc.check(path).status == "suspicious"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("103.5", "1o3.5", r"s1\.asc, line 16: field 2 is '1o3.5', not a number"),
        ("1004\t6\t  101.8", "1004\tsix\t  101.8", r"s1\.asc, line 19: field 5 is 'six'"),
        ("MSG\t1003", "MSG\tnow", r"s1\.asc, line 17: .* has no time"),
    ],
)
def test_a_malformed_row_is_named(tmp_path, old, new, message):
    with pytest.raises(ReadError, match=message):
        eyelink_asc.read(write(tmp_path, (HEAD + BOTH).replace(old, new)))


def test_another_text_is_refused(tmp_path):
    with pytest.raises(ReadError, match="no EyeLink sample, event or message"):
        eyelink_asc.read(write(tmp_path, "a b c\n1 2 3\n"))


@pytest.mark.samples
@pytest.mark.parametrize(
    ("name", "n_samples", "sfreq", "gaze"),
    [
        ("mne_test_eyelink.asc", 30236, 500, "px"),
        ("mne_test_eyelink_HREF.asc", 1001, 1000, "href"),
        ("pymovements_eyelink_binocular_example.asc", 368, 1000, "px"),
        ("pymovements_eyelink_monocular_example.asc", 16, 1000, "px"),
        ("pymovements_eyelink_monocular_no_dummy_example.asc", 297, 500, "px"),
        ("pypillometry_002_rlmw_samples_short.asc", 20465, 500, "px"),
        ("pypillometry_002_rlmw_events_short.asc", 0, 500, "px"),
    ],
)
def test_the_samples(samples, name, n_samples, sfreq, gaze):
    path = samples / "eye/eyelink" / name
    eye = eyelink_asc.read(path)
    text = path.read_text("utf-8")
    assert len(eye.samples) == n_samples
    assert (eye.sfreq, eye.units["gaze"]) == (sfreq, gaze)
    for kind, word in (("fixation", "EFIX"), ("blink", "EBLINK")):
        assert (eye.events["kind"] == kind).sum() == text.count(f"\n{word} ")
    assert (eye.events["kind"] == "saccade").sum() <= text.count("\nESACC ")
    assert len(eye.messages) == text.count("\nMSG") + text.count("\nINPUT")
    assert eye.samples["valid_left"].any() | eye.samples["valid_right"].any() | (n_samples == 0)


@pytest.mark.samples
def test_every_value_of_a_real_file_is_read(samples):
    path = samples / "eye/eyelink/pypillometry_002_rlmw_samples_short.asc"
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    naive = np.array(
        [[np.nan if f.strip() == "." else float(f) for f in row[:7]] for row in rows], float
    )
    eye = eyelink_asc.read(path)
    gaze = eye.samples[["gaze_x_left", "gaze_y_left", "gaze_x_right", "gaze_y_right"]].to_numpy()
    np.testing.assert_array_equal(eye.samples["time"].to_numpy(), naive[:, 0] / 1e3)
    is_given = np.isfinite(gaze)
    np.testing.assert_array_equal(gaze[is_given], naive[:, [1, 2, 4, 5]][is_given])
    lost = np.isnan(naive[:, [1, 2, 4, 5]]) | (naive[:, [3, 3, 6, 6]] == 0)
    np.testing.assert_array_equal(~is_given, lost)
