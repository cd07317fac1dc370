"""What the hidden checks of svm share with those of softmax."""

from assignments.families.loss import Loss
from autograder.families.hidden import Hidden


def linear_loss(question: str, loss: Loss, dW: float = 3) -> Hidden:
    """What is asked of a loss of the scores ``X @ W``, the loss and its gradient apart.

    First without regularisation, so that one slip does not cost everything.

    Args:
        dW: the weight of the gradient.
    """
    return (
        Hidden(question, loss)
        .values("Without regularisation the loss agrees with PyTorch's.", "loss", weight=2)
        .values("Without regularisation the gradient agrees with PyTorch's.", "dW", weight=dW)
        .sizes("With regularisation the loss agrees with PyTorch's.",
               (8, 5, 4, 0.3), only=("loss",))
        .sizes("With regularisation the gradient agrees with PyTorch's.",
               (8, 5, 4, 0.3), only=("dW",))
        .sizes("Both are right for one example, one feature, two classes and many classes.",
               (1, 4, 3), (6, 1, 5), (5, 3, 2), (3, 8, 11))
    )  # fmt: skip


def naive_loss(question: str, loss: Loss, dW: float = 3) -> Hidden:
    """What is asked of the version with loops: its gradient is also that of its own loss."""
    return (
        linear_loss(question, loss, dW)
        .holds(
            "The gradient is the one of your own loss, whether that is right or not.",
            loss.check_own_gradient,
            (4, 3, 3),
        )
        .repeated()
    )


def vectorized_loss(question: str, loss: Loss, no_loop: float = 3.5) -> Hidden:
    """What is asked of the version without loops, which is half of the exercise."""
    return (
        linear_loss(question, loss)
        .no_loop("The loss is right, and there is no loop.", "loss", weight=no_loop)
        .no_loop("The gradient is right, and there is no loop.", "dW", weight=no_loop)
        .repeated(weight=1)
    )
