"""Stand-ins for the convolutional-networks notebook: PyTorch's layers and automatic gradients.

Names, arguments and results are as the notebook describes them; no gradient is written out here.
"""

from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from assignments.standins.a2_networks.batch_normalization import (
    batchnorm_backward,
    batchnorm_forward,
)
from assignments.standins.autograd import backward, labels, leaves

__all__ = [
    "ThreeLayerConvNet",
    "conv_backward_naive",
    "conv_forward_naive",
    "max_pool_backward_naive",
    "max_pool_forward_naive",
    "spatial_batchnorm_backward",
    "spatial_batchnorm_forward",
    "spatial_groupnorm_backward",
    "spatial_groupnorm_forward",
]

_Gradients = tuple[np.ndarray, np.ndarray, np.ndarray]


def conv_forward_naive(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, conv_param: dict
) -> tuple[np.ndarray, tuple]:
    """x (N, C, H, W), w (F, C, HH, WW), b (F,), conv_param stride and pad -> out, cache."""
    out = _conv(*leaves(x, w, b), conv_param=conv_param)
    return out.detach().numpy(), (x, w, b, conv_param)


def conv_backward_naive(dout: np.ndarray, cache: tuple) -> _Gradients:
    """dout in the shape of out and the cache of conv_forward_naive -> dx, dw, db."""
    *arrays, conv_param = cache
    dx, dw, db = backward(partial(_conv, conv_param=conv_param), arrays, dout)
    return dx, dw, db


def max_pool_forward_naive(x: np.ndarray, pool_param: dict) -> tuple[np.ndarray, tuple]:
    """x (N, C, H, W), pool_param pool_height, pool_width and stride -> out, cache."""
    (images,) = leaves(x)
    return _max_pool(images, pool_param).detach().numpy(), (x, pool_param)


def max_pool_backward_naive(dout: np.ndarray, cache: tuple) -> np.ndarray:
    """dout in the shape of out and the cache of max_pool_forward_naive -> dx."""
    (dx,) = backward(lambda x: _max_pool(x, cache[1]), cache[:1], dout)
    return dx


def spatial_batchnorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, bn_param: dict
) -> tuple[np.ndarray, tuple]:
    """Normalise each of C channels over images and places.

    x: (N, C, H, W). gamma, beta: (C,). bn_param: as in batchnorm_forward, averages (C,).
    Returns (out, cache): out (N, C, H, W).
    """
    out, cache = batchnorm_forward(_channels_last(x), gamma, beta, bn_param)
    return _channels_first(out, x.shape), cache


def spatial_batchnorm_backward(dout: np.ndarray, cache: tuple) -> _Gradients:
    """dout (N, C, H, W) and the forward cache -> dx (N, C, H, W), dgamma (C,), dbeta (C,)."""
    dx, dgamma, dbeta = batchnorm_backward(_channels_last(dout), cache)
    return _channels_first(dx, dout.shape), dgamma, dbeta


def spatial_groupnorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, G: int, gn_param: dict
) -> tuple[np.ndarray, tuple]:
    """Normalise each image over each of G groups of channels.

    x: (N, C, H, W). gamma, beta: (1, C, 1, 1). gn_param: eps (default 1e-5).
    Returns (out, cache): out (N, C, H, W).
    """
    eps = gn_param.get("eps", 1e-5)
    out = _group_norm(*leaves(x, gamma, beta), G=G, eps=eps)
    return out.detach().numpy(), (x, gamma, beta, G, eps)


def spatial_groupnorm_backward(dout: np.ndarray, cache: tuple) -> _Gradients:
    """dout (N, C, H, W) and the forward cache -> dx, dgamma (1, C, 1, 1), dbeta (1, C, 1, 1)."""
    *arrays, G, eps = cache
    dx, dgamma, dbeta = backward(partial(_group_norm, G=G, eps=eps), arrays, dout)
    return dx, dgamma, dbeta


class ThreeLayerConvNet:
    """conv - ReLU - 2x2 max pool - affine - ReLU - affine - softmax, with W1, b1, ..., W3, b3."""

    def __init__(
        self,
        input_dim: tuple[int, int, int] = (3, 32, 32),
        num_filters: int = 32,
        filter_size: int = 7,
        hidden_dim: int = 100,
        num_classes: int = 10,
        weight_scale: float = 1e-3,
        reg: float = 0.0,
        dtype: Any = np.float32,
    ) -> None:
        self.reg = reg
        self.dtype = dtype
        C, H, W = input_dim
        shapes = [
            (num_filters, C, filter_size, filter_size),
            (num_filters * (H // 2) * (W // 2), hidden_dim),
            (hidden_dim, num_classes),
        ]
        self.params = {}
        for layer, (shape, size) in enumerate(
            zip(shapes, (num_filters, hidden_dim, num_classes), strict=True), start=1
        ):
            self.params[f"W{layer}"] = np.random.normal(0, weight_scale, shape).astype(dtype)
            self.params[f"b{layer}"] = np.zeros(size, dtype)

    def loss(self, X: np.ndarray, y: np.ndarray | None = None):
        """Scores (N, num_classes), or with labels y the loss and its gradients by name."""
        params = dict(zip(self.params, leaves(*self.params.values()), strict=True))
        images = torch.from_numpy(np.array(X, self.dtype))
        features = F.conv2d(images, params["W1"], params["b1"], padding="same")
        hidden = F.max_pool2d(F.relu(features), 2).flatten(1)
        hidden = F.relu(F.linear(hidden, params["W2"].T, params["b2"]))
        scores = F.linear(hidden, params["W3"].T, params["b3"])
        if y is None:
            return scores.detach().numpy()
        penalties = [params[name].square().sum() for name in ("W1", "W2", "W3")]
        loss = F.cross_entropy(scores, labels(y)) + self.reg / 2 * sum(penalties)
        gradients = torch.autograd.grad(loss, list(params.values()))
        return loss.item(), {
            name: gradient.numpy() for name, gradient in zip(params, gradients, strict=True)
        }


def _conv(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, *, conv_param: dict) -> torch.Tensor:
    return F.conv2d(x, w, b, stride=conv_param["stride"], padding=conv_param["pad"])


def _max_pool(x: torch.Tensor, pool_param: dict) -> torch.Tensor:
    window = pool_param["pool_height"], pool_param["pool_width"]
    return F.max_pool2d(x, window, pool_param["stride"])


def _group_norm(
    x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor, *, G: int, eps: float
) -> torch.Tensor:
    return F.group_norm(x, G, gamma.flatten(), beta.flatten(), eps)


def _channels_last(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) -> (N H W, C)."""
    return np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


def _channels_first(rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(N H W, C) -> the shape (N, C, H, W)."""
    N, C, H, W = shape
    return np.moveaxis(rows.reshape(N, H, W, C), -1, 1)
