"""Do the work of every verb in this process, and write down what in it could run code from data.

    python -m lookalikes.audited FOLDER [spoiled]

FOLDER gets a study whose EEG is .cnt and .set, and two releases of features as .npz with pickles
and as .mat. Prints one JSON object: the verbs' exit codes, and what the audit hook was told.
"spoiled" loads a pickle and runs code after the work, which has to be seen.
"""

import csv
import json
import sys
from pathlib import Path
from types import CodeType

PROCESSES = (
    "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "os.fork",
    "subprocess.Popen", "pty.spawn",
)  # fmt: skip
IMPORT = "<frozen importlib._bootstrap>"
MACHINE_CODE = "numba/core/caching.py"


class Watch:
    """What the audit hook was told while it was on.

    Attributes
    ----------
    pickle : list of str
        Classes that pickles named, but for those of machine code in the compiler's own cache.
    machine_code : list of str
        Those.
    code : list of str
        Code that came from no module of Python and was run, but for what modules make while they
        are imported: who ran it.
    processes : list of str
        Processes that were started.
    """

    def __init__(self, folder):
        self.folder, self.is_on = str(folder), False
        self.found = {"pickle": [], "machine_code": [], "code": [], "processes": []}
        sys.addaudithook(self.hook)

    def hook(self, event, arguments):
        if not self.is_on:
            return
        if event == "pickle.find_class":
            is_own = any(name.endswith(MACHINE_CODE) for name in _callers())
            kind = "machine_code" if is_own else "pickle"
            self.found[kind].append(".".join(map(str, arguments)))
        elif event == "exec" and isinstance(arguments[0], CodeType):
            self.ran(arguments[0].co_filename)
        elif event.startswith(PROCESSES):
            self.found["processes"].append(str(arguments[1] if len(arguments) > 1 else arguments))

    def ran(self, origin):
        if origin.startswith(self.folder):
            self.found["code"].append(Path(origin).name)
        elif not origin.startswith("<frozen ") and not Path(origin).is_file():
            callers = [Path(name) for name in _callers()]
            if Path(IMPORT) not in callers:
                self.found["code"].append(f"{callers[0].parent.name}/{callers[0].name}")


def _callers():
    """Files of the functions at work, the innermost first, without those of this module."""
    frame, names = sys._getframe(), []
    while frame is not None:
        names.append(frame.f_code.co_filename)
        frame = frame.f_back
    return [name for name in names if name != __file__]


def write_inputs(folder):
    """A simulated study of three, one of them as .set, and two look-alikes of releases."""
    import numpy as np
    from scipy.io import savemat

    from featpipe.datasets import facts
    from featpipe.reading import read_eeg
    from featpipe.simulate.study import simulate_study
    from featpipe.simulate.world import SimulationSettings
    from lookalikes import released_files as files
    from lookalikes.signals import shrunk
    from pipelines import importing

    full = facts.facts_of
    facts.facts_of = importing.facts_of = lambda name: shrunk(full(name), 8)
    study = simulate_study(folder / "lab", SimulationSettings(3, n_trials=6, trial_s=8, sfreq=250))
    rows = list(csv.DictReader((folder / "lab/recordings.csv").open()))
    raw = read_eeg(folder / "lab" / rows[0]["eeg"])
    rows[0]["eeg"] = "one.set"
    labels = np.array([(name,) for name in raw.ch_names], dtype=[("labels", object)])
    codes = [(int(text), 1 + sample) for sample, text in _triggers(raw)]
    events = np.array(codes, dtype=[("type", object), ("latency", object)])
    eeg = {
        "nbchan": float(len(raw.ch_names)), "pnts": float(raw.n_times), "trials": 1.0,
        "srate": raw.info["sfreq"], "xmin": 0.0, "xmax": (raw.n_times - 1) / raw.info["sfreq"],
        "data": np.asarray(raw.get_data()) * 1e6, "chanlocs": labels, "event": events, "epoch": [],
        "ref": "common", "icawinv": [], "icaweights": [], "icasphere": [], "comments": "",
        "filename": "one.set", "datfile": "",
    }  # fmt: skip
    savemat(folder / "lab/one.set", {"EEG": eeg}, appendmat=False)
    with (folder / "lab/recordings.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    files.write_multimodal(folder / "SEED", facts.facts_of("seed"), [("1", "1")], 4.0)
    files.write_seed_iv(folder / "SEED_IV", facts.facts_of("seed-iv"), [("1", "1")])
    return study


def _triggers(raw):
    for onset, text in zip(raw.annotations.onset, raw.annotations.description, strict=True):
        yield round(onset * raw.info["sfreq"]), text


def work(folder, study):
    """Every verb that reads data, with each step in this process; their exit codes."""
    from lookalikes import one_process
    from pipelines import running
    from pipelines.__main__ import run

    running._run = one_process.run
    out = str(study.parent / "out")
    quick = ["--seeds", "0", "--set", "train.options.cscm.n_epochs=1",
             "--set", "train.options.mlp.n_epochs=1", "--method", "svm", "--method", "mlp",
             "--method", "cscm"]  # fmt: skip
    verbs = {
        "scan": ["scan", str(folder)],
        "extract": ["extract", str(study), "--set", "features.eeg=de,de_lds"],
        "train": ["train", str(study), "--set", "features.eeg=de,de_lds", *quick],
        "verify": ["verify", out],
        "report": ["report", out],
        "bridge": ["bridge", out, out, "-o", str(folder / "bridge.html")],
        "import npz": ["import", "seed", str(folder / "SEED"), "-o", str(folder / "seed")],
        "import mat": ["import", "seed-iv", str(folder / "SEED_IV"), "-o", str(folder / "iv")],
    }
    return {name: run(arguments) for name, arguments in verbs.items()}


def main():
    """Write the inputs, then work under the eyes of the hook."""
    folder = Path(sys.argv[1])
    study = write_inputs(folder)
    watch, stdout = Watch(folder), sys.stdout
    sys.stdout, watch.is_on = sys.stderr, True
    codes = work(folder, study)
    if "spoiled" in sys.argv:
        import pickle

        pickle.loads(pickle.dumps(Path()))
        eval(compile("1 + 1", str(folder / "data.txt"), "eval"))
    watch.is_on = False
    stdout.write(json.dumps({"codes": codes, **watch.found}))


if __name__ == "__main__":
    main()
