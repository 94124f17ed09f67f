"""Layout "deap": labels and trials of its three kinds of files, and what may be wrong there."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from lookalikes import deap as look

from featpipe.datasets import facts
from featpipe.datasets.deap import find, is_here
from featpipe.datasets.layout import Choice
from featpipe.eeg.marks import HELD_S
from featpipe.errors import ConfigError
from featpipe.features.table import FeatureSettings, lay_grids
from featpipe.readers import foreign
from featpipe.readers.end_to_end import trial_spans
from featpipe.readers.foreign import Limits
from featpipe.recording import Trial

N_TRIALS, SUBJECTS = 6, (1, 24, 30)
CHOICE = Choice("deap", ("low", "high"))
TRUTH = look.truth(SUBJECTS, N_TRIALS)


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """A folder with all three kinds of files; tests copy what they spoil."""
    folder = tmp_path_factory.mktemp("deap")
    look.write_python(folder, TRUTH)
    look.write_matlab(folder, TRUTH)
    look.write_original(folder, TRUTH)
    return folder


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(facts, "facts_of", look.short_facts(N_TRIALS))


@pytest.fixture
def part_of(release, tmp_path):
    """Copy parts of the release into a folder of the test's own."""

    def copied(*parts: str) -> Path:
        for part in parts:
            shutil.copytree(release / part, tmp_path / part)
        return tmp_path

    return copied


PYTHON, MATLAB, ORIGINAL = "data_preprocessed_python", "data_preprocessed_matlab", "data_original"


@pytest.mark.parametrize("part", [PYTHON, MATLAB])
def test_trials_of_preprocessed_files_are_the_videos(release, part):
    assert is_here(release / part)
    found = find(release / part, CHOICE)
    assert not found.defects
    assert [source.subject for source in found.sources] == ["1", "24", "30"]
    for source in found.sources:
        assert [t.label for t in source.trials] == TRUTH.labels[int(source.subject)].tolist()
        assert [t.stimulus for t in source.trials] == ["1", "2", "3", "4", "5", "6"]
        # each begins 3 s before its video; between two the ends are held
        step = 7 + 2 * HELD_S
        assert [t.onset for t in source.trials] == [3.0 + step * k for k in range(N_TRIALS)]
        assert all(t.offset - t.onset == look.SECONDS for t in source.trials)
        assert source.channels == ()


def test_trials_of_recordings_are_in_the_order_in_which_they_were_seen(release):
    found = find(release, CHOICE)
    assert not found.defects
    assert [source.eeg and source.eeg.name for source in found.sources] == [
        "s01.bdf",
        "s24.bdf",
        "s30.bdf",
    ]
    for source in found.sources:
        order = TRUTH.order[int(source.subject)]
        assert [t.stimulus for t in source.trials] == [f"{video}" for video in order]
        labels = TRUTH.labels[int(source.subject)][order - 1]
        assert [t.label for t in source.trials] == labels.tolist()
        assert [t.onset for t in source.trials] == [4.0 + 7 * k for k in range(N_TRIALS)]
        assert source.channels == facts.facts_of("deap").channels


def test_a_video_has_the_same_label_in_every_release(release):
    by_release = [
        {(s.subject, t.stimulus): t.label for s in find(release, choice).sources for t in s.trials}
        for choice in (CHOICE, Choice("deap", ("low", "high"), eeg="preprocessed"))
    ]
    assert by_release[0] == by_release[1]
    assert len(by_release[0]) == len(SUBJECTS) * N_TRIALS


@pytest.mark.parametrize(
    ("rating", "threshold"), [("arousal", None), ("dominance", 3.5), ("liking", 7)]
)
@pytest.mark.parametrize("eeg", ["raw", "preprocessed"])
def test_any_rating_at_any_threshold_is_the_label(release, rating, threshold, eeg):
    choice = Choice("deap", ("low", "high"), eeg, rating, threshold)
    column = ["valence", "arousal", "dominance", "liking"].index(rating)
    for source in find(release, choice).sources:
        values = TRUTH.ratings[int(source.subject)][:, column]
        expected = values > (5.0 if threshold is None else threshold)
        assert [t.label for t in source.trials] == [
            int(expected[int(t.stimulus) - 1]) for t in source.trials
        ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"rating": "valance"}, r"rating: unknown rating 'valance': did you mean 'valence'"),
        ({"threshold": 9.0}, r"threshold = 9: valence goes from 1 to 9"),
        ({"classes": ("a", "b", "c")}, r"classes = \['a', 'b', 'c'\]: DEAP is split in two"),
    ],
)
def test_what_cannot_be_asked_for_is_told(release, changes, told):
    with pytest.raises(ConfigError, match=told):
        find(release, Choice(**{"name": "deap", "classes": ("low", "high")} | changes))


