"""Public checks of the SVM notebook: an example by hand, then small random ones against PyTorch."""

import numpy as np

from assignments.families.checks import Checks
from assignments.families.loss import Loss
from assignments.standins.a1_classifiers.svm import l1, naive, shrinking, vectorized

#: Without and with regularisation.
SIZES = (7, 5, 4, 0.0), (7, 5, 4, 0.7)


def hinge_loss(question: str, loss: Loss) -> Checks[Loss]:
    """What is asked of both versions."""
    return (
        Checks(question, loss)
        .by_hand(
            "For scores 3, 5, -1.5 (right: the first) and 2, 0, 1 (right: the last) the loss is "
            "2.5.",
            W=[[3, 5, -1.5], [2, 0, 1]], X=np.eye(2), y=np.array([0, 2]), reg=0.0, loss=2.5,
        )
        .sizes("The loss of random examples is right, without and with regularisation.",
               *SIZES, only=("loss",))
        .by_hand(
            "Of two examples only the first violates margins, and two of them: dW is right by "
            "hand.",
            W=[[1, 2, 3], [0, 3, 1]], X=np.eye(2), y=np.array([0, 1]), reg=0.0,
            dW=[[-1, 0.5, 0.5], [0, 0, 0]],
        )
        .sizes("The gradient is right, without and with regularisation.", *SIZES, only=("dW",))
        .untouched()
    )  # fmt: skip


svm_loss_naive = hinge_loss("svm-loss-naive", naive).numerical(
    "The gradient is that of your own loss: it agrees with the numerical gradient.", (7, 5, 4, 0.1)
)
svm_loss_vectorized = hinge_loss("svm-loss-vectorized", vectorized).no_loop(
    "The loss is right, and there is no loop.", "loss"
)


# --- the stretch exercise ------------------------------------------------------------------------

star_l1 = (
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
    .about(shrinking, (3, 4))
    .by_hand(
        "By an amount of 1, the weights 3, -3, 0.5, -0.5 and 0 become 2, -2, 0, 0 and 0.",
        W=[3, -3, 0.5, -0.5, 0], amount=1.0, shrunk=[2, -2, 0, 0, 0],
    )
    .sizes("Random weights are shrunk as PyTorch shrinks them.", (6, 5))
    .untouched("The weights that are passed in are not changed.")
)  # fmt: skip
