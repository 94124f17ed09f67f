"""Scores and predictions of an output folder, and the table people look at."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from featpipe.errors import few
from featpipe.tables import read_metadata, read_table
from models.audit import warnings
from models.comparison import SETTING, made_for_others, paired_differences, why_no_interval
from models.manners import MANNERS, SCALINGS
from models.protocols import HOLDOUT, PROTOCOLS
from models.scores import summary

SIMULATED = "SIMULATED DATA: these numbers say that the programs work, nothing about people."


def read_predictions(out: Path) -> pd.DataFrame:
    """Read the predictions that the scores of an output folder stand for."""
    names = read_metadata(out / "scores.parquet")["predictions"]
    frames = [predictions_in(out / "predictions" / name) for name in names]
    return pd.concat(frames, ignore_index=True)


def predictions_in(path: Path) -> pd.DataFrame:
    """Read one file of predictions; earlier versions knew one manner only, and did not say so."""
    frame = read_table(path).to_pandas()
    strict = {"manner": "strict", "scaling": "train", "marks": ""}
    return frame.assign(**{name: x for name, x in strict.items() if name not in frame})


def read_scores(out: Path) -> pd.DataFrame:
    """Read the scores of an output folder; earlier versions did not say what was asked for."""
    frame = read_table(out / "scores.parquet").to_pandas()
    return frame if "role" in frame else frame.assign(role="")


class Setting(NamedTuple):
    """Runs that may be compared with each other.

    Attributes
    ----------
    values : dict
        Of the columns `models.comparison.SETTING`: protocol, manner, policy ...
    meaning : str
        All in words, with the number of subjects.
    scores : pandas.DataFrame
        Per method, seed, fold and subject.
    """

    values: dict[str, str]
    meaning: str
    scores: pd.DataFrame

    def name(self) -> str:
        """Name what is not as usual, for a heading."""
        usual = {"manner": "strict", "scaling": "train"}
        said = (value for name, value in self.values.items() if usual.get(name) != value)
        return ", ".join(filter(None, said))


def by_setting(frame: pd.DataFrame) -> Iterator[Setting]:
    """Yield the scores of all that was compared on equal terms, in the order they stand in."""
    groups: Any = frame.groupby(list(SETTING), sort=False)
    for found, chosen in groups:
        values: dict[str, str] = dict(zip(SETTING, found, strict=True))
        protocol = PROTOCOLS.get(values["protocol"], HOLDOUT)
        n = chosen["subject"].nunique()
        meaning = (
            f"{protocol.describes}; {n} test subject{'s' * (n != 1)}, seeds averaged, "
            f"epoch by policy '{values['policy']}'; manner '{values['manner']}': "
            f"{MANNERS[values['manner']]}"
        )
        meaning += f"; {SCALINGS[values['scaling']]}" * (values["scaling"] != "train")
        meaning += f", EEG tables: {values['eeg']}" * bool(values["eeg"])
        yield Setting(values, meaning, chosen)


def summary_text(
    frame: pd.DataFrame,
    is_simulated: bool,
    below: Callable[[Setting], Sequence[str]] = lambda setting: (),
) -> str:
    """Lay out the scores as the table that verbs print.

    Parameters
    ----------
    frame : pandas.DataFrame
        Scores per fold and subject.
    is_simulated : bool
        Say so above the table.
    below : callable, optional
        Setting -> further lines below its table.

    Returns
    -------
    str
        Means over subjects ± SD over subjects (n - 1), seeds averaged first; then differences.
    """
    lines = [SIMULATED, ""] if is_simulated else []
    for setting in by_setting(frame):
        rows = [_line(row) for row in summary(setting.scores).to_dict("records")]
        head = ("method", "trained on", "tested on", "seeds", "accuracy", "macro F1", "kappa")
        lines += [f"{setting.values['protocol']}: {setting.meaning}", *aligned([head, *rows]), ""]
        more = below(setting)
        lines += [f"  {text}" for text in more] + [""] * bool(more)
        lines += _differences(setting.scores)
        told = warnings(setting.scores)
        lines += [f"  note: {text}" for text in told] + [""] * bool(told)
    return "\n".join(lines).rstrip()


def label(method: str, variant: str, marks: str = "") -> str:
    """Name a method, what differs from its defaults, and what the row has to say."""
    named = method if variant == "default" else f"{method} ({variant})"
    return named + f" [{marks}]" * bool(marks)


def row_label(row: Mapping[Any, Any]) -> str:
    """Name a row of `models.scores.summary`, with what it saw and what it is to others."""
    told = ", ".join(filter(None, (row["marks"], row["role"])))
    return label(row["method"], row["variant"], told)


def spread(mean: float, sd: float) -> str:
    """Write a mean over subjects with its SD, which one subject has none of.

    Examples
    --------
    >>> spread(0.5, 0.125), spread(0.5, float("nan"))
    ('0.500 ± 0.125', '0.500')
    """
    return f"{mean:.3f}" + f" ± {sd:.3f}" * (sd == sd)


def _line(row: dict[Any, Any]) -> tuple[str, ...]:
    measured = [spread(row[f"{m}_mean"], row[f"{m}_sd"]) for m in ("accuracy", "macro_f1", "kappa")]
    name = row_label(row)
    where = (row["train_modalities"], row["test_modality"], str(row["n_seeds"]))
    return (name, *where, *measured)


def _differences(group: pd.DataFrame) -> list[str]:
    """Every method against the same network trained on one modality, paired by subject."""
    found: Any = paired_differences(group, "mlp")
    if found.empty:
        return []
    compared = found[found["n_subjects"] > 0].to_dict("records")
    rows = [
        (label(row["method"], row["variant"]), f"{100 * row['difference']:+.1f} points",
         *_interval(row))
        for row in compared
    ]  # fmt: skip
    head = "  accuracy against mlp, paired by subject, 95 % interval, p by Holm:"
    apart = found[found["n_subjects"] == 0].to_dict("records")
    names = ", ".join(label(row["method"], row["variant"]) for row in apart)
    told = [f"  {names}: no subject and seed in common with mlp; train the same"] if names else []
    left = [f"  {text}" for text in left_out(made_for_others(group, "mlp"))]
    return [*([head, *aligned(rows)] if rows else []), *told, *on_fewer(compared), *left, ""]


def left_out(reasons: Mapping[tuple[str, str], str]) -> list[str]:
    """Say which runs stand in no test.

    Parameters
    ----------
    reasons : mapping
        Method and variant -> why.

    Returns
    -------
    list of str
        A line per reason.
    """
    names: dict[str, list[str]] = {}
    for run, reason in reasons.items():
        names.setdefault(reason, []).append(label(*run))
    return [f"left out of the tests: {few(of)}: {reason}" for reason, of in names.items()]


def on_fewer(rows: Sequence[Mapping[Any, Any]]) -> list[str]:
    """Say which differences are of fewer subjects than one of the two was tested on.

    Parameters
    ----------
    rows : sequence of mapping
        Of `models.comparison.paired_differences`, or of its JSON.
    """
    return [
        f"  {label(row['method'], row['variant'])}: of the {row['n_subjects']} subjects that both "
        f"were tested on; {row['n_left_out']} more were tested with one of the two only"
        for row in rows
        if row["n_subjects"] and row["n_left_out"]
    ]


def _interval(row: Mapping[Any, Any]) -> tuple[str, str]:
    if reason := why_no_interval(row):
        return "-", f"{reason}: no interval"
    interval = f"[{100 * row['low']:+.1f}, {100 * row['high']:+.1f}]"
    return interval, f"p = {row['p_holm']:.3f}"


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lay out rows of equal length so that their columns stand below one another."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
