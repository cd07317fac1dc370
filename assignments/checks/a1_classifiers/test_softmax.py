"""Public checks of the softmax notebook: examples by hand, then random ones against PyTorch."""

import numpy as np

from assignments.checks.a1_classifiers.softmax import (
    LABELS,
    SCORES,
    assert_gradient_by_hand,
    assert_loss_by_hand,
    check_batches,
    check_model,
    check_steps,
)
from assignments.checks.a1_classifiers.svm import (
    assert_no_loop,
    check_gradient,
    check_inputs,
    check_loss,
    check_own_gradient,
    gradient_of,
    loss_of,
    random_problem,
)
from assignments.compare import assert_close, assert_equal, assert_unchanged
from assignments.messages import _
from assignments.questions import question
from assignments.standins.a1_classifiers.softmax import softmax_loss_vectorized as right_loss
from assignments.standins.a1_classifiers.svm import svm_loss_vectorized as right_svm_loss
from assignments.student import CheckFailed


@question("softmax-loss-naive")
def test_naive_by_hand(student, rng):
    """For p = 1/8, 3/8, 4/8 (right: the second) and 4/8, 3/8, 1/8 (the third) the loss is right."""
    check_loss_by_hand(student, "softmax_loss_naive")


@question("softmax-loss-naive")
def test_naive_gradient_by_hand(student, rng):
    """There, dW is half of (1/8, -5/8, 4/8) and half of (4/8, 3/8, -7/8)."""
    check_gradient_by_hand(student, "softmax_loss_naive")


@question("softmax-loss-naive")
def test_naive_loss(student, rng):
    """The loss of random examples is right, without and with regularisation."""
    for reg in (0.0, 0.7):
        check_loss(student, "softmax_loss_naive", right_loss, *random_problem(rng), reg)


@question("softmax-loss-naive")
def test_naive_gradient(student, rng):
    """The gradient is right, without and with regularisation."""
    for reg in (0.0, 0.7):
        check_gradient(student, "softmax_loss_naive", right_loss, *random_problem(rng), reg)


@question("softmax-loss-naive")
def test_naive_own_gradient(student, rng):
    """The gradient is that of your own loss: it agrees with the numerical gradient."""
    check_own_gradient(student, "softmax_loss_naive", *random_problem(rng), 0.1, right_loss)


@question("softmax-loss-naive")
def test_naive_large_scores(student, rng):
    """Scores of some thousands lead neither to NaN nor to infinity."""
    check_large_scores(student, "softmax_loss_naive")


@question("softmax-loss-naive")
def test_naive_tiny_probability(student, rng):
    """Where the probability of the right class rounds to zero, the loss is large, not infinite."""
    check_tiny_probability(student, "softmax_loss_naive")


@question("softmax-loss-naive")
def test_naive_inputs(student, rng):
    """Nothing that is passed in is changed."""
    check_inputs(student, "softmax_loss_naive", *random_problem(rng))


@question("softmax-loss-vectorized")
def test_vectorized_by_hand(student, rng):
    """Loss and gradient of the two examples that softmax_loss_naive was tried on are right."""
    check_loss_by_hand(student, "softmax_loss_vectorized")
    check_gradient_by_hand(student, "softmax_loss_vectorized")


@question("softmax-loss-vectorized")
def test_vectorized_loss(student, rng):
    """The loss of random examples is right, without and with regularisation."""
    for reg in (0.0, 0.7):
        check_loss(student, "softmax_loss_vectorized", right_loss, *random_problem(rng), reg)


@question("softmax-loss-vectorized")
def test_vectorized_gradient(student, rng):
    """The gradient is right, without and with regularisation."""
    for reg in (0.0, 0.7):
        check_gradient(student, "softmax_loss_vectorized", right_loss, *random_problem(rng), reg)


@question("softmax-loss-vectorized")
def test_vectorized_large_scores(student, rng):
    """Scores of some thousands lead neither to NaN nor to infinity."""
    check_large_scores(student, "softmax_loss_vectorized")


@question("softmax-loss-vectorized")
def test_vectorized_tiny_probability(student, rng):
    """Where the probability of the right class rounds to zero, the loss is large, not infinite."""
    check_tiny_probability(student, "softmax_loss_vectorized")


@question("softmax-loss-vectorized")
def test_vectorized_inputs(student, rng):
    """Nothing that is passed in is changed."""
    check_inputs(student, "softmax_loss_vectorized", *random_problem(rng))


@question("softmax-loss-vectorized")
def test_vectorized_has_no_loop(student, rng):
    """The loss is right, and there is no loop."""
    check_loss(student, "softmax_loss_vectorized", right_loss, *random_problem(rng), 0.7)
    assert_no_loop(student, "softmax_loss_vectorized")


@question("softmax-classifiers")
def test_softmax_uses_its_weights(student, rng):
    """Softmax().loss is the cross-entropy at self.W, with its gradient."""
    check_model(student, "Softmax", right_loss, *random_problem(rng), 0.3)


@question("softmax-classifiers")
def test_svm_uses_its_weights(student, rng):
    """LinearSVM().loss is the hinge loss at self.W, with its gradient."""
    check_model(student, "LinearSVM", right_svm_loss, *random_problem(rng), 0.3)


@question("softmax-train")
def test_train_steps(student, rng):
    """Each step moves W against the gradient, and the loss of each step is returned."""
    check_steps(student, rng, num_iters=5)


@question("softmax-train")
def test_train_batches(student, rng):
    """Each step sees a random batch of the asked size, with labels that belong to its examples."""
    check_batches(student, rng)


@question("softmax-predict")
def test_predict_by_hand(student, rng):
    """The class with the largest score is predicted."""
    model = student.Softmax()
    model.set("W", np.array([[1.0, 0.0, -1.0], [0.0, 1.0, -1.0]]))
    X = np.array([[2.0, 1.0], [-1.0, -3.0], [0.5, 4.0], [3.0, -1.0]])
    assert_equal(model.predict(X), np.array([0, 2, 1, 0]), "y_pred", show=True)


@question("softmax-predict")
def test_predict_inputs(student, rng):
    """Neither X nor self.W is changed."""
    W = rng.normal(size=(2, 3))
    model = student.Softmax()
    model.set("W", W)
    model.predict(rng.normal(size=(4, 2)))
    assert_unchanged(student.changed, {0: "X"})
    if not np.array_equal(model.get("W"), W):
        raise CheckFailed(_("the call changes self.W in place; work on a copy"))


# --- shared with the hidden checks ---------------------------------------------------------------


def check_loss_by_hand(student, name):
    """Is the loss of the examples above right?"""
    assert_loss_by_hand(loss_of(student, name, SCORES, np.eye(2), LABELS, 0.0))


def check_gradient_by_hand(student, name):
    """Is the gradient for the examples above right? Each has a row of its own in dW."""
    assert_gradient_by_hand(gradient_of(student, name, SCORES, np.eye(2), LABELS, 0.0), "dW")


def check_large_scores(student, name):
    """Rows of scores around 3000, 0 and -3000; probabilities do not notice."""
    W = np.array([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]])
    X = np.array([[1.0, 3000.0], [1.0, 0.0], [1.0, -3000.0]])
    y = np.array([2, 0, 2])
    check_loss(student, name, right_loss, W, X, y, 0.0)
    check_gradient(student, name, right_loss, W, X, y, 0.0)


def check_tiny_probability(student, name):
    """The right class scores 2000 less than the other."""
    loss = loss_of(student, name, np.array([[0.0, 2000.0]]), np.array([[1.0]]), np.array([0]), 0.0)
    assert_close(loss, 2000.0, "loss", show=True)
