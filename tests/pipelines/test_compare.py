"""`featpipe compare`: ours beside published figures, never across protocols or data sets unsaid."""

import json
import re

import pandas as pd
import pyarrow as pa
import pytest

from featpipe.tables import publish, read_metadata, with_metadata
from models.protocols import PROTOCOLS
from models.published import datasets, figures
from models.registry import METHODS
from models.scores import METRICS, summary
from pipelines.__main__ import run
from pipelines.results import label, read_scores, summary_text


@pytest.fixture
def compare(finished_study, capsys):
    def run_it(*options, code=0):
        capsys.readouterr()
        assert run(["compare", str(finished_study / "out"), *options]) == code
        return capsys.readouterr()

    return run_it


def test_the_table_is_that_of_the_scores(compare, finished_study):
    told = compare().out
    assert told.startswith("SIMULATED DATA")
    for row in summary(read_scores(finished_study / "out")).to_dict("records"):
        named = label(row["method"], row["variant"])
        line = next(text for text in told.splitlines() if text.startswith(f"  {named}  "))
        assert f"{row['accuracy_mean']:.3f}" in line
        assert f"{row['accuracy_sd']:.3f} / {row['accuracy_sd_population']:.3f}" in line
        assert line.endswith(" -")  # nobody has published figures of a simulation
    assert "no published figure of simulated under this protocol" in told
    assert "Holm" in told


def test_figures_of_another_data_set_are_shown_only_when_asked_for_and_said_to_be(compare):
    told = compare("--beside", "seed-iv").out
    assert "0.523 ± 0.109" in told
    assert "published figures are of seed-iv: other people, clips and devices" in told
    assert "ICONIP 2021, Table 1; 15 subjects; not said there: whether sessions were pooled" in told


def test_json_holds_the_same(compare, finished_study):
    found = json.loads(compare("--json", "--beside", "seed", "--metric", "kappa").out)
    [setting] = found["settings"]
    assert setting["protocol"] == "loso"
    frame = pd.DataFrame(setting["scores"]).set_index("method")
    table = summary(read_scores(finished_study / "out")).set_index("method")
    pd.testing.assert_series_equal(frame["kappa_mean"], table["kappa_mean"], check_dtype=False)
    assert {row["protocol"] for row in setting["published"]} == {"loso"}
    assert {row["metric"] for row in setting["differences"]} == {"kappa"}


def with_scores(out, scores):
    path = out / "scores.parquet"
    table = pa.Table.from_pandas(scores, preserve_index=False)
    publish(with_metadata(table, read_metadata(path)), path, out / ".staging")
    return out


def test_a_difference_is_of_the_subjects_that_both_have_and_says_so(study, capsys):
    scores = read_scores(study / "out")
    is_lost = (scores["method"] == "cscm_sm") & (scores["subject"] == "2")
    out = with_scores(study / "out", scores[~is_lost])
    told = summary_text(read_scores(out), is_simulated=True)
    assert run(["compare", str(out)]) == 0
    text = "of the 2 subjects that both were tested on; 1 more were tested with one of the two only"
    for page in (told, capsys.readouterr().out):
        [line] = [line for line in page.splitlines() if text in line]
        assert line.startswith("  cscm_sm (")
    both = scores[~scores["subject"].eq("2")]
    alone = both[both["method"].isin(["mlp", "cscm_sm"])].groupby("method")["accuracy"].mean()
    [line] = [line for line in told.splitlines() if re.match("  cscm_sm .* points", line)]
    assert f"{100 * (alone['cscm_sm'] - alone['mlp']):+.1f} points" in line
    assert run(["report", str(out)]) == 0
    html = (out / "report.html").read_text(encoding="utf-8")
    row = re.search(r"<td>cscm_sm[^<]*</td>\s*<td>[+-][0-9.]+</td>.*?</tr>", html, re.DOTALL)
    assert row is not None
    assert row[0].count("<td>2 of 3</td>") == 1
    assert html.count("<td>2 of 3</td>") == 1


