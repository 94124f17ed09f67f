"""Minimum class confusion, and how certain a classifier is of each window.

Jin, Y., Wang, X., Long, M., & Wang, J. (2020). Minimum class confusion for versatile domain
adaptation. ECCV 2020. In tables it must not be called MCC, which is Matthews' correlation.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own spelling
from torch import Tensor


def class_confusion(logits: Tensor, temperature: float = 2.5) -> Tensor:
    """Return the mean over classes of what a row of the class confusion has off its diagonal.

    With P the softmax of logits / T and W of `certainty`, C = P^T diag(W) P and

        ``L = 1/n_classes sum_c sum_{k != c} C_ck / sum_k C_ck``.

    CMCRD's Eq. 1-6 print logits for P, whose entropy is not defined; probabilities are meant. A
    class that has no probability in the whole batch adds 0.

    Parameters
    ----------
    logits : Tensor, shape (batch, n_classes)
        No label is read, so that windows may be unlabelled.
    temperature : float
        T.
    """
    p = F.softmax(logits / temperature, -1)
    confusion = p.T @ (certainty(logits, temperature)[:, None] * p)
    is_own = torch.eye(p.shape[-1], dtype=torch.bool, device=p.device)
    others = torch.where(is_own, 0.0, confusion).sum(-1)
    return (others / confusion.sum(-1).clamp(min=1e-12)).mean()


def certainty(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Return ``W_i = B (1 + exp(-H_i)) / sum_j (1 + exp(-H_j))``, without gradient.

    H is the entropy of the softmax of logits / T in nats; the mean weight of a batch is 1, and the
    largest is twice the smallest at most.

    Parameters
    ----------
    logits : Tensor, shape (batch, n_classes)
        Of the teacher.
    temperature : float
        T.

    Returns
    -------
    Tensor, shape (batch,)
    """
    p = F.softmax(logits.detach() / temperature, -1)
    entropy = -(p * (p + 1e-5).log()).sum(-1)
    raw = 1 + (-entropy).exp()
    return raw / raw.mean()
