"""FitNet with its regressor: the student's features are mapped to the teacher's width.

Romero, A., et al. (2015). FitNets: hints for thin deep nets. ICLR 2015.
"""

import torch
from torch import Tensor, nn

from models.encoders.encoded import Encoded
from models.types import Batch


class FitNet(nn.Module):
    """Mean of ``(r(f^s) - z^t)^2`` over all entries, with a linear r that learns with the student.

    z^t are the teacher's features, each standardised with its statistics over the training rows
    that were drawn so far: otherwise the scale of the loss would be the teacher's. Subjects are
    drawn equally often, so these are statistics in which each of them counts alike.

    Parameters
    ----------
    n_student, n_teacher : int
        Widths of the embeddings.

    Attributes
    ----------
    n_seen : Tensor of int64, scalar
        Rows so far.
    mean, squares : Tensor, shape (n_teacher,)
        Of these rows: the mean, and the sum of squared distances from it.
    """

    n_seen: Tensor
    mean: Tensor
    squares: Tensor

    def __init__(self, n_student: int, n_teacher: int):
        super().__init__()
        self.regressor = nn.Linear(n_student, n_teacher)
        self.register_buffer("n_seen", torch.zeros((), dtype=torch.int64))
        self.register_buffer("mean", torch.zeros(n_teacher))
        self.register_buffer("squares", torch.zeros(n_teacher))

    def forward(self, student: Encoded, teacher: Encoded, batch: Batch) -> Tensor:
        """Return the loss, a scalar; `embedding` is read."""
        target = teacher.embedding
        if self.training:
            self._see(target)
        variance = self.squares / self.n_seen.clamp(min=1)
        scale = torch.where(variance > 1e-12, variance, 1.0).sqrt()
        return (self.regressor(student.embedding) - (target - self.mean) / scale).square().mean()

    @torch.no_grad()
    def _see(self, x: Tensor) -> None:
        """Merge a batch into the statistics (Chan, Golub, & LeVeque, 1979)."""
        n_before, n_new = self.n_seen.clone(), len(x)
        n_after = n_before + n_new
        difference = x.mean(0) - self.mean
        self.squares += (x - x.mean(0)).square().sum(0)
        self.squares += difference.square() * (n_new * n_before / n_after)
        self.mean += difference * (n_new / n_after)
        self.n_seen += n_new