@pytest.fixture
def with_a_teacher(study):
    """An output folder in which cscm had a teacher that nobody asked for."""
    scores = read_scores(study / "out")
    of = scores[scores["method"] == "cscm"]
    of = of.assign(method="dnn_eye", variant="confusion=0.1", role="teacher")
    return with_scores(study / "out", pd.concat([scores, of]))


def test_a_teacher_is_a_row_that_no_test_knows(with_a_teacher, compare, capsys):
    [expected] = json.loads(compare("--json").out)["settings"]
    out = with_a_teacher
    assert run(["compare", str(out), "--json"]) == 0
    [found] = json.loads(capsys.readouterr().out)["settings"]
    assert found["differences"] == expected["differences"]
    assert len(found["scores"]) == len(expected["scores"]) + 1
    assert run(["compare", str(out)]) == 0
    table = capsys.readouterr().out
    told = summary_text(read_scores(out), is_simulated=True)
    assert run(["report", str(out)]) == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    reason = "left out of the tests: dnn_eye (confusion=0.1): trained as teacher of others alone"
    for text in (table, told, page):
        assert "dnn_eye (confusion=0.1) [teacher]" in text
        assert reason in text


@pytest.fixture
def with_a_twin(study):
    """An output folder in which cscm_sm had the predictions of mlp, and so its scores."""
    out = study / "out"
    scores = read_scores(out)
    columns = [*METRICS, "seconds"]
    of = {name: scores["method"] == name for name in ("mlp", "cscm_sm")}
    scores.loc[of["cscm_sm"], columns] = scores.loc[of["mlp"], columns].to_numpy()
    return with_scores(out, scores)


def test_a_difference_that_is_the_same_in_every_subject_has_no_interval(with_a_twin, capsys):
    told = summary_text(read_scores(with_a_twin), is_simulated=True)
    [line] = [
        text for text in told.splitlines() if text.startswith("  cscm_sm") and "points" in text
    ]
    assert line.split("points")[1].split(maxsplit=1) == [
        "-",
        "the same in every subject: no interval",
    ]
    assert run(["compare", str(with_a_twin)]) == 0
    table = capsys.readouterr().out
    name = line.split("  ")[1]
    assert f"\n  {name}: the same in every subject: no interval and no test" in table
    assert run(["compare", str(with_a_twin), "--json"]) == 0
    [setting] = json.loads(capsys.readouterr().out)["settings"]
    [row] = [row for row in setting["differences"] if row["method"] == "cscm_sm"]
    assert (row["difference"], row["n_subjects"]) == (0, 3)
    assert [row[name] for name in ("low", "high", "p", "p_holm", "p_wilcoxon")] == [None] * 5
    assert run(["report", str(with_a_twin)]) == 0
    page = (with_a_twin / "report.html").read_text(encoding="utf-8")
    assert re.search(
        r"<td>cscm_sm[^<]*</td>\s*<td>\+0.0</td>\s*<td>the same in every subject<", page
    )
    for text in (told, table, page):
        assert "nan" not in re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--metric", "acuracy"), "did you mean 'accuracy'"),
        (("--reference", "cscn"), "did you mean 'cscm'"),
        (("--family", "drop"), "option of mlp 'drop': did you mean 'dropout'"),
        (("--beside", "deap"), "Known: seed, seed-iv, seed-v"),
    ],
)
def test_misspelt_names_are_refused(compare, options, told):
    assert told in compare(*options, code=1).err


def test_without_scores_the_next_step_is_named(tmp_path, capsys):
    assert run(["compare", str(tmp_path)]) == 1
    assert "featpipe train" in capsys.readouterr().err


