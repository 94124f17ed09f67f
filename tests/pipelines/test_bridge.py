"""Two outputs of known relation: what `bridge` says of them, and what it refuses."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from lookalikes.outputs import CHANNELS, features, grid, trial_codes, write_output

from featpipe.features.agreement import smoothed
from featpipe.schema import EYE_FEATURES
from pipelines import bridge_page
from pipelines.__main__ import run

N_COLUMNS = 5 * len(CHANNELS)


class Two:
    """Two outputs; the second is written by each test."""

    def __init__(self, folder, capsys):
        self.a, self.b, self.page = folder / "ours", folder / "shipped", folder / "bridge.html"
        self.capsys = capsys
        self.keys = grid()
        self.x = features(self.keys, N_COLUMNS)
        write_output(self.a, "de", self.keys, self.x)

    def compare(self, *options):
        self.capsys.readouterr()
        assert (
            run(["bridge", str(self.a), str(self.b), "-o", str(self.page), "--json", *options]) == 0
        )
        (pair,) = json.loads(self.capsys.readouterr().out)["pairs"]
        return pair, " ".join(pair["verdict"])

    def refused(self, *options):
        self.capsys.readouterr()
        assert run(["bridge", str(self.a), str(self.b), "-o", str(self.page), *options]) == 1
        assert not self.page.exists()
        return self.capsys.readouterr().err

    def numbers(self):
        return pd.read_csv(self.page.with_suffix(".csv"), keep_default_na=False)


@pytest.fixture
def drawn(tmp_path, capsys):
    return Two(tmp_path, capsys)


@pytest.fixture
def two(drawn, monkeypatch):
    """Without pictures, which take most of the time."""
    monkeypatch.setattr(bridge_page, "svg", lambda figure: "")
    return drawn


def test_a_line_and_its_logarithm_are_found(two):
    write_output(two.b, "de", two.keys, 2 / np.log(2) * two.x + 5, dataset="seed")
    pair, words = two.compare()
    assert words.startswith("A and B are the same up to offset and scale")
    assert "A looks like nats, 0.5 ln of power, and B like log2 of power (scale 2.885)" in words
    assert "Neither is smoothed more than the other" in words
    assert "The order of channels is the same: all 9 that can be told" in words
    rows = two.numbers()
    assert len(rows) == N_COLUMNS
    assert rows["slope"].to_numpy() == pytest.approx([2 / np.log(2)] * N_COLUMNS, rel=1e-4)
    assert rows["offset"].to_numpy() == pytest.approx([5] * N_COLUMNS, abs=0.01)
    assert rows["pearson_within"].to_numpy() == pytest.approx([1] * N_COLUMNS)
    assert (rows["best_match"] == rows["channel"]).all()
    assert pair["n_windows"] == len(two.keys)
    assert (pair["notes"], pair["warnings"]) == ([], [])


@pytest.mark.parametrize(
    ("scale", "told"),
    [
        (1.0, "Both count in the same unit."),
        (np.log(2) / 2, "A looks like log2 of power and B like nats"),
        (20 / np.log(10), "B like decibels"),
        (2.4, "This scale is that of no other logarithm"),
        (1.03, "This scale is that of no other logarithm"),
    ],
)
def test_scales_have_names(two, scale, told):
    write_output(two.b, "de", two.keys, scale * two.x)
    assert told in two.compare()[1]


def test_a_smoothed_copy_is_told_from_another_measure(two):
    shipped = smoothed(two.x, trial_codes(two.keys), "LDS")
    write_output(two.b, "de_lds", two.keys, 2.885 * shipped)
    pair, words = two.compare()
    assert pair["families"] == ["de", "de_lds"]
    assert "B is A smoothed by LDS: correlation 1.000, unsmoothed 0." in words
    assert "B like log2 of power" in words
    assert pair["channels_best_match_themselves"] == 1
    (row,) = [row for row in pair["medians"] if row["band"] == "alpha"]
    assert row["lag1_b"] > 0.8 > 0.2 > row["lag1_a"]


def test_permuted_channels_and_bands_are_found(two):
    x = two.x.reshape(len(two.keys), len(CHANNELS), 5)
    order = np.roll(np.arange(len(CHANNELS)), 1)
    write_output(two.b, "de", two.keys, x[:, order].reshape(len(x), -1))
    pair, words = two.compare()
    assert pair["channels_best_match_themselves"] == 0
    assert "9 channels stand in another order: FP1 is most like FPZ, 1.00, with itself" in words
    assert set(zip(two.numbers()["channel"], two.numbers()["best_match"], strict=True)) == {
        (CHANNELS[j], CHANNELS[i]) for i, j in enumerate(order)
    }
    write_output(two.b, "de", two.keys, x[:, :, [0, 2, 1, 3, 4]].reshape(len(x), -1))
    pair, words = two.compare()
    assert pair["bands_best_match_themselves"] == pytest.approx(0.6)
    assert "2 bands stand in another order: theta is most like alpha, 1.00" in words


def test_columns_that_were_read_across_are_told(two):
    x = two.x.reshape(len(two.keys), len(CHANNELS), 5)
    write_output(two.b, "de", two.keys, x.swapaxes(1, 2).reshape(len(x), -1))
    assert "The columns of B go band by band under names that go channel" in two.compare()[1]


def test_what_did_not_join_is_told_with_the_reason(two):
    is_kept = (two.keys["subject"] != "3") & ~(
        (two.keys["subject"] == "2") & (two.keys["trial"] == 4)
    )
    is_kept &= ~(
        (two.keys["subject"] == "1") & (two.keys["trial"] == 2) & (two.keys["window"] > 17)
    )
    rows = np.flatnonzero(is_kept)
    write_output(two.b, "de", two.keys.iloc[rows], two.x[rows])
    pair, _ = two.compare()
    assert pair["n_windows"] == is_kept.sum()
    assert pair["notes"] == [
        "160 windows only in A: B lacks the recordings 3/1",
        "20 windows only in A: B lacks the trials 2/1/4",
        "2 windows only in A: trials are shorter in B, 1/1/2",
    ]


def test_a_recording_under_the_wrong_name_stands_out(two):
    x = two.x.copy()
    rows = np.flatnonzero(two.keys["subject"] == "2")
    x[rows] = np.random.default_rng(9).standard_normal((len(rows), N_COLUMNS))
    write_output(two.b, "de", two.keys, x)
    pair, words = two.compare()
    assert "Far below the others, where the median is 1.00: 2/1 (" in words
    assert [row["n"] for row in pair["recordings"]] == [160] * 3


def test_windows_of_another_length_or_distance_are_refused_with_the_next_step(two):
    write_output(two.b, "de", two.keys, two.x, window_s=4.0)
    told = two.refused()
    assert "are 1 s long, of" in told
    assert "--set features.window_s=4 --set features.hop_s=4 -o OTHER_OUT" in told


def test_nothing_in_common_is_refused_with_what_there_is(two):
    write_output(two.b, "de", two.keys.assign(subject="s" + two.keys["subject"]), two.x)
    assert "subjects and sessions are 1/1, 2/1, 3/1 there and s1/1, s2/1, s3/1" in two.refused()
    assert "did you mean 'de'? Known: de" in two.refused("--family", "de_l")
    write_output(two.b.with_name("other"), "psd", two.keys, two.x)
    two.b = two.b.with_name("other")
    assert "name what to compare with --family de=psd" in two.refused()
    assert "no feature tables there" in _said(two, two.a.with_name("none"))


def _said(two, b):
    assert run(["bridge", str(two.a), str(b), "-o", str(two.page)]) == 2
    return two.capsys.readouterr().err


def test_other_labels_are_flagged_and_nothing_is_learnt_from_them(two):
    write_output(two.b, "de", two.keys.assign(label=(two.keys["trial"] > 3) * 1), two.x)
    pair, words = two.compare()
    assert pair["probes"] == {}
    assert words.startswith(
        "labels differ in 180 of 480 joined windows, first at subject 1, session"
    )


def test_the_page_shows_where_the_gap_between_scores_comes_from(drawn):
    keys = grid(n_subjects=4, n_trials=16, n_windows=20)
    x = features(keys, N_COLUMNS, seed=3, effect=0.3, spread=0.15)
    write_output(drawn.a, "de", keys, x)
    write_output(drawn.b, "de_lds", keys, smoothed(x, trial_codes(keys), "LDS"))
    pair, words = drawn.compare()
    a, smooth, b = pair["probes"].values()
    assert b["loso"] == pytest.approx(smooth["loso"], abs=0.01)
    assert b["loso"] > a["loso"] + 0.05
    assert b["trial_identity"] > a["trial_identity"] + 0.1
    assert a["chance_loso"] == 0.5
    assert re.search(r"B is [\d.]+ points above A \(standard error over 4 subjects [\d.]+\)", words)
    html = drawn.page.read_text(encoding="utf-8")
    assert "Why scores differ" in html
    assert html.count("<svg") == 2
    assert not re.findall(r'(?:src|href)="(?!#|data:)', html)  # self-contained


def test_eyes_are_compared_by_the_columns_that_both_have(two):
    x = features(two.keys, 33)
    x[:, 1] = x[:, 0]  # a tracker with one diameter
    write_output(two.a, "eye", two.keys, x)
    columns = [name for name in EYE_FEATURES if "blink_duration" not in name]
    kept = [EYE_FEATURES.index(name) for name in columns]
    write_output(two.b, "eye", two.keys, 3 * x[:, kept], columns=columns, dataset="simulated b")
    pair, words = two.compare()
    assert pair["families"] == ["eye", "eye"]
    assert "The order of columns is the same: all 31" in words
    assert "2 columns only in A: eye_blink_duration_mean, eye_blink_duration_std" in pair["notes"]
    assert pair["is_simulated"]
    assert "SIMULATED DATA" in two.page.read_text(encoding="utf-8")
    assert len(two.numbers()) == 31


def test_the_summary_is_short_and_says_where_the_rest_is(drawn):
    write_output(drawn.b, "de", drawn.keys, drawn.x + 1)
    assert run(["bridge", str(drawn.a), str(drawn.b), "-o", str(drawn.page)]) == 0
    text = drawn.capsys.readouterr().out
    assert "SIMULATED" not in text
    assert "de: 480 windows of 3 recordings and 45 columns" in text
    assert text.splitlines()[-1].startswith("page in ")
    assert sorted(path.name for path in drawn.page.parent.iterdir() if path.is_file()) == [
        "bridge.csv", "bridge.html",
    ]  # fmt: skip
    before = drawn.page.read_bytes()
    assert run(["bridge", str(drawn.a), str(drawn.b), "-o", str(drawn.page)]) == 0
    assert drawn.page.read_bytes() == before
