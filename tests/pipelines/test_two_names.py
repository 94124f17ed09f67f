"""One recording of a lab under two names: neither is used, and everybody is told of both."""

import shutil

import pandas as pd
import pytest

from pipelines.__main__ import run

pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture
def twice(lab):
    """Give the EEG of the first subject to the second one, whose trials are cut elsewhere."""
    for suffix in ("eeg", "vhdr"):
        text = (lab.folder / f"01.{suffix}").read_bytes()
        (lab.folder / f"02.{suffix}").write_bytes(text.replace(b"01.eeg", b"02.eeg"))
    rows = [f"{who},1,{trial},{start},{start + 4},{label}" for who, start0 in (("01", 1), ("02", 2))
            for trial, start, label in ((1, start0, 0), (2, start0 + 4, 1))]  # fmt: skip
    head = "subject,session,trial,onset,offset,label"
    (lab.folder / "trials.csv").write_text("\n".join([head, *rows]))
    return lab


def test_a_copy_is_refused_by_every_verb(twice, capsys):
    names = [str(twice.folder / f"0{i}.vhdr") for i in (1, 2)]
    assert run(["scan", str(twice.folder)]) == 3
    told = [line for line in capsys.readouterr().err.splitlines() if "the same recording" in line]
    assert len(told) == 1
    assert all(name in told[0] for name in names)

    assert run(["extract", str(twice.folder / "study.toml"), "--dry-run"]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if "its content is" in line]
    assert [line.split()[:2] for line in told] == [["defect", f"sub-0{i}_ses-1"] for i in (1, 2)]
    assert all(name in line for name in names for line in told)

    assert twice.extract() == 3
    err = capsys.readouterr().err
    assert all(name in err for name in names)
    failed = pd.read_parquet(twice.out / "failures.parquet")
    assert failed["subject"].tolist() == ["01", "02"]
    made = {path.stem for path in twice.out.glob("features/de/*")}
    assert not made & {"sub-01_ses-1", "sub-02_ses-1"}


def test_recordings_of_one_size_and_other_numbers_are_no_copies(lab, capsys):
    sizes = {(lab.folder / f"0{i}.eeg").stat().st_size for i in (1, 2)}
    assert len(sizes) == 1
    assert run(["scan", str(lab.folder)]) == 0
    assert "the same recording" not in capsys.readouterr().err
    assert lab.extract() == 0


def test_a_copied_eye_export_is_refused_too(lab, samples, capsys):
    export = next((samples / "eye").rglob("*.asc"))
    rows = ["subject,eye,eye_offset"]
    for i in (1, 2):
        shutil.copy(export, lab.folder / f"0{i}.asc")
        rows.append(f"0{i},0{i}.asc,0")
    (lab.folder / "recordings.csv").write_text("\n".join(rows))
    assert run(["extract", str(lab.folder / "study.toml"), "--dry-run"]) == 0
    assert capsys.readouterr().out.count("its content is that of") == 2
