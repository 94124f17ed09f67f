"""Were tables made as those that a model was trained on? Equal columns may hold other numbers.

The table of a window of 4 s has the columns of that of 1 s, and `de_lds` those of `de`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from featpipe.errors import ConfigError, few

_DECIDES_NOTHING = (
    "features.bands",  # what was asked for; `bands` are those that a recording's rate allows
    "eeg.channels",  # the columns say which
    *("eye.csv", "eye.px_per_degree"),  # facts of a file and a screen
    "eye.light_subjects",  # who, not how
    *("eye.columns", "layout"),  # of released features: how sure their names are, and whose
)
"""Options of tables in which those of one model may differ."""


def made_how(
    tables: Mapping[str, Any], bands: Mapping[str, Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what decides the numbers of tables, as far as they say it.

    Parameters
    ----------
    tables : mapping
        `step`, `family` and `units`.
    bands : mapping
        Band -> (low, high), Hz.
    options : mapping
        Section -> its options, or an option that is in no section.

    Returns
    -------
    dict
        Name, such as "features.window_s" -> what JSON holds; empty where they say nothing.

    Examples
    --------
    >>> made_how({"family": "de"}, {}, {"features": {"window_s": 4.0}})
    {'family': 'de', 'features.window_s': 4.0}
    """
    # of the EEG and of the clock an eye table tells only where its windows may begin
    passed_over = ("eeg", "clock") if "eye" in options else ()
    sections = {name: of for name, of in options.items() if name not in passed_over}
    sections |= {"units": tables.get("units") or {}, "bands": bands}
    found = {name: tables[name] for name in ("step", "family") if tables.get(name)}
    for section, of in sections.items():
        named = of if isinstance(of, Mapping) else {"": of}
        found |= {f"{section}.{name}".rstrip("."): value for name, value in named.items()}
    return {
        name: json.loads(json.dumps(value))
        for name, value in found.items()
        if name not in _DECIDES_NOTHING
    }


def require_made_alike(
    modality: str, of_model: Mapping[str, Any], of_table: Mapping[str, Any]
) -> None:
    """Refuse tables that were made otherwise than those of the training.

    Parameters
    ----------
    modality : str
        For the message.
    of_model, of_table : mapping
        From `made_how`. What only one of them names is not compared: another version of featpipe
        has other options.

    Raises
    ------
    ConfigError
        Naming every difference.
    """
    shared = [name for name in of_model if name in of_table]
    differing = [name for name in shared if of_model[name] != of_table[name]]
    if "step" in differing:
        differing = ["step"]  # the options are others altogether
    if differing:
        listed = [
            f"{name} (model {json.dumps(of_model[name])}, table {json.dumps(of_table[name])})"
            for name in differing
        ]
        raise ConfigError(
            f"the {modality} table was made otherwise than those of the training, and its numbers "
            f"mean something else: {few(listed)}: {_next_step(differing, of_model)}"
        )


def _next_step(differing: Sequence[str], of_model: Mapping[str, Any]) -> str:
    if of_model.get("step") == "import":
        return "give tables that `featpipe import` made as the model has it"
    if all(name.startswith("units.") for name in differing):
        return "take recordings of the tracker and setup of the training, or train on such as this"
    return (
        "extract it with the values of the model, or give the recording itself to `featpipe "
        "predict`, which does so"
    )
