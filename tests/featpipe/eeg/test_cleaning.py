"""The pass over a recording that cleaning needs: what it finds, and in which blocks."""

import tracemalloc
from dataclasses import replace
from functools import partial

import mne
import numpy as np
import pytest

from featpipe.eeg import cleaning
from featpipe.eeg.cleaning import open_stream
from featpipe.eeg.settings import EegSettings
from featpipe.eeg.stream import in_memory, read_stream
from featpipe.errors import ReadError
from featpipe.montage import CAP62, pick_channels
from featpipe.readers.through_mne import samples_through_mne

NAMES = [*CAP62[:20], "M1", "M2", "VEO"]


def head(sfreq=500.0, seconds=30.0, names=NAMES):
    """Channels that share sources, as on a head; C3 is dead."""
    rng = np.random.default_rng(0)
    sources = np.cumsum(rng.standard_normal((6, round(seconds * sfreq))), axis=1)
    sources -= sources.mean(axis=1, keepdims=True)
    x = rng.standard_normal((len(names), 6)) @ sources
    x += 0.02 * x.std() * rng.standard_normal(x.shape)
    x *= 20e-6 / x.std()
    x[[name in ("VEO", "HEO") for name in names]] *= 6  # as eyes are
    x[3] = 1e-6
    return mne.io.RawArray(x, mne.create_info(list(names), sfreq, "eeg"), verbose="ERROR")


def opened(raw, **options):
    picks = pick_channels(raw.ch_names, raw.get_channel_types())
    return open_stream(raw, picks, EegSettings(**options), partial(samples_through_mne, raw))


def bad(stream):
    return [channel.name for channel in stream.spatial.bad]


@pytest.mark.parametrize("sfreq", [200.0, 500.0, 5000.0])
def test_what_is_found_does_not_depend_on_the_cuts(sfreq, monkeypatch):
    raw = head(sfreq, 12.0)
    found = []
    for n_numbers in (1, 80_000, 1 << 30):
        monkeypatch.setattr(cleaning, "_BLOCK_NUMBERS", n_numbers)
        found.append(opened(raw, bad_channels="mark", eog=("auto",), notch=(50.0,)).spatial)
    assert [channel.name for channel in found[0].bad] == [NAMES[3]]
    for other in found[1:]:
        assert other.bad == found[0].bad
        np.testing.assert_array_equal(other.matrix, found[0].matrix)


@pytest.mark.parametrize(("sfreq", "n_channels"), [(250.0, 20), (1000.0, 64), (5000.0, 64)])
def test_blocks_hold_a_bounded_number_of_stored_samples(sfreq, n_channels, monkeypatch):
    names = [f"E{i}" for i in range(n_channels)]
    raw = head(sfreq, 41.3, names)
    stream = opened(raw)
    blocks = list(cleaning._blocks(stream))
    spans = [cleaning._raw_span(stream, *block) for block in blocks]
    assert [start for start, _ in spans[1:]] == [stop for _, stop in spans[:-1]]
    assert (spans[0][0], spans[-1][1]) == (0, raw.n_times)
    n_stored = max(stop - start for start, stop in spans)
    assert sfreq <= n_stored <= min(20 * sfreq, (1 << 20) / n_channels) + 1
    monkeypatch.setattr(cleaning, "_BLOCK_NUMBERS", 1)  # one second at least
    assert {stop - start for start, stop in list(cleaning._blocks(stream))[:-1]} == {200}


def test_a_fast_recording_takes_no_more_memory_than_a_slow_one():
    peaks = []
    for sfreq in (1000.0, 5000.0):
        raw = head(sfreq, 20.0, [f"E{i}" for i in range(62)])
        opened(head(sfreq, 2.0), bad_channels="mark")  # compiled, and filters designed
        tracemalloc.start()
        opened(raw, bad_channels="mark")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


