"""What networks are trained on: whether this machine has it, and how it is left."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from featpipe.errors import ConfigError


def lacking(device: str) -> str:
    """Say why a device cannot be used here; empty where it can.

    Devices are counted and none is opened: the process that asks need not be the one that trains,
    and there are GPUs that let one process in.

    Parameters
    ----------
    device : str
        "cpu", "cuda", "cuda:1" or "mps".

    Returns
    -------
    str
        The reason, for a message.
    """
    kind, _, number = device.partition(":")
    if kind == "cpu":
        return ""
    if not getattr(torch.backends, kind).is_built():
        return f"PyTorch {torch.__version__} is built without {kind}"
    n_devices = torch.get_device_module(kind).device_count()
    if int(number or 0) < n_devices:
        return ""
    return f"PyTorch {torch.__version__} finds {n_devices or 'no'} such devices on this machine"


def require_usable(device: str) -> None:
    """Open a device.

    Raises
    ------
    ConfigError
        When that is refused.
    """
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"device {device!r} cannot be used ({reason}): 'cpu' always works"
        ) from error


@contextmanager
def isolated(device: str, n_threads: int, precision: str) -> Iterator[None]:
    """Compute as told, and leave the caller's threads, precision and random state as they were.

    Parameters
    ----------
    device : str
        A torch device.
    n_threads : int
        Torch threads on the CPU.
    precision : str
        Of matrix products, as torch calls it.
    """
    n_before, precision_before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    devices = [device] if device.startswith("cuda") else []
    with torch.random.fork_rng(devices=devices):
        torch.set_num_threads(n_threads)
        torch.set_float32_matmul_precision(precision)
        try:
            yield
        finally:
            torch.set_num_threads(n_before)
            torch.set_float32_matmul_precision(precision_before)
