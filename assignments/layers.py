"""Layers that notebooks of a2_networks are given: those written only later, and several in one.

As everywhere, ``*_forward`` returns ``(out, cache)`` and ``*_backward`` takes ``(dout, cache)`` and
returns the gradients in the order of the inputs. Batch and layer normalisation are written in the
notebook ``batch_normalization``, dropout in ``dropout``.
"""

import numpy as np

from assignments.fast_layers import (
    conv_backward_fast,
    conv_forward_fast,
    max_pool_backward_fast,
    max_pool_forward_fast,
)
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
    "conv_relu_backward",
    "conv_relu_forward",
    "conv_relu_pool_backward",
    "conv_relu_pool_forward",
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


def conv_relu_forward(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict
) -> tuple[np.ndarray, tuple]:
    """A convolution and a ReLU, with the arguments and the out of ``conv_forward_fast``."""
    before, conv_cache = conv_forward_fast(x, w, b, conv_param)
    out, relu_cache = relu_forward(before)
    return out, (conv_cache, relu_cache)


def conv_relu_backward(dout: np.ndarray, cache: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dout (N, F, H_out, W_out) and the cache of conv_relu_forward -> dx, dw, db."""
    conv_cache, relu_cache = cache
    return conv_backward_fast(relu_backward(dout, relu_cache), conv_cache)


def conv_relu_pool_forward(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict, pool_param: dict
) -> tuple[np.ndarray, tuple]:
    """A convolution, a ReLU and max pooling; see ``assignments.fast_layers`` for the arguments."""
    before, conv_relu_cache = conv_relu_forward(x, w, b, conv_param)
    out, pool_cache = max_pool_forward_fast(before, pool_param)
    return out, (conv_relu_cache, pool_cache)


def conv_relu_pool_backward(
    dout: np.ndarray, cache: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dout, in the shape of out, and the cache of conv_relu_pool_forward -> dx, dw, db."""
    conv_relu_cache, pool_cache = cache
    return conv_relu_backward(max_pool_backward_fast(dout, pool_cache), conv_relu_cache)