@pytest.mark.parametrize("how", ["keep", "mark", "interpolate"])
def test_channels_that_the_file_calls_bad_are_bad(how):
    raw = head()
    raw.info["bads"] = [NAMES[5], "M2"]
    spatial = opened(raw, bad_channels=how, reference=("average",)).spatial
    found = {channel.name: channel.reason for channel in spatial.bad}
    assert found == {NAMES[5]: "flagged"} | ({NAMES[3]: "flat"} if how != "keep" else {})
    assert (5 in spatial.average) == (how == "interpolate")
    assert spatial.is_interpolated[5] == (how == "interpolate")
    assert opened(raw).spatial.bad == opened(raw, eog=("VEO",)).spatial.bad
    if how == "keep":
        assert opened(raw, reference=("M2",)).spatial.reference == ("M2",)
    else:
        with pytest.raises(ReadError, match=r"M2 is flagged"):
            opened(raw, bad_channels=how, reference=("M2",))


def test_eyes_that_never_move_cost_nothing_where_nobody_named_them():
    raw = head()
    raw._data[NAMES.index("VEO")] = 1e-6
    assert opened(raw, eog=("auto",)).spatial.eog == ()
    with pytest.raises(ReadError, match="VEO never move"):
        opened(raw, eog=("VEO",))


@pytest.mark.parametrize("how", ["lost", "flagged"])
def test_auto_takes_no_eog_channel_that_is_mostly_lost_or_called_bad(how, caplog):
    raw = head(names=[*NAMES, "HEO"])
    alone = opened(raw, eog=("VEO",)).spatial
    if how == "lost":
        raw._data[-1, raw.n_times // 4 :] = np.nan
    else:
        raw.info["bads"] = ["HEO"]
    found = opened(raw, eog=("auto",)).spatial
    assert found.eog == ("VEO",)
    assert found.eog_weights == alone.eog_weights
    assert ("HEO lost in more than 5 %" in caplog.text) == (how == "lost")


def test_auto_passes_where_the_channels_left_never_move(caplog):
    raw = head(names=[*NAMES, "HEO"])
    raw._data[-1, : raw.n_times // 6] = np.nan
    raw._data[NAMES.index("VEO")] = 1e-6
    assert opened(raw, eog=("auto",)).spatial.eog == ()
    assert "HEO lost in more than 5 % of the recording and left out\n" in caplog.text
    assert "none is regressed out, because VEO show 0 seconds with eye movements" in caplog.text


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("few blinks", "VEO show 2 seconds with eye movements"),
        ("lost", "VEO lost in more than 50 % of the recording and left out, so that none is"),
        ("in the table", "not regressed out, because [eeg] channels names them: VEO"),
        ("flagged", "not regressed out, because the file calls them bad: VEO"),
    ],
)
def test_auto_says_why_it_takes_out_no_eyes(case, told, caplog):
    raw = head()
    picks = pick_channels(raw.ch_names, raw.get_channel_types())
    veo = raw._data[NAMES.index("VEO")]
    if case == "few blinks":
        veo[3500:] = 1e-6
    elif case == "lost":
        veo[1000:] = np.nan
    elif case == "in the table":
        picks["VEO"] = "VEO"
    else:
        raw.info["bads"] = ["VEO"]
    settings = EegSettings(eog=("auto",))
    spatial = open_stream(raw, picks, settings, partial(samples_through_mne, raw)).spatial
    assert spatial is None or spatial.eog == ()
    assert told in caplog.text
    assert "name them in [eeg] eog" not in caplog.text
    assert len(caplog.records) == 1


def test_moments_lost_to_an_eog_channel_without_a_weight_cost_nothing(caplog):
    raw = head(names=[*NAMES, "HEO"])
    raw._data[-1] = 1e-6
    raw._data[-1, 2000:2500] = np.nan
    stream = opened(raw, eog=("auto",))
    assert np.isfinite(read_stream(stream, 0, stream.n_times)).all()
    assert "lost to all channels" not in caplog.text
    raw._data[NAMES.index("VEO"), 2000:2500] = np.nan
    stream = opened(raw, eog=("auto",))
    assert np.isnan(read_stream(stream, 0, stream.n_times)).any()
    assert "lost to all channels: VEO 4.02 %" in caplog.text


