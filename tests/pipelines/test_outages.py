"""A store that is down costs a run a few tries, not one for each file, and loses nothing."""

import pytest

from featpipe.errors import StoreError
from pipelines import outages, running
from pipelines.engine import update
from pipelines.places import place_of
from pipelines.store import Store

pytestmark = pytest.mark.usefixtures("in_this_process")

N_SENT = 5
"""Files of a run of two recordings: two tables, quality, failures, and the manifest."""


class Down:
    """Refuses what is put, for as many tries as it is down."""

    def __init__(self, put):
        self.put, self.tries, self.n_down = put, 0, 1000

    def __call__(self, store, content, name):
        self.tries += 1
        if self.tries <= self.n_down:
            raise StoreError(f"{store.url_of(name)}: out of reach")
        return self.put(store, content, name)


@pytest.fixture
def url(tmp_path, monkeypatch):
    monkeypatch.setenv("FEATPIPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(outages, "_FAILED", {})
    return f"file://{tmp_path}/store"


@pytest.fixture
def down(monkeypatch):
    down = Down(Store.put)
    monkeypatch.setattr(Store, "put", lambda store, content, name: down(store, content, name))

    def run_here(step, work, out, settings, remembered, before, spoilt, n_fresh=0):
        return (update(step, unit, remembered, out / ".staging", spoilt) for unit in work)

    monkeypatch.setattr(running, "_run", run_here)
    return down


def extract(lab, url):
    return lab.extract("-o", url, "--set", 'features.eeg=["de"]')


def test_a_dead_store_is_tried_twice_and_at_the_end(lab, url, down, capsys):
    assert extract(lab, url) == 4
    assert down.tries == outages.N_IN_A_ROW + 1
    said = capsys.readouterr().err
    assert said.count("out of reach") == 2  # the first failure, and why the run ended so
    assert said.count(f"{url} fails again and again") == 1
    place = place_of(url, "outputs")
    told = f"{N_SENT} files were not sent; they lie in {place}; run the same command again"
    assert told in said
    down.n_down = 0
    assert extract(lab, url) == 0
    assert "0 made, 2 kept" in capsys.readouterr().out


def test_a_store_that_comes_back_is_noticed(lab, url, down, monkeypatch, capsys):
    monkeypatch.setattr(outages, "PAUSE_S", 0.0)
    down.n_down = outages.N_IN_A_ROW
    assert extract(lab, url) == 0
    said = capsys.readouterr().err
    assert f"{url} answers again" in said
    assert "were not sent" not in said


def test_a_pause_ends_with_one_try(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(outages, "_FAILED", {})
    monkeypatch.setattr(outages.time, "monotonic", lambda: now[0])
    error = StoreError("s3://lab/out/a: no")
    assert outages.failed("s3://lab/out", error) == f"not sent yet: {error}"
    assert not outages.is_left_alone("s3://lab/out")
    assert "once a minute" in outages.failed("s3://lab/out", error)
    assert outages.is_left_alone("s3://lab/out")
    assert not outages.is_left_alone("s3://lab/other")
    now[0] += outages.PAUSE_S + 1
    assert not outages.is_left_alone("s3://lab/out")
    assert outages.failed("s3://lab/out", error) == ""
    assert outages.is_left_alone("s3://lab/out")
    assert outages.worked("s3://lab/out") == "s3://lab/out answers again"
    assert outages.worked("s3://lab/out") == ""
