"""What softmax asks for, declared once, and its stand-ins.

They are for a student who comes to a later notebook without having finished this one. No gradient
is written out here.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from assignments.families.function import Method, make
from assignments.families.loss import Loss
from assignments.standins.a1_classifiers.svm import hinge, linear_loss
from assignments.standins.a1_classifiers.svm import svm_loss_naive as hinge_loss
from assignments.student import Student

__all__ = [
    "LinearClassifier",
    "LinearSVM",
    "Softmax",
    "softmax_loss_naive",
    "softmax_loss_vectorized",
]


class ClassifierLoss(Loss):
    """The loss of a linear classifier, ``Class().loss(X, y, reg)``, at its own W."""

    def call(self, student: Student, case: Any) -> Any:
        W, *batch = case
        return make(student, self.name, W=W).loss(*batch)


naive = linear_loss("softmax_loss_naive", F.cross_entropy)
vectorized = linear_loss("softmax_loss_vectorized", F.cross_entropy)
cross_entropy = softmax_loss_naive = softmax_loss_vectorized = vectorized.standin()

loss_of_svm = linear_loss("LinearSVM", hinge, ClassifierLoss)
loss_of_softmax = linear_loss("Softmax", F.cross_entropy, ClassifierLoss)

predict = Method(
    "Softmax.predict",
    twin=lambda W, X: (X @ W).argmax(axis=1),
    inputs=lambda rng, N, D, C: (rng.normal(size=(D, C)), rng.normal(size=(N, D))),
    arguments=("W", "X"),
    outputs=("y_pred",),
)
predict_of_svm = replace(predict, name="LinearSVM.predict")


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
        return predict.twin(self.W, X)


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
