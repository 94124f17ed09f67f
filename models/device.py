"""Whether this machine has what networks are to be trained on."""

import torch


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
