"""A recording of tiny files, and the facts that every step would stand its outputs on."""

import json
from dataclasses import replace

from featpipe.recording import Source, Trial
from pipelines.digests import digest_file
from pipelines.engine import listed
from pipelines.identity import differences, fingerprint
from pipelines.steps import extract, train
from pipelines.steps.pupils import PUPILS
from pipelines.study import Study, load_study

UNIT = "sub-01_ses-1.parquet"


class World:
    """A recording of tiny files, and what every step would make of it."""

    def __init__(self, folder):
        self.folder = folder
        self.eeg, self.eye = folder / "a.edf", folder / "b.txt"
        self.eeg.write_bytes(bytes(range(64)))
        self.eye.write_bytes(bytes(range(64, 128)))
        text = (
            '[study]\nname = "lab"\nclasses = ["a", "b"]\n[features]\neeg = ["de", "psd", "dasm"]\n'
        )
        (folder / "study.toml").write_text(text)
        self.study = load_study(folder / "study.toml")
        self.source = Source("lab", "01", "1", self.eeg, self.eye, 0.5,
                             (Trial(1, 0.0, 9.0, 0, "clip"),), ("a", "b"))  # fmt: skip

    def outputs(self, study: Study | None = None, source: Source | None = None):
        """Path within the output folder -> facts, of tables, traces and predictions."""
        study, out = study or self.study, self.folder / "out"
        about = study.study
        named = replace(self.source, dataset=about.name, classes=about.classes)
        source = source or named
        [unit] = extract.units(study, [source], out)
        files = [listed(path, digest_file(path, {})) for path in (source.eeg, source.eye) if path]
        found = [o for of in (extract.outputs, PUPILS.outputs) for o in of(unit, files)]
        tables = {
            kind: [extract.table_path(out, name, source)]
            for kind, name in (("eeg", study.train.eeg or "de"), ("eye", "eye"))
        }
        made = [{"name": o.path.name, "digest": fingerprint(o.facts)} for o in found
                if any(o.path in of for of in tables.values())]  # fmt: skip
        for task in train.units(study.train, tables, out):
            found += train.outputs(task, made)
        return {o.path.relative_to(out).as_posix(): o.facts for o in found}


def marks(facts):
    return {name: fingerprint(of) for name, of in facts.items()}


def told(before, after):
    """Per output of both: what `show` would say, from facts as a file holds them."""
    return {
        name: list(differences(json.loads(json.dumps(before[name])), after[name]))
        for name in before.keys() & after.keys()
        if fingerprint(before[name]) != fingerprint(after[name])
    }


OF_TRAININGS = ("predictions", "curves", "models")


def tables_of(names):
    return {name.split("/")[1] if name.startswith("features/") else "pupils"
            for name in names if not name.startswith(OF_TRAININGS)}  # fmt: skip
