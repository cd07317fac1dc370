"""Stand-ins for the SVM notebook: PyTorch's multi-class hinge loss and its automatic gradient.

For a student who comes to a later notebook without having finished this one. Names, arguments and
results are as the notebook describes them.
"""

from collections.abc import Callable

import numpy as np
import torch

__all__ = ["svm_loss_naive", "svm_loss_vectorized"]


def svm_loss_vectorized(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """The mean hinge loss with ``reg * sum(W * W)``, and its gradient (D, C)."""

    def hinge(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        # PyTorch averages over the classes as well.
        return torch.nn.functional.multi_margin_loss(scores, labels) * scores.shape[1]

    return linear_loss(hinge, W, X, y, reg)


svm_loss_naive = svm_loss_vectorized


def linear_loss(
    data_loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    W: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    reg: float,
) -> tuple[float, np.ndarray]:
    """A loss of the scores ``X @ W`` with ``reg * sum(W * W)``, and its gradient (D, C)."""
    weights = torch.tensor(np.asarray(W, np.float64), requires_grad=True)
    scores = torch.tensor(np.asarray(X, np.float64)) @ weights
    loss = data_loss(scores, torch.tensor(y).long()) + reg * (weights * weights).sum()
    (gradient,) = torch.autograd.grad(loss, weights)
    return loss.item(), gradient.numpy()
