"""Stand-ins for the softmax notebook: PyTorch's cross-entropy and its automatic gradient.

For a student who comes to a later notebook without having finished this one. Names, arguments and
results are as the notebook describes them.
"""

from collections.abc import Callable

import numpy as np
import torch

from assignments.standins.a1_classifiers.svm import linear_loss
from assignments.standins.a1_classifiers.svm import svm_loss_naive as hinge_loss

__all__ = [
    "LinearClassifier",
    "LinearSVM",
    "Softmax",
    "softmax_loss_naive",
    "softmax_loss_vectorized",
]


def cross_entropy(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, reg: float
) -> tuple[float, np.ndarray]:
    """The mean cross-entropy with ``reg * sum(W * W)``, and its gradient (D, C)."""
    return linear_loss(torch.nn.functional.cross_entropy, W, X, y, reg)


softmax_loss_naive = softmax_loss_vectorized = cross_entropy


class LinearClassifier:
    """A score for each class that is linear in the inputs: ``X @ W``."""

    W: np.ndarray = None  # type: ignore[assignment]  # until it is trained
    loss: Callable[[np.ndarray, np.ndarray, float], tuple[float, np.ndarray]]

    def train(
        self,
        X: np.ndarray,
        y: np.ndarray,
        learning_rate: float = 1e-3,
        reg: float = 1e-5,
        num_iters: int = 100,
        batch_size: int = 200,
        verbose: bool = False,
    ) -> list[float]:
        """Stochastic gradient descent on ``self.W`` (D, C); the loss of each step."""
        if self.W is None:
            self.W = torch.normal(0.0, 1e-3, (X.shape[1], max(y) + 1)).double().numpy()
        self.W = np.array(self.W, np.float64)
        weights = torch.from_numpy(self.W)
        optimizer = torch.optim.SGD([weights], lr=learning_rate)
        history = []
        for step in range(num_iters):
            chosen = torch.randint(len(X), (batch_size,)).numpy()
            loss, gradient = self.loss(X[chosen], y[chosen], reg)
            weights.grad = torch.from_numpy(gradient)
            optimizer.step()  # also changes self.W, whose memory it shares
            history.append(loss)
            if verbose and step % 100 == 0:
                print(f"loss after {step} steps: {loss:.4f}")
        return history

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The label with the largest score for each example, (N,)."""
        return np.argmax(X @ self.W, axis=1)


class LinearSVM(LinearClassifier):
    """Trained with the hinge loss."""

    def loss(self, X: np.ndarray, y: np.ndarray, reg: float) -> tuple[float, np.ndarray]:
        """Loss and gradient at ``self.W``."""
        return hinge_loss(self.W, X, y, reg)


class Softmax(LinearClassifier):
    """Trained with the cross-entropy."""

    def loss(self, X: np.ndarray, y: np.ndarray, reg: float) -> tuple[float, np.ndarray]:
        """Loss and gradient at ``self.W``."""
        return cross_entropy(self.W, X, y, reg)
