"""One step of CRD and of CMCRD: all negatives in one matrix product, or drawn and gathered."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from bench.size import Size
from bench.table import OURS, Row, timed
from bench.timing import take_turns
from models.encoders.encoded import Encoded
from models.losses.confusion import certainty
from models.losses.contrast import Contrast
from models.losses.guidance import GuidedContrast, gate
from models.losses.unit import unit
from models.types import Batch

BATCH, N_FEATURES, N_CLASSES, EPS = 32, 128, 3, 1e-7
COMPARED = (
    "one step: forward, backward to both maps, update of the banks; indices are drawn before; "
    "correctness: distance of the loss from its expectation over all draws, in double precision"
)


def rows(folder: Path, size: Size) -> Iterator[Row]:
    """Time both losses in both forms."""
    n_rows, n_negatives = size.bank
    torch.set_num_threads(1)
    student, teacher, batch = _draw(n_rows)
    indices = _indices(n_rows, n_negatives, batch)
    for name in ("crd", "cmcrd"):
        make = partial(_make, name, n_rows, n_negatives)
        tools: dict[str, Callable[[], float]] = {
            OURS: partial(_step, make(), student, teacher, batch),
            "negatives gathered": partial(
                _step, _Gathered(make(), indices), student, teacher, batch
            ),
        }
        exact = _expected(make(), student, teacher, batch)
        case = f"{name}, {n_rows} rows of {N_FEATURES}, {n_negatives} negatives, batch of {BATCH}"
        for tool, times in take_turns(tools, 2 * size.n_runs).items():
            figures = {"relative error": abs(times.result / exact - 1)}
            yield timed("distillation", case, tool, times, figures, COMPARED)


def _draw(n_rows: int) -> tuple[Encoded, Encoded, Batch]:
    """Draw two encoders' results; a third of the teacher's predictions is wrong."""
    torch.manual_seed(0)
    index = torch.randperm(n_rows)[:BATCH]
    label = index % N_CLASSES
    features = [torch.randn(BATCH, N_FEATURES).relu() for _ in range(2)]
    shown = torch.where(torch.arange(BATCH) % 3 == 0, (label + 1) % N_CLASSES, label)
    logits = [3 * F.one_hot(of, N_CLASSES).float() for of in (label, shown)]
    student, teacher = (Encoded(z, f) for z, f in zip(logits, features, strict=True))
    return student, teacher, Batch({}, label, label, index)


def _make(name: str, n_rows: int, n_negatives: int) -> Contrast | GuidedContrast:
    """Make the loss with every row of its banks filled."""
    torch.manual_seed(1)
    loss = Contrast(N_FEATURES, N_FEATURES, n_rows, n_negatives=n_negatives)
    for bank in (loss.bank_student, loss.bank_teacher):
        bank.copy_(unit(torch.randn(n_rows, N_FEATURES)))
    loss.row_label.copy_(torch.arange(n_rows) % N_CLASSES)
    return GuidedContrast(loss) if name == "cmcrd" else loss


def _step(loss: nn.Module, student: Encoded, teacher: Encoded, batch: Batch) -> float:
    value = loss(student, teacher, batch)
    torch.autograd.grad(value, list(loss.parameters()))
    return float(value.detach())


def _indices(n_rows: int, n_negatives: int, batch: Batch) -> Tensor:
    """Draw rows of other classes, after each window's own: (batch, 1 + n_negatives)."""
    label = torch.arange(n_rows) % N_CLASSES
    drawn = []
    for index, own in zip(batch.index, batch.label, strict=True):
        others = torch.nonzero(label != own)[:, 0]
        chosen = others[torch.randperm(len(others))[:n_negatives]]
        drawn.append(torch.cat([index[None], chosen]))
    return torch.stack(drawn)


class _Gathered(nn.Module):
    """The same loss as it is commonly written: gathered rows, a product per window, logarithms."""

    def __init__(self, loss: Contrast | GuidedContrast, indices: Tensor):
        super().__init__()
        self.is_guided = isinstance(loss, GuidedContrast)
        self.contrast = loss.contrast if isinstance(loss, GuidedContrast) else loss
        self.indices = indices

    def forward(self, student: Encoded, teacher: Encoded, batch: Batch) -> Tensor:
        net = self.contrast
        v_s = unit(net.embed_student(student.embedding))
        v_t = unit(net.embed_teacher(teacher.embedding))
        right = teacher.logits.argmax(-1) == batch.label
        weight = torch.ones(len(right))
        if self.is_guided:
            weight = certainty(teacher.logits)
            moves = gate(student.logits.argmax(-1) == batch.label, right)
            v_s, v_t = (
                torch.where(of[:, None], v, v.detach())
                for of, v in zip(moves, (v_s, v_t), strict=True)
            )
        value = self._side(v_s, net.bank_teacher, right) + self._side(v_t, net.bank_student, right)
        with torch.no_grad():
            for bank, v in ((net.bank_student, v_s), (net.bank_teacher, v_t)):
                moved = net.momentum * bank[batch.index] + (1 - net.momentum) * v
                bank.index_copy_(0, batch.index, unit(moved))
        return (weight * value).sum() / weight.sum()

    def _side(self, anchor: Tensor, bank: Tensor, right: Tensor) -> Tensor:
        net, n = self.contrast, len(bank)
        gathered = bank.index_select(0, self.indices.flatten()).view(len(anchor), -1, N_FEATURES)
        scores = torch.bmm(gathered, anchor[:, :, None])[:, :, 0].div(net.tau).exp()
        c = net.n_negatives / n
        scores = scores / (math.exp(net.offset) / c)  # Z
        likely = (scores / (scores + c + EPS)).log()[:, 0]
        unlikely = (c / (scores + c + EPS)).log()
        if self.is_guided:
            likely = torch.where(right, likely, unlikely[:, 0])
        return -(likely + unlikely[:, 1:].sum(1))


def _expected(
    loss: Contrast | GuidedContrast, student: Encoded, teacher: Encoded, batch: Batch
) -> float:
    """Return the mean over all draws, window by window."""
    net = loss.contrast if isinstance(loss, GuidedContrast) else loss
    is_guided = isinstance(loss, GuidedContrast)
    right = teacher.logits.argmax(-1) == batch.label
    weight = certainty(teacher.logits).double() if is_guided else torch.ones(BATCH).double()
    total = 0.0
    for f, layer, bank in (
        (student.embedding, net.embed_student, net.bank_teacher),
        (teacher.embedding, net.embed_teacher, net.bank_student),
    ):
        v = unit(layer(f).detach().double())
        for i, index in enumerate(batch.index):
            u = bank.double() @ v[i] / net.tau - net.offset
            others = F.softplus(u[net.row_label != batch.label[i]]).mean() * net.n_negatives
            own = F.softplus(u[index] if is_guided and not right[i] else -u[index])
            total += float(weight[i] * (own + others))
    return total / float(weight.sum())
