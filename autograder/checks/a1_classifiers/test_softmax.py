"""Hidden checks of the softmax notebook, against PyTorch's losses and automatic gradients.

Training is checked with losses of our own: they do not depend on how a student draws batches.
"""

import numpy as np

from assignments.checks.a1_classifiers.softmax import check_batches, check_steps
from assignments.messages import _
from assignments.questions import Battery
from assignments.standins.a1_classifiers.softmax import (
    loss_of_softmax,
    loss_of_svm,
    naive,
    predict,
    predict_of_svm,
    vectorized,
)
from assignments.standins.a1_classifiers.svm import problem
from assignments.student import CheckFailed
from autograder.checks.a1_classifiers.svm import naive_loss, vectorized_loss
from autograder.families.hidden import Hidden

VECTORIZED = {"softmax-loss-vectorized": ("softmax_loss_vectorized",)}
BEFORE_TRAIN = {**VECTORIZED, "softmax-classifiers": ("Softmax.loss",)}


def shifted(rng):
    """A problem with all scores of an example moved by some thousands, which cancels."""
    W, X, y, reg = problem(rng)
    shift = rng.permutation([-4000.0, -2000.0, 0.0, 0.0, 1000.0, 2000.0, 3000.0, 5000.0])
    return np.vstack([W, np.ones(W.shape[1])]), np.column_stack([X, shift]), y, reg


def hopeless(rng):
    """The right class scores a thousand below another, so its probability rounds to zero."""
    W, X, y, reg = problem(rng)
    far = np.zeros((len(X), W.shape[1]))
    far[np.arange(4), (y[:4] + 1) % W.shape[1]] = rng.uniform(1000, 2000, size=4)
    return np.vstack([W, np.eye(W.shape[1])]), np.hstack([X, far]), y, reg


LARGE = "Scores of some thousands, above and below zero, change nothing."
TINY = "Both are finite and right where the right class's probability rounds to zero."

softmax_loss_naive = (
    naive_loss("softmax-loss-naive", naive, dW=2.5)
    .cases(LARGE, shifted, weight=1.5)
    .cases(TINY, hopeless, weight=0.5, beyond=True)
)
softmax_loss_vectorized = (
    vectorized_loss("softmax-loss-vectorized", vectorized, no_loop=4)
    .cases(LARGE, shifted, weight=2)
    .cases(TINY, hopeless, weight=1, beyond=True)
)

# The reference answers for a loss that lost its own points, where Softmax asks for it.
of_softmax = Battery("softmax-classifiers", VECTORIZED)


@of_softmax.check()
def cross_entropy(student, rng):
    """Softmax().loss is the cross-entropy at self.W, with its gradient."""
    loss_of_softmax.check(student, loss_of_softmax.inputs(rng, reg=0.3))


@of_softmax.check()
def hinge(student, rng):
    """LinearSVM().loss is the hinge loss at self.W, with its gradient."""
    loss_of_svm.check(student, loss_of_svm.inputs(rng, reg=0.3))


train = Battery("softmax-train", BEFORE_TRAIN)


@train.check(weight=2)
def steps(student, rng):
    """Each step moves W by learning_rate against the gradient; each loss is in the history."""
    check_steps(student, rng, num_iters=7)


@train.check(weight=2)
def batches(student, rng):
    """Each step sees a new random batch, with the labels that belong to its examples."""
    check_batches(student, rng)


@train.check()
def learns(student, rng):
    """Softmax trained on five clusters tells them apart."""
    y = rng.permutation(np.resize(np.arange(5), 100))
    angles = 2 * np.pi * y / 5
    X = np.column_stack([np.cos(angles), np.sin(angles), np.full(100, 0.4)])
    X = 2.5 * X + rng.normal(0, [0.4, 0.4, 0.0], size=X.shape)
    model = student.Softmax()
    history = model.train(X, y, learning_rate=0.3, reg=1e-4, num_iters=150, batch_size=15)
    if len(history) != 150:
        raise CheckFailed(_("the loss history does not hold a loss for each step"))
    W = model.get("W")
    if np.shape(W) != (3, 5):
        reason = _("W has shape {got}, where {want} is expected")
        raise CheckFailed(reason.format(got=np.shape(W), want=(3, 5)))
    share = float(((X @ W).argmax(axis=1) == y).mean())
    if share < 0.95:
        raise CheckFailed(
            _("after 150 steps only {share:.0%} of the training examples are right").format(
                share=share
            )
        )


softmax_predict = (
    Hidden("softmax-predict", predict, (30, 4, 6))
    .values("The class with the largest score is predicted.", weight=3)
    .repeated()
)


@softmax_predict.check()
def other_sizes(student, rng):
    """So it is for a single example, for two classes, and for LinearSVM as well."""
    for exercise, size in ((predict, (1, 4, 6)), (predict_of_svm, (9, 5, 2))):
        exercise.check(student, exercise.draw(rng, size))