@pytest.fixture
def of_two_backbones(study):
    """Scores as of cmcrd_eeg and two baselines, on two backbones."""
    scores = read_scores(study / "out")
    [mlp, *others] = [scores[scores["method"] == name] for name in ("mlp", "cscm", "cscm_sm")]
    rows = [
        of.assign(method=method, variant=variant, accuracy=of["accuracy"] + gain, seconds=gain)
        for method, of in zip(("cmcrd_eeg", "crd_eeg", "kd_eeg"), (mlp, *others), strict=True)
        for variant, gain in (("default", 0.0), ("backbone=dgcnn", 12.25))
    ]
    return with_scores(study / "out", pd.concat([scores, *rows]))


def test_families_of_tests_are_laid_out_each_by_itself(of_two_backbones, capsys):
    words = ["compare", str(of_two_backbones), "--reference", "cmcrd_eeg", "--family", "backbone"]
    assert run(words) == 0
    told = capsys.readouterr().out
    first, second = re.findall(r"accuracy against cmcrd_eeg \((.*)\), paired by", told)
    assert (first, second) == ("backbone=dnn", "backbone=dgcnn")
    heads = [line for line in told.splitlines() if "t test p  Holm" in line]
    assert len(heads) == 2
    assert all("BH     BH of all" in line for line in heads)
    rows = re.findall(r"\n  (\w+)(?: \((\S+)\))? +[+-]\d", told)
    methods, of_dgcnn = ["crd_eeg", "kd_eeg"], "backbone=dgcnn"
    assert rows == [*((name, "") for name in methods), *((name, of_dgcnn) for name in methods)]
    assert "of the 4 tests above together" in told
    assert run([*words, "--json"]) == 0
    [setting] = json.loads(capsys.readouterr().out)["settings"]
    families = [row["family"] for row in setting["differences"]]
    assert families == ["backbone=dnn"] * 2 + ["backbone=dgcnn"] * 2
    assert all("p_bh_all" in row for row in setting["differences"])


def test_what_is_in_no_family_is_named_with_the_reason(of_two_backbones, capsys):
    scores = read_scores(of_two_backbones)
    kd = scores[(scores["method"] == "kd_eeg") & (scores["variant"] == "default")]
    controls = [kd.assign(variant=f"pairs={how}") for how in ("shuffled", "same-label")]
    quick = kd.assign(method="crd_eeg", variant="every=16")
    out = with_scores(of_two_backbones, pd.concat([scores, *controls, quick]))
    words = ["compare", str(out), "--reference", "cmcrd_eeg", "--family", "backbone"]
    assert run(words) == 0
    told = capsys.readouterr().out
    assert "of the 4 tests above together" in told
    for reason in (
        "kd_eeg (pairs=shuffled): a control: pairs=shuffled",
        "crd_eeg (every=16): every=16, of cmcrd_eeg 1",
    ):
        assert f"\n  left out of the tests: {reason}" in told
    assert run([*words, "--json"]) == 0
    [setting] = json.loads(capsys.readouterr().out)["settings"]
    row = {
        "method": "kd_eeg", "variant": "pairs=same-label", "reason": "a control: pairs=same-label",
    }  # fmt: skip
    assert row in setting["left_out"]


def test_what_a_seed_took_stands_in_the_row(of_two_backbones, capsys):
    assert run(["compare", str(of_two_backbones)]) == 0
    told = capsys.readouterr().out
    [head] = [line for line in told.splitlines() if "s per seed" in line]
    place = head.index("s per seed")
    for name, seconds in {"kd_eeg  ": "0", "kd_eeg (backbone=dgcnn)": "12.2"}.items():
        line = next(text for text in told.splitlines() if text.startswith(f"  {name}"))
        assert line[place:].split()[0] == seconds


def test_published_figures_are_of_methods_and_make_sense():
    assert datasets() == ["seed", "seed-iv", "seed-v"]
    assert {figure.method for figure in figures()} <= set(METHODS)
    assert {figure.protocol for figure in figures()} <= set(PROTOCOLS)
    assert all(0.4 < figure.mean < 0.92 for figure in figures())
    assert all(0.05 < figure.sd < 0.2 for figure in figures() if figure.sd is not None)
    assert all(figure.open for figure in figures())


