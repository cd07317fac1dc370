"""Hidden checks of the softmax notebook, against PyTorch's losses and automatic gradients.

Training is checked with losses of our own: they do not depend on how a student draws batches.
"""

import numpy as np
import torch

from assignments.checks.a1_classifiers.softmax import check_batches, check_model, check_steps
from assignments.checks.a1_classifiers.svm import (
    assert_no_loop,
    check_gradient,
    check_loss,
    check_own_gradient,
    random_problem,
    to_pair,
)
from assignments.compare import assert_close, assert_equal, assert_unchanged
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed
from autograder.checks.a1_classifiers.svm import check_inputs_unchanged, check_sizes, hinge

VECTORIZED = {"softmax-loss-vectorized": ("softmax_loss_vectorized",)}
BEFORE_TRAIN = {**VECTORIZED, "softmax-classifiers": ("Softmax.loss",)}


def cross_entropy(W, X, y, reg):
    """The right loss and gradient."""
    W = torch.tensor(W, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(torch.tensor(X) @ W, torch.tensor(y))
    loss = loss + reg * (W**2).sum()
    loss.backward()
    return loss.item(), W.grad.numpy()


def problem(rng, N=8, D=5, C=4):
    """A random problem with scores of about -3 to 3, in which every class is right at times."""
    while True:
        W, X, y = random_problem(rng, N, D, C)
        if len(np.unique(y)) == C:
            return W, X, y


def shifted_problem(rng):
    """The same with all scores of an example moved by some thousands, which cancels."""
    W, X, y = problem(rng)
    shift = rng.permutation([-4000.0, -2000.0, 0.0, 0.0, 1000.0, 2000.0, 3000.0, 5000.0])
    return np.vstack([W, np.ones(W.shape[1])]), np.column_stack([X, shift]), y


def hopeless_problem(rng):
    """The right class scores a thousand below another, so its probability rounds to zero."""
    W, X, y = problem(rng)
    wrong = (y[:4] + 1) % W.shape[1]
    far = rng.uniform(1000, 2000, size=4)
    X = np.hstack([X, np.zeros((len(X), W.shape[1]))])
    X[np.arange(4), 5 + wrong] = far
    return np.vstack([W, np.eye(W.shape[1])]), X, y


# --- softmax-loss-naive --------------------------------------------------------------------------


@question("softmax-loss-naive", weight=2)
def test_naive_loss(student, rng):
    """Without regularisation the loss agrees with PyTorch's."""
    check_loss(student, "softmax_loss_naive", cross_entropy, *problem(rng), 0.0)


@question("softmax-loss-naive", weight=2.5)
def test_naive_gradient(student, rng):
    """Without regularisation the gradient agrees with PyTorch's."""
    check_gradient(student, "softmax_loss_naive", cross_entropy, *problem(rng), 0.0)


@question("softmax-loss-naive")
def test_naive_loss_regularised(student, rng):
    """With regularisation the loss agrees with PyTorch's."""
    check_loss(student, "softmax_loss_naive", cross_entropy, *problem(rng), 0.3)


@question("softmax-loss-naive")
def test_naive_gradient_regularised(student, rng):
    """With regularisation the gradient agrees with PyTorch's."""
    check_gradient(student, "softmax_loss_naive", cross_entropy, *problem(rng), 0.3)


@question("softmax-loss-naive")
def test_naive_sizes(student, rng):
    """Both are right for one example, one feature, two classes and many classes."""
    check_sizes(student, rng, "softmax_loss_naive", cross_entropy)


@question("softmax-loss-naive")
def test_naive_own_gradient(student, rng):
    """The gradient is the one of your own loss, whether that is right or not."""
    check_own_gradient(student, "softmax_loss_naive", *problem(rng, N=4, D=3, C=3), 0.0)


@question("softmax-loss-naive", weight=1.5)
def test_naive_large_scores(student, rng):
    """Scores of some thousands, above and below zero, change nothing."""
    check_large_scores(student, rng, "softmax_loss_naive")


@question("softmax-loss-naive", weight=0.5)
def test_naive_tiny_probability(student, rng):
    """The loss is finite and right where the right class's probability rounds to zero."""
    check_tiny_probability(student, rng, "softmax_loss_naive")


@question("softmax-loss-naive", weight=0.5, rule=True)
def test_naive_inputs(student, rng):
    """W, X and y are as they were, and the loss is right."""
    check_inputs_unchanged(student, "softmax_loss_naive", cross_entropy, problem(rng))


# --- softmax-loss-vectorized ---------------------------------------------------------------------


@question("softmax-loss-vectorized")
def test_vectorized_loss(student, rng):
    """Without regularisation the loss agrees with PyTorch's."""
    check_loss(student, "softmax_loss_vectorized", cross_entropy, *problem(rng), 0.0)


@question("softmax-loss-vectorized", weight=1.5)
def test_vectorized_gradient(student, rng):
    """Without regularisation the gradient agrees with PyTorch's."""
    check_gradient(student, "softmax_loss_vectorized", cross_entropy, *problem(rng), 0.0)


@question("softmax-loss-vectorized", weight=0.5)
def test_vectorized_loss_regularised(student, rng):
    """With regularisation the loss agrees with PyTorch's."""
    check_loss(student, "softmax_loss_vectorized", cross_entropy, *problem(rng), 0.3)


@question("softmax-loss-vectorized", weight=0.5)
def test_vectorized_gradient_regularised(student, rng):
    """With regularisation the gradient agrees with PyTorch's."""
    check_gradient(student, "softmax_loss_vectorized", cross_entropy, *problem(rng), 0.3)


@question("softmax-loss-vectorized", weight=0.5)
def test_vectorized_sizes(student, rng):
    """Both are right for one example, one feature, two classes and many classes."""
    check_sizes(student, rng, "softmax_loss_vectorized", cross_entropy)


@question("softmax-loss-vectorized")
def test_vectorized_large_scores(student, rng):
    """Scores of some thousands, above and below zero, change nothing."""
    check_large_scores(student, rng, "softmax_loss_vectorized")


@question("softmax-loss-vectorized", weight=0.5)
def test_vectorized_tiny_probability(student, rng):
    """The loss is finite and right where the right class's probability rounds to zero."""
    check_tiny_probability(student, rng, "softmax_loss_vectorized")


@question("softmax-loss-vectorized", weight=0.5, rule=True)
def test_vectorized_inputs(student, rng):
    """W, X and y are as they were, and the loss is right."""
    check_inputs_unchanged(student, "softmax_loss_vectorized", cross_entropy, problem(rng))


@question("softmax-loss-vectorized", weight=2, rule=True)
def test_vectorized_loss_has_no_loop(student, rng):
    """The loss is right, and there is no loop."""
    check_loss(student, "softmax_loss_vectorized", cross_entropy, *problem(rng), 0.0)
    assert_no_loop(student, "softmax_loss_vectorized")


@question("softmax-loss-vectorized", weight=2, rule=True)
def test_vectorized_gradient_has_no_loop(student, rng):
    """The gradient is right, and there is no loop."""
    check_gradient(student, "softmax_loss_vectorized", cross_entropy, *problem(rng), 0.0)
    assert_no_loop(student, "softmax_loss_vectorized")


def check_large_scores(student, rng, name):
    case = shifted_problem(rng)
    check_loss(student, name, cross_entropy, *case, 0.0)
    check_gradient(student, name, cross_entropy, *case, 0.0)


def check_tiny_probability(student, rng, name):
    case = *hopeless_problem(rng), 0.0
    loss, _dW = to_pair(student.call(name, *case))
    assert_close(loss, cross_entropy(*case)[0], "loss")


# --- softmax-classifiers -------------------------------------------------------------------------


@question("softmax-classifiers", builds_on=VECTORIZED)
def test_softmax_uses_its_weights(student, rng):
    """Softmax().loss is the cross-entropy at self.W, with its gradient."""
    check_model(student, "Softmax", cross_entropy, *problem(rng), 0.3)


@question("softmax-classifiers")
def test_svm_uses_its_weights(student, rng):
    """LinearSVM().loss is the hinge loss at self.W, with its gradient."""
    check_model(student, "LinearSVM", hinge, *problem(rng), 0.3)


# --- softmax-train -------------------------------------------------------------------------------


@question("softmax-train", weight=2)
def test_train_steps(student, rng):
    """Each step moves W by learning_rate against the gradient; each loss is in the history."""
    check_steps(student, rng, num_iters=7)


@question("softmax-train", weight=2)
def test_train_batches(student, rng):
    """Each step sees a new random batch, with the labels that belong to its examples."""
    check_batches(student, rng)


@question("softmax-train", builds_on=BEFORE_TRAIN)
def test_train_learns(student, rng):
    """Softmax trained on three clusters tells them apart."""
    centres = np.array([[2.0, 0.0, 1.0], [-1.0, 2.0, 1.0], [-1.0, -2.0, 1.0]])
    y = rng.permutation(np.resize([0, 1, 2], 90))
    X = centres[y] + rng.normal(0, [0.4, 0.4, 0.0], size=(90, 3))
    model = student.Softmax()
    history = model.train(X, y, learning_rate=0.3, reg=1e-4, num_iters=150, batch_size=15)
    if len(history) != 150:
        raise CheckFailed(_("the loss history does not hold a loss for each step"))
    W = model.get("W")
    if np.shape(W) != (3, 3):
        raise CheckFailed(_("W has shape {got}, where (3, 3) is expected").format(got=np.shape(W)))
    share = float(((X @ W).argmax(axis=1) == y).mean())
    if share < 0.95:
        raise CheckFailed(
            _("after 150 steps only {share:.0%} of the training examples are right").format(
                share=share
            )
        )


# --- softmax-predict -----------------------------------------------------------------------------


@question("softmax-predict", weight=3)
def test_predict_largest_score(student, rng):
    """The class with the largest score is predicted."""
    check_predict(student, rng, N=30, D=4, C=6)


@question("softmax-predict")
def test_predict_sizes(student, rng):
    """So it is for a single example, for two classes, and for LinearSVM as well."""
    check_predict(student, rng, N=1, D=4, C=6)
    check_predict(student, rng, N=9, D=5, C=2, name="LinearSVM")


@question("softmax-predict", weight=0.5, rule=True)
def test_predict_inputs(student, rng):
    """X and self.W are as they were, and the labels are right."""
    model, W = check_predict(student, rng, N=12, D=3, C=4)
    if not np.array_equal(model.get("W"), W):
        raise CheckFailed(_("the call changes self.W in place; work on a copy"))
    model.predict(rng.normal(size=(5, 3)))
    assert_unchanged(student.changed, {0: "X"})


def check_predict(student, rng, N, D, C, name="Softmax"):
    W, X = rng.normal(size=(D, C)), rng.normal(size=(N, D))
    model = student.call(name)
    model.set("W", W)
    y_pred = model.predict(X)
    assert_equal(y_pred, (X @ W).argmax(axis=1), "y_pred")
    return model, W
