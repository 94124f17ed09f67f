"""The same network once per fold, in one set of tensors.

Every parameter and buffer carries a leading fold axis; a loss written for one network runs under
`torch.vmap` over it. With `layers.dropout` a fold comes out as it would alone, but for rounding;
with torch's own dropout all folds draw from one generator, and only the whole stack repeats itself.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state
from torch.utils._pytree import tree_map

from featpipe.errors import ConfigError
from models.types import Batch

_NET = "net."


class _Bound(nn.Module):
    """Let `functional_call` reach a free function that uses a whole network."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, function: Callable, *args: Any) -> Any:
        return function(self.net, *args)


class FoldStack:
    """One network per fold, with a leading fold axis on every tensor.

    Parameters
    ----------
    nets : sequence of nn.Module
        Equal but for their weights.
    vmapped : bool
        Run all folds at once; otherwise one after another, equal but for rounding.
    """

    def __init__(self, nets: Sequence[nn.Module], *, vmapped: bool = True):
        bound = [_Bound(net) for net in nets]
        self.params, self.buffers = stack_module_state(bound)  # type: ignore[arg-type]
        self.base = copy.deepcopy(bound[0]).to("meta")
        self.n_folds = len(bound)
        self.vmapped = vmapped and self.n_folds > 1  # one alone is half as fast again without

    def named(self, modules: Sequence[str]) -> dict[str, Tensor]:
        """Return the stacked parameters of the named sub-modules; "" is the whole network.

        Raises
        ------
        ConfigError
            When a name holds no parameter.
        """
        found: dict[str, Tensor] = {}
        for module in modules:
            prefix = f"{_NET}{module}." if module else _NET
            part = {k: v for k, v in self.params.items() if k.startswith(prefix)}
            if not part:
                known = ", ".join(name for name, _ in self.base.net.named_children())
                raise ConfigError(f"trains names {module!r}, which has no parameter; has: {known}")
            found |= part
        return found

    def train_only(self, modules: Sequence[str]) -> None:
        """Let the named sub-modules learn; all else is in eval mode and gets no gradient."""
        trained = self.named(modules)
        for name, parameter in self.params.items():
            parameter.requires_grad_(name in trained)
        self.base.eval()
        for module in modules:
            self.base.net.get_submodule(module).train()

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Put everything in eval mode without gradients, and back as it was afterwards."""
        modes = [(module, module.training) for module in self.base.modules()]
        self.base.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            for module, mode in modes:
                module.training = mode

    def each(self, function: Callable, batch: Batch, *shared: Any) -> Any:
        """Call ``function(net, batch, *shared)`` in every fold.

        Parameters
        ----------
        function : callable
            Returns a pytree of tensors, or None.
        batch : Batch
            Every tensor with a leading fold axis.
        *shared
            The same for all folds.

        Returns
        -------
        pytree
            As the function returns, each tensor with a leading fold axis.
        """

        def one(params: Any, buffers: Any, batch: Batch) -> Any:
            return functional_call(self.base, (params, buffers), (function, batch, *shared))

        lanes = (self.params, self.buffers, batch)
        if self.vmapped:
            dims = tree_map(lambda x: None if x is None else 0, lanes)
            return torch.vmap(one, in_dims=dims, randomness="different")(*lanes)
        results = [one(*_fold_of(lanes, i_fold)) for i_fold in range(self.n_folds)]
        return tree_map(lambda *parts: torch.stack(parts), *results)

    def copy(
        self,
        where: Tensor | None = None,
        otherwise: Mapping[str, Tensor] | None = None,
        *,
        persistent: bool = False,
    ) -> dict[str, Tensor]:
        """Return a copy of all parameters and buffers.

        Parameters
        ----------
        where : Tensor of bool, shape (n_folds,), optional
            Folds to copy; all of them if left out.
        otherwise : mapping, optional
            An earlier copy, which the other folds take.
        persistent : bool
            Only what is in a state dict: memory banks, which nothing predicts with, are large.
        """
        tensors = {name: t.detach() for name, t in {**self.params, **self.buffers}.items()}
        if persistent:
            tensors = {name: tensors[name] for name in self.base.state_dict()}
        if where is None or otherwise is None:
            return {name: tensor.clone() for name, tensor in tensors.items()}
        return {
            name: torch.where(where.view(-1, *[1] * (tensor.ndim - 1)), tensor, otherwise[name])
            for name, tensor in tensors.items()
        }

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Overwrite all parameters and buffers that a copy made before holds."""
        own = {**self.params, **self.buffers}
        with torch.no_grad():
            for name, tensor in tensors.items():
                own[name].copy_(tensor)

    def state(self, i_fold: int) -> dict[str, Tensor]:
        """Return the state dict of one fold's network, on the CPU.

        Buffers that were registered with ``persistent=False`` are for training alone: a memory
        bank moves, is copied and goes on after a kill with the stack, and is not in here.
        """
        tensors = {**self.params, **self.buffers}
        return {
            name.removeprefix(_NET): tensors[name][i_fold].detach().cpu().clone()
            for name in self.base.state_dict()
        }


def _fold_of(lanes: Any, i_fold: int) -> Any:
    return tree_map(lambda x: None if x is None else x[i_fold], lanes)


def clip_per_fold(grads: Sequence[Tensor | None], norm: float) -> list[Tensor | None]:
    """Scale gradients down where the norm over all of a fold's parameters exceeds `norm`.

    Parameters
    ----------
    grads : sequence of Tensor or None
        Each with a leading fold axis.
    norm : float
        Largest Euclidean norm.

    Returns
    -------
    list of Tensor or None
    """
    squares = [grad.flatten(1).square().sum(1) for grad in grads if grad is not None]
    factor = (norm / torch.stack(squares).sum(0).sqrt().clamp(min=1e-12)).clamp(max=1.0)
    return [
        None if grad is None else grad * factor.view(-1, *[1] * (grad.ndim - 1)) for grad in grads
    ]
