"""One method against all others of its kind: a family of paired tests per value of an option."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

import pandas as pd

from featpipe.errors import ConfigError, unknown
from models.alike import TUNED, differing, options_of
from models.comparison import COMPARISON_COLUMNS, adjusted, made_for_others, paired_differences
from models.registry import BASELINES, get_method

COLUMNS = ["family", *COMPARISON_COLUMNS, "p_bh_all"]

CONTROL, NO_CONTROL = "pairs", "own"
"""Option that makes a run a control, and its value in all that are none; see `models.earlier`."""

Run = tuple[str, str]
"""Method and variant."""


class Family(NamedTuple):
    """A run, and those that are compared with it."""

    base: Run
    others: list[Run]


class Families(NamedTuple):
    """Tests of one method against others.

    Attributes
    ----------
    tests : pandas.DataFrame
        Columns `COLUMNS`: as of `paired_differences`, with p values adjusted for the tests
        of a family, and in `p_bh_all` by Benjamini and Hochberg for those of all families.
    left_out : mapping
        Method and variant of runs that stand in no family -> why.
    """

    tests: pd.DataFrame
    left_out: Mapping[Run, str]


def family_differences(
    scores: pd.DataFrame, reference: str, option: str, metric: str = "accuracy"
) -> Families:
    """Compare one method with the others that were run alike, per value of an option.

    Parameters
    ----------
    scores : pandas.DataFrame
        As in `models.comparison.paired_differences`.
    reference : str
        Method to compare with; of several variants with one value, that which sets the fewest
        options. Where several set as few, each has a family.
    option : str
        Of the methods; those without it are in no family.
    metric : str
        Column of the scores.

    Returns
    -------
    Families
        In a family is of each method the run that sets the fewest options, of those that are
        alike with the reference in all that both have (`models.alike.differing`) and tested on
        the same modality. Controls are in none, unless it is them that families are made of, and
        neither is what was made for others.

    Raises
    ------
    ConfigError
        When the reference has no such option.
    """
    known = [field.name for field in fields(get_method(reference).config)]
    if option not in known:
        raise ConfigError(unknown(f"option of {reference}", option, known))
    by_row = list(zip(scores["method"], scores["variant"], strict=True))
    runs = [run for run in dict.fromkeys(by_row) if run[0] not in BASELINES]
    apart = {run: why for run in runs if (why := _apart(run, reference, option))}
    apart |= made_for_others(scores, reference)
    runs = [run for run in runs if run not in apart]
    families = _families(runs, reference, option)
    frames = []
    for name, (base, others) in families.items():
        members = {base, *others}
        frame: Any = scores[[run in members for run in by_row]]
        frames.append(paired_differences(frame, reference, metric).assign(family=name))
    table = pd.concat([frame for frame in frames if len(frame)] or [pd.DataFrame(columns=COLUMNS)])
    tests = table.assign(p_bh_all=adjusted(table["p"], "fdr_bh")).reindex(columns=COLUMNS)
    return Families(tests, apart | _left_out(runs, families, reference, option))


def _apart(run: Run, reference: str, option: str) -> str:
    """Say why a run can be in no family; "" where it can."""
    card, options = get_method(run[0]), options_of(*run)
    if card.inputs != get_method(reference).inputs:
        return f"tested on {'+'.join(card.inputs)}"
    if option not in vars(card.config):
        return f"no option {option}"
    if option not in options:
        return f"folds chose {option}"
    control = options.get(CONTROL, NO_CONTROL)
    return f"a control: {CONTROL}={control}" * (control != NO_CONTROL and option != CONTROL)


def _families(runs: Sequence[Run], reference: str, option: str) -> dict[str, Family]:
    """Put together what is alike, by the name of the family."""
    values = {run: options_of(*run)[option] for run in runs}
    own = [run for run in runs if run[0] == reference]
    found = {}
    for value in dict.fromkeys(values[run] for run in own):
        bases = _nearest([run for run in own if values[run] == value])
        others = [run for run in runs if run not in own and values[run] == value]
        for base in bases:
            alike = [run for run in others if not differing(run, base)]
            of_method = {run[0]: [one for one in alike if one[0] == run[0]] for run in alike}
            said = [f"{option}={value}"]
            said += [text for text in base[1].split(",") if text not in ("default", *said)]
            name = ", ".join(said if len(bases) > 1 else said[:1])
            found[name] = Family(base, [run for of in of_method.values() for run in _nearest(of)])
    return found


def _nearest(runs: Sequence[Run]) -> list[Run]:
    """Return the runs that set the fewest options."""
    fewest = min(variant.count("=") for _, variant in runs)
    return [run for run in runs if run[1].count("=") == fewest]


def _left_out(
    runs: Sequence[Run], families: Mapping[str, Family], reference: str, option: str
) -> dict[Run, str]:
    """Say why runs are in no family."""
    found = {of.base: "no other run is like it" for of in families.values() if not of.others}
    members = {run for of in families.values() for run in (of.base, *of.others)}
    for run in runs:
        value = options_of(*run)[option]
        bases = [of.base for of in families.values() if options_of(*of.base)[option] == value]
        unlike = [differing(run, base) for base in bases]
        if run in members:
            continue
        if not bases:
            found[run] = f"no {reference} with {option}={value}"
        elif run[0] != reference and all(unlike):
            found[run] = _told(min(unlike, key=len), reference)
        else:
            found[run] = f"another {run[0]} with {option}={value} sets fewer options"
    return found


def _told(unlike: Mapping[str, tuple[str, str]], reference: str) -> str:
    """Say in which options a run differs from the reference."""
    if TUNED in unlike:
        own, theirs = (how or "not tuned" for how in unlike[TUNED])
        return f"{own}, {reference} {theirs}"
    said = [f"{name}={own or 'as usual'}, of {reference} {theirs or 'as usual'}"
            for name, (own, theirs) in unlike.items()]  # fmt: skip
    return " and ".join(said)
