"""Dropout whose masks belong to the network, not to a generator that all networks share.

A mask is a hash of the network's own key, the number of masks it has drawn and the place of the
unit. So a network that is trained among others, in whatever company, silences the same units as
alone, on every device; and where it stands is part of its state. SplitMix64 [1]_ is the hash; one
value of 64 bits serves four units.

References
----------
.. [1] Steele, G. L., Lea, D., & Flood, C. H. (2014). Fast splittable pseudorandom number
   generators. OOPSLA '14, Fig. 16 and 17.
"""

from math import prod

import torch
from torch import Tensor, nn

from featpipe.errors import ConfigError

_BITS = 16
_LEVELS = 1 << _BITS


class Dropout(nn.Module):
    """Silence a share of the units in training, and scale the others up.

    Parameters
    ----------
    p : float
        Share silenced, in [0, 1); rounded to 1/65536.

    Raises
    ------
    ConfigError
        When p is no such share.

    Attributes
    ----------
    key : Tensor of int64, scalar
        Drawn with the weights.
    n_drawn : Tensor of int64, scalar
        Masks so far.
    """

    key: Tensor
    n_drawn: Tensor

    def __init__(self, p: float):
        super().__init__()
        if not 0 <= p < 1 or round(p * _LEVELS) == _LEVELS:
            raise ConfigError(f"dropout is {p}: expected a share of the units, from 0 to below 1")
        self.p = p
        self.register_buffer("key", torch.randint(1 << 62, ()))
        self.register_buffer("n_drawn", torch.zeros((), dtype=torch.int64))

    def forward(self, x: Tensor) -> Tensor:
        """Return x in eval mode, x times a mask in training; shape as x."""
        if not self.training or not self.p:
            return x
        self.n_drawn += 1
        return x * mask(x, self.p, hashed(self.key + self.n_drawn))

    def extra_repr(self) -> str:
        """Show the share, as torch's own layers do."""
        return f"p={self.p}"


def mask(x: Tensor, p: float, start: Tensor) -> Tensor:
    """Return what dropout multiplies by.

    Parameters
    ----------
    x : Tensor
        For shape, type and device.
    p : float
        Share of zeros, in [0, 1).
    start : Tensor of int64, scalar
        Names the mask.

    Returns
    -------
    Tensor, shape as x
        0, or what makes the mean over all masks 1.
    """
    n = x.numel()
    n_zero = round(p * _LEVELS)
    place = torch.arange(-(-n // 4), device=x.device)
    bits = hashed(start + place * _GOLDEN).view(torch.int16)[:n].view(x.shape)
    is_kept = bits >= n_zero - _LEVELS // 2  # int16 begins at -32768
    return is_kept.to(x.dtype).mul_(_LEVELS / (_LEVELS - n_zero))


def _signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word


_GOLDEN, _FIRST, _SECOND = map(
    _signed, (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)


def hashed(z: Tensor) -> Tensor:
    """Return the finaliser of SplitMix64 of every value.

    Parameters
    ----------
    z : Tensor of int64
        Left as it is. Two's complement: products wrap as those of unsigned words do.

    Returns
    -------
    Tensor of int64, shape as z
    """
    z = (z ^ _shifted(z, 30)).mul_(_FIRST)
    z = z.bitwise_xor_(_shifted(z, 27)).mul_(_SECOND)
    return z.bitwise_xor_(_shifted(z, 31))


def uniform(shape: tuple[int, ...], start: Tensor) -> Tensor:
    """Return numbers from 0 to below 1, in steps of 2^-24.

    Parameters
    ----------
    shape : tuple of int
        Of the result.
    start : Tensor of int64, scalar
        Names the numbers, as in `mask`.

    Returns
    -------
    Tensor of float32
    """
    place = torch.arange(prod(shape), device=start.device)
    return (_shifted(hashed(start + place * _GOLDEN), 40) * 2.0**-24).view(shape)


def _shifted(z: Tensor, n: int) -> Tensor:
    """Shift right and fill with zeros; torch fills with the sign."""
    return (z >> n).bitwise_and_((1 << (64 - n)) - 1)
