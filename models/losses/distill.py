"""Distillation losses without parameters: KD, FitNet without regressor, NST, SP, RKD and PKT.

Every loss is ``loss(student, teacher, batch) -> scalar`` and not weighted; `losses.distillers` has
them all, with the weights of publications. Student and teacher may differ in width, except in
`fitnet`. Zero features, equal windows and a batch of one give numbers, not NaN.

What changes no loss, for the same change in all rows of the student's (or the teacher's) features:

    ========  ========  ===========  =======================  ============================
    loss      rotation  translation  one factor for all       other factors
    ========  ========  ===========  =======================  ============================
    sp        yes       no           yes                      no
    rkd       yes       yes          yes                      no
    pkt       yes       no           yes, up to its eps       one per window, positive
    nst (b)   no        no           yes                      one per feature, of any sign
    ========  ========  ===========  =======================  ============================

NST (b) compares what each single feature selects and is free of their order, not of their rotation.
FitNet has no such freedom; KD is free of a constant added to all logits of a window.

References
----------
.. [1] Hinton, G., Vinyals, O., & Dean, J. (2015). Distilling the knowledge in a neural network.
   arXiv:1503.02531.
.. [2] Romero, A., et al. (2015). FitNets: hints for thin deep nets. ICLR 2015.
.. [3] Huang, Z., & Wang, N. (2017). Like what you like: knowledge distill via neuron selectivity
   transfer. arXiv:1707.01219.
.. [4] Tung, F., & Mori, G. (2019). Similarity-preserving knowledge distillation. ICCV 2019.
.. [5] Park, W., Kim, D., Lu, Y., & Cho, M. (2019). Relational knowledge distillation. CVPR 2019.
.. [6] Passalis, N., & Tefas, A. (2018). Learning deep representations with probabilistic knowledge
   transfer. ECCV 2018.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own spelling
from torch import Tensor

from featpipe.errors import ConfigError
from models.encoders.encoded import Encoded
from models.losses.unit import unit
from models.types import Batch


def kd(student: Encoded, teacher: Encoded, batch: Batch, temperature: float = 4.0) -> Tensor:
    """Return ``T^2 / B sum_i sum_c p^t_ic (log p^t_ic - log p^s_ic)`` [1]_.

    p is the softmax of logits / T, so that the gradient keeps its size whatever T is.

    Parameters
    ----------
    student, teacher : Encoded
        Of the same windows; `logits` are read.
    batch : Batch
        Not read.
    temperature : float
        T.
    """
    log_student = F.log_softmax(student.logits / temperature, -1)
    log_teacher = F.log_softmax(teacher.logits / temperature, -1)
    divergence = (log_teacher.exp() * (log_teacher - log_student)).sum(-1)
    return temperature**2 * divergence.mean()


def fitnet(student: Encoded, teacher: Encoded, batch: Batch) -> Tensor:
    """Return the mean of ``(f^s - f^t)^2`` over all entries [2]_.

    `models.losses.hint` has the regressor for other widths.

    Parameters
    ----------
    student, teacher : Encoded
        `embedding` is read.
    batch : Batch
        Not read.

    Raises
    ------
    ConfigError
        When the embeddings have other widths.
    """
    own, other = student.embedding, teacher.embedding
    if own.shape != other.shape:
        raise ConfigError(
            f"fitnet compares embeddings of {tuple(own.shape)} (student) and "
            f"{tuple(other.shape)} (teacher) entry by entry: take models.losses.hint.FitNet, "
            "which learns a map between the widths"
        )
    return (own - other).square().mean()


def nst(student: Encoded, teacher: Encoded, batch: Batch, *, maps: bool = False) -> Tensor:
    """Return the neuron selectivity gap [3]_, summed over the features that the encoders return.

    A neuron is known by where it is strong, u_c of length one; with the kernel (a . b)^2 the
    squared discrepancy of the student's neurons from the teacher's is

        ``|| G^s - G^t ||_F^2``,  ``G = 1/d sum_c u_c u_c^T``.

    (b), the default, of features that are vectors: u_c is the pattern over the batch. (a), of maps
    where `maps` is set: over the places of one window, averaged over windows. So maps, which a
    later feature may be only another shape of, do not count twice.

    Parameters
    ----------
    student, teacher : Encoded
        `hidden` and `embedding` are read; pairs are formed from the last feature of a kind on.
    batch : Batch
        Not read.
    maps : bool
        Compare maps of nodes, (batch, n_nodes, n_channels), by form (a).
    """
    vectors, graphs = (
        zip(_features(student, n), _features(teacher, n), strict=False) for n in (2, 3)
    )
    gaps = [_selectivity_gap(one.T, other.T) for one, other in vectors]
    if maps:
        gaps += [selectivity_of_maps(one.mT, other.mT) for one, other in graphs]
    return torch.stack(gaps).sum()


def _features(encoded: Encoded, ndim: int) -> list[Tensor]:
    return [x for x in (encoded.embedding, *reversed(encoded.hidden)) if x.ndim == ndim]


def selectivity_of_maps(student: Tensor, teacher: Tensor) -> Tensor:
    """Return form (a) of `nst` for one pair of maps.

    Parameters
    ----------
    student, teacher : Tensor, shape (batch, n_channels, n_places) or (batch, n_channels, n, n)
        Channels may differ in number; places are averaged down to the smaller number.
    """
    pool = F.adaptive_avg_pool1d if student.ndim == 3 else F.adaptive_avg_pool2d
    n_places = min(student.shape[-1], teacher.shape[-1])
    student, teacher = (
        x if x.shape[-1] == n_places else pool(x, n_places) for x in (student, teacher)
    )
    return _selectivity_gap(student.flatten(2), teacher.flatten(2)).mean()


def _selectivity_gap(student: Tensor, teacher: Tensor) -> Tensor:
    """Return || G^s - G^t ||_F^2 of neurons (..., n_neurons, n_places)."""
    patterns = [unit(x) for x in (student, teacher)]
    gram_s, gram_t = (u.transpose(-1, -2) @ u / u.shape[-2] for u in patterns)
    return (gram_s - gram_t).square().sum((-1, -2))


def sp(student: Encoded, teacher: Encoded, batch: Batch) -> Tensor:
    """Return ``|| G^s - G^t ||_F^2 / B^2``; rows of ``G = f f^T`` have length one [4]_.

    Parameters
    ----------
    student, teacher : Encoded
        The last of `hidden` is read, `embedding` where there is none.
    batch : Batch
        Not read.
    """
    f_s, f_t = ((of.hidden[-1] if of.hidden else of.embedding) for of in (student, teacher))
    f_s, f_t = f_s.flatten(1), f_t.flatten(1)
    return (unit(f_s @ f_s.T) - unit(f_t @ f_t.T)).square().mean()


def rkd(
    student: Encoded,
    teacher: Encoded,
    batch: Batch,
    distance_weight: float = 25.0,
    angle_weight: float = 50.0,
) -> Tensor:
    """Return ``25 L_D + 50 L_A``, what distances and angles between windows differ by [5]_.

    Angles are tensors of batch^3 numbers: with 256 windows 67 MB each, for every fold.

    L_D is the mean smooth-L1 difference of the distances ``|f_i - f_j|``, each side's divided by
    their mean; L_A that of the cosines at f_j between f_i and f_k, over all triples.

    Parameters
    ----------
    student, teacher : Encoded
        `embedding` is read.
    batch : Batch
        Not read.
    distance_weight, angle_weight : float
        Of L_D and L_A.
    """
    distance_s, cosine_s = relations(student.embedding)
    distance_t, cosine_t = relations(teacher.embedding)
    of_distances = F.smooth_l1_loss(distance_s, distance_t)
    of_angles = F.smooth_l1_loss(cosine_s, cosine_t)
    return distance_weight * of_distances + angle_weight * of_angles


def relations(f: Tensor) -> tuple[Tensor, Tensor]:
    """Return relative distances and cosines between the rows of a batch.

    Parameters
    ----------
    f : Tensor, shape (batch, n_features)
        Embeddings.

    Returns
    -------
    distance : Tensor, shape (batch, batch)
        Divided by the mean over pairs; at least 1e-6 before that, so that equal rows have one.
    cosine : Tensor, shape (batch, batch, batch)
        [j, i, k] is the cosine at row j between i and k, from the Gram matrix alone:
        ``G_ik - G_ij - G_kj + G_jj`` over both distances. 0 where rows are equal, up to rounding.
    """
    centred = f - f.mean(0)  # large common offsets would cost the Gram matrix its digits
    gram = centred @ centred.T
    square = gram.diagonal()
    is_self = torch.eye(len(f), dtype=torch.bool, device=f.device)
    apart = (square[:, None] + square - 2 * gram).clamp(min=1e-12)
    length = torch.where(is_self, 0.0, apart.sqrt())
    n_pairs = max(len(f) * (len(f) - 1), 1)
    distance = length / (length.sum() / n_pairs).clamp(min=1e-12)
    # what is nearer than the Gram matrix can tell has no direction
    least = 16 * torch.finfo(f.dtype).eps * (square[:, None] + square)
    has_length = (apart > least.clamp(min=1e-12)) & ~is_self
    inverse = torch.where(has_length, apart.rsqrt(), 0.0)
    # [j, i, k]
    inner = gram - gram[:, :, None] - gram[:, None, :] + square[:, None, None]
    return distance, inner * inverse[:, :, None] * inverse[:, None, :]


def pkt(student: Encoded, teacher: Encoded, batch: Batch, eps: float = 1e-7) -> Tensor:
    """Return ``1/B^2 sum_ij P^t_ij log((P^t_ij + eps) / (P^s_ij + eps))`` [6]_.

    P_ij is the share of window j in the row of ``(cos(f_i, f_j) + 1) / 2``, its own included.

    Parameters
    ----------
    student, teacher : Encoded
        `embedding` is read.
    batch : Batch
        Not read.
    eps : float
        Also added to lengths.
    """
    p_s, p_t = _neighbours(student.embedding, eps), _neighbours(teacher.embedding, eps)
    return (p_t * ((p_t + eps).log() - (p_s + eps).log())).mean()


def _neighbours(f: Tensor, eps: float) -> Tensor:
    direction = unit(f, eps=eps)
    similarity = (direction @ direction.T + 1).clamp(min=0) / 2  # rounding goes below
    return similarity / similarity.sum(-1, keepdim=True)
