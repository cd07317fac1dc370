"""Public checks of the SVM notebook: an example by hand, then small random ones against PyTorch."""

import numpy as np

from assignments.checks.a1_classifiers.svm import (
    GRADIENT_BY_HAND,
    assert_gradient_by_hand,
    assert_no_loop,
    check_gradient,
    check_inputs,
    check_loss,
    check_own_gradient,
    gradient_of,
    loss_of,
    random_problem,
)
from assignments.compare import assert_close
from assignments.families.checks import Checks
from assignments.messages import _
from assignments.questions import question
from assignments.standins.a1_classifiers.svm import l1, shrinking
from assignments.standins.a1_classifiers.svm import svm_loss_vectorized as right_svm_loss
from assignments.student import Student

#: W (2, 3), X (2, 2), y: the scores are 3, 5, -1.5 (right is class 0) and 2, 0, 1 (class 2).
BY_HAND = (
    np.array([[3.0, 5.0, -1.5], [2.0, 0.0, 1.0]]),
    np.array([[1.0, 0.0], [0.0, 1.0]]),
    np.array([0, 2]),
)


@question("svm-loss-naive")
def test_naive_by_hand(student, rng):
    """For scores 3, 5, -1.5 (right: the first) and 2, 0, 1 (right: the last) the loss is 2.5."""
    check_loss_by_hand(student, "svm_loss_naive")


@question("svm-loss-naive")
def test_naive_loss(student, rng):
    """The loss of random examples is right, without regularisation."""
    check_loss(student, "svm_loss_naive", right_svm_loss, *random_problem(rng), 0.0)


@question("svm-loss-naive")
def test_naive_regularised(student, rng):
    """The loss of random examples is right with regularisation, too."""
    check_loss(student, "svm_loss_naive", right_svm_loss, *random_problem(rng), 0.7)


@question("svm-loss-naive")
def test_naive_gradient_by_hand(student, rng):
    """Of two examples only the first violates margins, and two of them: dW is right by hand."""
    check_gradient_by_hand(student, "svm_loss_naive")


@question("svm-loss-naive")
def test_naive_gradient(student, rng):
    """The gradient is right, without regularisation."""
    check_gradient(student, "svm_loss_naive", right_svm_loss, *random_problem(rng), 0.0)


@question("svm-loss-naive")
def test_naive_gradient_regularised(student, rng):
    """The gradient is right with regularisation, too."""
    check_gradient(student, "svm_loss_naive", right_svm_loss, *random_problem(rng), 0.7)


@question("svm-loss-naive")
def test_naive_own_gradient(student, rng):
    """The gradient is that of your own loss: it agrees with the numerical gradient."""
    check_own_gradient(student, "svm_loss_naive", *random_problem(rng), 0.1, right_svm_loss)


@question("svm-loss-naive")
def test_naive_inputs(student, rng):
    """Nothing that is passed in is changed."""
    check_inputs(student, "svm_loss_naive", *random_problem(rng))


@question("svm-loss-vectorized")
def test_vectorized_by_hand(student, rng):
    """Loss and gradient of the examples that svm_loss_naive was tried on are right."""
    check_loss_by_hand(student, "svm_loss_vectorized")
    check_gradient_by_hand(student, "svm_loss_vectorized")


@question("svm-loss-vectorized")
def test_vectorized_loss(student, rng):
    """The loss of random examples is right, without and with regularisation."""
    for reg in (0.0, 0.7):
        check_loss(student, "svm_loss_vectorized", right_svm_loss, *random_problem(rng), reg)


@question("svm-loss-vectorized")
def test_vectorized_gradient(student, rng):
    """The gradient is right, without and with regularisation."""
    for reg in (0.0, 0.7):
        check_gradient(student, "svm_loss_vectorized", right_svm_loss, *random_problem(rng), reg)


@question("svm-loss-vectorized")
def test_vectorized_inputs(student, rng):
    """Nothing that is passed in is changed."""
    check_inputs(student, "svm_loss_vectorized", *random_problem(rng))


@question("svm-loss-vectorized")
def test_vectorized_has_no_loop(student, rng):
    """The loss is right, and there is no loop."""
    check_loss(student, "svm_loss_vectorized", right_svm_loss, *random_problem(rng), 0.7)
    assert_no_loop(student, "svm_loss_vectorized")


l1_loss = (
    Checks("svm-star-l1", l1, (7, 5, 4, 0.7))
    .by_hand(
        "Where no margin is violated, weights 3, -1, 0 and 0.5 with reg = 2 cost 9.",
        W=[[3, -1], [0, 0.5]], X=[[1, 0]], y=np.array([0]), reg=2.0,
        loss=9, dW=[[2, -2], [0, 2]],
    )
    .sizes("The loss of random examples is right.", (7, 5, 4, 0.7), only=("loss",))
    .sizes("The gradient is right, without and with regularisation.",
           (7, 5, 4, 0.0), (7, 5, 4, 0.7), only=("dW",))
    .untouched()
)  # fmt: skip
l1_shrink = (
    Checks("svm-star-l1", shrinking, (3, 4))
    .by_hand(
        "By an amount of 1, the weights 3, -3, 0.5, -0.5 and 0 become 2, -2, 0, 0 and 0.",
        W=[3, -3, 0.5, -0.5, 0], amount=1.0, shrunk=[2, -2, 0, 0, 0],
    )
    .sizes("Random weights are shrunk as PyTorch shrinks them.", (6, 5))
    .untouched("The weights that are passed in are not changed.")
)  # fmt: skip


# --- shared with the hidden checks, and with those of the softmax notebook -----------------------


def check_loss_by_hand(student: Student, name: str) -> None:
    """Is the hinge loss of two examples right?"""
    loss = loss_of(student, name, *BY_HAND, 0.0)
    assert_close(loss, 2.5, "loss", factors={_("the number of classes"): 3}, show=True)


def check_gradient_by_hand(student: Student, name: str) -> None:
    """Is the gradient of the hinge loss right, where one example violates two margins?"""
    assert_gradient_by_hand(gradient_of(student, name, *GRADIENT_BY_HAND, 0.0), "dW")
