"""Folders of BIDS as people have them: misspelt labels, links without content, a rest of one."""

import shutil

import pytest
from lookalikes.bids import CLASSES, write_bids, write_recording

from featpipe.datasets import bids
from featpipe.datasets.layout import Choice

CHOICE = Choice("mine", CLASSES)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Three subjects without sessions; do not write to it."""
    subjects = ("01", "02", "03")
    return write_bids(tmp_path_factory.mktemp("bids") / "ds", subjects, ("",))


@pytest.fixture
def folder(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "ds")


def names(found):
    return [(source.subject, source.session) for source in found.sources]


def only(found):
    (defect,) = found.defects
    return defect


@pytest.mark.parametrize("label", ["Positive", "positive ", "postive", "POSITIVE!"])
def test_a_label_that_is_nearly_a_class_is_told(folder, label):
    events = folder / "sub-01/eeg/sub-01_task-film_events.tsv"
    events.write_text(events.read_text().replace("positive", label, 1))
    found = bids.find(folder, CHOICE)
    if label.strip() == "positive":  # a space is no other label
        assert not found.defects
        return
    assert f"{label!r} (1) is near 'positive'" in only(found).what
    assert only(found).subject == "01"
    assert len(found.sources[0].trials) == 3


def test_links_without_content_are_those_of_datalad(folder):
    eeg = folder / "sub-02/eeg"
    for path in [*eeg.glob("*_eeg.*"), *eeg.glob("*physio*.gz")]:
        path.unlink()
        path.symlink_to(folder / ".git/annex/objects/x" / path.name)
    found = bids.find(folder, CHOICE)
    assert names(found) == [("01", "1"), ("03", "1")]
    told = [d for d in found.defects if "datalad" in d.what]
    assert [(d.subject, d.session) for d in told] == [("02", "")]
    assert f"links to content that is not here: `datalad get {eeg}`" in told[0].what


def test_a_link_to_the_numbers_alone_is_told_so_too(folder):
    data = folder / "sub-02/eeg/sub-02_task-film_eeg.eeg"
    data.unlink()
    data.symlink_to("/nowhere/annex")
    found = bids.find(folder, CHOICE)
    assert any(f"{data.name}: links to content" in defect.what for defect in found.defects)


def test_the_rest_of_one_subject_renames_no_session(folder):
    write_recording(folder, "01", "", "_task-rest", eyes=())
    events = folder / "sub-01/eeg/sub-01_task-rest_events.tsv"
    events.write_text("onset\tduration\ttrial_type\n1\t5\trest\n")
    found = bids.find(folder, CHOICE)
    assert names(found) == [("01", "1"), ("02", "1"), ("03", "1")]
    assert not found.defects
    assert found.notes == ["task rest: no event is of a class in its 1 recordings, and they are "
                           "left out"]  # fmt: skip
    events.write_text("onset\tduration\ttrial_type\n1\t5\tnegative\n")
    assert names(bids.find(folder, CHOICE)) == [
        ("01", "1-taskfilm"), ("01", "1-taskrest"), ("02", "1-taskfilm"), ("03", "1-taskfilm"),
    ]  # fmt: skip
