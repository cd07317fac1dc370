"""Stand-ins for the two-layer-net notebook: layers and losses by PyTorch's automatic gradients.

For a student who comes to a later notebook without having finished this one. Names, arguments and
results are as the notebook describes them; no gradient is written out here.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional as F

from assignments.standins.autograd import backward, labels, leaves

__all__ = [
    "TwoLayerNet",
    "affine_backward",
    "affine_forward",
    "relu_backward",
    "relu_forward",
    "softmax_loss",
    "svm_loss",
]


def affine_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, tuple]:
    """x (N, d1, ..., dk), w (D, M), b (M,) -> out (N, M), cache (x, w, b)."""
    return _affine(*leaves(x, w, b)).detach().numpy(), (x, w, b)


def affine_backward(dout: np.ndarray, cache: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dout (N, M) and the cache of affine_forward -> dx, dw, db."""
    dx, dw, db = backward(_affine, cache, dout)
    return dx, dw, db


def relu_forward(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x of any shape -> out of that shape, cache x."""
    return F.relu(*leaves(x)).detach().numpy(), x


def relu_backward(dout: np.ndarray, cache: np.ndarray) -> np.ndarray:
    """dout and the cache of relu_forward -> dx."""
    return backward(F.relu, (cache,), dout)[0]


def svm_loss(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Scores x (N, C), labels y (N,) -> mean multiclass hinge loss, its gradient (N, C)."""

    def hinge(scores: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        # PyTorch divides by the number of classes as well.
        return F.multi_margin_loss(scores, right) * scores.shape[1]

    return _loss(hinge, x, y)


def softmax_loss(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Scores x (N, C), labels y (N,) -> mean cross-entropy, its gradient (N, C)."""
    return _loss(F.cross_entropy, x, y)


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
        scores = _affine(F.relu(_affine(torch.from_numpy(np.array(X)), W1, b1)), W2, b2)
        if y is None:
            return scores.detach().numpy()
        loss = F.cross_entropy(scores, labels(y))
        loss = loss + 0.5 * self.reg * (W1.square().sum() + W2.square().sum())
        gradients = torch.autograd.grad(loss, params)
        return loss.item(), {
            name: gradient.numpy()
            for name, gradient in zip(("W1", "b1", "W2", "b2"), gradients, strict=True)
        }


def _affine(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return F.linear(x.flatten(1).to(w.dtype), w.T, b)


def _loss(
    function: Callable[..., torch.Tensor], x: np.ndarray, y: np.ndarray
) -> tuple[float, np.ndarray]:
    (scores,) = leaves(x)
    loss = function(scores, labels(y))
    return loss.item(), torch.autograd.grad(loss, scores)[0].numpy()