def test_an_average_of_levels_does_without_a_channel_that_is_often_lost(caplog):
    raw = head()
    raw._data[7, ::50] = np.nan
    raw._data[9, 1000:1010] = np.nan
    spatial = opened(raw, reference=("average",)).spatial
    assert bad_reasons(spatial) == {NAMES[7]: "lost"}
    assert 7 not in spatial.average
    assert 9 in spatial.average
    assert f"{NAMES[7]} 1" in caplog.text
    assert not opened(raw, reference=("average",), l_freq=1.0).spatial.bad


@pytest.mark.parametrize(("largest", "reasons"), [(np.inf, {NAMES[7]: "lost"}), (2.0**23, {})])
def test_integers_beyond_ten_volts_are_lost_to_an_average(largest, reasons, caplog):
    """INT_32 of 0.1 microvolt has -2^31 where a sample is lost; 24 bits do not reach that."""
    raw = head()
    counts = np.round(raw.get_data() * 1e7).astype(np.int32)
    counts[7] = -(2**31)

    def open_samples(names):
        stored = counts[[raw.ch_names.index(name) for name in names]].T.copy()
        samples = in_memory(stored.T, raw.info["sfreq"])
        return replace(
            samples, scale=0.1 * samples.scale, largest=largest,
            read=lambda start, stop: stored[start:stop],
        )  # fmt: skip

    picks = pick_channels(raw.ch_names, raw.get_channel_types())
    spatial = open_stream(raw, picks, EegSettings(reference=("average",)), open_samples).spatial
    assert bad_reasons(spatial) == reasons
    assert (f"lost to all ({NAMES[7]} 100 %" in caplog.text) == bool(reasons)


def bad_reasons(spatial):
    return {channel.name: channel.reason for channel in spatial.bad}


def test_spans_called_bad_teach_nothing():
    """In the last third all move together, and one channel is noisy."""
    raw = head(seconds=60.0)
    clean = raw.copy().crop(0, 40.0, include_tmax=False)
    time = raw.times
    raw._data += 200e-6 * np.sin(2 * np.pi * 2 * time) * (time > 40)
    rng = np.random.default_rng(1)
    raw._data[8, time > 20.1] += 2e-3 * rng.standard_normal((time > 20.1).sum())
    options = {"bad_channels": "mark", "eog": ("auto",)}
    spoiled = opened(raw, **options).spatial
    assert [channel.name for channel in spoiled.bad] == [NAMES[3], NAMES[8]]
    raw.set_annotations(mne.Annotations([20.0], [40.0], ["BAD_movement"]))
    clean.crop(0, 20.0, include_tmax=False)
    found, expected = (opened(r, **options).spatial for r in (raw, clean))
    assert [channel.name for channel in found.bad] == [NAMES[3]]
    assert np.allclose(found.matrix, expected.matrix, atol=1e-5)  # the filter's last samples
    assert np.abs(spoiled.matrix - expected.matrix).max() > 0.1


@pytest.mark.parametrize("left_s", [0.0, 0.005, 0.9])
@pytest.mark.parametrize("how", ["mark", "interpolate"])
def test_a_recording_that_is_all_called_bad_has_no_bad_channels(how, left_s, caplog):
    """They had all been flat."""
    raw = head()
    raw.set_annotations(mne.Annotations([0.0], [30.0 - left_s], ["BAD_session"]))
    assert bad(opened(raw, bad_channels=how)) == []
    assert caplog.text.count("annotations call BAD all of the recording") == 1


@pytest.mark.parametrize("how", ["mark", "interpolate"])
def test_a_bad_electrode_is_no_reference(how):
    raw = head()
    assert bad(opened(raw, bad_channels=how, reference=("M1", "M2"))) == [NAMES[3]]
    raw._data[NAMES.index("M2")] = 3e-6
    with pytest.raises(ReadError, match=r"\[eeg\] reference: M2 is flat \(100 %\) and would spoil"):
        opened(raw, bad_channels=how, reference=("m1", "m2"))
    kept = opened(raw, reference=("m1", "m2")).spatial  # nobody asked to look
    assert kept.bad == ()
    assert bad(opened(raw, bad_channels=how, reference=("M1",))) == [NAMES[3]]
