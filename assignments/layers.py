"""Layers that notebooks of a2_networks are given: those written only later, and two in one piece.

As everywhere, ``*_forward`` returns ``(out, cache)`` and ``*_backward`` takes ``(dout, cache)`` and
returns the gradients in the order of the inputs. Batch and layer normalisation are written in the
notebook ``batch_normalization``, dropout in ``dropout``.
"""

import numpy as np

from assignments.standins.a1_classifiers.two_layer_net import (
    affine_backward,
    affine_forward,
    relu_backward,
    relu_forward,
)
from assignments.standins.a2_networks.batch_normalization import (
    batchnorm_backward,
    batchnorm_backward_alt,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
)
from assignments.standins.a2_networks.dropout import dropout_backward, dropout_forward

__all__ = [
    "affine_relu_backward",
    "affine_relu_forward",
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "batchnorm_forward",
    "dropout_backward",
    "dropout_forward",
    "layernorm_backward",
    "layernorm_forward",
]


def affine_relu_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, tuple]:
    """An affine layer and a ReLU: x (N, d1, ..., dk), w (D, M), b (M,) -> out (N, M), cache."""
    before, affine_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(before)
    return out, (affine_cache, relu_cache)


def affine_relu_backward(
    dout: np.ndarray, cache: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dout (N, M) and the cache of affine_relu_forward -> dx, dw, db."""
    affine_cache, relu_cache = cache
    return affine_backward(relu_backward(dout, relu_cache), affine_cache)
