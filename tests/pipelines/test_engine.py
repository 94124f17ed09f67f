"""The engine on steps of plain files: made, kept, failed, and why something is stale."""

import os

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from featpipe.errors import ReadError
from featpipe.tables import read_metadata, read_table
from pipelines.digests import UNREAD, digest_file, known_digest, load_digests, save_digests
from pipelines.engine import fingerprint, listed, plan, stale_because, update
from pipelines.identity import differences
from pipelines.marks import Marks
from pipelines.work import Output, Step, Unit


def sources(unit):
    return unit.payload["sources"]


def outputs(unit, listed):
    facts = {"step": "copy", "version": unit.payload.get("version", 1),
             "options": unit.payload["options"], "sources": listed}  # fmt: skip
    return [Output(unit.payload["out"] / name, facts | {"family": name}) for name in ("a", "b")]


def make(unit, stale):
    for output in stale:
        text = "".join(path.read_text() for path in sources(unit))
        if output.facts["family"] == "b" and "half" in text:
            raise ReadError("half of it is broken")
        if "broken" in text:
            raise ReadError("it is broken")
        yield output, pa.table({"text": [text]}), {"extra": 1}


COPY = Step("copy", sources, outputs, make)


@pytest.fixture
def unit(tmp_path):
    source = tmp_path / "source.txt"
    source.write_text("one")
    payload = {
        "sources": [source],
        "options": {"width": 1.0, "names": ["x"]},
        "out": tmp_path / "o",
    }
    return Unit("u", {"subject": "1"}, payload)


def run(unit):
    return update(COPY, unit, {}, unit.payload["out"] / ".staging")


def test_a_failed_unit_says_what_it_made_and_what_it_did_not(unit):
    [source] = unit.payload["sources"]
    source.write_text("half")
    row = run(unit)
    assert (row.state, [name[-1] for name in row.files]) == ("failed", ["a"])
    [listed] = [{"digest": f"xxh3_128:{digest.digest}"} for digest in row.digests.values()]
    _, b = outputs(unit, [listed])
    assert row.unmade == (fingerprint(b.facts),)
    source.unlink()
    assert run(unit).unmade == ()


def reasons(unit):
    row = run(unit)
    listed = [
        {"name": "source.txt", "digest": f"xxh3_128:{d.digest}"} for d in row.digests.values()
    ]
    return {o.path.name: stale_because(o) for o in outputs(unit, listed)}


def test_made_once_then_kept(unit):
    assert run(unit).state == "made"
    assert run(unit).state == "kept"
    assert read_table(unit.payload["out"] / "a").to_pydict() == {"text": ["one"]}
    assert read_metadata(unit.payload["out"] / "a")["extra"] == 1


def test_a_changed_option_makes_it_again(unit):
    run(unit)
    unit.payload["options"]["width"] = 2.0
    assert run(unit).state == "made"


def test_changed_content_makes_it_again_a_touched_file_does_not(unit):
    run(unit)
    source = unit.payload["sources"][0]
    source.write_text("one")
    assert run(unit).state == "kept"
    source.write_text("two")
    assert run(unit).state == "made"


def test_a_damaged_or_foreign_output_is_made_again(unit):
    run(unit)
    (unit.payload["out"] / "a").write_bytes(b"rubbish")
    row = run(unit)
    assert row.state == "made"
    assert [name.rsplit("/", 1)[-1] for name in row.files] == ["a"]


def test_a_failure_is_a_row_and_costs_only_what_is_broken(unit):
    unit.payload["sources"][0].write_text("half")
    row = run(unit)
    assert (row.state, row.error, row.reason) == ("failed", "ReadError", "half of it is broken")
    assert (unit.payload["out"] / "a").exists()
    assert not (unit.payload["out"] / "b").exists()
    assert list((unit.payload["out"] / ".staging").iterdir()) == []


def test_a_missing_source_is_a_row(unit):
    unit.payload["sources"][0].unlink()
    row = run(unit)
    assert row.state == "failed"
    assert "source.txt" in row.reason


def test_why_it_is_stale(unit, tmp_path):
    run(unit)
    listed = [{"name": "source.txt", "digest": "other"}]
    output = outputs(unit, listed)[0]
    assert stale_because(output) == "content of source.txt changed"
    unit.payload["options"] = {"width": 3.0, "names": ["x"]}
    unit.payload["version"] = 2
    reason = stale_because(outputs(unit, listed)[0])
    assert reason == "version 1 -> 2; width: 1.0 -> 3.0; content of source.txt changed"
    missing = outputs(unit, listed)[0]._replace(path=tmp_path / "nowhere")
    assert stale_because(missing) == "not made yet"