def test_missing_ratings_are_no_label(part_of):
    root, ratings = part_of(PYTHON), TRUTH.ratings[1].copy()
    ratings[1, 0], ratings[2, 0] = np.nan, 11.0
    path = root / PYTHON / "s01.dat"
    data = look.stored_data(1, TRUTH.labels[1])
    look.write_pickle(path, {"labels": ratings, "data": data})
    found = find(root, CHOICE)
    assert [t.label for t in found.sources[0].trials] == [0, None, None, 1, 0, 1]
    [defect] = found.defects
    assert defect.unit == "sub-1_ses-1"
    assert "s01.dat: valence outside of 1 to 9" in defect.what


def test_recordings_without_their_table_give_way_to_what_is_beside_them(part_of):
    root = part_of(ORIGINAL, MATLAB)
    found = find(root, CHOICE)
    assert {source.eeg and source.eeg.suffix for source in found.sources} == {".mat"}
    assert any("because participant_ratings.csv is not there" in note for note in found.notes)
    for choice in (Choice("deap", ("low", "high"), eeg="raw"), CHOICE):
        with pytest.raises(ConfigError, match="nobody can tell which video a trial"):
            find(root if choice.eeg == "raw" else root / ORIGINAL, choice)


def test_a_folder_without_them_is_told(tmp_path):
    assert not is_here(tmp_path)
    with pytest.raises(ConfigError, match=r"no s01\.dat, s01\.mat or s01\.bdf in it"):
        find(tmp_path, CHOICE)


def test_defects_of_preprocessed_files_cost_only_their_subject(part_of):
    root = part_of(PYTHON)
    folder = root / PYTHON
    (folder / "s24.dat").write_bytes((folder / "s24.dat").read_bytes()[:-50_000])
    (folder / "s30.dat").rename(folder / "s30 (copy).dat")
    (folder / "again").mkdir()
    shutil.copy(folder / "s01.dat", folder / "again")
    assert not any("too, and is" in defect.what for defect in find(root, CHOICE).defects)
    content = bytearray((folder / "s01.dat").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "again/s01.dat").write_bytes(content)
    found = find(root, CHOICE)
    assert [source.subject for source in found.sources] == ["1"]
    told = [defect.what for defect in found.defects]
    assert [defect.unit for defect in found.defects] == ["sub-24_ses-1", "all", "all"]
    assert "s24.dat: it is damaged" in told[0]
    assert "truncated" in told[0]
    assert "again/s01.dat is subject 1, too, and is the one that is used" in told[1]
    assert "s30 (copy).dat: not called sNN.dat" in told[2]
    [note] = [note for note in found.notes if "are not here" in note]
    assert "24" not in note.split()
    assert "30" in note.replace(",", "").split()


def test_a_file_with_other_trials_is_not_used_and_shorter_ones_are(part_of):
    root = part_of(PYTHON)
    data = look.stored_data(1, TRUTH.labels[1])
    for subject, stored, ratings in (
        (1, data[:5], TRUTH.ratings[1][:5]), (24, data[:, :, :-128], TRUTH.ratings[24])
    ):  # fmt: skip
        path = root / PYTHON / f"s{subject:02}.dat"
        look.write_pickle(path, {"labels": ratings, "data": stored})
    found = find(root, CHOICE)
    assert [source.subject for source in found.sources] == ["24", "30"]
    assert "s01.dat: 5 trials with 4 ratings, expected 6" in found.defects[0].what
    assert "s24.dat: trials of 6 s, expected 7" in found.defects[1].what
    assert all(t.offset - t.onset == look.SECONDS - 1 for t in found.sources[0].trials)


def test_recordings_whose_trials_cannot_be_told_are_not_used(part_of):
    root = part_of(ORIGINAL, "metadata_csv", PYTHON)
    (root / ORIGINAL / "s01.bdf").unlink()
    look.write_bdf(root / ORIGINAL / "s24.bdf", 24, np.array([0, 1, 0, 1, 1]))
    path = root / ORIGINAL / "s30.bdf"
    path.write_bytes(path.read_bytes()[:-300_000])
    found = find(root, CHOICE)
    assert not found.sources
    told = {defect.subject: defect.what for defect in found.defects}
    assert "there is a preprocessed file and no BDF one" in told["1"]
    assert "s24.bdf: 5 videos begin by its Status channel, 6 by the table" in told["24"]
    assert "s30.bdf: truncated: " in told["30"]


