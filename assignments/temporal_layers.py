"""Layers for sequences that notebooks of a3_captioning are given: the same for every time step.

N sequences, T steps, D numbers a step, M numbers out, V words. Gradients are PyTorch's.
"""

import numpy as np
import torch
from torch.nn import functional as F

from assignments.standins.autograd import backward, labels, leaves

__all__ = ["temporal_affine_backward", "temporal_affine_forward", "temporal_softmax_loss"]


def temporal_affine_forward(
    x: np.ndarray, w: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, tuple]:
    """The same affine layer at each step: x (N, T, D), w (D, M), b (M,) -> out (N, T, M), cache."""
    return _affine(*leaves(x, w, b)).detach().numpy(), (x, w, b)


def temporal_affine_backward(
    dout: np.ndarray, cache: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dout (N, T, M) and the cache of temporal_affine_forward -> dx, dw, db."""
    dx, dw, db = backward(_affine, cache, dout)
    return dx, dw, db


def temporal_softmax_loss(
    x: np.ndarray, y: np.ndarray, mask: np.ndarray
) -> tuple[float, np.ndarray]:
    """Cross-entropy of the word at each step, summed over steps and averaged over sequences.

    Args:
        x: (N, T, V) scores.
        y: (N, T) right words, from 0 to V - 1.
        mask: (N, T) bool; where it is False, the step counts for nothing.

    Returns:
        The loss, and its gradient dx (N, T, V).
    """
    (scores,) = leaves(x)
    each = F.cross_entropy(scores.flatten(0, 1), labels(y).flatten(), reduction="none")
    loss = (each * torch.from_numpy(np.array(mask, bool)).flatten()).sum() / len(x)
    (dx,) = torch.autograd.grad(loss, scores)
    return loss.item(), dx.numpy()


def _affine(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return x @ w + b
