"""Eyes that are numbered as another session than the EEG is dated are refused."""

import shutil

import pytest
from lookalikes import released_files as files
from lookalikes.signals import shrunk

from featpipe.datasets import facts
from featpipe.datasets.layout import Choice
from featpipe.datasets.released_seed import find_seed
from featpipe.errors import ReadError
from featpipe.features.released_pairing import told_session

SMALL = shrunk(facts.facts_of("seed"), 3)
MULTIMODAL = ("02-EEG-DE-feature/eeg_used_4s/1_{}.npz",
              "04-Eye-tracking-feature/eye_tracking_feature/1_{}")  # fmt: skip


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """Both releases of one subject."""
    root = tmp_path_factory.mktemp("SEED")
    recordings = [("1", session) for session in "123"]
    files.write_extracted(root, SMALL, recordings, 4.0)
    files.write_multimodal(root / "Chinese", SMALL, recordings, 4.0)
    return root


@pytest.fixture
def root(shipped, tmp_path, monkeypatch):
    monkeypatch.setattr(facts, "facts_of", lambda _: SMALL)
    return shutil.copytree(shipped, tmp_path / "SEED")


def sources(root):
    return find_seed(root, Choice("seed", SMALL.classes, window_s=4.0)).sources


def exchange(root, one, other):
    for form in MULTIMODAL:
        paths = [root / "Chinese" / form.format(session) for session in (one, other)]
        contents = [path.read_bytes() for path in paths]
        for path, content in zip(paths, reversed(contents), strict=True):
            path.write_bytes(content)


def test_numbers_that_go_by_date_are_confirmed(root):
    for source in sources(root):
        assert told_session(source)["eye_session"].startswith("confirmed (correlation with DE")


def test_exchanged_numbers_are_refused_with_the_session_that_they_are_of(root):
    exchange(root, "1", "3")
    one, two, _ = sources(root)
    with pytest.raises(ReadError, match=r"1_1: its EEG in eeg_used is another.*numbered 3 there"):
        told_session(one)
    assert told_session(two)["eye_session"].startswith("confirmed")


def test_without_the_eeg_of_the_eyes_it_stays_an_assumption(root):
    for session in "123":
        (root / "Chinese" / MULTIMODAL[0].format(session)).unlink()
    assert told_session(sources(root)[0])["eye_session"].startswith("assumed")


def test_eeg_that_is_like_none_decides_nothing(root):
    one, two = ((root / "Chinese" / MULTIMODAL[0].format(session)) for session in "13")
    one.write_bytes(two.read_bytes())
    (root / "Chinese" / MULTIMODAL[0].format("2")).write_bytes(b"torn")
    assert told_session(sources(root)[0])["eye_session"].startswith("assumed")


def test_names_of_one_kind_need_no_evidence(root):
    shutil.rmtree(root / "ExtractedFeatures_4s")
    assert told_session(sources(root)[0]) == {}
