"""Stand-ins for the SVM notebook: PyTorch's multi-class hinge loss and its automatic gradient.

For a student who comes to a later notebook without having finished this one. Names, arguments and
results are as the notebook describes them. Its stretch exercise is declared here as well.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional as F

from assignments.families.function import Function
from assignments.families.loss import Loss
from assignments.messages import N_
from assignments.standins.a1_classifiers.two_layer_net import hinge

__all__ = ["svm_loss_naive", "svm_loss_vectorized"]


def svm_loss_vectorized(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """The mean hinge loss with ``reg * sum(W * W)``, and its gradient (D, C)."""
    return linear_loss(hinge, W, X, y, reg)


svm_loss_naive = svm_loss_vectorized


def l1_problem(
    rng: np.random.Generator, N: int, D: int, C: int, reg: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """W, of which some weights are 0, X, y and the regularisation."""
    W = rng.normal(size=(D, C)) * (rng.random(size=(D, C)) < 0.8)
    return W, rng.normal(0.2, 1, size=(N, D)), rng.integers(C, size=N), reg


l1 = Loss(
    "svm_loss_l1",
    twin=lambda W, X, y, reg: hinge(X @ W, y) + reg * torch.linalg.vector_norm(W, ord=1),
    inputs=l1_problem,
    arguments=("W", "X", "y", "reg"),
    counted=((N_("the number of examples"), "X", 0), (N_("the number of classes"), "W", 1)),
)
shrinking = Function(
    "shrink",
    twin=lambda W, amount: F.softshrink(torch.from_numpy(W), amount).numpy(),
    inputs=lambda rng, rows, columns: (rng.normal(size=(rows, columns)), 0.4),
    arguments=("W", "amount"),
    outputs=("shrunk",),
)


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
