"""What svm asks for, declared once; its stand-ins follow.

They are for a student who comes to a later notebook without having finished this one. No gradient
is written out here.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional as F

from assignments.families.function import Function
from assignments.families.loss import Loss
from assignments.messages import N_

__all__ = ["svm_loss_naive", "svm_loss_vectorized"]


def problem(
    rng: np.random.Generator,
    examples: int = 8,
    features: int = 5,
    classes: int = 4,
    reg: float = 0.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Weights, examples and labels, with no margin close to the kink of the hinge.

    Where there are many, each class is right at times, some examples violate several margins and
    some at most one, and not all margins are violated by more than 1.
    """
    while True:
        W, X = rng.normal(size=(features, classes)), rng.normal(size=(examples, features))
        y, scores = rng.integers(classes, size=examples), X @ W
        margins = scores - scores[np.arange(examples), y][:, None] + 1
        violated = (margins > 0).sum(axis=1) - 1  # the right class has a margin of 1 to itself
        if np.abs(margins).min() > 1e-3 and (
            examples < 4
            or classes < 3
            or (
                violated.min() < 2 <= violated.max()
                and ((margins > 0) & (margins < 1)).any()
                and len(np.unique(y)) == classes
            )
        ):
            return W, X, y, reg


def linear_loss(
    name: str,
    data_loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    kind: type[Loss] = Loss,
) -> Loss:
    """A loss of the scores ``X @ W``, to which ``reg`` times all squared weights is added."""
    return kind(
        name,
        lambda W, X, y, reg: data_loss(X.to(W.dtype) @ W, y.long()) + reg * W.square().sum(),
        problem,
        ("W", "X", "y", "reg"),
        ((N_("the number of examples"), "X", 0), (N_("the number of classes"), "W", 1)),
    )


def hinge(scores: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The mean multiclass hinge loss."""
    # PyTorch divides by the number of classes as well.
    return F.multi_margin_loss(scores, y) * scores.shape[1]


naive = linear_loss("svm_loss_naive", hinge)
vectorized = linear_loss("svm_loss_vectorized", hinge)
svm_loss_naive = svm_loss_vectorized = vectorized.standin()


# --- asked for in its stretch exercise -----------------------------------------------------------


def sparse_problem(
    rng: np.random.Generator, N: int, D: int, C: int, reg: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """A problem with some weights that are 0, where L1 has a kink."""
    W, X, y, _reg = problem(rng, N, D, C)
    return W * (rng.random(size=W.shape) < 0.8), X, y, reg


l1 = Loss(
    "svm_loss_l1",
    twin=lambda W, X, y, reg: hinge(X @ W, y) + reg * torch.linalg.vector_norm(W, ord=1),
    inputs=sparse_problem,
    arguments=("W", "X", "y", "reg"),
    counted=vectorized.counted,
)
shrinking = Function(
    "shrink",
    twin=lambda W, amount: F.softshrink(torch.from_numpy(W), amount).numpy(),
    inputs=lambda rng, rows, columns: (rng.normal(size=(rows, columns)), 0.4),
    arguments=("W", "amount"),
    outputs=("shrunk",),
)
