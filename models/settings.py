"""How to compute a training; what is trained says what."""

from dataclasses import dataclass

from featpipe.errors import ConfigError, unknown
from models.device import require_usable

PRECISIONS = ("highest", "high", "medium")


@dataclass(frozen=True)
class TrainSettings:
    """How to compute; the method and its config say what.

    Attributes
    ----------
    device : str
        A torch device. Bit-equal repeats are promised on "cpu" only.
    n_threads : int
        Torch threads on the CPU. One: these networks are small, and runs go side by side.
    fold_chunk : int
        Lanes trained together. 32 hold all folds of most studies; lower it when memory is short.
    precision : str
        Of matrix products, as torch calls it: "highest" is float32; on a GPU that can, "high" is
        TensorFloat-32 and "medium" bfloat16, all else staying float32. Autocast is not used: under
        `torch.vmap` batch normalisation refuses its half precision.
    stacked : bool
        False computes the lanes one after another inside each step: slower, equal but for
        rounding. For finding errors in a method.
    stops_at_nan : bool
        A loss that stops being a number ends the training of all folds with an error. False trains
        on and leaves it to the curves: in a search one fold must not decide over another.
    """

    device: str = "cpu"
    n_threads: int = 1
    fold_chunk: int = 32
    precision: str = "highest"
    stacked: bool = True
    stops_at_nan: bool = True


def require_sound(settings: TrainSettings) -> None:
    """Refuse settings that nothing can be computed with.

    Raises
    ------
    ConfigError
        Naming the setting.
    """
    if settings.precision not in PRECISIONS:
        raise ConfigError(unknown("precision", settings.precision, PRECISIONS))
    if settings.fold_chunk < 1 or settings.n_threads < 1:
        raise ConfigError(f"{settings}: fold_chunk and n_threads must be 1 or more")
    require_usable(settings.device)