def test_a_video_counts_behind_its_cross_only(part_of):
    """A 4 behind something else is a slip of the line; a video that ends early is a defect."""
    root = part_of("metadata_csv")
    (root / ORIGINAL).mkdir()
    path = root / ORIGINAL / "s01.bdf"
    look.write_bdf(path, 1, TRUTH.labels[1][TRUTH.order[1] - 1], codes={1: 4})
    assert len(find(root, CHOICE).sources[0].trials) == N_TRIALS
    look.write_bdf(path, 1, TRUTH.labels[1][TRUTH.order[1] - 1], codes={3: 2})
    assert "0 videos begin" in find(root, CHOICE).defects[0].what


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("1,2,", "1,1,", "trial 1 of subject 1 again"),
        ("Valence", "Valenz", "unknown column 'Valenz': did you mean 'Valence'"),
        ("\n1,1,", "\n1,x,", "line 2: Trial = 'x': expected 1, 2, 3"),
        ("\n1,1,", "\n1,\u00b2,", "line 2: Trial = '\u00b2': expected 1, 2, 3"),
        ("\n1,1,", f"\n1,{'1' * 5000},", r"Trial = '1{80}\.\.\. \(5000 characters\)': expected"),
    ],
)
def test_a_broken_table_is_told_with_its_line(part_of, old, new, told):
    root = part_of(ORIGINAL, "metadata_csv")
    table = root / "metadata_csv" / "participant_ratings.csv"
    text = table.read_text()
    assert old in text
    table.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        find(root, CHOICE)


def test_a_table_that_shows_a_video_twice_tells_no_trials(part_of):
    root = part_of(ORIGINAL, "metadata_csv")
    table = root / "metadata_csv" / "participant_ratings.csv"
    first, second = TRUTH.order[1][:2]
    table.write_text(table.read_text().replace(f"\n1,1,{first},", f"\n1,1,{second},", 1))
    found = find(root, CHOICE)
    assert [source.subject for source in found.sources] == ["24", "30"]
    assert "did not see every video once" in found.defects[0].what


def test_the_full_data_set_has_forty_minutes_per_subject(monkeypatch):
    monkeypatch.undo()
    of = facts.facts_of("deap")
    session = of.session("1")
    assert len(of.subjects) == 32
    spans = trial_spans(dict.fromkeys(range(1, 41), 8064), 128.0)
    trials = [
        Trial(span.trial, span.start + of.before_s, span.start + of.before_s + seconds, 0, video)
        for span, seconds, video in zip(spans, session.seconds, session.stimuli, strict=True)
    ]
    assert all(trial.offset == span.stop for trial, span in zip(trials, spans, strict=True))
    grids = lay_grids(trials, 128.0, FeatureSettings(window_s=1.0))
    assert [len(grid.starts) for grid in grids] == [60] * 40


def test_linked_folders_are_gone_into_and_what_macos_leaves_is_no_defect(release, tmp_path):
    (tmp_path / PYTHON).symlink_to(release / PYTHON)
    (tmp_path / MATLAB).mkdir()
    (tmp_path / MATLAB / "._s01.mat").touch()
    (tmp_path / MATLAB / "~$s01.mat").touch()
    assert is_here(tmp_path)
    found = find(tmp_path, CHOICE)
    assert [source.subject for source in found.sources] == ["1", "24", "30"]
    assert not found.defects


@pytest.mark.parametrize("seconds", [60.0, 0.0])
def test_one_process_reads_the_labels_of_all_files_and_a_damaged_one_costs_itself(
    part_of, monkeypatch, seconds
):
    folder = part_of(PYTHON) / PYTHON
    whole, broken, nothing = (folder / f"s{number}.dat" for number in ("01", "24", "30"))
    broken.write_bytes(broken.read_bytes()[:5000])
    nothing.write_bytes(bytes(5000))
    asked, true_answers = [], foreign.child_answers

    def answers(request, paths, limits):
        asked.append(paths)
        return true_answers(request, paths, Limits(seconds=seconds if broken in paths else 60.0))

    monkeypatch.setattr(foreign, "child_answers", answers)
    found = find(folder, CHOICE)
    assert [source.subject for source in found.sources] == ["1"]
    assert [defect.subject for defect in found.defects] == ["24", "30"]
    for path, defect in zip((broken, nothing), found.defects, strict=True):
        assert str(path) in defect.what
    # where the child was ended, one is started for each file, which tells whose fault it was
    assert asked == [[whole, broken], *([] if seconds else [[whole], [broken]])]
