"""The model card: what people have to know before they use a model, from what `model.json` says."""

from collections.abc import Mapping, Sequence
from typing import Any

TEMPLATE = """\
# {method}: {describes}

{simulated}Reads {inputs}; was trained from {trained_from}. Tells {classes}.

- **Reference**: {reference}; options: {variant}.
- **Trained on**: {trained_on}.{folds}
{before}- **Features**: {features}.
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
{use}
```
"""

_FOLDS = (
    " There are {n} networks, one per fold and named after it: {first} was trained without the "
    "windows that it was tested on. `featpipe fit` makes one network of everybody."
)


Kept = Mapping[str, tuple[str, Sequence[Mapping[str, Any]]]]
"""Network that was trained before -> its model folder, and rows of its scores."""


def card(
    description: Mapping[str, Any],
    scores: Sequence[Mapping[str, Any]] = (),
    kept: Kept | None = None,
) -> str:
    """Write the card of a model.

    Parameters
    ----------
    description : mapping
        What ``model.json`` says.
    scores : sequence of mapping
        Rows of `models.scores.summary` of the same method and options, if there are any.
    kept : mapping, optional
        Of networks that were trained before and have folders of their own.
    """
    trained = description.get("trained_on", {})
    told = ", ".join(f"{name} {_listed(value)}" for name, value in trained.items())
    folds = [fold["name"] for fold in description["folds"]]
    is_simulated = str(trained.get("dataset", "")).startswith("simulated")
    return TEMPLATE.format(
        **{name: description[name] for name in ("method", "describes", "reference", "variant")},
        simulated="**Trained on simulated data**: it knows nothing of people.\n\n" * is_simulated,
        inputs=_listed(description["inputs"]),
        trained_from=_listed(description["trained_from"]),
        classes=_listed(description["classes"]),
        trained_on=told or "not said",
        folds=_FOLDS.format(n=len(folds), first=folds[0]) * (len(folds) > 1),
        before=_before(description, kept or {}),
        use=_use(description["inputs"], f" --fold {folds[0]}" * (len(folds) > 1)),
        features="; ".join(_features(name, of) for name, of in _tables(description)) or "not said",
        policy=_epochs(description),
        scores=_scores(scores),
        featpipe=description["featpipe"],
        sha256=description["weights"]["sha256"],
    )


def _use(inputs: Sequence[str], fold: str) -> str:
    """Say what to type: where several are read, a file of each, in that order."""
    verb = f"featpipe predict THIS_FOLDER{fold}"
    if len(inputs) < 2:
        return f"{verb} RECORDING..."
    tables, files = (" ".join(f"{x.upper()}_{of}" for x in inputs) for of in ("TABLE", "RECORDING"))
    return f"{verb} {tables}...\n{verb} {files} --trials TRIALS.csv --eye-offset SECONDS"


def _before(description: Mapping[str, Any], kept: Kept) -> str:
    """Name teacher, judges and members, where they lie and what they reached by themselves."""
    told = []
    for name, of in description.get("before", {}).items():
        folder, rows = kept.get(name, ("", ()))
        text = f"{name}: {of['method']}, options {of['variant']}"
        text += f", in `{folder}`" * bool(folder)
        if of["groups"]:
            text += f", {of['groups']} of them, each on other training windows, not kept"
        told.append(text + "".join(f", {_reached(row)}" for row in rows))
    return f"- **Trained before**: {'; '.join(told)}.\n" if told else ""


def _reached(row: Mapping[str, Any]) -> str:
    return f"accuracy {row['accuracy_mean']:.3f} ({row['protocol']})"


def _tables(description: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(name, of) for name, of in description.get("tables", {}).items() if of.get("family")]


def _features(modality: str, tables: Mapping[str, Any]) -> str:
    """Name the tables of an input, and the windows where they are those of an extraction."""
    windows = tables["options"].get("features", {})
    told = f"{modality} tables of family {tables['family']}"
    if "window_s" in windows:
        told += f", windows of {windows['window_s']:g} s every {windows['hop_s']:g} s"
    return told


def _epochs(description: Mapping[str, Any]) -> str:
    policy = description.get("policy", "not said")
    epochs = sorted({fold["epoch"] for fold in description["folds"]})
    if not any(epochs):
        return f"{policy}, of the networks that it is made of; it learns nothing besides"
    told = f"{epochs[0]}" if len(epochs) == 1 else f"{epochs[0]} to {epochs[-1]}"
    if any(of["becomes"] for of in description.get("before", {}).values()):
        return (
            f"{policy}, of the networks that it is made of; epoch {told} is of what it learns "
            "besides"
        )
    return f"{policy}, epoch {told}"


def _scores(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say what the method reached where its subjects were left out."""
    if not rows:
        return "none were measured."
    told = [
        f"{row['protocol']}, {row['n_subjects']} subjects: accuracy {row['accuracy_mean']:.3f} ± "
        f"{row['accuracy_sd']:.3f} over subjects (95 % interval of the mean "
        f"{row['accuracy_low']:.3f} to {row['accuracy_high']:.3f}), balanced "
        f"{row['balanced_accuracy_mean']:.3f}, calibration error {row['ece_mean']:.3f}"
        + f" ({row['marks']})"
        * bool(row["marks"])
        for row in rows
    ]
    return "of the same method and options, trained without the tested side:\n  - " + (
        "\n  - ".join(told)
    )


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
