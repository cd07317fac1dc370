"""Stand-ins for the two-layer-net notebook: layers and losses by PyTorch's automatic gradients.

For a student who comes to a later notebook without having finished this one. Names, arguments and
results are as the notebook describes them; no gradient is written out here.
"""

import numpy as np
import torch
from torch.nn import functional as F

from assignments.families.layer import Layer
from assignments.families.loss import Loss
from assignments.standins.autograd import labels, leaves

__all__ = [
    "TwoLayerNet",
    "affine_backward",
    "affine_forward",
    "relu_backward",
    "relu_forward",
    "softmax_loss",
    "svm_loss",
]


def affine_inputs(
    rng: np.random.Generator, shape: tuple[int, ...], outputs: int
) -> tuple[np.ndarray, ...]:
    """x, w and b, none centred on zero."""
    inputs = int(np.prod(shape[1:]))
    x = rng.normal(0.3, 1, size=shape)
    return x, rng.normal(0.2, 1, size=(inputs, outputs)), rng.normal(0.5, 2, size=outputs)


affine = Layer(
    "affine",
    twin=lambda x, w, b: F.linear(x.flatten(1).to(w.dtype), w.T, b),
    inputs=affine_inputs,
    arguments=("x", "w", "b"),
)
affine_forward, affine_backward = affine.standin()


def away_from_zero(rng: np.random.Generator, *shape: int) -> tuple[np.ndarray]:
    """Numbers of both signs, none close to the kink of ReLU."""
    return (rng.choice([-1.0, 1.0], size=shape) * (0.02 + rng.exponential(size=shape)),)


relu = Layer("relu", twin=F.relu, inputs=away_from_zero)
relu_forward, relu_backward = relu.standin()


def scores_and_labels(
    rng: np.random.Generator, examples: int = 9, classes: int = 5
) -> tuple[np.ndarray, np.ndarray]:
    """Scores with margins of every kind, none close to the kink of the hinge."""
    y = rng.integers(classes, size=examples)
    while True:
        x = rng.normal(0.4, 1.2, size=(examples, classes))
        if np.abs(x - x[np.arange(examples), y][:, None] + 1).min() > 0.02:
            return x, y


def hinge(scores: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The mean multiclass hinge loss."""
    # PyTorch divides by the number of classes as well.
    return F.multi_margin_loss(scores, y) * scores.shape[1]


svm = Loss("svm_loss", hinge, scores_and_labels)
svm_loss = svm.standin()
softmax = Loss("softmax_loss", F.cross_entropy, scores_and_labels)
softmax_loss = softmax.standin()


class TwoLayerNet:
    """affine - ReLU - affine - softmax, with parameters W1, b1, W2, b2."""

    def __init__(
        self,
        input_dim: int = 3072,
        hidden_dim: int = 100,
        num_classes: int = 10,
        weight_scale: float = 1e-3,
        reg: float = 0.0,
    ) -> None:
        self.reg = reg
        self.params = {
            "W1": weight_scale * np.random.randn(input_dim, hidden_dim),
            "b1": np.zeros(hidden_dim),
            "W2": weight_scale * np.random.randn(hidden_dim, num_classes),
            "b2": np.zeros(num_classes),
        }

    def loss(self, X: np.ndarray, y: np.ndarray | None = None):
        """Scores (N, C), or with labels y the loss and its gradients by name."""
        W1, b1, W2, b2 = params = leaves(*(self.params[name] for name in ("W1", "b1", "W2", "b2")))
        scores = affine.twin(F.relu(affine.twin(torch.from_numpy(np.array(X)), W1, b1)), W2, b2)
        if y is None:
            return scores.detach().numpy()
        loss = F.cross_entropy(scores, labels(y))
        loss = loss + 0.5 * self.reg * (W1.square().sum() + W2.square().sum())
        gradients = torch.autograd.grad(loss, params)
        return loss.item(), {
            name: gradient.numpy()
            for name, gradient in zip(("W1", "b1", "W2", "b2"), gradients, strict=True)
        }
