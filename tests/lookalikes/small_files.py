"""One small good file of every export format."""

from collections.abc import Mapping
from pathlib import Path

import h5py
import mne
import numpy as np
from naive_exports import cnt_bytes, edf_bytes, smi_samples_text
from scipy.io import savemat

from featpipe.readers.eye_csv_settings import EyeCsv

EEG = ("a.cnt", "b.cnt", "a.edf", "a.bdf", "a_raw.fif", "a.set", "hdf5.set", "a.vhdr")
EYE = (
    "a_samples.txt", "b_events.txt", "a.asc", "gaze_positions.csv", "a.tsv", "a_all_gaze.csv",
    "a-All-Data.tsv", "a_sdk.csv", "a_found.csv", "lab.csv", "a_statistics.txt",
)  # fmt: skip
CSV = EyeCsv("t", "ms", gaze_x="x", gaze_y="y", valid="ok", valid_values=(1,))
"""How `lab.csv` is to be read."""

SMALL: dict[str, bytes] = {}


def small_files(folder: Path) -> dict[str, bytes]:
    """One small good file per format, by name; made once."""
    if SMALL:
        return SMALL
    counts = np.random.default_rng(9).integers(-900, 900, (2, 200))
    SMALL["a.cnt"] = cnt_bytes(counts * 1000, events=[(5, 1), (90, 2)])
    SMALL["b.cnt"] = cnt_bytes(counts, width=2, declared=-732, block=8, lsb_uv=0.08, table=1)
    SMALL["a.edf"] = edf_bytes(counts, annotations=[(0.5, "go")])
    words = np.frombuffer(edf_bytes(counts)[768:], "<i2").astype("<i4")[:, None].view(np.uint8)
    SMALL["a.bdf"] = b"\xffBIOSEMI" + edf_bytes(counts)[8:768] + words[:, :3].tobytes()
    info = mne.create_info(["Fp1", "STI"], 100.0, ["eeg", "stim"])
    raw = mne.io.RawArray(np.abs(counts).astype(float), info, verbose="ERROR")
    raw.save(folder / "a_raw.fif", verbose="ERROR")
    SMALL["a_raw.fif"] = (folder / "a_raw.fif").read_bytes()
    fields = {"nbchan": 2.0, "pnts": 200.0, "trials": 1.0, "srate": 100.0, "data": counts * 1.0}
    fields |= {"xmin": 0.0, "event": [], "chanlocs": [], "icawinv": [], "icaweights": []}
    savemat(folder / "a.set", {"EEG": fields | {"icasphere": [], "epoch": []}}, appendmat=False)
    SMALL["a.set"] = (folder / "a.set").read_bytes()
    SMALL["hdf5.set"] = _matlab_7_3(folder / "hdf5.set", fields)
    common = "DataFile=b.eeg\nDataFormat=BINARY\nDataOrientation=MULTIPLEXED\n"
    common += "NumberOfChannels=2\nDataPoints=200\nSamplingInterval=10000\n"
    head = f"Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\n{common}"
    head += "[Binary Infos]\nBinaryFormat=INT_16\n[Channel Infos]\nCh1=Fp1,,0.1\nCh2=Oz,,0.1\n"
    SMALL["a.vhdr"] = head.encode()
    columns = "Time,Type,Trial,L Dia X [px],L POR X [px],L POR Y [px],L Validity"
    rows = [f"{i * 4000}\tSMP\t1\t20.5\t{i}\t300.25\t1" for i in range(1, 30)]
    SMALL["a_samples.txt"] = smi_samples_text(
        [*rows, "9000\tMSG\t1\t# Message: 7"], columns
    ).encode()
    fixations = "".join(
        f"Fixation L\t1\t{i}\t{i}000\t{i}500\t500\t1\t2\t3\t4\t-1\t5\t6\n" for i in range(1, 20)
    )
    SMALL["b_events.txt"] = f"[iView]\nUserEvent\t1\t1\t99\t# Message: 7\n{fixations}".encode()
    rows = [f"{i}\t {i}.5\t 2.0\t 300.0\t..." for i in range(1000, 1030)]
    words = "MSG\t999 go\nSAMPLES\tGAZE\tLEFT\tRATE\t1000.00\n"
    SMALL["a.asc"] = (words + "\n".join(rows) + "\nEFIX L 1000\t1020\t21\t1.0\t2.0\t300\n").encode()
    rows = [f"{9 + i / 100},1,0.9,0.5,{i / 99}" for i in range(30)]
    columns = "gaze_timestamp,world_index,confidence,norm_pos_x,norm_pos_y"
    SMALL["gaze_positions.csv"] = "\n".join([columns, *rows, ""]).encode()
    columns = "Recording timestamp\tEvent\tGaze point X\tValidity left\tEye movement type"
    rows = [f"{10 * i}\t\t{i}.5\tValid\tFixation" for i in range(30)]
    SMALL["a.tsv"] = "\n".join([columns, *rows, "300\tgo\t\t\t", ""]).encode()
    rows = [f"{i}\t{17 * i}\t{i}.5\t300\t3.5\t0\t{i // 5}\t85\t\t" for i in range(30)]
    columns = "Number\tTimestamp\tGazePointXLeft\tGazePointYLeft\tPupilLeft\tValidityLeft\t"
    columns = f"Data properties:\n\n{columns}FixationIndex\tFixationDuration\tEvent\t"
    SMALL["a-All-Data.tsv"] = "\n".join([columns, *rows, "\t600" + 7 * "\t" + "go", ""]).encode()
    columns = "device_time_stamp;left_gaze_point_on_display_area;left_pupil_diameter;left_pupil"
    rows = [f"{11103 * i}.0;(0.5, 0.{i});3.5;1.0" for i in range(30)]
    SMALL["a_sdk.csv"] = "\n".join([f"{columns}_validity", *rows, ""]).encode()
    rows = [f"fixation,1.5,2.5,{i}00000.0,{i}90000.0,90.0" for i in range(30)]
    SMALL["a_found.csv"] = "\n".join(["label,x,y,start,end,duration", *rows, ""]).encode()
    columns = "Category;Eye L/R;Event Start Raw Time [ms];Event Duration [ms];Saccade Amplitude [°]"
    rows = [f"{'Saccade' if i % 2 else 'Blink'};Left;{90 * i},5;80;{i},5" for i in range(30)]
    SMALL["a_statistics.txt"] = "\n".join([columns, *rows, ""]).encode()
    columns = "TIME(2019/11/18 23:50:04.5),TIMETICK(f=1000),BPOGX,BPOGY,BPOGV,LPMM,LPMMV,USER,"
    rows = [f"{i / 100},{9 + 10 * i},0.5,0.{i},1,3.5,1,{i // 9}," for i in range(30)]
    SMALL["a_all_gaze.csv"] = "\n".join([columns, *rows, ""]).encode()
    SMALL["lab.csv"] = (
        "t;x;y;ok\n" + "".join(f"{9 + 2 * i};{i},5;7;1\n" for i in range(30))
    ).encode()
    return SMALL


def _matlab_7_3(path: Path, fields: Mapping[str, object]) -> bytes:
    """Write fields of EEG as MATLAB's `save -v7.3` does; return the file."""
    with h5py.File(path, "w", userblock_size=512) as file:
        group = file.create_group("EEG")
        group.attrs["MATLAB_class"] = np.bytes_("struct")
        for name, value in fields.items():
            array = np.atleast_2d(np.asarray(value, float))
            data = array.T if array.size else np.array([0, 0], np.uint64)
            dataset = group.create_dataset(name, data=data)
            dataset.attrs["MATLAB_class"] = np.bytes_("double")
            if not array.size:
                dataset.attrs["MATLAB_empty"] = np.uint8(1)
    content = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"
    return content.ljust(512, b"\0") + path.read_bytes()[512:]