def test_tables_of_two_families_that_are_gone_are_told_apart(tmp_path):
    names = ("features/de/sub-1_ses-1.parquet", "features/eye/sub-1_ses-1.parquet", "a.cnt")
    stored = [listed(tmp_path / name, UNREAD._replace(digest=name)) for name in names]
    facts = {"step": "train", "version": 1, "options": {}}
    assert list(differences(facts | {"sources": stored}, facts | {"sources": []})) == [
        "de/sub-1_ses-1.parquet is gone",
        "eye/sub-1_ses-1.parquet is gone",
        "a.cnt is gone",
    ]


def test_a_plan_reads_nothing(unit, tmp_path):
    assert plan(COPY, unit, {}) is None
    row = run(unit)
    save_digests(tmp_path, row.digests)
    remembered = load_digests(tmp_path)
    assert set(plan(COPY, unit, remembered).values()) == {""}
    unit.payload["sources"][0].write_text("longer")
    assert plan(COPY, unit, remembered) is None


def test_a_damaged_memory_of_digests_only_costs_time(tmp_path):
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "digests.json").write_text("{]")
    assert load_digests(tmp_path) == {}


def aged(path, seconds=10):
    """Have a file be as one that was written a while ago, as far as a program can."""
    old = path.stat().st_mtime_ns - seconds * 10**9
    os.utime(path, ns=(old, old))
    return old


def test_content_that_changes_behind_size_and_date_is_read_again(tmp_path):
    """As `rsync --inplace -t`, `cp --preserve` over a file and `touch -r` leave it."""
    source = tmp_path / "a"
    source.write_text("one")
    old = aged(source)
    known = {str(source): digest_file(source, {})}
    assert known_digest(source, known)
    source.write_text("two")
    os.utime(source, ns=(old, old))
    assert known_digest(source, known) is None
    assert digest_file(source, known).digest == digest_file(source, {}).digest


@pytest.mark.parametrize("age_s", [0.0, 1.9, 2.1, -3600.0])
def test_marks_of_what_changed_just_before_are_not_believed(monkeypatch, age_s):
    now = 10**18
    monkeypatch.setattr("pipelines.marks.time.time_ns", lambda: now)
    long_ago, then = now - 10**12, now - int(age_s * 1e9)
    assert Marks(1, long_ago, then, 1).are_settled() == (age_s > 2)
    # a date to come stays, as cameras and copies have it: the change of state tells
    assert Marks(1, then, long_ago, 1).are_settled() == (not 0 <= age_s <= 2)


def test_what_was_read_too_early_is_read_again_and_then_remembered(tmp_path):
    source = tmp_path / "a"
    source.write_text("one")
    digest = digest_file(source, {})
    assert not digest.is_settled
    wrong = digest._replace(digest="of what it held one tick of the clock ago")
    save_digests(tmp_path, {str(source): wrong})
    assert load_digests(tmp_path) == {str(source): digest}
    save_digests(tmp_path, {str(source): wrong._replace(is_settled=True)})
    assert load_digests(tmp_path)[str(source)].digest == wrong.digest


def test_a_source_whose_state_alone_changes_while_it_is_read_is_taken(unit):
    """Backups link files, and others change who may read them."""

    def slow(unit, stale):
        for output, table, more in make(unit, stale):
            os.link(sources(unit)[0], sources(unit)[0].with_name(output.path.name))
            yield output, table, more

    row = update(COPY._replace(make=slow), unit, {}, unit.payload["out"] / ".staging")
    assert row.state == "made"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=4), JSON, min_size=1), st.data())
def test_fingerprint_covers_options_and_content_and_nothing_else(options, data):
    facts = {"step": "s", "version": 1, "options": options,
             "sources": [{"name": "a", "bytes": 1, "digest": "d"}]}  # fmt: skip
    mark = fingerprint(facts)
    reordered = dict(reversed(list(options.items())))
    assert fingerprint(facts | {"options": reordered}) == mark
    assert fingerprint(facts | {"sources": [{"name": "elsewhere/b", "digest": "d"}]}) == mark
    assert fingerprint(facts | {"sources": [{"name": "a", "bytes": 1, "digest": "e"}]}) != mark
    assert fingerprint(facts | {"version": 2}) != mark
    key = data.draw(st.sampled_from(sorted(options)))
    assert fingerprint(facts | {"options": {**options, key: ["changed", options[key]]}}) != mark


def test_a_source_that_changes_while_it_is_read_is_refused(unit):
    """Else the table would claim the old content for ever."""

    def slow(unit, stale):
        for output, table, more in make(unit, stale):
            sources(unit)[0].write_text("written meanwhile")
            yield output, table, more

    row = update(COPY._replace(make=slow), unit, {}, unit.payload["out"] / ".staging")
    assert (row.state, row.files) == ("failed", {})
    assert "changed while it was being read" in row.reason
    assert run(unit).state == "made"
