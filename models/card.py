"""The model card: what people have to know before they use a model, from what `model.json` says."""

from collections.abc import Mapping, Sequence
from typing import Any

TEMPLATE = """\
# {method}: {describes}

{simulated}Reads {inputs}; was trained from {trained_from}. Tells {classes}.

- **Reference**: {reference}; options: {variant}.
- **Trained on**: {trained_on}.
- **Which epoch**: {policy}.
- **Scores**: {scores}
- **Made by** featpipe {featpipe}; weights sha256 `{sha256}`.

## Limits

- It knows the people, clips, devices and laboratory it was trained on. What it reaches on others
  is unknown until it is measured on recordings with labels of yours.
- It tells what a clip was meant to arouse, which is not what a person feels.
- It reads features made with the options in `model.json`; other windows, bands or units give
  nonsense.
- Decisions about people must not rest on it.

## Use

```
featpipe predict THIS_FOLDER RECORDING...
```
"""


def card(description: Mapping[str, Any]) -> str:
    """Write the card of a model.

    Parameters
    ----------
    description : mapping
        What ``model.json`` says.
    """
    trained = description.get("trained_on", {})
    told = ", ".join(f"{name} {_listed(value)}" for name, value in trained.items())
    is_simulated = str(trained.get("dataset", "")).startswith("simulated")
    return TEMPLATE.format(
        **{name: description[name] for name in ("method", "describes", "reference", "variant")},
        simulated="**Trained on simulated data**: it knows nothing of people.\n\n" * is_simulated,
        inputs=_listed(description["inputs"]),
        trained_from=_listed(description["trained_from"]),
        classes=_listed(description["classes"]),
        trained_on=told or "not said",
        policy=description.get("policy", "not said"),
        scores=_scores(description.get("scores", ())),
        featpipe=description["featpipe"],
        sha256=description["weights"]["sha256"],
    )


def _scores(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say what the method reached where its subjects were left out; this model saw all of them."""
    if not rows:
        return "none were measured; every subject was trained on."
    told = [
        f"{row['protocol']}, {row['n_subjects']} subjects: accuracy {row['accuracy_mean']:.3f} ± "
        f"{row['accuracy_sd']:.3f}, balanced {row['balanced_accuracy_mean']:.3f}, calibration "
        f"error {row['ece_mean']:.3f}" + f" ({row['marks']})" * bool(row["marks"])
        for row in rows
    ]
    return "of the same method and options, trained without the tested side:\n  - " + (
        "\n  - ".join(told)
    )


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
