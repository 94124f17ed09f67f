"""Warnings of recordings reach who started the run, whichever worker met them."""

import logging
from threading import Thread

import pandas as pd
import pytest
from lookalikes.processes import ended, launch, write_study

from pipelines.digests import metadata_of
from pipelines.notes import N_MOST, Note, Telling, listening

pytestmark = pytest.mark.usefixtures("in_this_process")

logger = logging.getLogger("featpipe.eye.anything")


def test_only_warnings_of_this_thread_are_heard(caplog):
    with listening() as notes:
        other = Thread(target=logger.warning, args=("of another thread",))
        other.start()
        other.join()
        logger.info("no warning")
        logger.warning("%s: %d of it", "sub-1", 3)
        logging.getLogger("featpipe.compiling").warning("nothing of a recording")
    logger.warning("after it")
    assert notes == [Note("sub-1: 3 of it", "%s: %d of it")]


def test_what_a_file_says_is_one_line_and_told_once_and_not_without_end():
    with listening() as notes:
        for i in (1, 1, *range(N_MOST + 9)):
            logger.warning("%s: %d\n\x1b[2J", "sub-1", i)
    assert len(notes) == N_MOST
    assert notes[0].text == r"sub-1: 1\n\x1b[2J"
    assert len({note.text for note in notes}) == N_MOST


def test_the_first_of_a_kind_are_said_and_the_others_are_counted():
    telling = Telling()
    kind = "%s: trial %d"
    many = [Note(f"sub-1: trial {i}", kind) for i in (1, 2)]
    assert list(telling.hear("sub-1", many)) == ["sub-1: trial 1", "sub-1: trial 2"]
    assert list(telling.hear("sub-2", [Note("noisy", "noisy")])) == ["sub-2: noisy"]
    assert list(telling.hear("sub-3", [Note("sub-3: trial 7", kind)])) == ["sub-3: trial 7"]
    for unit in ("sub-4", "sub-5", "sub-5"):
        assert not list(telling.hear(unit, [Note(f"{unit}: trial 7", kind)]))
    assert list(telling.end()) == ["3 more like it, of sub-4, sub-5: sub-1: trial 1"]


def test_a_run_says_it_a_few_times_and_its_tables_and_quality_keep_it(tmp_path):
    """The last trial ends, so its list says, 50 s after the five recordings do."""
    study, out = write_study(tmp_path / "study", 5), tmp_path / "out"
    trials = study.with_name("trials.csv")
    trials.write_text(trials.read_text().replace("2,6,11,b", "2,6,61,b"))
    words = ("extract", study, "-o", out, "--workers", 2)
    code, _, said = ended(launch("plain", out, *words))
    assert code == 0, said
    told = [line for line in said.splitlines() if "after the recording: 49 of its 55" in line]
    assert [line[:5] for line in told] == ["sub-0"] * 3 + ["2 mor"]
    quality = pd.read_parquet(out / "qc/recordings.parquet")
    for path in [*out.glob("features/de/*.parquet")]:
        kept = metadata_of(path)["warnings"]
        assert any("trial 2 ends after the recording" in text for text in kept)
        assert "\n".join(kept) in list(quality["warnings"])
    assert len(quality) == 5
    code, _, said = ended(launch("plain", out, *words))
    assert (code, "after the recording" in said) == (0, False)
    pd.testing.assert_frame_equal(pd.read_parquet(out / "qc/recordings.parquet"), quality)
