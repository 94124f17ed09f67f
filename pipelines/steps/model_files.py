"""The two files of a model folder, as outputs of the steps that train."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from featpipe.publishing import require_no_objection
from models.model import Model
from models.saved import DESCRIPTION, WEIGHTS, description_file, weights_file
from pipelines.work import Made, Output


def model_outputs(folder: Path, facts: Mapping[str, Any]) -> list[Output]:
    """Name the weights and their description.

    Parameters
    ----------
    folder : Path
        The model folder.
    facts : mapping
        All that both depend on.
    """
    return [
        Output(folder / WEIGHTS, {**facts, "family": "weights"}),
        Output(folder / DESCRIPTION, {**facts, "family": "model"}),
    ]


def made_model(outputs: Sequence[Output], model: Model) -> Iterator[Made]:
    """Yield the weights, then the description, which names their checksum.

    Whenever a kill comes there is a description of the weights beside it, or none: what is left of
    an earlier one goes first.

    Parameters
    ----------
    outputs : sequence of Output
        From `model_outputs`.
    model : Model
        What they hold.
    """
    weights, description = outputs
    written = []

    def of_weights(metadata: Mapping[str, Any]) -> bytes:
        written.append(weights_file(model, metadata))
        return written[-1]

    require_no_objection()
    description.path.unlink(missing_ok=True)
    yield weights, of_weights, {}
    yield description, lambda metadata: description_file(model, written[-1], metadata), {}
