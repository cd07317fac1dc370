"""What the public and hidden checks of svm share with others."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from assignments.compare import assert_close, assert_unchanged, unpack
from assignments.gradients import numerical_gradient
from assignments.messages import _
from assignments.student import CheckFailed, Student
from assignments.syntax import loop_depth

#: A loss of the linear classifiers: from (W, X, y, reg) to (loss, dW).
Loss = Callable[[np.ndarray, np.ndarray, np.ndarray, float], tuple[float, np.ndarray]]
#: W (2, 3), X (2, 2), y: the scores are 1, 2, 3 (right is class 0) and 0, 3, 1 (class 1).
GRADIENT_BY_HAND = (
    np.array([[1.0, 2.0, 3.0], [0.0, 3.0, 1.0]]),
    np.array([[1.0, 0.0], [0.0, 1.0]]),
    np.array([0, 1]),
)


def random_problem(
    rng: np.random.Generator, N: int = 7, D: int = 5, C: int = 4
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights (D, C), examples (N, D) and labels (N,)."""
    return rng.normal(size=(D, C)), rng.normal(size=(N, D)), rng.integers(C, size=N)


def loss_of(student: Student, name: str, *case: Any) -> Any:
    """The loss that a function returns, looked at alone."""
    return only(student, 0, to_pair(student.call(name, *case)))


def gradient_of(student: Student, name: str, *case: Any) -> Any:
    """The gradient that a function returns, looked at alone."""
    return only(student, 1, to_pair(student.call(name, *case)))


def only(student: Student, place: int, values: Sequence[Any]) -> Any:
    """One of the values that the last call returned.

    The others leave the transcript, so that a mistake in the loss is named though the gradient is
    still to be written.
    """
    student.narrow(place)
    return values[place]


def assert_gradient_by_hand(gradient: Any, what: str) -> None:
    """Is this the gradient for GRADIENT_BY_HAND?"""
    want = np.array([[-1.0, 0.5, 0.5], [0.0, 0.0, 0.0]])
    assert_close(gradient, want, what, factors={_("the number of classes"): 3}, show=True)


def check_inputs(student: Student, name: str, *case: np.ndarray) -> None:
    """Are W, X and y as they were?"""
    student.call(name, *case, 0.1)
    assert_unchanged(student.changed, {0: "W", 1: "X", 2: "y"})


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
    loss, want = loss_of(student, name, W, X, y, reg), right(W, X, y, reg)[0]
    assert_close(loss, want, what or f"loss (reg = {reg})", factors=sizes_of(W, X))


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
    dW, want = gradient_of(student, name, W, X, y, reg), right(W, X, y, reg)[1]
    assert_close(dW, want, what or f"dW (reg = {reg})", factors=sizes_of(W, X))


def check_own_gradient(
    student: Student,
    name: str,
    W: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    reg: float,
    right: Loss | None = None,
) -> None:
    """Is the gradient the one of the student's own loss, right or wrong?

    Args:
        right: where given, a reason says so if it is the loss that is wrong.
    """
    loss, dW = to_pair(student.call(name, W, X, y, reg))
    only(student, 1, (loss, dW))

    def losses(places: list[np.ndarray]) -> list[float]:
        pairs = student.batch((name, place, X, y, reg) for place in places)
        return [float(to_pair(pair)[0]) for pair in pairs]

    numerical = numerical_gradient(losses, W)
    if not numerical.any():
        raise CheckFailed(_("the loss does not depend on W"))
    try:
        assert_close(dW, numerical, "dW", rtol=1e-5, atol=1e-7, factors=sizes_of(W, X))
    except CheckFailed as failure:
        if right and not np.allclose(loss, right(W, X, y, reg)[0]):
            reason = _("dW: it is not the gradient of your loss, which is itself wrong")
            raise CheckFailed(reason) from failure
        raise


def sizes_of(W: np.ndarray, X: np.ndarray) -> dict[str, float]:
    """Numbers that a loss or a gradient is often off by."""
    return {_("the number of examples"): len(X), _("the number of classes"): W.shape[1]}


def to_pair(result: Any) -> tuple[Any, Any]:
    """A result (loss, dW), if it is one."""
    loss, dW = unpack(result, _("the function"), ("loss", "dW"))
    return loss, dW


def assert_no_loop(student: Student, name: str) -> None:
    """Is a function free of loops, under whatever name?"""
    if loop_depth(student, name):
        raise CheckFailed(
            _(
                "there is a loop in it, or in a function that it calls; comprehensions, map and "
                "np.vectorize are loops as well"
            )
        )
