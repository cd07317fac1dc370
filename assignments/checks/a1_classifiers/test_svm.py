"""Public checks of the SVM notebook: an example by hand, then small random ones against PyTorch."""

from collections.abc import Callable
from typing import Any

import numpy as np

from assignments.compare import assert_close
from assignments.gradients import numerical_gradient
from assignments.messages import _
from assignments.questions import question
from assignments.standins.a1_classifiers.svm import svm_loss_vectorized as right_svm_loss
from assignments.student import CheckFailed, Remote, Student
from assignments.syntax import loop_depth

#: A loss of the linear classifiers: from (W, X, y, reg) to (loss, dW).
Loss = Callable[[np.ndarray, np.ndarray, np.ndarray, float], tuple[float, np.ndarray]]

#: W (2, 3), X (2, 2), y: the scores are 3, 5, -1.5 (right is class 0) and 2, 0, 1 (class 2).
BY_HAND = (
    np.array([[3.0, 5.0, -1.5], [2.0, 0.0, 1.0]]),
    np.array([[1.0, 0.0], [0.0, 1.0]]),
    np.array([0, 2]),
)


@question("svm-loss-naive")
def test_naive_by_hand(student, rng):
    """For scores 3, 5, -1.5 (right: the first) and 2, 0, 1 (right: the last) the loss is 2.5."""
    loss, _dW = to_pair(student.svm_loss_naive(*BY_HAND, 0.0))
    assert_close(loss, 2.5, "loss")


@question("svm-loss-naive")
def test_naive_loss(student, rng):
    """The loss of random examples is right, without regularisation."""
    check_loss(student, "svm_loss_naive", right_svm_loss, *random_problem(rng), 0.0)


@question("svm-loss-naive")
def test_naive_regularised(student, rng):
    """The loss of random examples is right with regularisation, too."""
    check_loss(student, "svm_loss_naive", right_svm_loss, *random_problem(rng), 0.7)


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
    """The gradient fits your own loss: it agrees with differences of the loss at nearby W."""
    check_own_gradient(student, "svm_loss_naive", *random_problem(rng), 0.1)


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
def test_vectorized_has_no_loop(student, rng):
    """The loss is right, and there is no loop."""
    check_loss(student, "svm_loss_vectorized", right_svm_loss, *random_problem(rng), 0.7)
    assert_no_loop(student, "svm_loss_vectorized")


# --- shared with the hidden checks, and with those of the softmax notebook -----------------------


def random_problem(
    rng: np.random.Generator, N: int = 7, D: int = 5, C: int = 4
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights (D, C), examples (N, D) and labels (N,)."""
    return rng.normal(size=(D, C)), rng.normal(size=(N, D)), rng.integers(C, size=N)


def check_loss(
    student: Student,
    name: str,
    right: Loss,
    W: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    reg: float,
    what: str = "",
) -> None:
    """Is the loss right?"""
    loss, _dW = to_pair(student.call(name, W, X, y, reg))
    assert_right(loss, lambda reg: right(W, X, y, reg)[0], reg, what or f"loss (reg = {reg})", W, X)


def check_gradient(
    student: Student,
    name: str,
    right: Loss,
    W: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    reg: float,
    what: str = "",
) -> None:
    """Is the gradient right?"""
    _loss, dW = to_pair(student.call(name, W, X, y, reg))
    assert_right(dW, lambda reg: right(W, X, y, reg)[1], reg, what or f"dW (reg = {reg})", W, X)


def assert_right(
    got: Any,
    right: Callable[[float], Any],
    reg: float,
    what: str,
    W: np.ndarray,
    X: np.ndarray,
) -> None:
    """Is it what is right for this reg? If not, is it right for another one?"""
    try:
        assert_close(got, right(reg), what, factors=sizes_of(W, X))
    except CheckFailed as failure:
        if failure.symptom or not reg or np.shape(got) != np.shape(right(0.0)):
            raise
        for share, symptom in (
            (0.0, _("the regularisation is missing")),
            (0.5, _("there is half of the regularisation: is a factor of 2 missing?")),
            (1 / len(X), _("the regularisation is divided by the number of examples")),
        ):
            if np.allclose(got, right(share * reg), rtol=1e-5):
                raise CheckFailed(failure.reason, symptom) from failure
        raise


def check_own_gradient(
    student: Student, name: str, W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> None:
    """Is the gradient the one of the student's own loss, right or wrong?"""
    _loss, dW = to_pair(student.call(name, W, X, y, reg))

    def losses(places: list[np.ndarray]) -> list[float]:
        pairs = student.batch((name, place, X, y, reg) for place in places)
        return [float(to_pair(pair)[0]) for pair in pairs]

    differences = numerical_gradient(losses, W)
    if not differences.any():
        raise CheckFailed(_("the loss does not depend on W"))
    assert_close(dW, differences, "dW", rtol=1e-5, atol=1e-7, factors=sizes_of(W, X))


def sizes_of(W: np.ndarray, X: np.ndarray) -> dict[str, float]:
    """Numbers that a loss or a gradient is often off by."""
    return {_("the number of examples"): len(X), _("the number of classes"): W.shape[1]}


def to_pair(result: Any) -> tuple[Any, Any]:
    """A result (loss, dW), if it is one."""
    if not isinstance(result, tuple | list) or len(result) != 2:
        kind = result.type_name if isinstance(result, Remote) else type(result).__name__
        raise CheckFailed(
            _("the result is of type {kind}, where a pair (loss, dW) is expected").format(kind=kind)
        )
    return result[0], result[1]


def assert_no_loop(student: Student, name: str) -> None:
    """Is a function free of loops, under whatever name?"""
    if loop_depth(student, name):
        raise CheckFailed(
            _(
                "there is a loop in it, or in a function that it calls; comprehensions, map and "
                "np.vectorize are loops as well"
            )
        )
