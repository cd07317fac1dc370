"""Hidden checks of the SVM notebook, against PyTorch's hinge loss and its automatic gradient.

The loss and the gradient are checked apart, without regularisation first, so that one slip does not
cost everything.
"""

import numpy as np

from assignments.checks.a1_classifiers.svm import (
    assert_no_loop,
    check_gradient,
    check_loss,
    check_own_gradient,
    random_problem,
)
from assignments.questions import question
from autograder.checks.a1_classifiers.svm import check_inputs_unchanged, check_sizes, hinge


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
