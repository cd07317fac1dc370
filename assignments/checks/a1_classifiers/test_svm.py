"""Public checks of the SVM notebook: an example by hand, then small random ones against PyTorch."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from assignments.compare import assert_close, assert_unchanged, unpack
from assignments.gradients import numerical_gradient
from assignments.messages import _
from assignments.questions import question
from assignments.standins.a1_classifiers.svm import svm_loss_vectorized as right_svm_loss
from assignments.student import CheckFailed, Student
from assignments.syntax import loop_depth

#: A loss of the linear classifiers: from (W, X, y, reg) to (loss, dW).
Loss = Callable[[np.ndarray, np.ndarray, np.ndarray, float], tuple[float, np.ndarray]]

#: W (2, 3), X (2, 2), y: the scores are 3, 5, -1.5 (right is class 0) and 2, 0, 1 (class 2).
BY_HAND = (
    np.array([[3.0, 5.0, -1.5], [2.0, 0.0, 1.0]]),
    np.array([[1.0, 0.0], [0.0, 1.0]]),
    np.array([0, 2]),
)

#: Known mistakes of a hinge loss. Each check that knows their answers gives them in this order.
HINGE_MISTAKES = (
    _("it is too large by exactly 1: is the right class counted, too?"),
    _("it is the sum over the examples, not the mean"),
    _("a wrong class costs when its score is high, not when it is low: which minus which?"),
    _("which score is subtracted from which? And the right class is counted, too"),
    _("a wrong class costs also when it is behind, but by less than 1"),
    _("1 is subtracted where it should be added"),
    _("the costs are squared"),
    _("negative costs are added, too: where is the maximum with 0?"),
)

#: W (2, 3), X (2, 2), y: the scores are 1, 2, 3 (right is class 0) and 0, 3, 1 (class 1).
GRADIENT_BY_HAND = (
    np.array([[1.0, 2.0, 3.0], [0.0, 3.0, 1.0]]),
    np.array([[1.0, 0.0], [0.0, 1.0]]),
    np.array([0, 1]),
)

#: Each example has a row of its own in dW, since its other feature is 0.
KNOWN_GRADIENTS = {
    _("the column of the right class is untouched: what does a violated margin do to it?"): [
        [0.0, 0.5, 0.5],
        [0.0, 0.0, 0.0],
    ],
    _("each violated margin changes the column of the right class, not each example"): [
        [-0.5, 0.5, 0.5],
        [0.0, 0.0, 0.0],
    ],
    _("the column of the right class changes once for each violated margin, perhaps not at all"): [
        [-0.5, 0.5, 0.5],
        [0.0, -0.5, 0.0],
    ],
    _("margins that are kept are counted, too"): [[-1.0, 0.5, 0.5], [0.5, -1.0, 0.5]],
    _("the right class is counted among the violated margins"): [
        [-1.5, 0.5, 0.5],
        [0.0, -0.5, 0.0],
    ],
    _("a violated margin counts once, however large it is"): [[-2.5, 1.0, 1.5], [0.0, 0.0, 0.0]],
    _("it is the sum over the examples, not the mean"): [[-2.0, 1.0, 1.0], [0.0, 0.0, 0.0]],
}


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
    """The gradient fits your own loss: it agrees with differences of the loss at nearby W."""
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


# --- shared with the hidden checks, and with those of the softmax notebook -----------------------


def random_problem(
    rng: np.random.Generator, N: int = 7, D: int = 5, C: int = 4
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights (D, C), examples (N, D) and labels (N,)."""
    return rng.normal(size=(D, C)), rng.normal(size=(N, D)), rng.integers(C, size=N)


def check_loss_by_hand(student: Student, name: str) -> None:
    """Is the hinge loss of two examples right?"""
    loss, _dW = to_pair(student.call(name, *BY_HAND, 0.0))
    known = dict(zip(HINGE_MISTAKES, (3.5, 5.0, 3.75, 4.75, 1.5, 0.5, 6.5, 0.75), strict=True))
    factors = {_("the number of classes"): 3}
    assert_close(loss, 2.5, "loss", factors=factors, known=known, show=True)


def check_gradient_by_hand(student: Student, name: str) -> None:
    """Is the gradient of the hinge loss right, where one example violates two margins?"""
    _loss, dW = to_pair(student.call(name, *GRADIENT_BY_HAND, 0.0))
    assert_gradient_by_hand(dW, "dW")


def assert_gradient_by_hand(gradient: Any, what: str) -> None:
    """Is this the gradient for GRADIENT_BY_HAND?"""
    want = np.array([[-1.0, 0.5, 0.5], [0.0, 0.0, 0.0]])
    known = {**unwritten(want), **KNOWN_GRADIENTS}
    factors = {_("the number of classes"): 3}
    assert_close(gradient, want, what, factors=factors, known=known, show=True)


def unwritten(gradient: np.ndarray) -> dict[str, np.ndarray]:
    """A gradient that is still as the notebook gives it, as a known mistake."""
    return {_("it is still to be written, after the loss"): np.zeros_like(gradient)}


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
    known: Mapping[str, Any] | None = None,
) -> None:
    """Is it what is right for this reg? If not, is it right for another one?"""
    want = right(reg)
    half = (
        _("there is half of the regularisation: the derivative of w squared is 2 w")
        if np.ndim(want)
        else _("there is half of the regularisation: here it is reg * sum, without 0.5")
    )
    known = {**(known or {}), **(unwritten(want) if np.ndim(want) else {})}
    if reg:
        known |= {
            _("the regularisation is missing"): right(0.0),
            half: right(reg / 2),
            _("the regularisation is divided by the number of examples"): right(reg / len(X)),
        }
    assert_close(got, want, what, factors=sizes_of(W, X), known=known)


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

    def losses(places: list[np.ndarray]) -> list[float]:
        pairs = student.batch((name, place, X, y, reg) for place in places)
        return [float(to_pair(pair)[0]) for pair in pairs]

    differences = numerical_gradient(losses, W)
    if not differences.any():
        raise CheckFailed(_("the loss does not depend on W"))
    known = unwritten(differences)
    try:
        assert_close(
            dW, differences, "dW", rtol=1e-5, atol=1e-7, factors=sizes_of(W, X), known=known
        )
    except CheckFailed as failure:
        if right and not np.allclose(loss, right(W, X, y, reg)[0]):
            raise CheckFailed(
                _("dW: it does not fit your loss, which is itself wrong")
            ) from failure
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
