"""What convolutional_networks asks for, declared once by PyTorch's layers; its stand-ins follow."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from assignments.families import kinks
from assignments.families.layer import Layer
from assignments.families.model import Model, Params
from assignments.families.normalisation import Normalisation
from assignments.messages import N_
from assignments.standins.a1_classifiers.two_layer_net import affine
from assignments.standins.a2_networks.batch_normalization import (
    batch_norm,
    norm_arrays,
    norm_inputs,
)

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

IMAGES = (N_("the number of images"),)
NORM = ("x", "gamma", "beta")


def conv_inputs(
    rng: np.random.Generator,
    images: tuple[int, ...],
    filters: tuple[int, ...],
    stride: int = 1,
    pad: int = 0,
) -> tuple[Any, ...]:
    """x (N, C, H, W), w (F, C, HH, WW), b and conv_param; nothing is centred on zero."""
    x, w = rng.normal(0.3, 1, size=images), rng.normal(0.2, 1, size=filters)
    return x, w, rng.normal(0.5, 2, size=len(w)), {"stride": stride, "pad": pad}


conv = Layer(
    "conv_{}_naive",
    twin=lambda x, w, b, param: F.conv2d(x, w, b, param["stride"], param["pad"]),
    inputs=conv_inputs,
    arguments=("x", "w", "b", "conv_param"),
    counted=IMAGES,
)
conv_forward_naive, conv_backward_naive = conv.standin()


def pooling(height: int, width: int, stride: int) -> dict[str, int]:
    """pool_param."""
    return {"pool_height": height, "pool_width": width, "stride": stride}


def pool_inputs(
    rng: np.random.Generator,
    images: tuple[int, ...],
    height: int,
    width: int,
    stride: int,
    ties: bool = False,
) -> tuple[Any, ...]:
    """x (N, C, H, W), of which the first channel is negative, and pool_param."""
    x = rng.normal(-0.5, 1, size=images)
    x[0, 0] -= 9
    return np.sign(x.round()) if ties else x, pooling(height, width, stride)


max_pool = Layer(
    "max_pool_{}_naive",
    twin=lambda x, p: F.max_pool2d(x, (p["pool_height"], p["pool_width"]), p["stride"]),
    inputs=pool_inputs,
    arguments=("x", "pool_param"),
    counted=IMAGES,
)
max_pool_forward_naive, max_pool_backward_naive = max_pool.standin()


def net_shapes(
    input_dim: tuple[int, int, int],
    num_filters: int,
    filter_size: int,
    hidden_dim: int,
    num_classes: int,
    **_others: Any,
) -> dict[str, tuple[int, ...]]:
    """conv - ReLU - 2x2 max pool - affine - ReLU - affine."""
    channels, height, width = input_dim
    pooled = num_filters * (height // 2) * (width // 2)
    filters, hidden = (num_filters, channels, filter_size, filter_size), (pooled, hidden_dim)
    weights = zip((filters, hidden, (hidden_dim, num_classes)), "123", strict=True)
    biases = zip((num_filters, hidden_dim, num_classes), "123", strict=True)
    shapes = {f"W{layer}": shape for shape, layer in weights}
    shapes |= {f"b{layer}": (size,) for size, layer in biases}
    return {name: shapes[name] for name in ("W1", "b1", "W2", "b2", "W3", "b3")}


def net_scores(p: Params, X: torch.Tensor, settings: Mapping, training: bool) -> torch.Tensor:
    """conv - ReLU - 2x2 max pool - affine - ReLU - affine."""
    features = kinks.relu(F.conv2d(X, p["W1"], p["b1"], padding="same"))
    hidden = kinks.relu(affine.twin(kinks.max_pool2d(features, 2), p["W2"], p["b2"]))
    return affine.twin(hidden, p["W3"], p["b3"])


net = Model(
    "ThreeLayerConvNet",
    defaults={
        "input_dim": (3, 32, 32), "num_filters": 32, "filter_size": 7, "hidden_dim": 100,
        "num_classes": 10, "weight_scale": 1e-3, "reg": 0.0, "dtype": np.float32,
    },
    shapes=net_shapes,
    images=lambda input_dim, **_others: input_dim,
    twin=net_scores,
)  # fmt: skip
ThreeLayerConvNet = net.standin()


spatial_batchnorm = Normalisation(
    "spatial_batchnorm",
    twin=batch_norm,
    inputs=norm_inputs,
    arguments=(*NORM, "bn_param"),
    counted=IMAGES,
    rows=lambda x, *_others: np.moveaxis(x, 1, 0).reshape(x.shape[1], -1),
    each=N_("channel"),
    running=True,
)
spatial_batchnorm_forward, spatial_batchnorm_backward = spatial_batchnorm.standin()


def group_inputs(
    rng: np.random.Generator, images: tuple[int, ...], groups: int, eps: float = 0.4
) -> tuple[Any, ...]:
    """x (N, C, H, W), gamma and beta, both (1, C, 1, 1), G and gn_param."""
    x, *parameters = norm_arrays(rng, images)
    gamma, beta = (value.reshape(1, -1, 1, 1) for value in parameters)
    return x, gamma, beta, groups, {"eps": eps}


spatial_groupnorm = Normalisation(
    "spatial_groupnorm",
    twin=lambda x, gamma, beta, groups, param: F.group_norm(
        x, groups, gamma.flatten(), beta.flatten(), param.get("eps", 1e-5)
    ),
    inputs=group_inputs,
    arguments=(*NORM, "G", "gn_param"),
    counted=IMAGES,
    rows=lambda x, _gamma, _beta, groups, _param: x.reshape(len(x) * groups, -1),
    each=N_("group"),
)
spatial_groupnorm_forward, spatial_groupnorm_backward = spatial_groupnorm.standin()
