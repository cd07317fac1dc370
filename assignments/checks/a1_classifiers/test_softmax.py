"""Public checks of the softmax notebook: examples by hand, then random ones against PyTorch."""

import math

import numpy as np

from assignments.checks.a1_classifiers.softmax import LABELS, SCORES, check_batches, check_steps
from assignments.families.checks import Checks
from assignments.families.loss import Loss
from assignments.questions import Battery
from assignments.standins.a1_classifiers.softmax import (
    loss_of_softmax,
    loss_of_svm,
    naive,
    predict,
    vectorized,
)

#: Without and with regularisation.
SIZES = (7, 5, 4, 0.0), (7, 5, 4, 0.7)


def large_scores(rng):
    """Rows of scores around 3000, 0 and -3000; probabilities do not notice."""
    W, X = np.array([[0.0, 1, 2], [1, 1, 1]]), np.array([[1.0, 3000], [1, 0], [1, -3000]])
    return W, X, np.array([2, 0, 2]), 0.0


def softmax_loss(question: str, loss: Loss) -> Checks[Loss]:
    """What is asked of both versions."""
    return (
        Checks(question, loss)
        .by_hand(
            "For p = 1/8, 3/8, 4/8 (right: the second) and 4/8, 3/8, 1/8 (the third) the loss is "
            "right.",
            W=SCORES, X=np.eye(2), y=LABELS, reg=0.0, loss=(math.log(8 / 3) + math.log(8)) / 2,
        )
        .by_hand(
            "There, dW is half of (1/8, -5/8, 4/8) and half of (4/8, 3/8, -7/8).",
            W=SCORES, X=np.eye(2), y=LABELS, reg=0.0,
            dW=[[1 / 16, -5 / 16, 4 / 16], [4 / 16, 3 / 16, -7 / 16]],
        )
        .sizes("The loss of random examples is right, without and with regularisation.",
               *SIZES, only=("loss",))
        .sizes("The gradient is right, without and with regularisation.", *SIZES, only=("dW",))
        .cases("Scores of some thousands lead neither to NaN nor to infinity.", large_scores)
        .by_hand(
            "Where the probability of the right class rounds to zero, the loss is large, not "
            "infinite.",
            W=[[0, 2000]], X=[[1]], y=np.array([0]), reg=0.0, loss=2000,
        )
        .untouched()
    )  # fmt: skip


softmax_loss_naive = softmax_loss("softmax-loss-naive", naive).numerical(
    "The gradient is that of your own loss: it agrees with the numerical gradient.", (7, 5, 4, 0.1)
)
softmax_loss_vectorized = softmax_loss("softmax-loss-vectorized", vectorized).no_loop(
    "The loss is right, and there is no loop.", "loss"
)

classifiers = Battery("softmax-classifiers")


@classifiers.check()
def of_softmax(student, rng):
    """Softmax().loss is the cross-entropy at self.W, with its gradient."""
    loss_of_softmax.check(student, loss_of_softmax.inputs(rng, reg=0.3))


@classifiers.check()
def of_svm(student, rng):
    """LinearSVM().loss is the hinge loss at self.W, with its gradient."""
    loss_of_svm.check(student, loss_of_svm.inputs(rng, reg=0.3))


train = Battery("softmax-train")


@train.check()
def steps(student, rng):
    """Each step moves W against the gradient, and the loss of each step is returned."""
    check_steps(student, rng, num_iters=5)


@train.check()
def batches(student, rng):
    """Each step sees a random batch of the asked size, with labels that belong to its examples."""
    check_batches(student, rng)


softmax_predict = (
    Checks("softmax-predict", predict, (4, 2, 3))
    .by_hand(
        "The class with the largest score is predicted.",
        W=[[1, 0, -1], [0, 1, -1]], X=[[2, 1], [-1, -3], [0.5, 4], [3, -1]],
        y_pred=np.array([0, 2, 1, 0]),
    )
    .untouched("Neither X nor self.W is changed.")
)  # fmt: skip
