"""Hidden checks of the SVM notebook, against PyTorch's hinge loss and its automatic gradient.

The loss and the gradient are checked apart, without regularisation first, so that one slip does not
cost everything.
"""

import numpy as np
import torch

from assignments.checks.a1_classifiers.test_svm import (
    assert_no_loop,
    check_gradient,
    check_loss,
    check_own_gradient,
    random_problem,
)
from assignments.compare import assert_unchanged
from assignments.questions import question

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


def problem(rng, N=8, D=5, C=4):
    """A random problem on which mistakes show, away from the kinks of the hinge.

    Some example violates several margins and some at most one; not all violated ones are of the
    kind in which the wrong class leads by more than 1.
    """
    while True:
        W, X, y = random_problem(rng, N, D, C)
        scores = X @ W
        margins = scores - scores[np.arange(N), y][:, None] + 1
        others = margins[np.arange(C) != y[:, None]]
        violated = (others > 0).reshape(N, C - 1).sum(axis=1)
        if (
            np.abs(others).min() > 1e-3
            and violated.min() < 2 <= violated.max()
            and ((others > 0) & (others < 1)).any()
        ):
            return W, X, y


# --- svm-loss-naive ------------------------------------------------------------------------------


@question("svm-loss-naive", weight=2)
def test_naive_loss(student, rng):
    """Without regularisation the loss agrees with PyTorch's."""
    check_loss(student, "svm_loss_naive", hinge, *problem(rng), 0.0)


@question("svm-loss-naive", weight=3)
def test_naive_gradient(student, rng):
    """Without regularisation the gradient agrees with PyTorch's."""
    check_gradient(student, "svm_loss_naive", hinge, *problem(rng), 0.0)


@question("svm-loss-naive")
def test_naive_loss_regularised(student, rng):
    """With regularisation the loss agrees with PyTorch's."""
    check_loss(student, "svm_loss_naive", hinge, *problem(rng), 0.3)


@question("svm-loss-naive")
def test_naive_gradient_regularised(student, rng):
    """With regularisation the gradient agrees with PyTorch's."""
    check_gradient(student, "svm_loss_naive", hinge, *problem(rng), 0.3)


@question("svm-loss-naive")
def test_naive_sizes(student, rng):
    """Both are right for one example, one feature, two classes and many classes."""
    check_sizes(student, rng, "svm_loss_naive", hinge)


@question("svm-loss-naive")
def test_naive_own_gradient(student, rng):
    """The gradient is the one of your own loss, whether that is right or not."""
    check_own_gradient(student, "svm_loss_naive", *problem(rng, N=4, D=3, C=3), 0.0)


@question("svm-loss-naive", weight=0.5, rule=True)
def test_naive_inputs(student, rng):
    """W, X and y are as they were, and the loss is right."""
    check_inputs_unchanged(student, "svm_loss_naive", hinge, problem(rng))


# --- svm-loss-vectorized -------------------------------------------------------------------------


@question("svm-loss-vectorized")
def test_vectorized_loss(student, rng):
    """Without regularisation the loss agrees with PyTorch's."""
    check_loss(student, "svm_loss_vectorized", hinge, *problem(rng), 0.0)


@question("svm-loss-vectorized", weight=1.5)
def test_vectorized_gradient(student, rng):
    """Without regularisation the gradient agrees with PyTorch's."""
    check_gradient(student, "svm_loss_vectorized", hinge, *problem(rng), 0.0)


@question("svm-loss-vectorized", weight=0.5)
def test_vectorized_loss_regularised(student, rng):
    """With regularisation the loss agrees with PyTorch's."""
    check_loss(student, "svm_loss_vectorized", hinge, *problem(rng), 0.3)


@question("svm-loss-vectorized", weight=0.5)
def test_vectorized_gradient_regularised(student, rng):
    """With regularisation the gradient agrees with PyTorch's."""
    check_gradient(student, "svm_loss_vectorized", hinge, *problem(rng), 0.3)


@question("svm-loss-vectorized", weight=0.5)
def test_vectorized_sizes(student, rng):
    """Both are right for one example, one feature, two classes and many classes."""
    check_sizes(student, rng, "svm_loss_vectorized", hinge)


@question("svm-loss-vectorized", weight=0.5, rule=True)
def test_vectorized_inputs(student, rng):
    """W, X and y are as they were, and the loss is right."""
    check_inputs_unchanged(student, "svm_loss_vectorized", hinge, problem(rng))


@question("svm-loss-vectorized", weight=1.75, rule=True)
def test_vectorized_loss_has_no_loop(student, rng):
    """The loss is right, and there is no loop."""
    check_loss(student, "svm_loss_vectorized", hinge, *problem(rng), 0.0)
    assert_no_loop(student, "svm_loss_vectorized")


@question("svm-loss-vectorized", weight=1.75, rule=True)
def test_vectorized_gradient_has_no_loop(student, rng):
    """The gradient is right, and there is no loop."""
    check_gradient(student, "svm_loss_vectorized", hinge, *problem(rng), 0.0)
    assert_no_loop(student, "svm_loss_vectorized")


# --- shared with the softmax notebook ------------------------------------------------------------


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