def test_no_row_of_ours_has_two_published_figures():
    rows = [(one.dataset, one.protocol, one.method, one.variant) for one in figures()]
    assert len(set(rows)) == len(rows)


def figure_of(dataset, protocol, method, variant="default"):
    [found] = [one for one in figures() if one[:4] == (dataset, protocol, method, variant)]
    return found


def test_published_figures_name_the_options_they_are_of():
    assert figure_of("seed-v", "within-pooled", "kd_eeg", "backbone=dgcnn").text == "0.646 ± 0.131"
    of_loso = "n_negatives=21000,backbone=bihdm"
    assert figure_of("seed", "loso", "cmcrd_eeg", of_loso).text == "0.858 ± 0.096"
    assert figure_of("seed-iv", "within-pooled", "crd_eye", "n_negatives=1200").text == "0.716"
    switched = "n_negatives=17000,backbone=dgcnn,guidance=none,us_gate=False,iew=none"
    assert figure_of("seed-v", "loso", "cmcrd_eeg", switched).text == "0.537"
    assert figure_of("seed-iv", "loso", "decision_fusion").text == "0.739 ± 0.085"
    assert figure_of("seed-v", "loso", "bihdm_eye").n_subjects == 20


def test_the_ablation_has_the_rows_that_can_be_read():
    found = [one for one in figures() if one.reference.endswith("Table 7")]
    assert len(found) == 8 * 6 - 13 - 6  # not legible, and CMCRD itself, which Tables 1 and 2 have
    assert all("13 of its figures" in one.open for one in found)
    assert all(one.sd is None for one in found)


@pytest.fixture
def of_variants(study, capsys):
    """The study's mlp taken for two variants of crd_eeg, of SEED-V across subjects."""
    scores = read_scores(study / "out")
    mlp = scores[scores["method"] == "mlp"].assign(method="crd_eeg")
    options = ("n_negatives=17000", "backbone=dgcnn")
    variants = [mlp.assign(variant=text) for text in options]
    return with_scores(study / "out", pd.concat([scores, *variants]))


def test_a_published_figure_stands_beside_the_row_of_its_variant_alone(of_variants, capsys):
    assert run(["compare", str(of_variants), "--beside", "seed-v"]) == 0
    lines = capsys.readouterr().out.splitlines()
    [as_published, other] = [line for line in lines if re.match(r"  crd_eeg \(.* / ", line)]
    assert as_published.endswith("  0.525 ± 0.194")
    assert other.endswith("  -")
    assert [line for line in lines if "0.525" in line] == [as_published]
    assert any("arXiv:2504.09221, Table 2; 20 subjects; not said there: how" in x for x in lines)
    assert not any("Table 7" in line for line in lines)


def test_a_method_run_otherwise_than_published_is_told_how_it_was(of_variants, capsys):
    scores = read_scores(of_variants)
    out = with_scores(of_variants, scores[scores["variant"] != "n_negatives=17000"])
    assert run(["compare", str(out), "--beside", "seed-v"]) == 0
    told = capsys.readouterr().out
    assert (
        "  crd_eeg: published with other options: n_negatives=17000 or "
        "n_negatives=17000,backbone=dgcnn or n_negatives=17000,backbone=bihdm\n"
    ) in told
    assert "no published figure" not in told


def test_which_run_of_the_reference_is_meant_is_asked_for(compare, finished_study):
    [variant] = read_scores(finished_study / "out").query("method == 'mlp'")["variant"].unique()
    named = f"mlp ({variant})"
    assert compare("--reference", "mlp").out.replace(named, "mlp") == (
        compare("--reference", named).out.replace(named, "mlp")
    )
    told = compare("--reference", "mlp (n_epochs=77)").out
    assert "no run of it is 'n_epochs=77': name one of" in told
    assert f'--reference "{named}"' in told
    refused = compare("--reference", named, "--family", "n_epochs", code=1).err
    assert "the families say which of its runs is meant: take --reference mlp" in refused
