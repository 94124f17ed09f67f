"""`featpipe import` on look-alikes of every release: names and shapes as shipped, values known."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from lookalikes import released_files as files
from lookalikes.imported_tables import check_column, check_keys, imported, table
from lookalikes.one_worker import one_worker
from lookalikes.released_signals import CHANNELS, SMOOTHERS

from featpipe.datasets import facts
from featpipe.datasets.released_trials import released_trials
from featpipe.features.released_labels import n_windows_of
from featpipe.montage import FRONT_BACK
from featpipe.schema import EYE_FEATURES
from featpipe.tables import read_metadata
from models.registry import BASELINES
from pipelines.__main__ import run

ALL = [("1", session) for session in "123"]


def check_de(out, family, truth, smooth=None, session="1"):
    frame = table(out, family, session=session)
    check_keys(frame, truth)
    x = np.concatenate([of if smooth is None else smooth(of) for of in truth[0]])
    for channel, band, i_band in (("FP1", "delta", 0), ("CB2", "gamma", 4), ("T7", "alpha", 2)):
        check_column(frame, f"de_{band}_{channel}", x[:, CHANNELS.index(channel), i_band])


def check_eye(out, truth, session="1", n_lost=0):
    frame = table(out, "eye", session=session)
    x = np.concatenate(truth[1])
    assert len(frame) == len(x) - n_lost
    if not n_lost:
        check_keys(frame, truth)
        check_column(frame, "eye_pupil_x_mean", x[:, 0])
        check_column(frame, "eye_saccade_latency_average", x[:, -1])


def test_seed_has_twelve_families_and_eyes_from_the_other_release(small, tmp_path):
    truth = files.write_extracted(tmp_path / "SEED", small("seed"), ALL[1:2], 4.0)
    files.write_multimodal(tmp_path / "SEED/Chinese", small("seed"), ALL[1:2], 4.0)
    code, out = imported("seed", tmp_path / "SEED", "--only", "session=2")
    assert code == 0
    for family, name in (("de_lds", "LDS"), ("de_ma", "movingAve")):
        check_de(out, family, truth["1", "2"], SMOOTHERS[name], "2")
    check_eye(out, truth["1", "2"], "2")
    assert len(list((out / "features").iterdir())) == 13
    about = read_metadata(out / "features/asm_lds/sub-1_ses-2.parquet")
    assert about["released"]["asm"] == "dasm, then rasm (confirmed)"
    assert about["released"]["pairs_dcau_lds"] == "confirmed"
    assert about["released"]["axes"] == "channel, window, band (shape)"
    columns = pq.read_schema(out / "features/dcau_lds/sub-1_ses-2.parquet").names
    assert columns[-1] == f"dcau_gamma_{'_'.join(FRONT_BACK[-1])}"
    smooth = SMOOTHERS["movingAve"]
    x = np.concatenate([smooth(of[:, [0]] - of[:, [2]]) for of in truth["1", "2"][0]])
    check_column(table(out, "dasm_ma", session="2"), "dasm_delta_FP1_FP2", x[:, 0, 0])


def test_seed_of_one_second_has_no_eyes(small, tmp_path):
    truth = files.write_extracted(tmp_path / "d", small("seed"), ALL[:1], 1.0, "Extracted_Features")
    files.write_multimodal(tmp_path / "d/Chinese", small("seed"), ALL, 4.0)
    code, out = imported("seed", tmp_path / "d", "--window-s", "1")
    assert code == 0  # no subject has sessions 2 and 3: they were not downloaded
    check_keys(table(out, "psd_lds"), truth["1", "1"], 1.0)
    assert not (out / "features/eye").exists()


def test_the_multimodal_release_is_cut_into_trials(small, tmp_path):
    root = tmp_path / "SEED_Multimodal"
    truth = files.write_multimodal(root / "Chinese", small("seed"), ALL, 4.0)
    files.write_multimodal(root / "German", small("seed-ger"), [("1", "1")], 4.0)
    code, out = imported("seed", root)
    assert code == 0
    for session in "123":
        check_de(out, "de", truth["1", session], session=session)
        check_eye(out, truth["1", session], session)
    about = read_metadata(out / "features/eye/sub-1_ses-1.parquet")
    assert about["event_scope"] == about["options"]["eye"]["event_scope"] == "trial"
    assert about["released"]["event_statistics"] == "constant in 100% of trials"
    assert about["released"]["eye_columns"].startswith("smi (documented, confirmed")


def test_the_release_of_nine_subjects_is_known_by_its_variables(small, tmp_path):
    truth = files.write_nine(tmp_path / "nine", small("seed"), ALL[1:2])
    code, out = imported("seed", tmp_path / "nine")
    assert code == 0
    check_de(out, "de", truth["1", "2"], session="2")
    check_eye(out, truth["1", "2"], "2")
    told = read_metadata(out / "features/de/sub-1_ses-2.parquet")["qc"]["column_order"]
    assert told.startswith("band by band (documented, confirmed; pattern -0.")


def test_seed_iv_has_no_blink_durations(small, tmp_path):
    truth = files.write_seed_iv(tmp_path / "SEED_IV", small("seed-iv"), ALL[:2])
    code, out = imported("seed-iv", tmp_path / "SEED_IV")
    assert code == 0  # no subject has session 3
    for session in "12":  # lengths are published of the first only
        check_de(out, "de_ma", truth["1", session], SMOOTHERS["movingAve"], session)
        check_eye(out, truth["1", session], session)
    eyes = [name for name in table(out, "eye") if name.startswith("eye_")]
    assert eyes == [name for name in EYE_FEATURES if "blink_duration" not in name]
    about = read_metadata(out / "features/eye/sub-1_ses-2.parquet")
    assert about["released"]["eye_axes"] == "column, window (shape)"


@pytest.mark.parametrize("order", ["channel", "band"])
def test_seed_v_columns_come_in_the_order_that_the_numbers_tell(small, tmp_path, order):
    truth = files.write_seed_v(tmp_path / "SEED-V", small("seed-v"), ["1"], order=order)
    code, out = imported("seed-v", tmp_path / "SEED-V")
    assert code == 0
    for session in "123":
        check_de(out, "de", truth["1", session], session=session)
        check_eye(out, truth["1", session], session)
    told = read_metadata(out / "features/de/sub-1_ses-3.parquet")["released"]["column_order"]
    assert told.startswith(f"{order} by {order} (evidence; pattern ")


def test_seed_vii_has_its_own_axes_and_eye_columns(small, tmp_path, caplog):
    truth = files.write_seed_vii(tmp_path / "SEED-VII", small("seed-vii"), ["1"])
    some = "--only", "session=1", "--only", "session=2"
    code, out = imported("seed-vii", tmp_path / "SEED-VII", *some)
    assert code == 0
    for session in "12":
        check_de(out, "de_lds", truth["1", session], SMOOTHERS["LDS"], session)
        check_de(out, "de", truth["1", session], session=session)
    check_eye(out, truth["1", "1"], n_lost=1)
    assert "eyes and EEG differ by a window in trial 3" in caplog.text
    frame, x = table(out, "eye", session="2"), np.concatenate(truth["1", "2"][1])
    some = {"pupil_x_de1": 0, "pupil_y_mean": 10, "saccade_amplitude_mean": 20,
            "fixation_dispersion_max": 27}  # fmt: skip
    for column, i in some.items():
        check_column(frame, f"eye_{column}", x[:, i])
    about = read_metadata(out / "features/eye/sub-1_ses-2.parquet")
    assert about["units"]["duration"] == "s"
    axes = read_metadata(out / "features/psd/sub-1_ses-1.parquet")["released"]["axes"]
    assert axes == "window, band, channel (shape)"


def test_german_trials_are_stretches_of_one_label_without_time_txt(small, tmp_path, capsys):
    truth = files.write_multimodal(tmp_path / "German", small("seed-ger"), ALL, 4.0)
    code, out = imported("seed-ger", tmp_path / "German")
    assert code == 0
    check_de(out, "de", truth["1", "1"])  # no two trials in a row have one label here
    check_eye(out, truth["1", "1"])
    assert "no time.txt in this folder" in capsys.readouterr().err
    told = read_metadata(out / "features/de/sub-1_ses-1.parquet")["released"]
    assert told["trials"] == "stretches of one label; several clips may be in one"
    told = read_metadata(out / "features/eye/sub-1_ses-1.parquet")["released"]
    assert told["trials"].startswith("stretches of one label")
    capsys.readouterr()
    train = ["train", str(out / "study.toml"), "-o", str(out), "--method", "svm", "--seeds", "0"]
    assert run([*train, "--protocol", "within"]) != 0
    assert "protocol 'within' goes by the numbers of trials" in capsys.readouterr().err


def test_german_trials_are_those_of_time_txt_where_it_is(small, tmp_path):
    of = small("seed-ger")
    truth = files.write_multimodal(tmp_path / "German", of, ALL, 4.0)
    stops = np.cumsum([len(x) * 4 + 3 for x in truth["1", "1"][0]]) * 1000
    starts = [0, *stops[:-1].tolist()]
    text = f"start_point_list = {starts};\nend_point_list = {stops.tolist()};\n"
    (tmp_path / "German/01-EEG-raw").mkdir()
    (tmp_path / "German/01-EEG-raw/time.txt").write_text(text)
    code, out = imported("seed-ger", tmp_path / "German")
    assert code == 0
    check_de(out, "de", truth["1", "1"])
    assert "trials" not in read_metadata(out / "features/de/sub-1_ses-1.parquet")["released"]


def test_window_counts_of_the_full_data_sets():
    def counts(name, session):
        trials = released_trials(facts.facts_of(name).session(session))
        return sum(n_windows_of(trials, 4.0).values())

    assert counts("seed", "1") == 842
    assert (
        sum(n_windows_of(released_trials(facts.facts_of("seed").session("1")), 1).values()) == 3394
    )
    assert counts("seed-iv", "1") == 851
    assert [counts("seed-v", session) for session in "123"] == [681, 541, 601]


def test_a_recording_of_full_length_goes_through_workers(tmp_path):
    of = facts.facts_of("seed")
    truth = files.write_multimodal(tmp_path / "d", of, [("12", "3")], 4.0)
    code, out = imported("seed", tmp_path / "d", "--only", "session=3", *one_worker())
    assert code == 0
    for family, column, i in (("eye", "eye_pupil_y_de4", 11), ("de", "de_gamma_CB2", -1)):
        frame = table(out, family, "12", "3")
        assert len(frame) == 842
        check_keys(frame, truth["12", "3"])
        x = np.concatenate(truth["12", "3"][family == "eye"])
        check_column(frame, column, x.reshape(842, -1)[:, i])


def test_the_next_command_trains(small, tmp_path, capsys):
    recordings = [(subject, "1") for subject in "123"]
    files.write_multimodal(tmp_path / "SEED", small("seed"), recordings, 4.0)
    code, out = imported("seed", tmp_path / "SEED", "--only", "session=1")
    assert code == 0
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line == f"next: featpipe train {out}/study.toml -o {out}"
    code = run([*line.split()[2:], "--method", "svm", "--seeds", "0", "--json"])
    assert code == 0
    scores = json.loads(capsys.readouterr().out)["scores"]
    assert {row["method"] for row in scores} == {*BASELINES, "svm"}
