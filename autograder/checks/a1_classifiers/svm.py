"""What the hidden checks of svm share with others."""

import torch

from assignments.checks.a1_classifiers.svm import (
    check_gradient,
    check_loss,
    random_problem,
)
from assignments.compare import assert_unchanged

#: (N, D, C)
SIZES = [(1, 4, 3), (6, 1, 5), (5, 3, 2), (3, 8, 11)]


def hinge(W, X, y, reg):
    """The right loss and gradient."""
    W = torch.tensor(W, requires_grad=True)
    scores = torch.tensor(X) @ W
    # PyTorch averages over the classes, too.
    loss = torch.nn.functional.multi_margin_loss(scores, torch.tensor(y)) * W.shape[1]
    loss = loss + reg * (W**2).sum()
    loss.backward()
    return loss.item(), W.grad.numpy()


def check_sizes(student, rng, name, right):
    """Are loss and gradient right for one example, one feature, two classes and many?"""
    for N, D, C in SIZES:
        where = f"({N} examples, {D} features, {C} classes)"
        case = random_problem(rng, N, D, C)
        check_loss(student, name, right, *case, 0.0, f"loss {where}")
        check_gradient(student, name, right, *case, 0.0, f"dW {where}")


def check_inputs_unchanged(student, name, right, case):
    """Are the arguments as they were, and is the loss right?"""
    check_loss(student, name, right, *case, 0.0)
    assert_unchanged(student.changed, {0: "W", 1: "X", 2: "y"})
