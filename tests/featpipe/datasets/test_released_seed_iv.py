"""SEED-IV features that lie in the folder of another session are told by their trials."""

import numpy as np
import pytest
from scipy.io import savemat

from featpipe.datasets.facts import facts_of
from featpipe.datasets.layout import Choice
from featpipe.datasets.released_seed_iv import find_seed_iv

FACTS = facts_of("seed-iv")
COUNTS = {
    "1": [int(seconds // 4) for seconds in FACTS.session("1").seconds],
    "2": [5 + k * 7 % 23 for k in range(24)],
    "3": [4 + k * 5 % 19 for k in range(24)],
}


def path_of(root, kind, subject, session):
    name = f"{subject}_{FACTS.dates[session][subject]}.mat"
    return root / f"{kind}_feature_smooth" / session / name


@pytest.fixture
def root(tmp_path):
    """Three subjects with all sessions; trials have the lengths of these and are all zeros."""
    for subject in "123":
        for session, counts in COUNTS.items():
            eeg = {f"de_LDS{k}": np.zeros((62, n, 5)) for k, n in enumerate(counts, start=1)}
            eye = {f"eye_{k}": np.zeros((31, n)) for k, n in enumerate(counts, start=1)}
            for kind, content in (("eeg", eeg), ("eye", eye)):
                path = path_of(tmp_path, kind, subject, session)
                path.parent.mkdir(parents=True, exist_ok=True)
                savemat(path, content, do_compression=True)
    return tmp_path


def exchange(one, other):
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def found(root):
    return find_seed_iv(root, Choice("seed-iv", FACTS.classes, window_s=4.0))


def test_sound_files_are_all_taken(root):
    assert len(found(root).sources) == 9
    assert not found(root).defects


@pytest.mark.parametrize("sessions", ["23", "12"])  # of 2 and 3 no lengths are published
def test_exchanged_sessions_are_not_used(root, sessions):
    one, other = sessions
    for kind in ("eeg", "eye"):
        exchange(*(path_of(root, kind, "1", session) for session in sessions))
    of = found(root)
    assert {(s.subject, s.session) for s in of.sources if s.subject == "1"} == {
        ("1", session) for session in "123" if session not in sessions
    }
    assert len(of.defects) == 4
    assert f"1_{FACTS.dates[one]['1']}.mat: it lies where session {one}" in of.defects[0].what
    assert f"the lengths of its trials are those of session {other}" in of.defects[0].what


def test_eyes_alone_exchanged_leave_the_eeg(root):
    exchange(*(path_of(root, "eye", "2", session) for session in "23"))
    of = found(root)
    assert len(of.sources) == 9
    assert [s.session for s in of.sources if s.eye is None] == ["2", "3"]


def test_two_that_disagree_are_told(root):
    for session in "123":
        for kind in ("eeg", "eye"):
            path_of(root, kind, "3", session).unlink()
    exchange(*(path_of(root, "eeg", "1", session) for session in "23"))
    (two, three) = [defect.what for defect in found(root).defects]
    assert "session 2: trials 1, 2, 3" in two
    assert "too few to tell" in three
