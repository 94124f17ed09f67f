"""Which files each table of a recording depends on."""

from pathlib import Path

import pytest

from featpipe.recording import Source
from pipelines.steps.extract import Payload, outputs
from pipelines.study import load_study
from pipelines.work import Unit

EEG, EYE = ["a.vhdr", "a.eeg", "a.vmrk"], ["a_Samples.txt", "a_Events.txt"]


def sources_by_family(folder, eeg, eye, names):
    study = folder / "study.toml"
    study.write_text('[study]\nname = "lab"\nclasses = ["calm", "tense"]\n', encoding="utf-8")
    files = [None if name is None else Path("raw", name) for name in (eeg, eye)]
    source = Source("lab", "A", "1", files[0], files[1], 0.0, (), ("calm", "tense"))
    unit = Unit(source.name, {}, Payload(source, load_study(study), folder / "out"))
    listed = [{"name": name, "bytes": 1, "digest": f"xxh3_128:{name}"} for name in names]
    return {
        output.facts["family"]: [file["name"] for file in output.facts["sources"]]
        for output in outputs(unit, listed)
    }


@pytest.mark.parametrize(
    ("eeg", "eye", "names", "expected"),
    [
        ("a.vhdr", "a_Samples.txt", EEG + EYE, {"de": EEG, "eye": EEG + EYE}),
        ("a.vhdr", "a_Events.txt", EEG + EYE[::-1], {"de": EEG, "eye": EEG + EYE[::-1]}),
        ("a.cnt", "a.asc", ["a.cnt", "a.asc"], {"de": ["a.cnt"], "eye": ["a.cnt", "a.asc"]}),
        # one name in two folders
        ("eeg/1", "eye/1", ["1", "1"], {"de": ["1"], "eye": ["1", "1"]}),
        ("a.vhdr", None, EEG, {"de": EEG}),
        (None, "a_Samples.txt", EYE, {"eye": EYE}),
        # as a table of EEG lists them, and when nothing is known
        ("a.vhdr", "a_Samples.txt", EEG, {"de": EEG, "eye": EEG}),
        ("a.vhdr", "a_Samples.txt", [], {"de": [], "eye": []}),
    ],
)
def test_eeg_tables_depend_on_eeg_files_alone(tmp_path, eeg, eye, names, expected):
    """None of the files is there: what is listed is enough to tell."""
    assert sources_by_family(tmp_path, eeg, eye, names) == expected
